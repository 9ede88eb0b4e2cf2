package db_test

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

var begin = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

// bench is a database with two stores, and a way past the program.
type bench struct {
	*db.DB
	*testing.T
	vault *vault.Vault
	raw   *sql.DB
	at    atomic.Int64
	ids   atomic.Int64
}

func (b *bench) now() time.Time { return begin.Add(time.Duration(b.at.Load())) }

// zones is the time zone of each store: two days that begin almost 26 hours apart.
func zones() map[store.ID]string {
	return map[store.ID]string{"s1": "Pacific/Kiritimati", "s2": "Pacific/Pago_Pago"}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t}
	path := filepath.Join(t.TempDir(), "pay.db")
	var err error
	b.DB, err = db.Open(t.Context(), path, db.Options{Now: b.now, NewID: func() string { return fmt.Sprintf("id%06d", b.ids.Add(1)) }})
	b.must(err)
	t.Cleanup(func() { b.must(b.Close()) })
	key := sha256.Sum256([]byte("bench"))
	b.vault, err = vault.Open(t.Context(), vault.FromBytes(key[:]), b.Keysets(), vault.Options{Create: true})
	b.must(err)
	b.UseVault(b.vault)
	b.raw, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	b.must(err)
	t.Cleanup(func() { b.must(b.raw.Close()) })
	for id, zone := range zones() {
		b.exec(`insert into stores (id, name, zone, created_at) values ($1, $1, $2, 1)`, string(id), zone)
	}
	b.exec(`insert into people (id, email, name, created_at) values ('mia', 'mia@example.com', 'Mia', 1), ('ed', 'ed@example.com', 'Ed', 1)`)
	b.exec(`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by) values
		('a1', 's1', 'acme', 'Main', 1, 'default', 't1', 1, 1, 'mia'), ('a2', 's2', 'other', 'Test', 0, 'default', 't2', 1, 1, 'mia')`)
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) exec(query string, args ...any) {
	b.Helper()
	_, err := b.raw.Exec(query, args...)
	b.must(err)
}

// update changes a payout without any rule.
func (b *bench) update(id payout.ID, change func(*payout.Payout)) *payout.Payout {
	b.Helper()
	p, err := b.Payouts().Update(b.Context(), payout.Everywhere(), id, func(p *payout.Payout, _ payout.World) error { change(p); return nil })
	b.must(err)
	return p
}

func (b *bench) find(id payout.ID) *payout.Payout {
	b.Helper()
	p, err := b.Payouts().Find(b.Context(), payout.Everywhere(), id)
	b.must(err)
	return p
}

var plain = cmpopts.IgnoreUnexported(payout.Payout{})

