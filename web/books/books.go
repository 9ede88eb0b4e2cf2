// Package books holds what was paid out against what the provider says it paid out, month by month, and closes months. It
// reads and writes of payouts what is booked and nothing else: no payout moves by anything in here. It does no I/O of its own.
//
// The package makes no promise of compatibility.
package books

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// ErrNotFound is returned for what does not exist or lies in a store where the person may not see the books: the two look
// alike.
var ErrNotFound = errors.New("not in the books")

// Error is a refusal a person may read. The sentence is in the catalogs under "books.error.<code>".
type Error struct {
	Code string
	Args map[string]any
	Err  error // more of the cause, for the log
}

func (e *Error) Error() string {
	text := "books: " + e.Code
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

func refuse(code string, args ...any) *Error {
	e := &Error{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = map[string]any{}
		}
		e.Args[fmt.Sprint(args[i])] = args[i+1]
	}
	return e
}

// Month is a month of the calendar, "2026-06".
type Month string

const monthStyle = "2006-01"

// MonthOf is the month in which t lies on a clock.
func MonthOf(t time.Time, zone *time.Location) Month { return Month(t.In(zone).Format(monthStyle)) }

// ParseMonth reads a month as it stands in an address.
func ParseMonth(text string) (Month, bool) {
	t, err := time.Parse(monthStyle, text)
	return Month(text), err == nil && t.Year() >= 1970 && t.Format(monthStyle) == text
}

// Begin is when the month begins on a clock.
func (m Month) Begin(zone *time.Location) time.Time {
	t, _ := time.ParseInLocation(monthStyle, string(m), zone) // what is no month begins in the year 1
	return t
}

// End is when the next one begins.
func (m Month) End(zone *time.Location) time.Time { return m.Next().Begin(zone) }

// Next is the month after it.
func (m Month) Next() Month { return MonthOf(m.Begin(time.UTC).AddDate(0, 1, 0), time.UTC) }

// Previous is the month before it.
func (m Month) Previous() Month { return MonthOf(m.Begin(time.UTC).AddDate(0, -1, 0), time.UTC) }

// Key names one month of the books: a store at a provider, in one currency. Test money is never added to any other.
type Key struct {
	Store    store.ID
	Provider string
	Currency string
	Live     bool
	Month    Month
}

// In is the same books in another month.
func (k Key) In(m Month) Key {
	k.Month = m
	return k
}

func (k Key) amount(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: k.Currency}
}

// String names it for the audit log: "store/etpay/CLP/live/2026-06".
func (k Key) String() string {
	mode := "test"
	if k.Live {
		mode = "live"
	}
	return fmt.Sprintf("%s/%s/%s/%s/%s", k.Store, k.Provider, k.Currency, mode, k.Month)
}

// ParseKey reads what String wrote.
func ParseKey(text string) (Key, bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 5 {
		return Key{}, false
	}
	m, ok := ParseMonth(parts[4])
	k := Key{Store: store.ID(parts[0]), Provider: parts[1], Currency: parts[2], Live: parts[3] == "live", Month: m}
	return k, ok && k.String() == text
}

// Kind is what a booking is of.
type Kind string

// The kinds of bookings.
const (
	Paid     Kind = "paid"
	Returned Kind = "returned"
	FeeMoved Kind = "fee"  // the provider told another fee than before
	News     Kind = "news" // a contradiction that moves nothing, about a closed month
)

// Entry is one booking.
type Entry struct {
	Seq    int64
	Key    Key
	At     time.Time // when it happened, which may be in the closed month
	Payout payout.ID
	Kind   Kind
	Late   Month // the closed month it is news about, "" if it is none
	Amount money.Amount
	Fee    money.Amount // of FeeMoved: by how much it moved
	Note   string       // of News: the code of the contradiction
}

// Moved is by how much a booking moves what was paid out.
func (e Entry) Moved() money.Amount {
	switch e.Kind {
	case Returned:
		return negative(e.Amount)
	case FeeMoved:
		return e.Fee
	}
	return e.Amount
}

// Facts is what decides about the bookings of a payout.
type Facts struct {
	Payout payout.ID
	Key    Key // without a month
	State  payout.State
	Amount money.Amount
	Fee    money.Amount
	At     time.Time // when it ended
	News   []payout.Conflict
}

