package payout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// The tables of what news do to a payout, from the rules and not from the code: "=" nothing moves, "!" nothing moves and
// a conflict is opened, else the state it moves to. "closed" stands for every state in which an attempt is known not to
// have moved money.
const (
	// A record that names the stored identifier, or our reference with amount and currency (invariant 3).
	provenTable = `
		state      accepted  paid  failed  cancelled  returned  unmapped  unmapped-answer
		sending    accepted  paid  failed  cancelled  returned  =         accepted
		accepted   =         paid  failed  cancelled  returned  =         =
		unknown    accepted  paid  failed  cancelled  returned  =         accepted
		paid       =         =     !       !          returned  =         =
		failed     =         !     =       !          !         =         =
		cancelled  =         !     !       =          !         =         =
		returned   =         =     !       !          =         =         =
		closed     !         !     !       !          !         !         !`

	// The answer to the send itself, naming only a new identifier or only our reference: the company has it, but how it
	// ended is not proved.
	namedTable = `
		state      accepted  paid      failed    cancelled  returned  unmapped-answer
		sending    accepted  accepted  accepted  accepted   accepted  accepted
		accepted   =         =         =         =          =         =
		unknown    accepted  accepted  accepted  accepted   accepted  accepted
		paid       =         =         !         !          =         =
		failed     =         !         =         !          !         =
		cancelled  =         !         !         =          !         =
		returned   =         =         !         !          =         =
		closed     !         !         !         !          !         !`

	// A send that came back with an error.
	errorTable = `
		state      not-sent  refused  unknown  unsupported  plain
		sending    not_sent  refused  unknown  unknown      unknown
		accepted   !         !        =        =            =
		unknown    =         =        =        =            =
		paid       !         !        =        =            =
		failed     =         =        =        =            =
		cancelled  =         =        =        =            =
		returned   !         !        =        =            =
		closed     =         =        =        =            =`
)

var proven, named, failed = table(provenTable), table(namedTable), table(errorTable)

func table(text string) map[string]map[string]string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	head := strings.Fields(lines[0])
	cells := map[string]map[string]string{}
	for _, line := range lines[1:] {
		words := strings.Fields(line)
		cells[words[0]] = map[string]string{}
		for i, word := range words[1:] {
			cells[words[0]][head[i+1]] = word
		}
	}
	return cells
}

// rowOf is the row of a state in the tables.
func rowOf(s payout.State) string {
	switch s {
	case payout.Sending, payout.Accepted, payout.Unknown, payout.Paid, payout.Failed, payout.Cancelled, payout.Returned:
		return string(s)
	}
	return "closed"
}

// naming is how news say what they are about.
type naming struct {
	name string
	set  func(*providers.Result, *payout.Payout)
}

func namings() []naming {
	return []naming{
		{"stored id", func(r *providers.Result, p *payout.Payout) { r.Attempt.RemoteID = p.RemoteID() }},
		{"reference and amount", func(r *providers.Result, p *payout.Payout) {
			r.Attempt.Reference, r.Amount = p.Reference(), p.Content.Amount
		}},
		{"reference, amount and a new id", func(r *providers.Result, p *payout.Payout) {
			r.Attempt.Reference, r.Amount, r.Attempt.RemoteID = p.Reference(), p.Content.Amount, "new"
		}},
		{"reference and figure without currency", func(r *providers.Result, p *payout.Payout) {
			r.Attempt.Reference, r.Amount.Minor = p.Reference(), p.Content.Amount.Minor
		}},
		{"reference only", func(r *providers.Result, p *payout.Payout) { r.Attempt.Reference = p.Reference() }},
		{"new id only", func(r *providers.Result, _ *payout.Payout) { r.Attempt.RemoteID = "new" }},
		{"amount only", func(r *providers.Result, p *payout.Payout) { r.Amount = p.Content.Amount }},
		{"nothing", func(*providers.Result, *payout.Payout) {}},
		{"reference and wrong amount", func(r *providers.Result, p *payout.Payout) {
			r.Attempt.Reference, r.Amount = p.Reference(), money.Amount{Minor: p.Content.Amount.Minor + 1, Currency: p.Content.Amount.Currency}
		}},
	}
}

