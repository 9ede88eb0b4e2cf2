// Package export writes lists of payouts as files: which columns they have, what each says of a payout, and a stamp that tells
// where a file comes from and whether it is whole. It reads nothing by itself.
package export

import (
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Kind is what a column holds.
type Kind int

// The kinds. A file of cells with types gives each its own; a file of text says all of them in words.
const (
	Text   Kind = iota
	Amount      // in the currency of the column that says so
	Time        // of day and day, in the store's time zone
	Mark        // true or false
)

// Column is one thing that a file says of every payout. Names are English, and stay: programs read them.
type Column struct {
	Name string
	Kind Kind

	text   func(place, *payout.Line) string
	amount func(*payout.Line) money.Amount
	at     func(*payout.Line) time.Time
	yes    func(*payout.Line) bool
}

// Columns lists what files say, in their order. New ones come at the end.
func Columns() []Column {
	return []Column{
		text("id", func(r *payout.Line) string { return string(r.ID) }),
		text("number", func(r *payout.Line) string { return r.ID.Number() }),
		at("created_at", func(r *payout.Line) time.Time { return r.CreatedAt }),
		{Name: "utc_offset", text: func(p place, r *payout.Line) string { return offset(r.CreatedAt.In(p.zone)) }},
		{Name: "store", text: func(p place, _ *payout.Line) string { return p.name }},
		text("provider", func(r *payout.Line) string { return r.Company }),
		text("account", func(r *payout.Line) string { return r.AccountLabel }),
		text("mode", mode),
		text("state", func(r *payout.Line) string { return string(r.State) }),
		text("reason", func(r *payout.Line) string { return r.Reason }),
		text("recipient", recipient),
		text("recipient_account", func(r *payout.Line) string { return providers.Mask(r.Number) }),
		text("method", func(r *payout.Line) string { return r.MethodName }),
		text("country", func(r *payout.Line) string { return r.Country }),
		text("currency", func(r *payout.Line) string { return r.Amount.Currency }),
		amount("amount", func(r *payout.Line) money.Amount { return r.Amount }),
		text("fee_currency", func(r *payout.Line) string { return r.Fee.Currency }),
		amount("fee", func(r *payout.Line) money.Amount { return r.Fee }),
		amount("net", func(r *payout.Line) money.Amount { return r.Net() }),
		text("description", func(r *payout.Line) string { return r.Description }),
		text("reference", func(r *payout.Line) string { return r.Reference }),
		text("provider_reference", func(r *payout.Line) string { return r.RemoteID }),
		mark("confirmed", func(r *payout.Line) bool { return r.Confirmed() }),
		mark("conflict", func(r *payout.Line) bool { return r.Conflict }),
		mark("one_person", func(r *payout.Line) bool { return r.OnePerson }),
		text("author", func(r *payout.Line) string { return r.AuthorName }),
		at("submitted_at", func(r *payout.Line) time.Time { return r.SubmittedAt }),
		at("ended_at", func(r *payout.Line) time.Time { return r.EndedAt }),
		at("updated_at", func(r *payout.Line) time.Time { return r.UpdatedAt }),
		text("matched", func(r *payout.Line) string { return r.Booked.Match }),
		mark("explained", func(r *payout.Line) bool { return r.Booked.Explained }),
		text("month", func(r *payout.Line) string { return r.Booked.Month }),
		mark("closed", func(r *payout.Line) bool { return r.Booked.Closed }),
	}
}

func text(name string, f func(*payout.Line) string) Column {
	return Column{Name: name, text: func(_ place, r *payout.Line) string { return f(r) }}
}

func amount(name string, f func(*payout.Line) money.Amount) Column {
	return Column{Name: name, Kind: Amount, amount: f}
}

func at(name string, f func(*payout.Line) time.Time) Column {
	return Column{Name: name, Kind: Time, at: f}
}

func mark(name string, f func(*payout.Line) bool) Column {
	return Column{Name: name, Kind: Mark, yes: f}
}

// offset is how far a time's zone is from UTC: "UTC+01:00", which no spreadsheet takes for a sum.
func offset(t time.Time) string { return t.Format("UTC-07:00") }

// mode is that of the money; a draft has none yet.
func mode(r *payout.Line) string {
	switch {
	case r.Live:
		return "live"
	case r.Amount.Currency == "":
		return ""
	}
	return "test"
}

// recipient is the name, or the masked number that stands in for one.
func recipient(r *payout.Line) string {
	if r.Recipient == r.Number {
		return providers.Mask(r.Number)
	}
	return r.Recipient
}

// place is what a row's store says about its row.
type place struct {
	name string
	zone *time.Location
}

// Book says of rows what the columns ask for. It is used by one goroutine.
type Book struct {
	columns []Column
	places  map[store.ID]place
	zone    *time.Location
}

// NewBook makes one for rows of some stores; zone is for those of others.
func NewBook(stores []store.Store, zone *time.Location) *Book {
	b := &Book{columns: Columns(), places: map[store.ID]place{}, zone: zone}
	for _, s := range stores {
		b.places[s.ID] = place{s.Name, s.Location()}
	}
	return b
}

func (b *Book) place(id store.ID) place {
	if p, ok := b.places[id]; ok {
		return p
	}
	return place{string(id), b.zone}
}

// record appends to into what a file of text says of a row. Text is made safe, see [Safe].
func (b *Book) record(r *payout.Line, into []string) []string {
	p := b.place(r.Store)
	for i := range b.columns {
		into = append(into, b.columns[i].say(p, r))
	}
	return into
}

func (c *Column) say(p place, r *payout.Line) string {
	switch c.Kind {
	case Amount:
		return c.amount(r).Decimal()
	case Time:
		if t := c.at(r); !t.IsZero() {
			return t.In(p.zone).Format(time.RFC3339)
		}
		return ""
	case Mark:
		return strconv.FormatBool(c.yes(r))
	default:
		return Safe(c.text(p, r))
	}
}

// Cell is what one column says of a row, with its type. Only the member of its kind is set.
type Cell struct {
	Kind   Kind
	Text   string // as it is: in a cell of its own type no text is a formula
	Amount money.Amount
	At     time.Time // in the store's time zone; zero: never
	Yes    bool
}

// Cells appends to into what the columns say of a row.
func (b *Book) Cells(r *payout.Line, into []Cell) []Cell {
	p := b.place(r.Store)
	for _, c := range b.columns {
		cell := Cell{Kind: c.Kind}
		switch c.Kind {
		case Amount:
			cell.Amount = c.amount(r)
		case Time:
			if t := c.at(r); !t.IsZero() {
				cell.At = t.In(p.zone)
			}
		case Mark:
			cell.Yes = c.yes(r)
		default:
			cell.Text = c.text(p, r)
		}
		into = append(into, cell)
	}
	return into
}
