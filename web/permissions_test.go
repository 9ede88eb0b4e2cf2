package web_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
)

// TestPermissionsPage keeps docs/permissions.md true to the one table. -update rewrites it.
func TestPermissionsPage(t *testing.T) {
	const path = "../docs/permissions.md"
	bundle, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	want := permissionsPage(bundle.Localizer("en"))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the table says (%v); run go test ./web -run PermissionsPage -update", path, err)
	}
}

func permissionsPage(l *i18n.Localizer) string {
	var b strings.Builder
	b.WriteString("# Who may do what\n\nMade from the table in `web/access/permission.go`. A role is given for a store; a super admin's is for the whole installation.\n" +
		"Nobody approves what they drafted, edited or resolved, whatever their role.\n\n| |")
	for _, role := range access.Roles() {
		fmt.Fprintf(&b, " %s |", l.T("role."+string(role)))
	}
	b.WriteString("\n|---|" + strings.Repeat(":-:|", len(access.Roles())) + "\n")
	for _, perm := range access.Permissions() {
		fmt.Fprintf(&b, "| %s |", l.T("permission."+string(perm)))
		for _, role := range access.Roles() {
			fmt.Fprintf(&b, " %s |", map[bool]string{true: "yes", false: "–"}[access.Allows(role, perm)])
		}
		b.WriteString("\n")
	}
	return b.String()
}
