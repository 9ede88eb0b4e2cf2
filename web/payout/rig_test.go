package payout_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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

// The people of every rig. Mia drafts, Sam and Sue decide, Sol edits where a test says so.
func mia() access.Person {
	return access.Person{ID: "mia", Name: "Mia", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}}}
}

func ann() access.Person {
	return access.Person{ID: "ann", Name: "Ann", Grants: []access.Grant{{Role: access.Accountant, Store: "s1"}}}
}

func fay() access.Person {
	return access.Person{ID: "fay", Name: "Fay", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s2"}}}
}

func super(id access.PersonID) access.Person {
	return access.Person{ID: id, Name: string(id), Grants: []access.Grant{{Role: access.SuperAdmin}}}
}

func sam() access.Person { return super("sam") }
func sue() access.Person { return super("sue") }
func sol() access.Person { return super("sol") }

// failer is what a test and a property have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// rig is a service on a real database, with a clock that stands still.
type rig struct {
	failer
	ctx     context.Context
	db      *db.DB
	raw     *sql.DB // what nobody may do: writing past the service
	svc     *payout.Service
	at      atomic.Int64 // nanoseconds since begin
	ids     atomic.Int64
	changed atomic.Int64
	repeats atomic.Bool // the company refuses repeated references
	version int         // of the account's credentials
	epoch   int64
}

var begin = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func (r *rig) now() time.Time          { return begin.Add(time.Duration(r.at.Load())) }
func (r *rig) pass(d time.Duration)    { r.at.Add(int64(d)) }
func (r *rig) next(what string) string { return fmt.Sprintf("%s%06d", what, r.ids.Add(1)) }

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{failer: t, ctx: t.Context(), version: 1}
	path := filepath.Join(t.TempDir(), "pay.db")
	var err error
	if r.db, err = db.Open(r.ctx, path, db.Options{Now: r.now, NewID: func() string { return r.next("id") }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, r.db.Close()) })
	key := sha256.Sum256([]byte("rig"))
	v, err := vault.Open(r.ctx, vault.FromBytes(key[:]), r.db.Keysets(), vault.Options{Create: true, Now: r.now})
	if err != nil {
		t.Fatal(err)
	}
	r.db.UseVault(v)
	if r.raw, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, r.raw.Close()) })
	r.svc = payout.New(r.db.Payouts(), payout.Options{
		Now: r.now, NewID: func() payout.ID { return payout.ID(r.next("PAYOUT")) }, Reference: v.Reference,
		RepeatsRefused: func(string) bool { return r.repeats.Load() }, Changed: func() { r.changed.Add(1) },
	})
	r.populate()
	return r
}

func closed(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}

// during has failures told to a property instead of the test it runs in.
func (r *rig) during(f failer) { r.failer = f }

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("got %v, want no error", err)
	}
}

func (r *rig) exec(query string, args ...any) {
	r.Helper()
	_, err := r.raw.ExecContext(r.ctx, query, args...)
	r.must(err)
}

// populate writes people, stores and accounts past the services that keep them: this package only reads them.
func (r *rig) populate() {
	r.exec(`insert into stores (id, name, zone, created_at) values ('s1', 'One', 'UTC', 1), ('s2', 'Two', 'UTC', 1)`)
	for _, p := range []access.Person{mia(), ann(), fay(), sam(), sue(), sol()} {
		r.exec(`insert into people (id, email, name, created_at) values (?, ?, ?, 1)`, p.ID, string(p.ID)+"@example.com", p.Name)
		for _, g := range p.Grants {
			r.grant(p.ID, g)
		}
	}
	for i, st := range []string{"s1", "s1", "s2"} {
		r.exec(`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by)
			values (?, ?, 'acme', 'Main', 1, 'default', ?, 1, 1, 'mia')`, fmt.Sprintf("a%d", i+1), st, fmt.Sprintf("token%d", i))
	}
	r.takeSender()
}

func (r *rig) grant(id access.PersonID, g access.Grant) {
	r.exec(`insert into grants (person, role, store, granted_by, granted_at) values (?, ?, ?, '', 1)`, id, g.Role, g.Store)
}

func (r *rig) set(name, value string) {
	r.exec(`insert into settings (name, value) values (?, ?) on conflict (name) do update set value = excluded.value`, name, value)
}

func (r *rig) takeSender() {
	epoch, _, err := r.db.Queue().TakeSender(r.ctx, r.next("holder"), func(p *payout.Payout) error { return p.Orphan(r.now()) })
	r.must(err)
	r.epoch = epoch
}

func xof(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "XOF"} }

func input() payout.Input {
	return payout.Input{Account: "a1", Country: "BJ", Method: "mtn_bj", Amount: "250,000", Language: "en", Description: "Invoice 7",
		Details: map[string]string{"name": "Émile Zola", "account": "22997126630"}}
}

