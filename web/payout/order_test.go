package payout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// event is one piece of news with a name to show in a failure.
type event struct {
	name string
	e    payout.Evidence
}

// view is what must not depend on order and repeats.
type view struct {
	State     payout.State
	RemoteID  string
	Fee       money.Amount
	Conflicts string
}

func viewOf(p *payout.Payout) view {
	var conflicts []string
	for _, c := range p.Conflicts {
		conflicts = append(conflicts, c.Code+" "+c.Got)
	}
	slices.Sort(conflicts)
	return view{p.State, p.RemoteID(), p.Fee, strings.Join(conflicts, ", ")}
}

// fork copies as much of a payout as news may change.
func fork(p *payout.Payout) *payout.Payout {
	c := *p
	c.Attempts, c.Conflicts = slices.Clone(p.Attempts), slices.Clone(p.Conflicts)
	c.TakeEntries()
	return &c
}

// play applies events to a copy of a payout. What it checks holds after each of them: an end is left for no other end but
// returned, and nothing leads back to where the payout could be sent again.
func play(t failer, start *payout.Payout, events []event) *payout.Payout {
	p := fork(start)
	for i, ev := range events {
		from := p.State
		if _, err := p.Apply(ev.e, begin); err != nil {
			t.Fatalf("%s: got %v", names(events[:i+1]), err)
		}
		if from.Final() && p.State != from && (from != payout.Paid || p.State != payout.Returned) {
			t.Fatalf("%s: got %s after %s", names(events[:i+1]), p.State, from)
		}
		if !p.State.InFlight() && !p.State.Final() {
			t.Fatalf("%s: got %s, which may be sent again", names(events[:i+1]), p.State)
		}
	}
	return p
}

func names(events []event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.name)
	}
	return strings.Join(all, ", ")
}

func permutations(events []event, yield func([]event)) {
	var rec func(int)
	rec = func(n int) {
		if n == len(events) {
			yield(events)
			return
		}
		for i := n; i < len(events); i++ {
			events[n], events[i] = events[i], events[n]
			rec(n + 1)
			events[n], events[i] = events[i], events[n]
		}
	}
	rec(0)
}

// alphabet is the news a company may send about one attempt, given how it ends in truth.
func alphabet(p *payout.Payout, ends ...providers.Status) []event {
	var all []event
	add := func(name string, source payout.Source, change func(*providers.Result)) {
		result := full(p, providers.Accepted)
		change(&result)
		all = append(all, event{string(source) + " " + name, payout.Evidence{Source: source, Attempt: 1, Result: result}})
	}
	for _, s := range append(slices.Clone(ends), providers.Accepted) {
		add(string(s), payout.FromWebhook, func(r *providers.Result) { r.Status = s })
		add(string(s), payout.FromLookup, func(r *providers.Result) { r.Status, r.Attempt.Reference = s, "" })
	}
	add("paid without proof", payout.FromWebhook, func(r *providers.Result) {
		*r = providers.Result{Attempt: providers.Attempt{Reference: r.Attempt.Reference}, Status: providers.Paid}
	})
	add("of a word nobody knows", payout.FromWebhook, func(r *providers.Result) { r.Status = "" })
	add("of a word nobody knows", payout.FromLookup, func(r *providers.Result) { r.Status = "" })
	add("of a wrong amount", payout.FromWebhook, func(r *providers.Result) { r.Amount.Minor++ })
	all = append(all, event{"look-up finds nothing", payout.Evidence{Source: payout.FromLookup, Attempt: 1, Err: &providers.Error{NotFound: true}}})
	return all
}

// answers are what may come back from the send itself without saying that no money moved.
func answers(p *payout.Payout) []event {
	wrong := full(p, providers.Accepted)
	wrong.Amount.Minor--
	return []event{
		{"answer accepted", payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: full(p, providers.Accepted)}},
		{"answer of an unknown word", payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: full(p, "")}},
		{"answer names nothing", payout.Evidence{Source: payout.FromAnswer, Attempt: 1}},
		{"answer lost", payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Err: &providers.Error{}}},
		{"answer contradicts", payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: wrong}},
	}
}

func sentPayout(t *testing.T) *payout.Payout {
	r := newRig(t)
	p := clone(r.find(r.sending()))
	p.Current().RemoteID = "R" + string(p.ID) // known from a first step
	return p
}

// Invariant 12: the same news in any order give the same result. The sets have up to six members, every order is tried.
func TestOrderDoesNotMatter(t *testing.T) {
	start := sentPayout(t)
	truths := [][]providers.Status{{}, {providers.Paid}, {providers.Paid, providers.Returned}, {providers.Failed}, {providers.Cancelled}}
	rapid.Check(t, func(t *rapid.T) {
		truth := rapid.SampledFrom(truths).Draw(t, "truth")
		pick := rapid.SampledFrom(alphabet(start, truth...))
		events := rapid.SliceOfNDistinct(pick, 0, 5, func(e event) string { return e.name }).Draw(t, "events")
		if rapid.Bool().Draw(t, "with an answer") {
			events = append(events, rapid.SampledFrom(answers(start)).Draw(t, "answer"))
		}
		want := viewOf(play(t, start, events))
		first := names(events)
		permutations(events, func(order []event) {
			if got := viewOf(play(t, start, order)); got != want {
				t.Fatalf("got %+v after %s, want %+v as after %s", got, names(order), want, first)
			}
		})
	})
}

