package policy_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/vault"
)

const password = "seven tired herons stand"

// world is an installation whose rules are changed; its clock stands still.
type world struct {
	t       *testing.T
	now     time.Time
	path    string
	db      *db.DB
	access  *access.Service
	service *policy.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "p.db"), now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	now, ids := func() time.Time { return w.now }, 0
	newID := func() string { ids++; return fmt.Sprintf("id%024d", ids) }
	var err error
	w.db, err = db.Open(t.Context(), w.path, db.Options{Now: now, NewID: newID})
	w.must(err)
	t.Cleanup(func() { w.must(w.db.Close()) })
	v, err := vault.Open(t.Context(), vault.FromBytes(make([]byte, 32)), w.db.Keysets(), vault.Options{Create: true})
	w.must(err)
	w.db.UseVault(v)
	w.access, err = access.New(w.db.People(), access.Options{Now: now, NewID: newID,
		Params: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}})
	w.must(err)
	w.service = &policy.Service{Repo: w.db.Policies(), Now: now, NewID: newID}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// raw runs a statement past the program.
func (w *world) raw(query string, args ...any) {
	w.t.Helper()
	d, err := sql.Open("sqlite", w.path)
	w.must(err)
	defer func() { _ = d.Close() }() // what counts was checked
	_, err = d.ExecContext(w.t.Context(), query, args...)
	w.must(err)
}

func (w *world) super(name string) access.Person {
	w.t.Helper()
	p, err := w.access.AddDirect(w.t.Context(), access.Person{Email: name + "@example.com", Name: name, Grants: []access.Grant{{Role: access.SuperAdmin}}}, password)
	w.must(err)
	return p
}

func (w *world) draft(by access.Person, rules ...policy.Rule) policy.Proposal {
	w.t.Helper()
	p, err := w.service.Draft(w.t.Context(), by, rules)
	w.must(err)
	return p
}

// proof is somebody's fresh confirmation of a proposal.
func (w *world) proof(by access.Person, p policy.Proposal) access.StepUp {
	w.t.Helper()
	digest, err := p.Digest()
	w.must(err)
	c, err := w.access.Ask(w.t.Context(), by, policy.PurposePolicy, p.ID, digest)
	w.must(err)
	proof, err := w.access.Verify(w.t.Context(), by, c.ID, password)
	w.must(err)
	return proof
}

func (w *world) save(by access.Person, p policy.Proposal) policy.Proposal {
	w.t.Helper()
	saved, err := w.service.Save(w.t.Context(), by, p.ID, w.proof(by, p))
	w.must(err)
	return saved
}

func (w *world) confirm(by access.Person, p policy.Proposal) error {
	w.t.Helper()
	return w.service.Confirm(w.t.Context(), by, p.ID, w.proof(by, p))
}

func (w *world) version() int {
	w.t.Helper()
	set, err := w.service.Repo.Current(w.t.Context())
	w.must(err)
	return set.Version
}

// logged is what the audit log says of rules, oldest first.
func (w *world) logged() []string {
	w.t.Helper()
	var all []string
	for e, err := range w.db.Audit().All(w.t.Context()) {
		w.must(err)
		switch e.Action {
		case audit.PolicyProposed, audit.PolicyChanged, audit.PolicyDropped:
			all = append(all, string(e.Action)+" by "+e.ActorName)
			if e.Details == "{}" || e.Subject == "" || e.Actor == "" || !e.At.Equal(w.now) {
				w.t.Errorf("got the audit row %+v, want who, what, when and the rules", e)
			}
		}
	}
	return all
}

func twoPeople() policy.Rule { return policy.Rule{Approvals: 2} }

