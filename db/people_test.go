package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

// office is a database for what is no payout: people, stores, webhooks.
type office struct {
	*db.DB
	t    *testing.T
	path string
	at   time.Time
	ids  atomic.Int64
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, path: filepath.Join(t.TempDir(), "p.db"), at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	var err error
	o.DB, err = db.Open(t.Context(), o.path, db.Options{Now: func() time.Time { return o.at }, NewID: func() string { return fmt.Sprintf("id%024d", o.ids.Add(1)) }})
	o.must(err)
	v, err := vault.Open(t.Context(), vault.FromBytes(make([]byte, 32)), o.Keysets(), vault.Options{Create: true})
	o.must(err)
	o.UseVault(v)
	t.Cleanup(func() {
		if report, err := audit.Verify(o.Audit().All(context.Background()), v.AuditMAC(), nil); err != nil || !report.OK() {
			t.Errorf("audit chain after the test: %+v, %v", report, err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// past runs a statement past the program and returns its error.
func (o *office) past(query string, args ...any) error {
	o.t.Helper()
	raw, err := sql.Open("sqlite", o.path)
	o.must(err)
	defer func() { _ = raw.Close() }() // what counts was checked
	_, err = raw.ExecContext(o.t.Context(), query, args...)
	return err
}

func (o *office) number(query string, args ...any) int {
	o.t.Helper()
	raw, err := sql.Open("sqlite", o.path)
	o.must(err)
	defer func() { _ = raw.Close() }() // what counts was checked
	var n int
	o.must(raw.QueryRowContext(o.t.Context(), query, args...).Scan(&n))
	return n
}

// readable reports whether a text stands in the database, its log or its index as it is.
func (o *office) readable(text string) bool {
	o.t.Helper()
	files, err := filepath.Glob(o.path + "*")
	o.must(err)
	if len(files) < 2 {
		o.t.Fatalf("got files %v, want the database and its log", files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		o.must(err)
		if strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}

func (o *office) person(id access.PersonID, grants ...access.Grant) access.Person {
	o.t.Helper()
	p := access.Person{ID: id, Email: string(id) + "@example.com", Name: string(id), Grants: grants, MadeAt: o.at}
	o.must(o.People().AddPerson(o.t.Context(), p, "", "hash of "+string(id), audit.Entry{At: o.at, Actor: "system", Action: audit.PersonJoined, Subject: string(id), Details: "{}"}))
	return p
}

func TestPeopleComeBackAsTheyWere(t *testing.T) {
	o := newOffice(t)
	want := access.Person{ID: "ama", Email: "Ama@Example.com", Name: "Ama", Language: "fr", Theme: "dark", MadeAt: o.at, HasPass: true, Grants: []access.Grant{
		{Role: access.MerchantAdmin, Store: "s2"}, {Role: access.Accountant, Store: "s1"}, {Role: access.SuperAdmin}}}
	o.must(o.People().AddPerson(t.Context(), want, "", "hash"))
	for name, find := range map[string]func() (access.Person, error){
		"by id":              func() (access.Person, error) { return o.People().Person(t.Context(), "ama") },
		"by address":         func() (access.Person, error) { return o.People().ByEmail(t.Context(), "Ama@Example.com") },
		"in other case":      func() (access.Person, error) { return o.People().ByEmail(t.Context(), "aMA@eXAMPLE.com") },
		"in the list of all": func() (access.Person, error) { all, err := o.People().People(t.Context()); return all[0], err },
	} {
		got, err := find()
		o.must(err)
		if !slices.Equal(got.Grants, want.Grants) || got.Email != want.Email || got.Language != "fr" || got.Theme != "dark" || !got.MadeAt.Equal(o.at) || !got.HasPass || got.External || got.Disabled || got.HasTOTP {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
	for name, find := range map[string]func() (access.Person, error){
		"by id":      func() (access.Person, error) { return o.People().Person(t.Context(), "nobody") },
		"by address": func() (access.Person, error) { return o.People().ByEmail(t.Context(), "%") },
		"by subject": func() (access.Person, error) { return o.People().BySubject(t.Context(), "") },
	} {
		if got, err := find(); !errors.Is(err, access.ErrNotFound) || got.ID != "" {
			t.Errorf("%s: got %+v, %v, want ErrNotFound", name, got, err)
		}
	}
}

// TestAuthenticatorSeed is invariant 15: sealed in the file, and bound to its person.
func TestAuthenticatorSeed(t *testing.T) {
	o := newOffice(t)
	o.person("ama")
	o.person("kofi")
	const seed = "CANARYCANARYCANARYCANARYCANARY22"
	o.must(o.People().SetTOTP(t.Context(), "ama", seed, access.End{At: o.at}))
	if got, err := o.People().Secrets(t.Context(), "ama"); err != nil || got.TOTP != seed || got.Password != "hash of ama" {
		t.Errorf("got %+v, %v", got, err)
	}
	if o.readable("CANARY") {
		t.Error("the seed is readable in the file")
	}
	o.must(o.past(`update people set totp = (select totp from people where id = 'ama') where id = 'kofi'`))
	if got, err := o.People().Secrets(t.Context(), "kofi"); !errors.Is(err, vault.ErrSealed) || got.TOTP != "" {
		t.Errorf("somebody else's seed: got %q, %v, want ErrSealed", got.TOTP, err)
	}
	if err := o.People().SetTOTP(t.Context(), "ama", "OTHER", access.End{At: o.at}); !errors.Is(err, access.ErrTaken) {
		t.Errorf("over another one: got %v, want ErrTaken", err)
	}
	o.must(o.People().SetTOTP(t.Context(), "ama", "", access.End{At: o.at}))
	if p, err := o.People().Person(t.Context(), "ama"); err != nil || p.HasTOTP {
		t.Errorf("got %+v, %v, want none", p, err)
	}
	if got, err := o.People().Secrets(t.Context(), "ama"); err != nil || got.TOTP != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestUseTOTPStep(t *testing.T) {
	o := newOffice(t)
	o.person("ama")
	for _, tt := range []struct {
		step int64
		want bool
	}{{100, true}, {100, false}, {99, false}, {101, true}, {100, false}} {
		if got, err := o.People().UseTOTPStep(t.Context(), "ama", tt.step); err != nil || got != tt.want {
			t.Errorf("step %d: got %v, %v, want %v", tt.step, got, err, tt.want)
		}
	}
	if got, err := o.People().UseTOTPStep(t.Context(), "nobody", 5); err != nil || got {
		t.Errorf("nobody's: got %v, %v", got, err)
	}
}

// TestChallengesAreSwapped, not written over: verified once, tried as often as allowed.
func TestChallengesAreSwapped(t *testing.T) {
	o := newOffice(t)
	o.person("ama")
	r := o.People()
	o.must(r.AddChallenge(t.Context(), access.Challenge{ID: "c", Person: "ama", Purpose: "approve", Subject: "p", Digest: "d", AskedAt: o.at}))
	for i, want := range []bool{true, true, false, false} {
		if got, err := r.CountTry(t.Context(), "c", 2); err != nil || got != want {
			t.Errorf("try %d: got %v, %v, want %v", i+1, got, err, want)
		}
	}
	for i, want := range []bool{true, false} {
		if got, err := r.VerifyChallenge(t.Context(), "c", "totp", o.at); err != nil || got != want {
			t.Errorf("verified %d times: got %v, %v, want %v", i+1, got, err, want)
		}
	}
	if c, err := r.Challenge(t.Context(), "c"); err != nil || c.Tries != 2 || c.Means != "totp" || !c.VerifiedAt.Equal(o.at) || !c.UsedAt.IsZero() || c.Digest != "d" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := r.Challenge(t.Context(), "no-such"); !errors.Is(err, access.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// TestThrottlesInOneTransaction: what change refuses is not kept, and two at once both count.
func TestThrottlesInOneTransaction(t *testing.T) {
	o := newOffice(t)
	r := o.People()
	refused := errors.New("no")
	err := r.ChangeThrottles(t.Context(), []string{"a", "b"}, func(counts []access.Throttle) error {
		counts[0].Failures = 5
		return refused
	})
	if !errors.Is(err, refused) || o.number(`select count(*) from throttles`) != 0 {
		t.Errorf("got %v and a row", err)
	}
	done := make(chan error, 32)
	for range 32 {
		go func() {
			done <- r.ChangeThrottles(t.Context(), []string{"a", "b"}, func(counts []access.Throttle) error {
				counts[0].Failures++
				counts[0].LastAt, counts[0].Until = o.at, o.at.Add(time.Second)
				return nil
			})
		}()
	}
	for range 32 {
		o.must(<-done)
	}
	o.must(r.ChangeThrottles(t.Context(), []string{"b", "a"}, func(counts []access.Throttle) error {
		if counts[0] != (access.Throttle{}) || counts[1].Failures != 32 || !counts[1].Until.Equal(o.at.Add(time.Second)) {
			t.Errorf("got %+v, want 32 under a and nothing under b", counts)
		}
		counts[1] = access.Throttle{}
		return nil
	}))
	if n := o.number(`select count(*) from throttles`); n != 0 {
		t.Errorf("got %d rows, want none", n)
	}
}

func TestKnownAddress(t *testing.T) {
	o := newOffice(t)
	o.person("ama")
	o.person("kofi")
	o.must(o.People().AddLogin(t.Context(), access.Login{ID: "l", Person: "ama", Address: "192.0.2.1", CreatedAt: o.at, SeenAt: o.at, ExpiresAt: o.at}))
	for _, tt := range []struct {
		person  access.PersonID
		address string
		want    bool
	}{{"ama", "192.0.2.1", true}, {"ama", "192.0.2.2", false}, {"kofi", "192.0.2.1", false}, {"ama", "", false}} {
		if got, err := o.People().KnownAddress(t.Context(), tt.person, tt.address); err != nil || got != tt.want {
			t.Errorf("%s from %q: got %v, %v, want %v", tt.person, tt.address, got, err, tt.want)
		}
	}
}

// TestPeopleAndAuditTogether is invariant 14: a change whose audit row cannot be written did not happen.
func TestPeopleAndAuditTogether(t *testing.T) {
	o := newOffice(t)
	super := access.Grant{Role: access.SuperAdmin}
	o.person("ama", super)
	o.person("kofi", super)
	ctx, r := t.Context(), o.People()
	invitation := access.Invitation{TokenHash: "t", Email: "new@example.com", Name: "New", By: "ama", ExpiresAt: o.at.Add(time.Hour)}
	o.must(r.AddInvitation(ctx, invitation))
	o.must(r.BeginSetup(ctx, access.Setup{TokenHash: "s", Until: o.at}))
	o.must(o.past(`create trigger full before insert on audit begin select raise(abort, 'disk full'); end`))
	before := o.dump()
	e := audit.Entry{At: o.at, Actor: "ama", Action: audit.PersonJoined, Details: "{}"}
	used := invitation
	used.UsedAt, used.Person, used.ConfirmedBy, used.ConfirmedAt = o.at, "ama", "kofi", o.at
	for name, err := range map[string]error{
		"add":          r.AddPerson(ctx, access.Person{ID: "x", Email: "x@example.com"}, "", "", e),
		"preferences":  r.SavePreferences(ctx, access.Person{ID: "ama", Name: "Other"}, e),
		"grants":       r.AddGrants(ctx, "ama", []access.Grant{{Role: access.Accountant, Store: "s1"}}, e),
		"take":         r.TakeGrant(ctx, "ama", super, o.at, e),
		"password":     r.SetPassword(ctx, "ama", "other", access.End{At: o.at}, e),
		"totp":         r.SetTOTP(ctx, "ama", "SEED", access.End{At: o.at}, e),
		"disable":      r.Disable(ctx, "ama", o.at, e),
		"login":        r.AddLogin(ctx, access.Login{ID: "l", Person: "ama", CreatedAt: o.at, SeenAt: o.at.Add(1)}, e),
		"end logins":   r.EndLogins(ctx, "ama", "", "", o.at, e),
		"invite":       r.AddInvitation(ctx, access.Invitation{TokenHash: "u", By: "ama"}, e),
		"confirm":      r.ConfirmInvitation(ctx, used, e),
		"revoke":       r.RevokeInvitation(ctx, "t", o.at, e),
		"join":         r.Join(ctx, used, access.Person{ID: "y", Email: "y@example.com"}, "", e),
		"rejoin":       r.Rejoin(ctx, used, "other", e),
		"grant":        r.GrantInvited(ctx, used, e),
		"finish setup": r.FinishSetup(ctx, access.Setup{TokenHash: "s"}, access.Person{ID: "z", Email: "z@example.com"}, "", e),
		"one person":   r.SetOnePerson(ctx, false, e),
		"halt":         r.SetHalted(ctx, "why", e),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if after := o.dump(); after != before {
		t.Errorf("something changed without its audit row:\n%s\nwas\n%s", after, before)
	}
	o.must(o.past(`drop trigger full`))
}

// dump is what the tables of people hold.
func (o *office) dump() string {
	o.t.Helper()
	raw, err := sql.Open("sqlite", o.path)
	o.must(err)
	defer func() { _ = raw.Close() }() // what counts was checked
	var b strings.Builder
	for _, table := range []string{"people", "grants", "logins", "invitations", "settings"} {
		dumpTable(o, raw, table, &b)
	}
	return b.String()
}

func dumpTable(o *office, raw *sql.DB, table string, b *strings.Builder) {
	o.t.Helper()
	rows, err := raw.QueryContext(o.t.Context(), `select * from `+table)
	o.must(err)
	defer func() { _ = rows.Close() }() // Err tells what counts
	columns, err := rows.Columns()
	o.must(err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		o.must(rows.Scan(values...))
		for _, v := range values {
			fmt.Fprintf(b, "%v|", *v.(*any))
		}
		b.WriteString("\n")
	}
	o.must(rows.Err())
}

// TestInvitationsAreUsedOnlyWhenReady: whatever a caller has checked before, the commit looks again.
func TestInvitationsAreUsedOnlyWhenReady(t *testing.T) {
	tests := []struct {
		name string
		bend string
		want bool
	}{
		{"ready", `update invitations set needs_second = 0`, true},
		{"confirmed", `update invitations set needs_second = 1, confirmed_at = 1, confirmed_by = 'kofi'`, true},
		{"waiting", `update invitations set needs_second = 1`, false},
		{"used", `update invitations set used_at = 1`, false},
		{"revoked", `update invitations set revoked_at = 1`, false},
		{"too old", `update invitations set expires_at = 1`, false},
	}
	for _, tt := range tests {
		for way, use := range map[string]func(db.People, access.Invitation) error{
			"join": func(r db.People, i access.Invitation) error {
				return r.Join(t.Context(), i, access.Person{ID: "new", Email: "new@example.com"}, "hash")
			},
			"rejoin": func(r db.People, i access.Invitation) error { return r.Rejoin(t.Context(), i, "other") },
			"grant":  func(r db.People, i access.Invitation) error { return r.GrantInvited(t.Context(), i) },
		} {
			o := newOffice(t)
			o.person("ama")
			i := access.Invitation{TokenHash: "t", Email: "new@example.com", By: "kofi", ExpiresAt: o.at.Add(time.Hour), Grants: []access.Grant{{Role: access.SuperAdmin}}}
			o.must(o.People().AddInvitation(t.Context(), i))
			o.must(o.past(tt.bend))
			i.UsedAt, i.Person = o.at, "ama"
			before := o.dump()
			err := use(o.People(), i)
			if (err == nil) != tt.want || (err != nil && !errors.Is(err, access.ErrNotFound)) {
				t.Errorf("%s, %s: got %v, want it used %v", tt.name, way, err, tt.want)
			}
			if err != nil && o.dump() != before {
				t.Errorf("%s, %s: refused, but something changed", tt.name, way)
			}
		}
	}
}

// TestSecondIsSomebodyElse: the commit of a confirmation looks again too.
func TestSecondIsSomebodyElse(t *testing.T) {
	o := newOffice(t)
	i := access.Invitation{TokenHash: "t", By: "ama", ExpiresAt: o.at.Add(time.Hour), NeedsSecond: true}
	o.must(o.People().AddInvitation(t.Context(), i))
	i.ConfirmedAt = o.at
	for _, tt := range []struct {
		by   access.PersonID
		want bool
	}{{"ama", false}, {"kofi", true}, {"efua", false}} {
		i.ConfirmedBy = tt.by
		if err := o.People().ConfirmInvitation(t.Context(), i); (err == nil) != tt.want {
			t.Errorf("by %s: got %v, want it taken %v", tt.by, err, tt.want)
		}
	}
}

// TestSessionsForgetAndExpire: what the session library stores is gone when it is deleted or too old.
func TestSessionsForgetAndExpire(t *testing.T) {
	o := newOffice(t)
	s := o.Sessions()
	find := func(token string) string {
		t.Helper()
		b, ok, err := s.FindCtx(t.Context(), token)
		o.must(err)
		if !ok {
			return "none"
		}
		return string(b)
	}
	o.must(s.CommitCtx(t.Context(), "a", []byte("one"), o.at.Add(time.Hour)))
	o.must(s.CommitCtx(t.Context(), "a", []byte("two"), o.at.Add(time.Hour)))
	o.must(s.CommitCtx(t.Context(), "b", []byte("three"), o.at.Add(time.Minute)))
	if find("a") != "two" || find("b") != "three" || find("c") != "none" {
		t.Errorf("got %q, %q and %q", find("a"), find("b"), find("c"))
	}
	o.at = o.at.Add(time.Minute)
	if find("b") != "none" {
		t.Error("an old one is found")
	}
	o.must(s.CommitCtx(t.Context(), "d", []byte("x"), o.at.Add(time.Hour)))
	if n := o.number(`select count(*) from sessions`); n != 2 {
		t.Errorf("got %d rows, want the old one gone", n)
	}
	o.must(s.DeleteCtx(t.Context(), "a"))
	if find("a") != "none" {
		t.Error("a deleted one is found")
	}
}
