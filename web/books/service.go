package books

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Repository keeps the books. db.Books is the only implementation. Whatever changes something in a month refuses if it is closed,
// in the same transaction, and raises the month's version.
type Repository interface {
	// Statuses lists months, the latest first, of the stores of r; those before a month if one is given.
	Statuses(ctx context.Context, r access.Reach, f Filter) ([]Status, error)
	// Status finds a month. ErrNotFound: nothing was ever booked or reported in it.
	Status(ctx context.Context, k Key) (Status, error)
	// Opening adds up the months before one.
	Opening(ctx context.Context, k Key) (money.Amount, error)
	// EarlierOpen is the first month before one that is not closed, "" if there is none.
	EarlierOpen(ctx context.Context, k Key) (Month, error)
	Closed(ctx context.Context, k Key) (*Close, error)
	Foreign(ctx context.Context, k Key) ([]money.Amount, error)
	Unbooked(ctx context.Context, id store.ID) (bool, error)
	BookSome(ctx context.Context, most int) (int, error)

	// Entries lists bookings of a month from one on, at most so many.
	Entries(ctx context.Context, k Key, after int64, most int) ([]Entry, error)
	// AfterClose lists bookings that are news about a month, at most so many.
	AfterClose(ctx context.Context, k Key, most int) ([]Entry, error)
	// See gathers what is known of the payouts of bookings, in their order.
	See(ctx context.Context, all []Entry) ([]Seen, error)
	// SeePayouts is See of payouts that may have no booking; those of other books than k's are left out.
	SeePayouts(ctx context.Context, k Key, ids []payout.ID) (map[payout.ID]Seen, error)
	// Lines lists a month of the provider's record from one on, at most so many.
	Lines(ctx context.Context, k Key, after int64, most int) ([]ReportLine, error)
	// SumLines counts a month of the provider's record and adds it up: what was returned is taken off where it was paid before.
	SumLines(ctx context.Context, k Key) (int, int64, error)
	// Unended lists payouts with an amount that have not ended as paid, around a time.
	Unended(ctx context.Context, k Key, minor int64, around time.Time) ([]Candidate, error)

	// Exceptions lists those of a month that still are some, the ones nobody has explained first.
	Exceptions(ctx context.Context, k Key, f ExceptionFilter) ([]Exception, error)
	// ExceptionKinds counts them by their code.
	ExceptionKinds(ctx context.Context, k Key) ([]ExceptionKind, error)
	Exception(ctx context.Context, r access.Reach, id string) (Exception, error)
	// SaveCheck replaces the exceptions of a month by those that were found; what people said of those that stay is kept.
	SaveCheck(ctx context.Context, c Checked) error
	SaveException(ctx context.Context, e Exception, entries ...audit.Entry) error
	// Match says that a line of the provider's record is about a payout.
	Match(ctx context.Context, k Key, line int64, id payout.ID, by access.PersonID, entries ...audit.Entry) error
	// Matched finds a line that people matched.
	Matched(ctx context.Context, r access.Reach, line int64) (ReportLine, error)
	// Loosen takes back what people said a line is about.
	Loosen(ctx context.Context, l ReportLine, entries ...audit.Entry) error
	// Unchecked lists open months with something in them that was not held against the provider's record, those that wait
	// longest first, if they were checked before a time.
	Unchecked(ctx context.Context, before time.Time, most int) ([]Key, error)

	// Trace gathers what is held of one payout of a store; its Closes are left out.
	Trace(ctx context.Context, in store.ID, id payout.ID, most int) (Trace, error)

	// Locked lists the months that were closed, with the digest of each, as the audit log knows them.
	Locked(ctx context.Context) ([]Key, []string, error)
	// Lock closes a month at a version; ErrMoved if it has another.
	Lock(ctx context.Context, k Key, version int, c Close, entry audit.Entry) error

	AddReport(ctx context.Context, r Report, data []byte) error
	Report(ctx context.Context, r access.Reach, id string) (Report, error)
	ReportData(ctx context.Context, id string) ([]byte, error)
	Reports(ctx context.Context, k Key, most int) ([]Report, error)
	SaveReport(ctx context.Context, r Report, entries ...audit.Entry) error
	// ForgetLines takes back what was kept of a report, in open months.
	ForgetLines(ctx context.Context, r Report) error
	// TakeLines keeps lines of a report, matched by reference or identifier where a payout of the books has it. Lines that an earlier
	// report has of the same month, or with the same end, are gone with it, in open months.
	TakeLines(ctx context.Context, r Report, all []ReportLine) error
	// Rematch looks again for the payouts of a month's lines that were about none when they came, at most so many.
	Rematch(ctx context.Context, k Key, most int) error
	// Waiting lists reports that are to be read, and those that a process which is gone has begun to.
	Waiting(ctx context.Context) ([]Report, error)
	SameFile(ctx context.Context, r Report) (*Report, error)
	Mapping(ctx context.Context, id store.ID, provider string) (Mapping, error)
	SaveMapping(ctx context.Context, id store.ID, provider string, m Mapping) error
	// DropOld drops files that were shown and never taken in.
	DropOld(ctx context.Context, before time.Time) error
}