// Invariant 6, for the rules themselves: who loosens them needs somebody else, who tightens them does not.
func TestInvariant6LooseningTakesTwo(t *testing.T) {
	w := newWorld(t)
	ama, boris := w.super("ama"), w.super("boris")
	tight := w.draft(ama, twoPeople())
	if tight.Loosens || tight.Base != 0 || !tight.Open() || tight.Waiting() || w.version() != 0 {
		t.Fatalf("got %+v, want a draft that tightens and does not hold", tight)
	}
	if tight = w.save(ama, tight); !tight.HeldAt.Equal(w.now) || tight.Waiting() || w.version() != 1 {
		t.Fatalf("got %+v at version %d, want rules that hold", tight, w.version())
	}
	loose := w.draft(boris)
	if !loose.Loosens || loose.Base != 1 {
		t.Fatalf("got %+v, want a draft that loosens version 1", loose)
	}
	if err := w.confirm(ama, loose); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("confirmed before its author did: got %v, want %v", err, policy.ErrNotFound)
	}
	if loose = w.save(boris, loose); !loose.HeldAt.IsZero() || !loose.Waiting() || loose.Open() || w.version() != 1 {
		t.Fatalf("got %+v at version %d, want rules that wait for a second person", loose, w.version())
	}
	if err := w.confirm(boris, loose); !errors.Is(err, policy.ErrOwn) || w.version() != 1 {
		t.Errorf("confirmed by its author: got %v at version %d, want %v", err, w.version(), policy.ErrOwn)
	}
	w.must(w.confirm(ama, loose))
	held, err := w.service.Repo.Proposal(t.Context(), loose.ID)
	w.must(err)
	if w.version() != 2 || held.ConfirmedBy != ama.ID || !held.HeldAt.Equal(w.now) || held.Waiting() {
		t.Errorf("got %+v at version %d, want rules confirmed by ama", held, w.version())
	}
	if err := w.confirm(ama, loose); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("confirmed twice: got %v, want %v", err, policy.ErrNotFound)
	}
	want := []string{"policy.changed by ama", "policy.proposed by boris", "policy.changed by ama"}
	if diff := cmp.Diff(want, w.logged()); diff != "" {
		t.Error(diff)
	}
}

// Where nobody else could confirm, one is enough.
func TestLooseningAlone(t *testing.T) {
	t.Run("one super admin", func(t *testing.T) {
		w := newWorld(t)
		ama := w.super("ama")
		w.save(ama, w.draft(ama, policy.Rule{Per: policy.PerPayout, Limit: xof(100)}))
		if loose := w.save(ama, w.draft(ama)); loose.HeldAt.IsZero() || w.version() != 2 {
			t.Errorf("got %+v at version %d, want rules that hold", loose, w.version())
		}
	})
	t.Run("one-person mode", func(t *testing.T) {
		w := newWorld(t)
		ama := w.super("ama")
		w.must(w.access.SetOnePerson(t.Context(), ama, true))
		boris := w.super("boris")
		w.save(ama, w.draft(ama, policy.Rule{Per: policy.PerPayout, Limit: xof(100)}))
		if loose := w.save(boris, w.draft(boris)); loose.HeldAt.IsZero() || w.version() != 2 {
			t.Errorf("got %+v at version %d, want rules that hold", loose, w.version())
		}
	})
}

func xof(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "XOF"} }

// What bars a proposal from holding bars it when it is saved and when it is confirmed.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	ama, boris := w.super("ama"), w.super("boris")
	w.save(ama, w.draft(ama, twoPeople()))
	other := w.draft(ama, twoPeople())
	tests := []struct {
		name  string
		rules []policy.Rule
		spoil func(p policy.Proposal, s *access.StepUp)
		want  error
	}{
		{"another person's confirmation", nil, func(p policy.Proposal, s *access.StepUp) { *s = w.proof(boris, p) }, access.ErrStepUp},
		{"a confirmation of something else", nil, func(_ policy.Proposal, s *access.StepUp) { s.Digest = "x" }, access.ErrStepUp},
		{"a confirmation for another proposal", nil, func(_ policy.Proposal, s *access.StepUp) { s.Subject = other.ID }, access.ErrStepUp},
		{"no confirmation", nil, func(_ policy.Proposal, s *access.StepUp) { *s = access.StepUp{} }, access.ErrStepUp},
		{"nobody could approve", []policy.Rule{{Approvals: 3}}, func(policy.Proposal, *access.StepUp) {}, policy.ErrLockedOut},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := w.draft(ama, tt.rules...)
			proof := w.proof(ama, p)
			tt.spoil(p, &proof)
			if _, err := w.service.Save(t.Context(), ama, p.ID, proof); !errors.Is(err, tt.want) || w.version() != 1 {
				t.Errorf("saved: got %v, want %v", err, tt.want)
			}
		})
	}
	p := w.draft(ama)
	if _, err := w.service.Save(t.Context(), boris, p.ID, w.proof(boris, p)); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("saved by another: got %v, want %v", err, policy.ErrNotFound)
	}
	w.save(ama, p)
	if _, err := w.service.Save(t.Context(), ama, p.ID, w.proof(ama, p)); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("saved twice: got %v, want %v", err, policy.ErrNotFound)
	}
	if err := w.service.Confirm(t.Context(), boris, p.ID, w.proof(boris, other)); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("confirmed with the confirmation of another: got %v, want %v", err, access.ErrStepUp)
	}
	w.save(boris, w.draft(boris, twoPeople(), policy.Rule{Per: policy.PerPayout, Limit: xof(1)}))
	if err := w.confirm(boris, p); !errors.Is(err, policy.ErrChanged) || w.version() != 2 {
		t.Errorf("confirmed after other rules came to hold: got %v, want %v", err, policy.ErrChanged)
	}
}