// Invariant 12: repeats have no effect, wherever they come.
func TestRepeatsDoNotMatter(t *testing.T) {
	start := sentPayout(t)
	rapid.Check(t, func(t *rapid.T) {
		pick := rapid.SampledFrom(append(alphabet(start, providers.Paid, providers.Failed, providers.Returned), answers(start)...))
		events := rapid.SliceOfN(pick, 1, 6).Draw(t, "events")
		i := rapid.IntRange(0, len(events)-1).Draw(t, "which")
		at := rapid.IntRange(i+1, len(events)).Draw(t, "where")
		want, got := play(t, start, events), play(t, start, slices.Insert(slices.Clone(events), at, events[i]))
		if viewOf(got) != viewOf(want) {
			t.Fatalf("%s: got %+v with %s again at %d, want %+v", names(events), viewOf(got), events[i].name, at, viewOf(want))
		}
	})
}

// Invariant 5: of two ends the first one stays, and in every order there is a conflict for people to look at.
func TestContraryEnds(t *testing.T) {
	start := sentPayout(t)
	statuses := []providers.Status{providers.Paid, providers.Failed, providers.Cancelled, providers.Returned}
	group := map[providers.Status]payout.State{providers.Paid: "paid", providers.Returned: "paid", providers.Failed: "failed", providers.Cancelled: "cancelled"}
	rapid.Check(t, func(t *rapid.T) {
		one, other := rapid.SampledFrom(statuses).Draw(t, "one"), rapid.SampledFrom(statuses).Draw(t, "other")
		if group[one] == group[other] {
			t.Skip("no contradiction")
		}
		rest := rapid.SliceOfN(rapid.SampledFrom(alphabet(start)), 0, 3).Draw(t, "rest")
		ends := []event{
			{"one end", payout.Evidence{Source: payout.FromWebhook, Attempt: 1, Result: full(start, one)}},
			{"the other", payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: full(start, other)}},
		}
		permutations(append(rest, ends...), func(order []event) {
			p := play(t, start, order)
			first := order[slices.IndexFunc(order, func(e event) bool { return e.name == ends[0].name || e.name == ends[1].name })].e.Result.Status
			if p.State != payout.State(first) {
				t.Fatalf("%s: got %s, want the first end to stay", names(order), p.State)
			}
			if !slices.ContainsFunc(p.Conflicts, func(c payout.Conflict) bool { return c.Code == "final" && c.ClosedAt.IsZero() }) {
				t.Fatalf("%s: got conflicts %+v, want one about the ends", names(order), p.Conflicts)
			}
		})
	})
}

// That no money moved, told by the answer, contradicts a company that says it did, whichever is heard first.
func TestDenialAndPaymentConflict(t *testing.T) {
	start := sentPayout(t)
	for _, kind := range []providers.Kind{providers.NotSent, providers.Refused} {
		for _, status := range []providers.Status{providers.Accepted, providers.Paid, providers.Returned} {
			events := []event{
				{"answer " + kind.String(), payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Err: &providers.Error{Kind: kind}}},
				{"webhook " + string(status), payout.Evidence{Source: payout.FromWebhook, Attempt: 1, Result: full(start, status)}},
			}
			permutations(events, func(order []event) {
				p := fork(start)
				for _, ev := range order {
					if _, err := p.Apply(ev.e, begin); err != nil {
						t.Fatal(err)
					}
				}
				if open := p.OpenConflict(); open == nil || open.Code != "final" {
					t.Errorf("%s: got %s and conflict %+v, want one", names(order), p.State, open)
				}
			})
		}
	}
}

// Exhaustive for every pair and triple, where random sets may miss one.
func TestOrderOfTriples(t *testing.T) {
	start := sentPayout(t)
	for _, end := range []providers.Status{providers.Paid, providers.Failed, providers.Cancelled, providers.Returned} {
		all := append(alphabet(start, end), answers(start)...)
		for i := range all {
			for j := i + 1; j < len(all); j++ {
				for k := j; k < len(all); k++ {
					events := slices.Clone([]event{all[i], all[j], all[k]})
					if answersIn(events) > 1 {
						continue
					}
					seen := map[string]string{}
					permutations(events, func(order []event) {
						seen[fmt.Sprintf("%+v", viewOf(play(t, start, order)))] = names(order)
					})
					if len(seen) > 1 {
						t.Fatalf("got different results: %v", seen)
					}
				}
			}
		}
	}
}

func answersIn(events []event) int {
	distinct := map[string]bool{}
	for _, e := range events {
		if e.e.Source == payout.FromAnswer {
			distinct[e.name] = true
		}
	}
	return len(distinct)
}