// oracle reads a cell of the tables.
func oracle(p *payout.Payout, source payout.Source, naming, status string) string {
	row := rowOf(p.State)
	stored := p.RemoteID() != ""
	newID := strings.Contains(naming, "new id")
	answer := source == payout.FromAnswer
	if answer && status == "unmapped" {
		status = "unmapped-answer"
	}
	switch {
	case naming == "reference and wrong amount", newID && stored:
		if answer && p.State == payout.Sending {
			return "unknown!"
		}
		return "!"
	case naming == "stored id" && stored, strings.HasPrefix(naming, "reference and amount"), strings.HasPrefix(naming, "reference, amount"):
		return proven[row][status]
	case answer && (newID || strings.HasPrefix(naming, "reference")):
		return named[row][status]
	case answer && p.State == payout.Sending:
		return "unknown"
	}
	return "="
}

// variant is a payout that was sent, with or without an identifier from the company.
type variant struct {
	name string
	p    *payout.Payout
}

func variants(t *testing.T) []variant {
	r := newRig(t)
	var all []variant
	for _, s := range setups() {
		if !s.sent {
			continue
		}
		for _, id := range []string{"", "stored"} {
			p := clone(r.find(s.make(r)))
			p.Current().RemoteID = id
			all = append(all, variant{fmt.Sprintf("%s/id %q", s.name, id), p})
		}
	}
	return all
}

func sources() []payout.Source {
	return []payout.Source{payout.FromAnswer, payout.FromLookup, payout.FromWebhook}
}

// Invariants 2, 3, 5 and 12: every state, every source, every way to name the payout and every status.
func TestEvidenceResults(t *testing.T) {
	statuses := []providers.Status{providers.Accepted, providers.Paid, providers.Failed, providers.Cancelled, providers.Returned, ""}
	for _, v := range variants(t) {
		for _, source := range sources() {
			for _, n := range namings() {
				for _, status := range statuses {
					word := string(status)
					if word == "" {
						word = "unmapped"
					}
					p := clone(v.p)
					result := providers.Result{Status: status, Word: word, Message: "as told"}
					n.set(&result, p)
					want := oracle(p, source, n.name, word)
					check(t, fmt.Sprintf("%s/%s/%s/%s", v.name, source, n.name, word), p, payout.Evidence{Source: source, Attempt: p.Current().No, Result: result}, want)
				}
			}
		}
	}
}

// Invariants 2 and 3: every state, every source and every kind of error. A failed look-up proves nothing.
func TestEvidenceErrors(t *testing.T) {
	kinds := map[string]error{
		"not-sent": &providers.Error{Kind: providers.NotSent}, "refused": &providers.Error{Kind: providers.Refused},
		"unknown": &providers.Error{Kind: providers.Unknown}, "unsupported": &providers.Error{Kind: providers.Unsupported}, "plain": errors.New("reset"),
	}
	for _, v := range variants(t) {
		for _, source := range sources() {
			for kind, err := range kinds {
				p := clone(v.p)
				want := "="
				if source == payout.FromAnswer {
					want = failed[rowOf(p.State)][kind]
				}
				check(t, fmt.Sprintf("%s/%s/%s", v.name, source, kind), p, payout.Evidence{Source: source, Attempt: p.Current().No, Err: err}, want)
			}
		}
	}
}