// Post lists the bookings a payout lacks, given those it has. closed tells when a month was closed, the zero time if it was
// not: nothing is ever booked into a closed month, so what is news about it goes to the first open one after it.
func Post(f Facts, had []Entry, zone *time.Location, closed func(Month) (time.Time, error)) ([]Entry, error) {
	p := posting{f: f, zone: zone, closed: closed}
	if f.State != payout.Paid && f.State != payout.Returned {
		return nil, nil
	}
	i := find(had, Paid)
	if i < 0 {
		p.add(Entry{Kind: Paid, At: f.At, Amount: f.Amount, Fee: f.Fee})
		if p.err != nil {
			return nil, p.err
		}
		had, i = append(had, p.all[0]), len(had)
	}
	p.home = MonthOf(had[i].At, zone)
	if f.State == payout.Returned && find(had, Returned) < 0 {
		p.add(Entry{Kind: Returned, At: f.At, Amount: f.Amount})
	}
	if moved := f.Fee.Minor - feesIn(had, f.Fee.Currency); f.Fee.Currency != "" && moved != 0 {
		p.add(Entry{Kind: FeeMoved, At: f.At, Amount: money.Amount{Currency: f.Amount.Currency}, Fee: money.Amount{Minor: moved, Currency: f.Fee.Currency}})
	}
	p.news(had)
	return p.all, p.err
}

// posting is the making of bookings of one payout.
type posting struct {
	f      Facts
	zone   *time.Location
	closed func(Month) (time.Time, error)
	home   Month // in which it was paid, "" before that is known
	all    []Entry
	err    error
}

// PaidIn is the month in which a payout with these bookings was booked as paid, "" if it was not.
func PaidIn(all []Entry) Month {
	if i := find(all, Paid); i >= 0 {
		return all[i].Key.Month
	}
	return ""
}

func find(all []Entry, kind Kind) int {
	for i, e := range all {
		if e.Kind == kind {
			return i
		}
	}
	return -1
}

func feesIn(all []Entry, currency string) int64 {
	var sum int64
	for _, e := range all {
		if e.Fee.Currency == currency {
			sum += e.Fee.Minor
		}
	}
	return sum
}

// add finds the month for a booking. It is late if the month in which the payout was paid, or its own, is closed.
func (p *posting) add(e Entry) {
	e.Payout, e.Key = p.f.Payout, p.f.Key
	if p.home != "" && p.isClosed(p.home) {
		e.Late = p.home
	}
	e.Key.Month = MonthOf(e.At, p.zone)
	if p.isClosed(e.Key.Month) && e.Late == "" {
		e.Late = e.Key.Month
	}
	for p.isClosed(e.Key.Month) {
		e.Key.Month = e.Key.Month.Next()
	}
	if p.err == nil {
		p.all = append(p.all, e)
	}
}

// isClosed is false once something failed, so that nobody looks on for ever.
func (p *posting) isClosed(m Month) bool {
	if p.err != nil {
		return false
	}
	at, err := p.closed(m)
	p.err = err
	return err == nil && !at.IsZero()
}

// news books the contradictions that came after the payout's month was closed, once each.
func (p *posting) news(had []Entry) {
	if len(p.f.News) == 0 || !p.isClosed(p.home) {
		return
	}
	at, err := p.closed(p.home)
	if err != nil {
		p.err = err
		return
	}
	for _, c := range p.f.News {
		known := false
		for _, e := range had {
			known = known || (e.Kind == News && e.Note == c.Code && e.At.Equal(c.At))
		}
		if !known && !c.At.Before(at) { // of the same instant: told twice rather than never
			p.add(Entry{Kind: News, At: c.At, Amount: money.Amount{Currency: p.f.Amount.Currency}, Note: c.Code})
		}
	}
}

// Sums are what the bookings of a month add up to, each in the month's currency.
type Sums struct {
	Payouts  int // that were paid
	Paid     money.Amount
	Fees     money.Amount // those in the same currency; no other is ever added
	Returned money.Amount
	Adjusted money.Amount // what is news about closed months
	LateFees money.Amount // fees that are
}