func (r *rig) form() payout.Form {
	return payout.Form{
		Account: store.Account{ID: "a1", Store: "s1", Provider: "acme", Label: "Main", Live: true, Address: "default", Version: r.version},
		Method:  providers.Method{ID: "mtn_bj", Name: "MTN", Country: "BJ", Currency: "XOF"}, ProviderName: "Acme",
		Fields: []providers.Field{
			{Name: "name", Label: providers.Text{Key: "field.name", English: "Name"}, Role: providers.RoleName},
			{Name: "account", Label: providers.Text{Key: "field.account", English: "Account"}, Role: providers.RoleAccount},
			{Name: "bank", Label: providers.Text{Key: "field.bank", English: "Bank"}, Type: providers.Choice, Role: providers.RoleBank, Optional: true,
				Options: []providers.Option{{Value: "01", Label: providers.Text{English: "First Bank"}}}},
		},
	}
}

// stepUp is a confirmation by a person of what a digest names, asked for and given now.
func (r *rig) stepUp(by access.PersonID, id, digest string) access.StepUp {
	r.Helper()
	i := access.About(payout.PurposeApprove, id, digest)
	i.Format, i.Person, i.Nonce, i.AskedAt = "paywicket-intent-1", by, r.next("step"), r.now().UTC()
	r.must(r.raw.QueryRowContext(r.ctx, `select coalesce(max(version), 0) from policies`).Scan(&i.Policy))
	b, err := i.Encode()
	r.must(err)
	s := access.StepUp{ID: i.Nonce, Person: by, Subject: id, Digest: digest, Intent: b, Means: "password", AskedAt: r.now(), VerifiedAt: r.now()}
	r.exec(`insert into challenges (id, person, purpose, subject, digest, intent, means, asked_at, verified_at) values (?, ?, 'approve', '', ?, ?, 'password', ?, ?)`,
		s.ID, by, digest, b, r.now().UnixMilli(), r.now().UnixMilli())
	return s
}

func (r *rig) find(id payout.ID) *payout.Payout {
	r.Helper()
	p, err := r.db.Payouts().Find(r.ctx, payout.Everywhere(), id)
	r.must(err)
	return p
}

func (r *rig) draft() payout.ID {
	r.Helper()
	p, err := r.svc.Draft(r.ctx, mia(), "s1", input(), "")
	r.must(err)
	return p.ID
}

func (r *rig) submit(id payout.ID) payout.ID {
	r.Helper()
	_, err := r.svc.Submit(r.ctx, mia(), id, r.form())
	r.must(err)
	return id
}

func (r *rig) approveBy(by access.Person, id payout.ID) (*payout.Payout, error) {
	return r.svc.Approve(r.ctx, by, id, r.stepUp(by.ID, string(id), r.find(id).Digest))
}

func (r *rig) approve(id payout.ID) payout.ID {
	r.Helper()
	_, err := r.approveBy(sam(), id)
	r.must(err)
	return id
}

func (r *rig) tryClaim(id payout.ID) (*payout.Payout, error) {
	return r.svc.Claim(r.ctx, payout.InStore("s1"), id, r.epoch)
}

func (r *rig) claim(id payout.ID) payout.ID {
	r.Helper()
	_, err := r.tryClaim(id)
	r.must(err)
	return id
}

func (r *rig) record(id payout.ID, e payout.Evidence) payout.Effect {
	r.Helper()
	if e.Attempt == 0 {
		e.Attempt = r.find(id).Current().No
	}
	_, effect, err := r.svc.Record(r.ctx, payout.InStore("s1"), id, e)
	r.must(err)
	return effect
}

// answer is what a company says of the attempt under way, with everything it may name.
func (r *rig) answer(id payout.ID, status providers.Status) payout.Effect {
	r.Helper()
	return r.record(id, payout.Evidence{Source: payout.FromAnswer, Result: full(r.find(id), status)})
}

// full is a record that names everything that was sent.
func full(p *payout.Payout, status providers.Status) providers.Result {
	return providers.Result{Attempt: providers.Attempt{Reference: p.Reference(), RemoteID: "R" + string(p.ID)}, Status: status,
		Word: string(status), Amount: p.Content.Amount}
}

func (r *rig) fails(id payout.ID, kind providers.Kind) payout.Effect {
	r.Helper()
	return r.record(id, payout.Evidence{Source: payout.FromAnswer, Err: &providers.Error{Kind: kind, Code: "x", Message: "no luck"}})
}

func (r *rig) testify(id payout.ID, v payout.Verdict) payout.ID {
	r.Helper()
	_, err := r.svc.Testify(r.ctx, ann(), id, r.find(id).Version, payout.Review{Verdict: v, Text: "looked at the portal", RemoteID: "R9"})
	r.must(err)
	return id
}