// check applies news and compares what they did with a cell of the tables.
func check(t *testing.T, name string, p *payout.Payout, e payout.Evidence, cell string) {
	t.Helper()
	before := clone(p)
	at := begin.Add(1)
	effect, err := p.Apply(e, at)
	if err != nil {
		t.Errorf("%s: got %v, want no error", name, err)
		return
	}
	want, conflict := strings.CutSuffix(cell, "!")
	if want == "=" || want == "" {
		want = string(before.State)
	}
	if string(p.State) != want || effect.From != before.State || effect.To != p.State {
		t.Errorf("%s: got %s (%s to %s), want %s", name, p.State, effect.From, effect.To, want)
	}
	if opened := len(p.Conflicts) - len(before.Conflicts); (opened == 1) != conflict || (effect.Conflict != nil) != conflict || opened > 1 {
		t.Errorf("%s: got %d conflicts, want one: %v", name, opened, conflict)
	}
	if quiet := !effect.Moved() && effect.Conflict == nil; quiet != (effect.Code != "") && !conflict {
		t.Errorf("%s: got code %q, want one exactly where nothing moves", name, effect.Code)
	}
	if was := before.Current().Outcome; e.Source != payout.FromAnswer && p.Current().Outcome != was {
		t.Errorf("%s: got outcome %q, want %q, as its own answer left it", name, p.Current().Outcome, was)
	}
	checkUntouched(t, name, before, p)
	checkTraces(t, name, p, effect)
}

// checkUntouched holds for all news: what was decided and sent never changes.
func checkUntouched(t *testing.T, name string, before, after *payout.Payout) {
	t.Helper()
	type decided struct {
		Content   payout.Content
		Digest    string
		Snapshot  []byte
		Approvals []payout.Approval
		Decisions int
		Attempts  int
		Reference string
	}
	of := func(p *payout.Payout) decided {
		return decided{p.Content, p.Digest, p.Snapshot, p.Approvals, p.Decisions, len(p.Attempts), p.Reference()}
	}
	if diff := cmp.Diff(of(before), of(after)); diff != "" {
		t.Errorf("%s: news changed what was decided (-before +after):\n%s", name, diff)
	}
	if id := before.RemoteID(); id != "" && after.RemoteID() != id {
		t.Errorf("%s: got identifier %q, want %q kept", name, after.RemoteID(), id)
	}
}

// checkTraces: each move and each conflict leaves its audit row (invariant 14), and what is unfinished is looked up again
// (invariant 17).
func checkTraces(t *testing.T, name string, p *payout.Payout, effect payout.Effect) {
	t.Helper()
	moves, conflicts := 0, 0
	for _, e := range p.Entries() {
		switch e.Action {
		case audit.PayoutAnswered, audit.PayoutReported:
			moves++
		case audit.ConflictOpened:
			conflicts++
		}
		if e.Subject != string(p.ID) || e.Store != string(p.Store) || e.Actor != audit.System {
			t.Errorf("%s: got audit row %+v, want it about the payout, by the system", name, e)
		}
	}
	want := 0
	if effect.Moved() {
		want = 1
	}
	if effect.To == payout.Returned && effect.Moved() && effect.From != payout.Paid {
		want = 2 // it was paid first
	}
	if moves != want || (conflicts == 1) != (effect.Conflict != nil) {
		t.Errorf("%s: got %d audit rows of moves and %d of conflicts, want %d and one if there is a conflict", name, moves, conflicts, want)
	}
	if unfinished := p.State == payout.Accepted || p.State == payout.Unknown; effect.Moved() && unfinished != !p.DueAt.IsZero() {
		t.Errorf("%s: got due %v in %s, want a time exactly while unfinished", name, p.DueAt, p.State)
	}
	if final := p.State.Final(); effect.Moved() && final != !p.EndedAt.IsZero() {
		t.Errorf("%s: got end %v in %s", name, p.EndedAt, p.State)
	}
}

// News about an attempt that was never made are refused whatever the state.
func TestEvidenceWithoutAttempt(t *testing.T) {
	r := newRig(t)
	for _, s := range setups() {
		p := r.find(s.make(r))
		before := clone(p)
		for _, no := range []int{-1, 0, len(p.Attempts) + 1} {
			_, err := p.Apply(payout.Evidence{Source: payout.FromWebhook, Attempt: no, Result: full(p, providers.Paid)}, begin)
			if code(err) != payout.CodeState || p.State != before.State || len(p.Conflicts) != len(before.Conflicts) {
				t.Errorf("%s, attempt %d: got %v in %s, want it refused", s.name, no, err, p.State)
			}
		}
	}
}
