package payout

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// Filter narrows the history. Zero members narrow nothing.
type Filter struct {
	Text     string // a number, reference, identifier, name, account ending or amount
	Store    store.ID
	Account  store.AccountID
	Provider string
	Method   string
	States   []State
	Currency string
	From, To Day    // first and last day, as each payout's store counts them; 0: open
	Min, Max string // amounts in the currency's decimal form; they need Currency
	Mode     string // "live", "test"
	Author   access.PersonID
	Review   bool // only those that need people: unknown, with an open conflict, or overdue
	Loud     bool // with Review: not those that somebody has left open for now
	Sort     Sort
	After    Cursor // rows that follow this one
	Before   Cursor // rows that precede this one
	Limit    int    // 0: 25
}

// Summed reports whether the totals of what f finds are kept ready, however much that is. Others are added up when asked for.
func (f Filter) Summed() bool {
	return f.Text == "" && f.Method == "" && f.Author == "" && f.Min == "" && f.Max == "" && !f.Review
}

// Day is a day since 1970-01-01. The zero value is no day.
type Day int

// DayOf is the day of a time in its location.
func DayOf(t time.Time) Day {
	return Day(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

const secondsOfDay = 24 * 60 * 60

// Time is the day's beginning in UTC, for calendars; a store's day may begin at another time.
func (d Day) Time() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// Lost lists the states in which money that was to move did not, or came back.
func Lost() []State {
	return []State{NotSent, Refused, NotExecuted, Failed, Cancelled, Returned}
}

// Sort is the order of the history.
type Sort string

// The orders. The zero value is Newest.
const (
	Newest Sort = ""
	Oldest Sort = "oldest"
)

// Cursor is a place in a sorted list. The zero value is its end.
type Cursor struct {
	At time.Time
	ID ID
}

// IsZero reports whether c is no place at all.
func (c Cursor) IsZero() bool { return c.ID == "" }

// Row is a payout as the history shows it.
type Row struct {
	ID           ID
	Store        store.ID
	Provider     string
	Company      string
	AccountLabel string
	Live         bool
	State        State
	Method       string
	MethodName   string
	Country      string
	Amount       money.Amount
	Fee          money.Amount
	Recipient    string
	Number       string // account or wallet number, whole; the page masks it
	Description  string
	Reason       string
	Reference    string
	RemoteID     string
	Author       access.PersonID
	AuthorName   string
	OnePerson    bool
	Conflict     bool
	Quiet        time.Time // somebody left its open outcome open until then
	CreatedAt    time.Time
	UpdatedAt    time.Time
	SubmittedAt  time.Time
	SentAt       time.Time // of the latest attempt
}

// Confirmed reports whether the company told the end under its own identifier, by its answer, a look-up or a webhook, and nothing
// contradicts. Whether its record of the month has the payout as well is told by Booked.
func (r *Row) Confirmed() bool {
	return !r.Conflict && r.RemoteID != "" && (r.State == Paid || r.State == Failed || r.State == Cancelled || r.State == Returned)
}

// Matched is what Booked.Match says of a payout that the provider's own record of the month has as we do.
const Matched = "matched"

// Booked is how a payout stands in the books, and against the provider's own record of the month.
type Booked struct {
	Month  string // "2026-06", in which it is booked as paid; "": it is not in the books
	Closed bool   // and that month is locked
	Match  string // Matched; the code of the first difference, see books.Differences; "": nothing to hold it against yet
	// Explained says that the difference has an owner and a reason.
	Explained bool
}

// Told is a payout with what its company is told of it.
type Told struct {
	Row
	Version int
	Key     string            // tells recipients apart, "" if there is none
	Details map[string]string // of a draft as typed, else as checked
	Mended  map[string]string // completed for the next payout to the recipient, nil if nothing was
	Sent    bool              // an attempt was made: its content never changes
}

// Page is one page of the history.
type Page struct {
	Rows       []Row
	Next, Prev Cursor // zero where there is nothing more
	// Looked is how far a search went that would have had to read too much: from there on it goes on with Next. Zero: to the end.
	Looked time.Time
}

// Total is what a filter finds in one currency, mode and state. They add up to every payout it finds.
type Total struct {
	Currency string // "" for drafts, which have no amount yet
	Live     bool   // test money is no money: it is never added to any other
	State    State
	Count    int
	Amount   money.Amount
	Fee      money.Amount
}

// History lists payouts and their totals.
type History interface {
	List(ctx context.Context, s Scope, f Filter) (Page, error)
	// Totals adds up what f finds, whole, whatever page is shown.
	Totals(ctx context.Context, s Scope, f Filter) ([]Total, error)
	// Earlier is what is known of payouts to the same recipient, newest first, and of the same name elsewhere.
	Earlier(ctx context.Context, s Scope, p *Payout) (Earlier, error)
	// Recipients finds earlier recipients of a store's account by what was typed of their name.
	Recipients(ctx context.Context, s Scope, st store.ID, provider, text string) ([]Row, error)
	// OpenOf lists what of an account is drafted, waits for approval or is approved, the latest first.
	OpenOf(ctx context.Context, s Scope, id store.AccountID, limit int) ([]Told, error)
	// RecipientsOf lists the latest payout to each recipient among so many latest payouts of an account, the latest first.
	RecipientsOf(ctx context.Context, s Scope, id store.AccountID, latest int) ([]Told, error)
	// Exchanges lists what was said to the company about a payout and what it answered, oldest first.
	Exchanges(ctx context.Context, s Scope, id ID) ([]Exchange, error)
	// Counts says how many wait for approval and how many need review.
	Counts(ctx context.Context, s Scope) (Counts, error)
	// Corrections lists the payouts that correct one, oldest first.
	Corrections(ctx context.Context, s Scope, id ID) ([]Row, error)
	// Booked tells how payouts stand in the books, a page of them at most. What a scope does not reach is left out.
	Booked(ctx context.Context, s Scope, ids []ID) (map[ID]Booked, error)
	// Used lists the methods and currencies there are payouts of.
	Used(ctx context.Context, s Scope) (Used, error)
	Walker
	// Volume adds up what was made since a day, by day.
	Volume(ctx context.Context, s Scope, since Day) ([]DayTotal, error)
	// Standings tells how the payouts of each provider have gone since the beginning of a day's month.
	Standings(ctx context.Context, s Scope, since Day) ([]Standing, error)
}

// Standing is how the payouts of one provider have gone: real money, by the months they were made in.
type Standing struct {
	Provider         string
	Paid, Lost, Open int // Lost did not go through; Open is on its way
}

// Used is what a history holds, for the lists of its filter.
type Used struct {
	Methods    []UsedMethod // by name
	Currencies []string     // in the order of the alphabet
}

// UsedMethod is a method there are payouts of.
type UsedMethod struct{ ID, Name, Provider, Company string }

// DayTotal is the totals of one day.
type DayTotal struct {
	Day Day
	Total
}

// Counts is what stands beside the menu.
type Counts struct{ Waiting, Review int }

// Earlier is what the history knows about a recipient, the payout itself left out.
type Earlier struct {
	SameAccount []Row // to the same account, newest first, at most 50
	SameName    []Row // to another account under the same name, newest first, at most 50
	ByAuthor    []Row // asked for by the same person in the last 7 days
}