// ErrMoved is returned when a month is not the one that was on screen any more.
var ErrMoved = errors.New("the month has changed")

// Filter narrows the list of months.
type Filter struct {
	Store    store.ID
	Provider string
	Before   Month // only earlier ones; "": from the latest
	Months   int   // how many months, 0: 6
}

// Source reads a provider's own list.
type Source interface {
	// CanReport reports whether the provider of an account has a list.
	CanReport(ctx context.Context, a store.Account) bool
	// Report lists an account's records of what was asked for from one time to another.
	Report(ctx context.Context, a store.Account, from, to time.Time) iter.Seq2[providers.Record, error]
}

// People lists who may be given an exception.
type People interface {
	People(ctx context.Context) ([]access.Person, error)
}

// Service is what people do with the books.
type Service struct {
	Repo   Repository
	Stores *store.Service
	People People
	Source Source
	Now    func() time.Time
	NewID  func() string
	Log    *slog.Logger

	wake chan struct{}
	turn chan struct{} // a file is held whole while it is read: one at a time
}

// New makes a service.
func New(s Service) *Service {
	s.wake, s.turn = make(chan struct{}, 1), make(chan struct{}, 1)
	return &s
}

// alone waits until nobody else holds a file, and returns what ends that.
func (s *Service) alone(ctx context.Context) (func(), error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Service) entry(by access.Person, k Key, action audit.Action, details map[string]any) audit.Entry {
	e := audit.Entry{At: s.Now(), Actor: string(by.ID), ActorName: by.Name, Store: string(k.Store), Action: action, Subject: k.String(), Details: "{}"}
	if by.ID == "" {
		e.Actor, e.ActorName = audit.System, "Paywicket"
	}
	if b, err := json.Marshal(details); err == nil && details != nil {
		e.Details = string(b)
	}
	return e
}

// may refuses as if nothing were there.
func may(by access.Person, perm access.Permission, id store.ID) error {
	if !access.Can(by, perm, id) {
		return ErrNotFound
	}
	return nil
}

// Months lists the books a person may see.
func (s *Service) Months(ctx context.Context, by access.Person, f Filter) ([]Status, error) {
	return s.Repo.Statuses(ctx, access.ReachOf(by, access.Reconcile), f)
}

// Zone is the clock of a store's books.
func (s *Service) Zone(ctx context.Context, by access.Person, id store.ID) (*time.Location, error) {
	st, err := s.Stores.Store(ctx, by, id)
	return st.Location(), err
}

// ExceptionFilter narrows the exceptions of a month.
type ExceptionFilter struct {
	Code string // "": all
	Past string // the id of the last one that was shown, "": from the beginning
	Most int
}

// ExceptionKind is how many exceptions of a month have one code.
type ExceptionKind struct {
	Code  string
	Count int
	Bare  int // those without a reason
}

// Place is where the lists of a month's page begin.
type Place struct {
	Lines int64  // after which line
	Kind  string // of exceptions, "": all
	Past  string // after which exception
}

// View is a month as its page shows it.
type View struct {
	Status     Status
	Statement  Statement
	Zone       *time.Location
	Exceptions []Exception
	Kinds      []ExceptionKind // of all exceptions of the month
	Past       string          // after which the next page of exceptions begins, "": there is none
	Lines      []Line
	Next       int64 // where the next page of lines begins, 0: there is none
	After      []Entry
	Reports    []Report
	Obstacles  []Obstacle
	CanFetch   bool
}

const (
	pageLines      = 50
	pageExceptions = 50
	pageAfter      = 100
)

