package sim

import (
	"cmp"
	"slices"
)

const oddWord = "quantum_hold"

// Plan is how an order proceeds. The first step is taken when it is booked.
type Plan []Step

// Step is one change of an order's status and what is told about it. The zero value waits one pace and does nothing.
type Step struct {
	Status  string   // empty: as it was
	Paces   int      // how many paces after the step before; 0: one
	Looks   int      // instead of paces: how many look-ups still see the old status
	Now     bool     // at once, within the step before; its webhooks are delivered before it returns
	Returns bool     // the money goes back to the balance
	Notices []Notice // one webhook each, in this order
}

// Notice is one webhook. The zero value is genuine and states the order as it is.
type Notice struct {
	Status string // stated instead of the order's status
	Off    bool   // states one whole unit more than was ordered
	Forged bool   // signed wrongly; it is delivered once, whatever is answered
}

// Words are a company's status words, of which plans are made.
type Words struct {
	Start    string // in the answer to the order
	Progress string // empty: Start
	Paid     string
	Failed   string
	Odd      string   // a word the company's documents do not know; empty: one of ours
	Tells    []string // the statuses besides Paid and Failed that it sends webhooks about
	Timed    bool     // it has no look-ups: what would take five of them takes five paces
}

// Plan makes the plan of a scenario.
func (w Words) Plan(s Scenario) Plan {
	start, paid := w.step(w.Start), w.step(w.Paid)
	switch s {
	case FailsLater:
		failed := w.step(w.Failed)
		failed.Returns = true
		return append(w.underway(), failed)
	case AtOnce:
		return Plan{paid}
	case Slow:
		return append(w.underway(), w.slow(paid))
	case Early:
		paid.Now = true
		return Plan{start, paid}
	case OddWord:
		return Plan{start, w.step(cmp.Or(w.Odd, oddWord)), paid}
	case OutOfOrder:
		paid.Notices = []Notice{{}, {Status: w.progress()}}
		return Plan{start, {Status: w.progress()}, paid}
	}
	paid.Notices = endNotices(s)
	return append(w.underway(), paid)
}

// underway are the steps before the end.
func (w Words) underway() Plan {
	if w.Progress == "" {
		return Plan{w.step(w.Start)}
	}
	return Plan{w.step(w.Start), w.step(w.Progress)}
}

// endNotices are the webhooks about the end where a scenario plays with them.
func endNotices(s Scenario) []Notice {
	switch s {
	case Silent:
		return nil
	case Duplicate:
		return []Notice{{}, {}}
	case ForgedFirst:
		return []Notice{{Forged: true}, {}}
	case WrongAmount:
		return []Notice{{Off: true}}
	}
	return []Notice{{}}
}

func (w Words) progress() string { return cmp.Or(w.Progress, w.Start) }

func (w Words) step(status string) Step {
	s := Step{Status: status}
	if status == w.Paid || status == w.Failed || slices.Contains(w.Tells, status) {
		s.Notices = []Notice{{}}
	}
	return s
}

func (w Words) slow(s Step) Step {
	s.Looks = 5
	if w.Timed {
		s.Looks, s.Paces = 0, 5
	}
	return s
}
