package sim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// The errors of a ledger.
var (
	ErrDuplicate = errors.New("reference seen before")      // the company refuses repeated references
	ErrBalance   = errors.New("balance too low")            // also what [Play] refuses with in the scenario Refused
	ErrNotFound  = errors.New("no such order")              //
	ErrExecuted  = errors.New("order was executed already") // the second step of two came twice
	ErrOpen      = errors.New("order is not executed yet")  // only its first step of two came
	ErrEnd       = errors.New("order is at its end")        // nothing is left of its plan
)

// Order is one order as the simulated company keeps it.
type Order struct {
	providers.Order
	RemoteID string            // filled in by the ledger if empty
	Status   string            // the company's word
	Plan     Plan              // what becomes of it; its first step sets Status
	Kept     map[string]string // what else the simulator wants to remember
	Created  time.Time
	Updated  time.Time
	Executed bool     // booked as money moved
	Looks    int      // look-ups since the last change of status
	Taken    int      // how many steps of the plan were taken
	Past     []string // the statuses it had before this one, oldest first
}

// Options are what distinguishes the ledger of one company.
type Options struct {
	Config providers.SimulatorConfig
	NewID  func(seed string) string // makes the identifier of an order; nil: twelve characters
	Notify func(o Order, n Notice)  // tells about an order, usually [Courier.Notify]; nil: nothing is told
	Unique bool                     // a repeated reference is refused
	Funds  []money.Amount           // what can be paid out, one amount a currency; nil: any sum of any currency
}

// Ledger keeps the orders of one simulated merchant. It is safe for concurrent use. Orders go in and out by value;
// their maps, plans and pasts are shared and must not be changed.
type Ledger struct {
	options Options
	cfg     providers.SimulatorConfig
	*book
}

// book is what a ledger knows. It outlives the ledger when a simulator is made anew, see [Desk].
type book struct {
	mu          sync.Mutex
	orders      []*entry
	byID        map[string]*entry
	byReference map[string]*entry // the first of a reference
	first       map[string]int64  // the funds at first
	funds       map[string]int64  // nil: without limit
	notify      func(o Order, n Notice)
}

// entry is an order and whether its money came back.
type entry struct {
	Order
	back bool
}

// become gives an order another status.
func (e *entry) become(status string, now time.Time) {
	if status != "" && status != e.Status {
		if e.Status != "" {
			e.Past = append(e.Past, e.Status)
		}
		e.Status = status
	}
	e.Looks, e.Updated = 0, now
}

// NewLedger makes an empty ledger.
func NewLedger(o Options) *Ledger {
	l := &Ledger{options: o, cfg: Defaults(o.Config), book: &book{byID: map[string]*entry{}, byReference: map[string]*entry{}, notify: o.Notify}}
	if l.options.NewID == nil {
		l.options.NewID = func(seed string) string { return ID(seed, 12) }
	}
	if l.notify == nil {
		l.notify = func(Order, Notice) {}
	}
	for _, a := range o.Funds {
		if l.funds == nil {
			l.funds = map[string]int64{}
		}
		l.funds[a.Currency] += a.Minor
	}
	l.first = maps.Clone(l.funds)
	return l
}

// adopt takes over the orders of an earlier ledger of the same simulator, and what is told about them from now on. The funds
// change by as much as this ledger began with other ones. Nobody may use it before.
func (l *Ledger) adopt(earlier *Ledger) {
	b := earlier.book
	b.mu.Lock()
	defer b.mu.Unlock()
	for currency := range b.funds {
		b.funds[currency] += l.first[currency] - b.first[currency]
	}
	b.first, b.notify = l.first, l.notify
	l.book = b
}

// Book enters an order and executes it. It returns the order as its first step left it.
func (l *Ledger) Book(o Order) (Order, error) {
	opened, err := l.Open(o)
	if err != nil {
		return Order{}, err
	}
	return l.Execute(opened.RemoteID)
}

// Open enters an order without moving money: the first step of two. Its status is o.Status until it is executed.
func (l *Ledger) Open(o Order) (Order, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.options.Unique && o.Reference != "" && l.find(providers.Attempt{Reference: o.Reference}) != nil {
		return Order{}, ErrDuplicate
	}
	if l.funds != nil && l.funds[o.Amount.Currency] < o.Amount.Minor {
		return Order{}, ErrBalance
	}
	o.Created = l.cfg.Now()
	o.Updated, o.Executed, o.Looks, o.Taken, o.Past = o.Created, false, 0, 0, nil
	if l.byID[o.RemoteID] != nil {
		return Order{}, ErrDuplicate
	}
	if o.RemoteID == "" {
		o.RemoteID = l.options.NewID(fmt.Sprint(len(l.orders), o.Created.UnixNano(), o.Reference))
	}
	l.add(&entry{Order: o})
	return o, nil
}