// Month gathers a month's page.
func (s *Service) Month(ctx context.Context, by access.Person, k Key, at Place) (View, error) {
	v := View{}
	var err error
	if err = may(by, access.Reconcile, k.Store); err != nil {
		return v, err
	}
	if v.Zone, err = s.Zone(ctx, by, k.Store); err != nil {
		return v, err
	}
	if v.Status, v.Statement, err = s.statement(ctx, k); err != nil {
		return v, err
	}
	if err = s.exceptions(ctx, &v, at); err != nil {
		return v, err
	}
	if v.After, err = s.Repo.AfterClose(ctx, k, pageAfter); err != nil {
		return v, err
	}
	if v.Reports, err = s.Repo.Reports(ctx, k, 10); err != nil {
		return v, err
	}
	if v.Lines, v.Next, err = s.lines(ctx, v.Status, at.Lines); err != nil {
		return v, err
	}
	v.CanFetch = s.canFetch(ctx, by, k)
	v.Obstacles, err = s.obstacles(ctx, v.Status, v.Zone)
	return v, err
}

func (s *Service) exceptions(ctx context.Context, v *View, at Place) error {
	var err error
	if v.Kinds, err = s.Repo.ExceptionKinds(ctx, v.Status.Key); err != nil {
		return err
	}
	v.Exceptions, err = s.Repo.Exceptions(ctx, v.Status.Key, ExceptionFilter{Code: at.Kind, Past: at.Past, Most: pageExceptions + 1})
	if len(v.Exceptions) > pageExceptions {
		v.Exceptions = v.Exceptions[:pageExceptions]
		v.Past = v.Exceptions[pageExceptions-1].ID
	}
	return err
}

func (s *Service) lines(ctx context.Context, st Status, after int64) ([]Line, int64, error) {
	all, err := s.Repo.Entries(ctx, st.Key, after, pageLines+1)
	if err != nil {
		return nil, 0, err
	}
	next := int64(0)
	if len(all) > pageLines {
		all = all[:pageLines]
		next = all[pageLines-1].Seq
	}
	seen, err := s.Repo.See(ctx, all)
	lines := make([]Line, 0, len(seen))
	for _, one := range seen {
		lines = append(lines, Examine(one, st.Lines > 0))
	}
	return lines, next, err
}

// Statement is a month from its opening to its closing.
func (s *Service) Statement(ctx context.Context, by access.Person, k Key) (Statement, error) {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return Statement{}, err
	}
	_, st, err := s.statement(ctx, k)
	return st, err
}

func (s *Service) statement(ctx context.Context, k Key) (Status, Statement, error) {
	status, err := s.Repo.Status(ctx, k)
	if err != nil {
		return status, Statement{}, err
	}
	if status.Overflow {
		return status, Statement{}, refuse("overflow")
	}
	opening, err := s.Repo.Opening(ctx, k)
	if err != nil {
		return status, Statement{}, err
	}
	st, err := StateOf(k, opening, status.Sums)
	if err != nil {
		return status, st, err
	}
	if st.Close, err = s.Repo.Closed(ctx, k); err != nil {
		return status, st, err
	}
	st.Foreign, err = s.Repo.Foreign(ctx, k)
	return status, st, err
}

// AfterClose lists what became known of a closed month's payouts since.
func (s *Service) AfterClose(ctx context.Context, by access.Person, k Key) ([]Entry, error) {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return nil, err
	}
	return s.Repo.AfterClose(ctx, k, pageAfter)
}

// Each yields the bookings of a month with what is known of their payouts, for a file.
func (s *Service) Each(ctx context.Context, by access.Person, k Key) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := may(by, access.Reconcile, k.Store); err != nil {
			yield(Line{}, err)
			return
		}
		for l, err := range s.each(ctx, k, false) {
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// batch is how many bookings are looked at together.
const batch = 300

func (s *Service) each(ctx context.Context, k Key, whole bool) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for after := int64(0); ; {
			all, err := s.Repo.Entries(ctx, k, after, batch)
			if err == nil && len(all) == 0 {
				return
			}
			var seen []Seen
			if err == nil {
				seen, err = s.Repo.See(ctx, all)
			}
			if err != nil {
				yield(Line{}, fmt.Errorf("read month %s: %w", k, err))
				return
			}
			for _, one := range seen {
				if !yield(Examine(one, whole), nil) {
					return
				}
			}
			after = all[len(all)-1].Seq
		}
	}
}