// A super admin who was disabled meanwhile neither saves nor confirms.
func TestDisabledPeopleChangeNoRules(t *testing.T) {
	w := newWorld(t)
	ama, boris, cleo := w.super("ama"), w.super("boris"), w.super("cleo")
	w.save(ama, w.draft(ama, twoPeople()))
	waiting, mine := w.save(ama, w.draft(ama)), w.draft(boris, twoPeople(), policy.Rule{Per: policy.PerPayout, Limit: xof(1)})
	confirms, saves := w.proof(boris, waiting), w.proof(boris, mine)
	w.must(w.access.Disable(t.Context(), cleo, boris.ID))
	if err := w.service.Confirm(t.Context(), boris, waiting.ID, confirms); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("confirm: got %v, want %v", err, policy.ErrNotFound)
	}
	if _, err := w.service.Save(t.Context(), boris, mine.ID, saves); !errors.Is(err, policy.ErrNotFound) || w.version() != 1 {
		t.Errorf("save: got %v, want %v", err, policy.ErrNotFound)
	}
}

func TestDrop(t *testing.T) {
	w := newWorld(t)
	ama, boris := w.super("ama"), w.super("boris")
	nobody := access.Person{ID: "x", Name: "x"}
	if _, err := w.service.Draft(t.Context(), nobody, nil); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("drafted by nobody: got %v, want %v", err, policy.ErrNotFound)
	}
	held := w.save(ama, w.draft(ama, twoPeople()))
	open, waiting := w.draft(ama), w.save(ama, w.draft(ama))
	if err := w.service.Drop(t.Context(), nobody, open.ID); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("dropped by nobody: got %v, want %v", err, policy.ErrNotFound)
	}
	if err := w.service.Drop(t.Context(), boris, held.ID); !errors.Is(err, policy.ErrNotFound) {
		t.Errorf("dropped what holds: got %v, want %v", err, policy.ErrNotFound)
	}
	for _, p := range []policy.Proposal{open, waiting} {
		w.must(w.service.Drop(t.Context(), boris, p.ID))
		gone, err := w.service.Repo.Proposal(t.Context(), p.ID)
		w.must(err)
		if !gone.DroppedAt.Equal(w.now) || gone.Open() || gone.Waiting() {
			t.Errorf("got %+v, want it dropped", gone)
		}
		if err := w.service.Drop(t.Context(), boris, p.ID); !errors.Is(err, policy.ErrNotFound) {
			t.Errorf("dropped twice: got %v, want %v", err, policy.ErrNotFound)
		}
	}
	if err := w.confirm(boris, waiting); !errors.Is(err, policy.ErrNotFound) || w.version() != 1 {
		t.Errorf("confirmed what was dropped: got %v, want %v", err, policy.ErrNotFound)
	}
	want := []string{"policy.changed by ama", "policy.proposed by ama", "policy.dropped by boris", "policy.dropped by boris"}
	if diff := cmp.Diff(want, w.logged()); diff != "" {
		t.Error(diff)
	}
}

// A confirmation fits one proposal: id, version it was drafted against, and rules.
func TestDigest(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []policy.Proposal{{ID: "a"}, {ID: "b"}, {ID: "a", Base: 1}, {ID: "a", Rules: []policy.Rule{twoPeople()}}, {ID: "a", Rules: []policy.Rule{{Approvals: 3}}}} {
		digest, err := p.Digest()
		if err != nil || len(digest) != 64 || seen[digest] {
			t.Errorf("got %q, %v for %+v, want a digest of its own", digest, err, p)
		}
		seen[digest] = true
	}
}

