package sim

import (
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// schedule arranges for the next step of an order, and takes it at once if it is due.
func (l *Ledger) schedule(remoteID string) {
	step, index := l.upcoming(remoteID)
	switch {
	case index < 0 || step.Looks > 0:
		return // at its end, or waiting to be looked at
	case step.Now:
		l.advance(remoteID, index)
	default:
		l.cfg.After(time.Duration(max(1, step.Paces))*l.cfg.Pace, func() { l.advance(remoteID, index) })
	}
}

// upcoming returns the next step of an order and its place, -1 if there is none.
func (l *Ledger) upcoming(remoteID string) (Step, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	if e == nil || e.next >= len(e.Plan) {
		return Step{}, -1
	}
	return e.Plan[e.next], e.next
}

// advance takes a step, tells about it and arranges for the next.
func (l *Ledger) advance(remoteID string, index int) {
	o, notices := l.take(remoteID, index)
	l.tell(o, notices)
	if o.RemoteID != "" {
		l.schedule(remoteID)
	}
}

// advanceLater takes a step now and tells about it when the caller has answered.
func (l *Ledger) advanceLater(remoteID string, index int) {
	o, notices := l.take(remoteID, index)
	if o.RemoteID == "" {
		return
	}
	l.cfg.After(0, func() {
		l.tell(o, notices)
		l.schedule(remoteID)
	})
}

// take takes the step of a plan if it is the next. The order is zero if somebody else took it.
func (l *Ledger) take(remoteID string, index int) (Order, []Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	if e == nil || e.next != index {
		return Order{}, nil
	}
	if index >= len(e.Plan) {
		return e.Order, nil
	}
	step := e.Plan[index]
	e.next++
	e.Looks, e.Updated = 0, l.cfg.Now()
	if step.Status != "" {
		e.Status = step.Status
	}
	if step.Returns && l.funds != nil {
		l.funds[e.Amount.Currency] += e.Amount.Minor
	}
	return e.Order, slices.Clone(step.Notices)
}

// Set gives an order a status beside its plan, which ends there, and tells about it. It reports whether it exists.
func (l *Ledger) Set(remoteID, status string, notices ...Notice) bool {
	l.mu.Lock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	if e == nil {
		l.mu.Unlock()
		return false
	}
	e.Status, e.Updated, e.Looks, e.next = status, l.cfg.Now(), 0, len(e.Plan)
	o := e.Order
	l.mu.Unlock()
	l.tell(o, notices)
	return true
}

func (l *Ledger) tell(o Order, notices []Notice) {
	for _, n := range notices {
		l.options.Notify(o, n)
	}
}
