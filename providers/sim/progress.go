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
	if e == nil || e.Taken >= len(e.Plan) {
		return Step{}, -1
	}
	return e.Plan[e.Taken], e.Taken
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
	if e == nil || e.Taken != index {
		return Order{}, nil
	}
	if index >= len(e.Plan) {
		return e.Order, nil
	}
	step := e.Plan[index]
	e.Taken++
	e.become(step.Status, l.cfg.Now())
	if step.Returns {
		_ = l.pay(e, true) // giving back is never refused
	}
	return e.Order, slices.Clone(step.Notices)
}

// Advance takes the next step of an executed order's plan at once, whatever it waits for, and tells about it. It returns
// ErrNotFound, ErrOpen or ErrEnd if there is none to take.
func (l *Ledger) Advance(remoteID string) (Order, error) {
	l.mu.Lock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	switch {
	case e == nil:
		l.mu.Unlock()
		return Order{}, ErrNotFound
	case !e.Executed:
		l.mu.Unlock()
		return Order{}, ErrOpen
	case e.Taken >= len(e.Plan):
		l.mu.Unlock()
		return Order{}, ErrEnd
	}
	index := e.Taken
	l.mu.Unlock()
	l.advance(remoteID, index) // if its time came meanwhile, it is taken once all the same
	o, _ := l.Find(providers.Attempt{RemoteID: remoteID})
	return o, nil
}

// End is a status word with which an order may end, and what it means for the money: it stays away when it is paid, and else
// comes back.
type End struct {
	Word   string
	Status providers.Status // Paid, Failed, Cancelled or Returned
}

// End ends an executed order beside its plan, of which nothing follows any more, and tells about it. It may have ended
// before: money that came back is taken again if it is now paid, and ErrBalance is returned if there is not enough. Else it
// returns ErrNotFound or ErrOpen.
func (l *Ledger) End(remoteID string, end End, notices ...Notice) (Order, error) {
	o, err := l.end(remoteID, end)
	if err != nil {
		return Order{}, err
	}
	l.tell(o, notices)
	return o, nil
}

func (l *Ledger) end(remoteID string, end End) (Order, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	switch {
	case e == nil:
		return Order{}, ErrNotFound
	case !e.Executed:
		return Order{}, ErrOpen
	}
	if err := l.pay(e, end.Status != providers.Paid); err != nil {
		return Order{}, err
	}
	e.become(end.Word, l.cfg.Now())
	e.Taken = len(e.Plan)
	return e.Order, nil
}

func (l *Ledger) tell(o Order, notices []Notice) {
	l.mu.Lock()
	notify := l.notify
	l.mu.Unlock()
	for _, n := range notices {
		notify(o, n)
	}
}
