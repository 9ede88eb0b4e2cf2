package vault_test

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/paywicket/paywicket/web/vault"
)

func TestReference(t *testing.T) {
	v, _ := newVault(t)
	form := regexp.MustCompile(`^[A-Z2-7]{20}$`)
	seen := map[string]bool{}
	for i := range 2000 {
		ref := v.Reference("payout-"+strconv.Itoa(i), 1)
		if !form.MatchString(ref) || !vault.CheckReference(ref) {
			t.Fatalf("got %s, want 20 letters A-Z2-7 that check", ref)
		}
		if ref != v.Reference("payout-"+strconv.Itoa(i), 1) {
			t.Fatal("not the same twice")
		}
		seen[ref] = true
	}
	for decision := range 100 {
		seen[v.Reference("payout-0", decision+2)] = true
	}
	if len(seen) != 2100 {
		t.Errorf("got %d different references, want 2100", len(seen))
	}
	if v.Reference("p1", 1) == v.Reference("p", 11) {
		t.Error("payout and decision run into each other")
	}
}

func TestCheckReferenceFindsTypingErrors(t *testing.T) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	v, _ := newVault(t)
	for n := range 50 {
		ref := v.Reference("p", n)
		for i := range ref {
			for _, c := range letters {
				if changed := ref[:i] + string(c) + ref[i+1:]; changed != ref && vault.CheckReference(changed) {
					t.Fatalf("%s: accepted %s", ref, changed)
				}
			}
		}
		for i := range 17 {
			swapped := ref[:i] + string(ref[i+1]) + string(ref[i]) + ref[i+2:]
			if swapped != ref && vault.CheckReference(swapped) {
				t.Fatalf("%s: accepted %s", ref, swapped)
			}
		}
	}
}

func TestCheckReferenceRefuses(t *testing.T) {
	v, _ := newVault(t)
	ref := v.Reference("p", 1)
	for _, text := range []string{"", "A", ref[:19], ref + "A", " " + ref, ref[:10] + "-" + ref[10:], ref[:19] + "1", ref[:18] + "é"} {
		if vault.CheckReference(text) {
			t.Errorf("accepted %q", text)
		}
	}
}