// add enters an order. The caller holds the lock.
func (l *Ledger) add(e *entry) {
	l.orders = append(l.orders, e)
	l.byID[e.RemoteID] = e
	if _, taken := l.byReference[e.Reference]; e.Reference != "" && !taken {
		l.byReference[e.Reference] = e
	}
}

// Execute books an opened order as money moved, once, and starts its plan. It calls SimulatorConfig.Executed before it
// returns the order as its first step left it.
func (l *Ledger) Execute(remoteID string) (Order, error) {
	booked, err := l.execute(remoteID)
	if err != nil {
		return Order{}, err
	}
	l.cfg.Executed(providers.Execution{RemoteID: booked.RemoteID, Order: booked.Order})
	o, notices := l.take(remoteID, 0)
	if o.RemoteID == "" {
		return booked, nil // End was quicker
	}
	if len(notices) > 0 {
		l.cfg.After(l.cfg.Pace/4, func() { l.tell(o, notices) }) // not before the answer: that is the scenario Early
	}
	l.schedule(remoteID)
	return o, nil
}

func (l *Ledger) execute(remoteID string) (Order, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(providers.Attempt{RemoteID: remoteID})
	switch {
	case e == nil:
		return Order{}, ErrNotFound
	case e.Executed:
		return e.Order, ErrExecuted
	case l.funds != nil && l.funds[e.Amount.Currency] < e.Amount.Minor:
		return e.Order, ErrBalance
	}
	if l.funds != nil {
		l.funds[e.Amount.Currency] -= e.Amount.Minor
	}
	e.Executed = true
	return e.Order, nil
}

// Find returns the order an attempt names: by identifier if it has one, else the first of its reference.
func (l *Ledger) Find(a providers.Attempt) (Order, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(a)
	if e == nil {
		return Order{}, false
	}
	return e.Order, true
}

// Look is Find for a look-up: it counts, and an order that waits for look-ups may move on before it is shown.
func (l *Ledger) Look(a providers.Attempt) (Order, bool) {
	l.mu.Lock()
	e := l.find(a)
	if e == nil {
		l.mu.Unlock()
		return Order{}, false
	}
	e.Looks++
	due := e.Executed && e.Taken > 0 && e.Taken < len(e.Plan) && e.Plan[e.Taken].Looks > 0 && e.Looks > e.Plan[e.Taken].Looks
	id, index := e.RemoteID, e.Taken
	l.mu.Unlock()
	if due {
		l.advanceLater(id, index)
	}
	return l.Find(providers.Attempt{RemoteID: id})
}

// Orders returns what was created from one time to before another, oldest first. A zero time is no bound.
func (l *Ledger) Orders(from, to time.Time) []Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Order
	for _, e := range l.orders {
		if e.Created.Before(from) || !to.IsZero() && !e.Created.Before(to) {
			continue
		}
		all = append(all, e.Order)
	}
	return all
}

// Balance returns what can be paid out, by currency. It is empty if the funds are without limit.
func (l *Ledger) Balance() []money.Amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []money.Amount
	for _, currency := range slices.Sorted(maps.Keys(l.funds)) {
		all = append(all, money.Amount{Minor: l.funds[currency], Currency: currency})
	}
	return all
}

// pay takes the money of an order, or gives it back, unless that was done already. The caller holds the lock.
func (l *Ledger) pay(e *entry, back bool) error {
	if e.back == back || l.funds == nil {
		e.back = back
		return nil
	}
	if !back && l.funds[e.Amount.Currency] < e.Amount.Minor {
		return ErrBalance
	}
	if back {
		l.funds[e.Amount.Currency] += e.Amount.Minor
	} else {
		l.funds[e.Amount.Currency] -= e.Amount.Minor
	}
	e.back = back
	return nil
}

// find returns an entry or nil. The caller holds the lock.
func (l *Ledger) find(a providers.Attempt) *entry {
	if a.RemoteID != "" {
		return l.byID[a.RemoteID]
	}
	return l.byReference[a.Reference]
}