// whole is a payout with something in every field.
func whole(id payout.ID) *payout.Payout {
	at := func(minutes int) time.Time { return begin.Add(time.Duration(minutes) * time.Minute) }
	return &payout.Payout{
		ID: id, Store: "s1", State: payout.Unknown, Version: 7,
		Input: payout.Input{Account: "a1", Country: "BJ", Method: "mtn_bj", Amount: "1.234,5", Language: "pt", Description: "as typed ' \" \x00 é",
			Details: map[string]string{"name": "Émile", "account": "22997126630"}},
		Content: payout.Content{Account: "a1", Provider: "acme", Company: "Acme", Live: true, Address: "default", Credential: 3, Method: "mtn_bj",
			MethodName: "MTN", Country: "BJ", Amount: money.Amount{Minor: 1<<53 + 1, Currency: "XOF"}, Description: "Invoice <7> & more",
			Details: []payout.Detail{
				{Name: "name", Label: providers.Text{Key: "k", English: "Name"}, Value: "Émile", Shown: "shown", Role: providers.RoleName},
				{Name: "account", Value: "22997126630", Role: providers.RoleAccount}}, Own: true},
		Author: "mia", Editors: []access.PersonID{"mia", "ed"}, Snapshot: []byte("snapshot\x00\xff"), Digest: "d1",
		Approvals: []payout.Approval{
			{Person: "sam", Name: "Sam", At: at(1), Digest: "d1", Challenge: string(id) + "c1", Means: "totp", Intent: []byte("intent"), Proof: &access.Proof{Site: "a.example", Origin: "https://a.example", PublicKey: []byte{1}, Assertion: []byte(`{"a":1}`)}, LapsesAt: at(3)},
			{Person: "sol", Name: "Sol", At: at(1), Digest: "d1", Challenge: string(id) + "c0", Means: "totp", Intent: []byte("intent"), Proof: &access.Proof{Site: "a.example", Origin: "https://a.example", PublicKey: []byte{1}, Assertion: []byte(`{"a":1}`)}, LapsesAt: at(3)},
			{Person: "sue", Name: "Sue", At: at(2), Digest: "d1", Challenge: string(id) + "b9", Means: "password", Intent: []byte("intent"), Proof: &access.Proof{Site: "a.example", Origin: "https://a.example", PublicKey: []byte{1}, Assertion: []byte(`{"a":1}`)}, LapsesAt: at(3)}},
		ExpiresAt: at(2), Decisions: 2, OnePerson: true,
		Attempts: []payout.Attempt{
			{No: 1, Decision: 1, Reference: string(id) + "REF1", RemoteID: string(id) + "R1", Kept: map[string]string{"key": "top secret"}, Epoch: 4, StartedAt: at(3), EndedAt: at(4), Outcome: payout.Unknown,
				Word: "awaiting approval", Stage: providers.StageApproval, Proofs: []string{"https://a.example/1", "https://a.example/2"}},
			{No: 2, Decision: 2, Reference: string(id) + "REF2", RemoteID: string(id) + "R2", Epoch: 5, StartedAt: at(5), EndedAt: at(6), Outcome: payout.Accepted}},
		Conflicts: []payout.Conflict{
			{At: at(7), Source: payout.FromWebhook, Code: "amount", Expected: "1", Got: "2", HookID: "h1", ClosedAt: at(8), ClosedBy: "sam",
				Finding: &payout.Finding{Outcome: payout.Moved, Text: "found", By: "ann", ByName: "Ann", At: at(7), ClosedName: "Sam", OnePerson: true}},
			{At: at(9), Source: payout.FromLookup, Code: "final", Expected: "paid", Got: "failed"}},
		Review: &payout.Review{Verdict: payout.Missing, Text: "text", RemoteID: "R9", By: "ann", ByName: "Ann", At: begin.Add(123456789), SettledBy: "sue", SettledAt: at(10)},
		Wait:   &payout.Wait{Text: "they look into it", By: "ann", ByName: "Ann", At: at(16), Until: at(17)},
		Fee:    money.Amount{Minor: 150, Currency: "XOF"}, Reason: "wallet closed", Follows: "EARLIER",
		CreatedAt: at(11), UpdatedAt: at(12), SubmittedAt: at(13), EndedAt: at(14), DueAt: at(15), Looks: 9,
	}
}