// With adds a booking. It refuses what does not fit.
func (s Sums) With(e Entry) (Sums, error) {
	add := func(into *money.Amount, minor int64) error {
		sum, err := into.Add(money.Amount{Minor: minor, Currency: into.Currency})
		*into = sum
		return err
	}
	fee := int64(0)
	if e.Fee.Currency == s.Paid.Currency {
		fee = e.Fee.Minor
	}
	amount := e.Amount.Minor
	if e.Kind == Paid {
		s.Payouts++
	}
	switch {
	case e.Kind == Returned && e.Late != "":
		return s, add(&s.Adjusted, -amount)
	case e.Kind == Returned:
		return s, add(&s.Returned, amount)
	case e.Late != "":
		return s, errors.Join(add(&s.Adjusted, amount), add(&s.LateFees, fee))
	default:
		return s, errors.Join(add(&s.Paid, amount), add(&s.Fees, fee))
	}
}

// Zero are the sums of no booking.
func (k Key) Zero() Sums {
	return Sums{Paid: k.amount(0), Fees: k.amount(0), Returned: k.amount(0), Adjusted: k.amount(0), LateFees: k.amount(0)}
}

// Moved is by how much the sums move what was paid out in all: paid and fees, what came back taken off.
func (s Sums) Moved() (money.Amount, error) {
	return total(s.Paid, s.Fees, negative(s.Returned), s.Adjusted, s.LateFees)
}

// Ours is what the provider should show for the month: paid, what came back taken off, fees left out.
func (s Sums) Ours() (money.Amount, error) {
	return total(s.Paid, negative(s.Returned), s.Adjusted)
}

func negative(a money.Amount) money.Amount {
	return money.Amount{Minor: -a.Minor, Currency: a.Currency}
}

func total(first money.Amount, more ...money.Amount) (money.Amount, error) {
	var err error
	for _, a := range more {
		if first, err = first.Add(a); err != nil {
			return first, fmt.Errorf("add up the month: %w", err)
		}
	}
	return first, nil
}

// Statement is a month as it is read from top to bottom: what was paid out before, what moved, what was paid out after.
type Statement struct {
	Key     Key
	Opening money.Amount // the closing of the month before
	Sums
	Adjustments money.Amount // all that is news about closed months
	Closing     money.Amount
	Close       *Close         // nil while the month is open
	Foreign     []money.Amount // fees in other currencies, which stand in no sum
}

// StateOf makes a statement of a month's sums.
func StateOf(k Key, opening money.Amount, s Sums) (Statement, error) {
	moved, errMoved := s.Moved()
	adjusted, errAdjusted := s.Adjusted.Add(s.LateFees)
	closing, err := opening.Add(moved)
	if err := errors.Join(errMoved, errAdjusted, err); err != nil {
		return Statement{}, &Error{Code: "overflow", Err: err}
	}
	return Statement{Key: k, Opening: opening, Sums: s, Adjustments: adjusted, Closing: closing}, nil
}

// Close is a month as it was locked.
type Close struct {
	Statement  Totals
	Reported   money.Amount // the provider's own sum
	Exceptions int
	Digest     string // SHA-256 of the month's lines
	Forged     bool   // the row does not fit its keyed hash: somebody changed it past the program
	By         access.PersonID
	ByName     string
	At         time.Time
}

// Totals are the figures that were locked.
type Totals struct {
	Payouts                                          int
	Opening, Paid, Fees, Returned, Adjusted, Closing money.Amount
}

// Status is how far a month is.
type Status struct {
	Key        Key
	Version    int
	Sums       Sums
	Overflow   bool
	Checked    int // version that was held against the provider's record last
	CheckedAt  time.Time
	Lines      int // of the provider's record
	Reported   money.Amount
	Exceptions int
	Open       int // those without owner or reason
	ClosedAt   time.Time
}

// Fresh reports whether everything in the month was held against the provider's record.
func (s Status) Fresh() bool { return s.Checked >= s.Version && !s.CheckedAt.IsZero() }

// Difference is what the provider's record has more than ours, and whether there is a record at all.
func (s Status) Difference() (money.Amount, bool) {
	ours, err := s.Sums.Ours()
	if err != nil || s.Lines == 0 {
		return money.Amount{}, false
	}
	d, err := s.Reported.Add(negative(ours))
	return d, err == nil
}