func TestReplay(t *testing.T) {
	limit := func(per policy.Per, minor int64) policy.Rule { return policy.Rule{Per: per, Limit: xof(minor)} }
	rules := func(all ...policy.Rule) policy.Set { return policy.Set{Rules: all} }
	at := func(id, day string, minor int64) policy.Case {
		return policy.Case{ID: id, Day: day, Facts: policy.Facts{Store: "s1", Amount: xof(minor)}}
	}
	named := func(cases ...policy.Case) []policy.Case { return cases }
	a, b, c := at("a", "1", 60), at("b", "1", 60), at("c", "2", 60)
	many := []policy.Case{a, a, a, a, a, a, a}
	tests := []struct {
		name       string
		old, fresh policy.Set
		cases      []policy.Case
		want       policy.Replay
	}{
		{"the same", rules(twoPeople()), rules(twoPeople()), named(a, b), policy.Replay{Looked: 2}},
		{"more people", rules(), rules(twoPeople()), named(a), policy.Replay{Looked: 1, More: 1, Cases: named(a)}},
		{"fewer", rules(twoPeople()), rules(), named(a), policy.Replay{Looked: 1, Fewer: 1, Cases: named(a)}},
		{"of some", rules(), rules(policy.Rule{Approvals: 1, Among: []access.PersonID{"x"}}), named(a), policy.Replay{Looked: 1, More: 1, Cases: named(a)}},
		{"two of anybody rather than one of some", rules(policy.Rule{Approvals: 1, Among: []access.PersonID{"x"}}), rules(twoPeople()), named(a), policy.Replay{Looked: 1, More: 1, Cases: named(a)}},
		{"a limit just kept", rules(), rules(limit(policy.PerPayout, 60)), named(a), policy.Replay{Looked: 1}},
		{"a limit exceeded by one", rules(), rules(limit(policy.PerPayout, 59)), named(a), policy.Replay{Looked: 1, Refused: 1, Cases: named(a)}},
		{"a limit taken away", rules(limit(policy.PerPayout, 59)), rules(), named(a), policy.Replay{Looked: 1, Let: 1, Cases: named(a)}},
		{"both exceed", rules(limit(policy.PerPayout, 1)), rules(limit(policy.PerPayout, 2)), named(a), policy.Replay{Looked: 1}},
		{"a day just full", rules(), rules(limit(policy.PerStoreDay, 120)), named(a, b, c), policy.Replay{Looked: 3}},
		{"a day too full", rules(), rules(limit(policy.PerStoreDay, 119)), named(a, b, c), policy.Replay{Looked: 3, Refused: 1, Cases: named(b)}},
		{"what was refused does not count", rules(), rules(limit(policy.PerStoreDay, 70)), named(a, at("big", "1", 500), at("small", "1", 10)),
			policy.Replay{Looked: 3, Refused: 1, Cases: named(at("big", "1", 500))}},
		{"five are named", rules(), rules(twoPeople()), many, policy.Replay{Looked: 7, More: 7, Cases: many[:5]}},
		{"a sum that does not fit", rules(), rules(limit(policy.PerStoreDay, 1<<62)), named(a, at("huge", "1", 1<<63-1)), policy.Replay{Looked: 2, More: 0, Cases: nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, policy.Replayed(tt.old, tt.fresh, tt.cases)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Rules are held against the payouts of the last 90 days; what cannot be read is an error, not a past without payouts.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	w.raw(`insert into stores (id, name, zone, created_at) values ('s1', 'Store', 'UTC', 1)`)
	for id, at := range map[string]time.Time{"recent": w.now.AddDate(0, 0, -89), "old": w.now.AddDate(0, 0, -91)} {
		w.raw(`insert into payouts (id, store, live, state, version, input, content, currency, minor, author, editors, created_at, updated_at, submitted_at)
			values ($1, 's1', 1, 'paid', 1, '{}', '{}', 'XOF', 60, 'mia', '[]', $2, $2, $2)`, id, at.UnixMilli())
	}
	got, err := w.service.Compare(t.Context(), []policy.Rule{twoPeople()})
	if err != nil || got.Looked != 1 || got.More != 1 || len(got.Cases) != 1 || got.Cases[0].ID != "recent" {
		t.Errorf("got %+v, %v, want the recent one, which would need more people", got, err)
	}
	w.raw(`update payouts set content = 'x'`)
	if got, err := w.service.Compare(t.Context(), nil); err == nil {
		t.Errorf("got %+v, want an error", got)
	}
}