// Everything is read back as it was written, by Insert and by Update. A field added to the types has to be added to whole.
func TestPayoutRoundTrip(t *testing.T) {
	b := newBench(t)
	want := whole("P1")
	for _, v := range []any{*want, want.Input, want.Content, want.Content.Details[0], want.Approvals[0], want.Attempts[0], want.Conflicts[0], *want.Conflicts[0].Finding, *want.Review, *want.Wait} {
		if empty := emptyFields(v); len(empty) > 0 && !cmp.Equal(empty, []string{"Torn"}) && !cmp.Equal(empty, []string{"Forged"}) && !cmp.Equal(empty, []string{"Damaged"}) {
			t.Fatalf("%T: got %v empty, want something in every field", v, empty)
		}
	}
	b.must(b.Payouts().Insert(t.Context(), want))
	if diff := cmp.Diff(want, b.find("P1"), plain); diff != "" {
		t.Errorf("inserted (-want +got):\n%s", diff)
	}
	changed := whole("P2")
	changed.CreatedAt, changed.Follows = begin, ""
	old := &payout.Payout{ID: "P2", Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin, Content: changed.Content}
	for _, a := range changed.Attempts { // as it was claimed
		old.Attempts = append(old.Attempts, payout.Attempt{No: a.No, Decision: a.Decision, Reference: a.Reference, Epoch: a.Epoch, StartedAt: a.StartedAt})
	}
	for _, c := range changed.Conflicts {
		c.ClosedAt, c.ClosedBy = time.Time{}, ""
		old.Conflicts = append(old.Conflicts, c)
	}
	b.must(b.Payouts().Insert(t.Context(), old))
	got := b.update("P2", func(p *payout.Payout) { *p = *changed })
	changed.Version = 8
	if diff := cmp.Diff(changed, got, plain); diff != "" {
		t.Errorf("returned by the update (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(changed, b.find("P2"), plain); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
}

// emptyFields lists the exported fields that hold nothing.
func emptyFields(v any) []string {
	var empty []string
	value := reflect.ValueOf(v)
	for i := range value.NumField() {
		if f := value.Type().Field(i); f.IsExported() && value.Field(i).IsZero() {
			empty = append(empty, f.Name)
		}
	}
	return empty
}

// The zero values come back as they went in, too.
func TestEmptyPayoutRoundTrip(t *testing.T) {
	b := newBench(t)
	want := &payout.Payout{ID: "P1", Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin}
	b.must(b.Payouts().Insert(t.Context(), want))
	if diff := cmp.Diff(want, b.find("P1"), plain); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What an update refuses is not written, and the payout is handed out as it stands; what it keeps is written.
func TestUpdateRefusesOrKeeps(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	before := b.find("P1")
	no := errors.New("no")
	got, err := b.Payouts().Update(t.Context(), payout.InStore("s1"), "P1", func(p *payout.Payout, _ payout.World) error {
		*p = *whole("P1")
		p.Reason, p.Attempts, p.Conflicts = "changed", nil, nil
		return no
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v, want the refusal", err)
	}
	if diff := cmp.Diff(before, got, plain); diff != "" {
		t.Errorf("returned (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, b.find("P1"), plain); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	got, err = b.Payouts().Update(t.Context(), payout.InStore("s1"), "P1", func(p *payout.Payout, _ payout.World) error {
		p.Reason = "kept"
		return payout.Keep(no)
	})
	if err != no || got.Reason != "kept" || b.find("P1").Reason != "kept" || got.Version != before.Version+1 {
		t.Errorf("kept: got %v, %q, version %d, want the change and the refusal", err, got.Reason, got.Version)
	}
}

// Invariant 13: what is missing and what is another store's look alike.
func TestPayoutScope(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	super := access.Person{ID: "sam", Grants: []access.Grant{{Role: access.SuperAdmin}}}
	tests := []struct {
		name  string
		scope payout.Scope
		id    payout.ID
		ok    bool
	}{
		{"own store", payout.InStore("s1"), "P1", true},
		{"everywhere", payout.Everywhere(), "P1", true},
		{"super admin", payout.ScopeOf(super, access.ApprovePayouts), "P1", true},
		{"two stores", payout.ScopeOf(access.Person{ID: "mia", Grants: []access.Grant{{Role: access.Accountant, Store: "s0"}, {Role: access.Accountant, Store: "s1"}}}, access.ViewPayouts), "P1", true},
		{"another store", payout.InStore("s2"), "P1", false},
		{"no store", payout.InStore(""), "P1", false},
		{"nothing", payout.Scope{}, "P1", false},
		{"a role that may not", payout.ScopeOf(access.Person{ID: "ann", Grants: []access.Grant{{Role: access.Accountant, Store: "s1"}}}, access.DraftPayouts), "P1", false},
		{"missing", payout.Everywhere(), "P9", false},
		{"in small letters", payout.Everywhere(), "p1", false},
		{"pattern", payout.Everywhere(), "P%", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := b.Payouts().Find(t.Context(), tt.scope, tt.id)
			_, updated := b.Payouts().Update(t.Context(), tt.scope, tt.id, func(*payout.Payout, payout.World) error { return nil })
			_, read := b.Payouts().Exchanges(t.Context(), tt.scope, tt.id)
			for what, err := range map[string]error{"find": found, "update": updated, "exchanges": read} {
				if (err == nil) != tt.ok || (!tt.ok && !errors.Is(err, payout.ErrNotFound)) {
					t.Errorf("%s: got %v, want found: %v", what, err, tt.ok)
				}
			}
		})
	}
}

// References and identifiers are matched whole (invariant 4), within one account.
func TestFindByAttempt(t *testing.T) {
	b := newBench(t)
	for _, id := range []payout.ID{"P1", "P2"} {
		b.must(b.Payouts().Insert(t.Context(), whole(id)))
	}
	b.update("P2", func(p *payout.Payout) { p.Attempts[0].RemoteID, p.Attempts[1].RemoteID = "P1R2", "same" })
	b.update("P1", func(p *payout.Payout) { p.Attempts[0].RemoteID = "same" })
	b.must(b.Payouts().Insert(t.Context(), &payout.Payout{ID: "P3", Store: "s1", State: payout.Sending, Author: "mia", CreatedAt: begin,
		Content: payout.Content{Account: "a1"}, Attempts: []payout.Attempt{{No: 1}}})) // neither reference nor identifier
	tests := []struct {
		name          string
		account       store.AccountID
		ref, remoteID string
		id            payout.ID
		no            int
	}{
		{"reference", "a1", "P1REF1", "", "P1", 1},
		{"reference of the second attempt", "a1", "P1REF2", "", "P1", 2},
		{"reference before identifier", "a1", "P1REF1", "P1R2", "P1", 1},
		{"identifier alone", "a1", "", "P2R1", "", 0},
		{"identifier of two: the later attempt", "a1", "", "same", "P2", 2},
		{"unknown reference, known identifier", "a1", "NONE", "P1R2", "P1", 2},
		{"beginning of a reference", "a1", "P1REF", "", "", 0},
		{"small letters", "a1", "p1ref1", "", "", 0},
		{"another account", "a2", "P1REF1", "", "", 0},
		{"nothing", "a1", "", "", "", 0},
		{"pattern", "a1", "%", "%", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, no, err := b.Payouts().FindByAttempt(t.Context(), tt.account, tt.ref, tt.remoteID)
			if tt.id == "" {
				if !errors.Is(err, payout.ErrNotFound) || p != nil {
					t.Errorf("got %v, want not found", err)
				}
				return
			}
			if err != nil || p.ID != tt.id || no != tt.no {
				t.Errorf("got %v attempt %d and %v, want %s attempt %d", p, no, err, tt.id, tt.no)
			}
		})
	}
}

// Invariant 15: what an adapter keeps is sealed, and opens only where it was sealed.
func TestKeptIsSealed(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	b.must(b.Payouts().Insert(t.Context(), whole("P2")))
	var sealed []byte
	b.must(b.raw.QueryRow(`select kept from attempts where payout = 'P1' and no = 1`).Scan(&sealed))
	if bytes.Contains(sealed, []byte("secret")) || len(sealed) == 0 {
		t.Errorf("got %q, want it sealed", sealed)
	}
	for name, query := range map[string]string{
		"to another attempt": `update attempts set kept = (select kept from attempts where payout = 'P1' and no = 1) where payout = 'P1' and no = 2`,
		"to another payout":  `update attempts set kept = (select kept from attempts where payout = 'P1' and no = 1) where payout = 'P2' and no = 1`,
		"one bit":            `update attempts set kept = cast(substr(kept, 1, length(kept) - 1) || x'00' as blob) where payout = 'P1' and no = 1`,
	} {
		b.exec(`create table saved as select payout, no, kept from attempts`)
		b.exec(query)
		damaged := 0
		for _, a := range slices.Concat(b.find("P1").Attempts, b.find("P2").Attempts) {
			if a.Damaged {
				damaged++
			}
			if a.Damaged && a.Kept != nil {
				t.Errorf("%s: got %v, want nothing of it", name, a.Kept)
			}
		}
		if damaged != 1 {
			t.Errorf("%s: got %d damaged attempts, want it not to open", name, damaged)
		}
		b.exec(`update attempts set kept = (select s.kept from saved s where s.payout = attempts.payout and s.no = attempts.no)`)
		b.exec(`drop table saved`)
	}
	if got := b.find("P1").Attempts[0].Kept["key"]; got != "top secret" {
		t.Errorf("got %q, want it to open in its place", got)
	}
}

// Approvals are never deleted, and a confirmation that was used once makes no second approval.
func TestApprovalsStay(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	b.must(b.Payouts().Insert(t.Context(), &payout.Payout{ID: "P2", Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin}))
	first := b.find("P1").Approvals[0]
	b.update("P2", func(p *payout.Payout) { p.Approvals = []payout.Approval{first} })
	if got := b.find("P2").Approvals; len(got) != 0 {
		t.Errorf("got %+v, want none from a confirmation used for another payout", got)
	}
	b.update("P1", func(p *payout.Payout) { p.Approvals, p.UpdatedAt = p.Approvals[2:], begin.Add(time.Hour) })
	if got := b.find("P1").Approvals; len(got) != 1 || got[0].Person != "sue" {
		t.Errorf("got %+v, want Sue's", got)
	}
	b.update("P1", func(p *payout.Payout) { p.Approvals = []payout.Approval{first} })
	if got := b.find("P1").Approvals; len(got) != 0 {
		t.Errorf("got %+v, want a void approval to stay void", got)
	}
	var n, void int
	b.must(b.raw.QueryRow(`select count(*), sum(void_at > 0) from approvals`).Scan(&n, &void))
	if n != 3 || void != 3 {
		t.Errorf("got %d approvals, %d void, want all kept and void", n, void)
	}
}

func TestExchanges(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	want := payout.Exchange{ID: "id000001", Account: "a1", Payout: "P1", Attempt: 2, Purpose: "send", At: begin, Took: 1500 * time.Millisecond, Method: "POST",
		URL: "https://acme/pay", Status: 201, Request: "A: b\n\nbody", Answer: "ok", Written: true, Err: "reset"}
	if empty := emptyFields(want); empty != nil {
		t.Fatalf("got %v empty, want something in every field", empty)
	}
	for _, e := range []payout.Exchange{want, {Account: "a1", Payout: "P1", At: begin.Add(-time.Second)}, {Account: "a1", Payout: "P2", At: begin}, {Account: "a1", At: begin}} {
		b.must(b.Payouts().SaveExchange(t.Context(), e))
	}
	got, err := b.Payouts().Exchanges(t.Context(), payout.InStore("s1"), "P1")
	b.must(err)
	early := payout.Exchange{ID: "id000002", Account: "a1", Payout: "P1", At: begin.Add(-time.Second)}
	if diff := cmp.Diff([]payout.Exchange{early, want}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The database itself refuses what the program never writes.
func TestSchemaRefuses(t *testing.T) {
	b := newBench(t)
	b.must(b.Payouts().Insert(t.Context(), whole("P1")))
	_, _, err := b.Queue().TakeSender(t.Context(), "me", func(*payout.Payout) error { return nil }) // an audit row
	b.must(err)
	for name, query := range map[string]string{
		"a state there is not":      `update payouts set state = 'done'`,
		"two payouts of one id":     `insert into payouts (id, store, state, version, input, content, author, editors, created_at, updated_at) values ('P1', 's1', 'draft', 1, '{}', '{}', 'mia', '[]', 1, 1)`,
		"a second attempt":          `insert into attempts (payout, no, account, decision, reference, epoch, started_at) values ('P1', 3, 'a1', 2, 'X', 1, 1)`,
		"a confirmation used twice": `insert into approvals (payout, person, name, digest, challenge, means, at) values ('P1', 'x', 'x', 'd', 'P1c1', 'totp', 1)`,
		"an amount in words":        `update payouts set minor = 'much'`,
		"half a unit":               `update payouts set minor = 0.5`,
		"a mode between the two":    `update payouts set live = 2`,
		"a changed audit row":       `update audit set actor = 'x'`,
		"a second sender":           `insert into sender (id, holder, epoch, taken_at) values (2, 'x', 1, 1)`,
	} {
		if _, err := b.raw.Exec(query); err == nil {
			t.Errorf("%s: got no error, want it refused", name)
		}
	}
	if err := b.Payouts().Insert(t.Context(), &payout.Payout{ID: "P3", Store: "nowhere", State: payout.Draft, Author: "mia", CreatedAt: begin}); err == nil {
		t.Error("a store there is not: got no error, want it refused")
	}
}