func (r *rig) settleBy(by access.Person, id payout.ID) (*payout.Payout, error) {
	return r.svc.Settle(r.ctx, by, id, "250000", r.stepUp(by.ID, string(id), r.find(id).ReviewDigest()))
}

func (r *rig) settle(id payout.ID) payout.ID {
	r.Helper()
	_, err := r.settleBy(sue(), id)
	r.must(err)
	return id
}

func (r *rig) again(id payout.ID) payout.ID {
	r.Helper()
	_, err := r.svc.Again(r.ctx, mia(), id)
	r.must(err)
	return id
}

// sending is a payout in the middle of its first send; the others build on it.
func (r *rig) sending() payout.ID { return r.claim(r.approve(r.submit(r.draft()))) }

func (r *rig) unknown() payout.ID {
	id := r.sending()
	r.fails(id, providers.Unknown)
	return id
}

func (r *rig) notExecuted() payout.ID { return r.settle(r.testify(r.unknown(), payout.Missing)) }

// setup is a way to have a payout in a state. Sent says that there was an attempt.
type setup struct {
	name  string
	state payout.State
	sent  bool
	make  func(*rig) payout.ID
}

// setups reach every state, and once more those that a payout may be in after an attempt that moved no money.
func setups() []setup {
	ended := func(status providers.Status) func(*rig) payout.ID {
		return func(r *rig) payout.ID {
			id := r.sending()
			r.answer(id, status)
			return id
		}
	}
	failing := func(kind providers.Kind) func(*rig) payout.ID {
		return func(r *rig) payout.ID {
			id := r.sending()
			r.fails(id, kind)
			return id
		}
	}
	submitted := func(r *rig) payout.ID { return r.submit(r.draft()) }
	again := func(r *rig) payout.ID { return r.again(r.notExecuted()) }
	reject := func(from func(*rig) payout.ID) func(*rig) payout.ID {
		return func(r *rig) payout.ID {
			id := from(r)
			_, err := r.svc.Reject(r.ctx, sam(), id, r.find(id).Version, "not due")
			r.must(err)
			return id
		}
	}
	withdraw := func(from func(*rig) payout.ID) func(*rig) payout.ID {
		return func(r *rig) payout.ID {
			id := from(r)
			_, err := r.svc.Withdraw(r.ctx, mia(), id)
			r.must(err)
			return id
		}
	}
	return []setup{
		{"draft", payout.Draft, false, (*rig).draft},
		{"submitted", payout.Submitted, false, submitted},
		{"approved", payout.Approved, false, func(r *rig) payout.ID { return r.approve(submitted(r)) }},
		{"sending", payout.Sending, true, (*rig).sending},
		{"accepted", payout.Accepted, true, ended(providers.Accepted)},
		{"unknown", payout.Unknown, true, (*rig).unknown},
		{"unknown, evidence waits", payout.Unknown, true, func(r *rig) payout.ID { return r.testify(r.unknown(), payout.Missing) }},
		{"not_sent", payout.NotSent, true, failing(providers.NotSent)},
		{"refused", payout.Refused, true, failing(providers.Refused)},
		{"not_executed", payout.NotExecuted, true, (*rig).notExecuted},
		{"paid", payout.Paid, true, ended(providers.Paid)},
		{"failed", payout.Failed, true, ended(providers.Failed)},
		{"cancelled", payout.Cancelled, true, ended(providers.Cancelled)},
		{"returned", payout.Returned, true, ended(providers.Returned)},
		{"rejected", payout.Rejected, false, reject(submitted)},
		{"withdrawn", payout.Withdrawn, false, withdraw(submitted)},
		{"discarded", payout.Discarded, false, func(r *rig) payout.ID {
			id := r.draft()
			_, err := r.svc.Discard(r.ctx, mia(), id)
			r.must(err)
			return id
		}},
		{"submitted again", payout.Submitted, true, again},
		{"approved again", payout.Approved, true, func(r *rig) payout.ID { return r.approve(again(r)) }},
		{"rejected again", payout.Rejected, true, reject(again)},
		{"withdrawn again", payout.Withdrawn, true, withdraw(again)},
	}
}

// clone copies a payout as the database would hand it out.
func clone(p *payout.Payout) *payout.Payout {
	b, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	var c payout.Payout
	if err := json.Unmarshal(b, &c); err != nil {
		panic(err)
	}
	return &c
}

// code is the code of a refusal, "" for no error, and the text of any other error.
func code(err error) string {
	if e, ok := errors.AsType[*payout.Error](err); ok {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// exported leaves out what a change only carries to the repository.
func exported() cmp.Option { return cmpopts.IgnoreUnexported(payout.Payout{}) }
