// Package books is the pages of the books: months, what differs in them, the files that are taken in, and statements.
//
// The package makes no promise of compatibility.
package books

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	book "github.com/paywicket/paywicket/web/books"
)

// Of is where a month's pages are.
func Of(k book.Key) link.Book {
	return link.Book{Store: string(k.Store), Provider: k.Provider, Currency: k.Currency, Month: string(k.Month), Test: !k.Live}
}

// monthName writes a month as people do: "June 2026".
func monthName(ctx context.Context, m book.Month) string { return ui.L(ctx).Month(m.Begin(time.UTC)) }

// List is the page of all books.
type List struct {
	Months    []book.Status
	Companies map[string]string
	Older     book.Month // earlier months begin before this one, "" if there are none
	Query     string     // the month before which this page begins
}

func (l List) company(id string) string {
	if name := l.Companies[id]; name != "" {
		return name
	}
	return id
}

// groups are the months, each with its books.
func (l List) groups() [][]book.Status {
	var all [][]book.Status
	for _, s := range l.Months {
		if n := len(all); n > 0 && all[n-1][0].Key.Month == s.Key.Month {
			all[n-1] = append(all[n-1], s)
			continue
		}
		all = append(all, []book.Status{s})
	}
	return all
}

// stateOf is the mark of how far a month is.
func stateOf(ctx context.Context, s book.Status) ui.MarkOpts {
	switch {
	case !s.ClosedAt.IsZero():
		return ui.MarkOpts{Like: "paid", Icon: "lock", Text: ui.T(ctx, "books.state.closed"), State: "closed"}
	case s.Open > 0:
		return ui.MarkOpts{Like: "failed", Icon: "warn", Text: ui.N(ctx, "books.state.exceptions", s.Open), State: "exceptions"}
	case !s.Fresh():
		return ui.MarkOpts{Like: "waiting", Icon: "clock", Text: ui.T(ctx, "books.state.unchecked"), State: "unchecked"}
	default:
		return ui.MarkOpts{Like: "draft", Icon: "open", Text: ui.T(ctx, "books.state.open"), State: "open"}
	}
}

// Page is one month.
type Page struct {
	book.View
	Company  string
	Names    map[access.PersonID]string
	Owners   []access.Person
	At       book.Place // where its lists begin
	MayClose bool
	// Wrong is the exception whose reason does not do, Typed what was typed.
	Wrong, Typed, Problem string
	Upload                string // what is wrong with a file
	Holds                 string // "yes" or "no" once the lock was looked at
}

func (p Page) key() book.Key { return p.Status.Key }
func (p Page) at() link.Book { return Of(p.key()) }

func (p Page) closed() bool { return !p.Status.ClosedAt.IsZero() }

func (p Page) title(ctx context.Context) string {
	return titleOf(ctx, p.key(), p.Company)
}

func titleOf(ctx context.Context, k book.Key, company string) string {
	return ui.T(ctx, "books.title", "Store", views.From(ctx).StoreName(k.Store), "Company", company, "Currency", k.Currency, "Month", monthName(ctx, k.Month))
}

func (p Page) moving() bool { return len(p.Reports) > 0 && p.Reports[0].Moving() }

// test says that amounts are no real money.
func test(k book.Key) ui.MoneyOpts { return ui.MoneyOpts{Test: !k.Live} }

// difference is what the provider's record has more than ours.
func (p Page) difference() (money.Amount, bool) { return p.Status.Difference() }

func (p Page) ours() money.Amount {
	a, _ := p.Status.Sums.Ours() // sums that do not fit are told on another page
	return a
}

// sentence is what an exception says.
func (p Page) sentence(ctx context.Context, e book.Exception) string {
	return Sentence(ctx, e.Difference, p.Company)
}

// Sentence says what differs.
func Sentence(ctx context.Context, d book.Difference, company string) string {
	return ui.T(ctx, "books.diff."+d.Code, "Expected", word(ctx, d.Expected), "Got", word(ctx, d.Got), "Company", company)
}

// word is a state, a month or an amount in the person's language; anything else is as it is.
func word(ctx context.Context, text string) string {
	if figure, code, ok := strings.Cut(text, " "); ok {
		if a, err := money.ParseDecimal(figure, code); err == nil {
			return ui.L(ctx).MoneyText(a)
		}
	}
	if m, ok := book.ParseMonth(text); ok {
		return monthName(ctx, m)
	}
	if key := "state." + text; text != "" && !strings.ContainsAny(text, " .") && ui.L(ctx).Has(key) {
		return ui.T(ctx, key)
	}
	if text == "" {
		return "–"
	}
	return text
}

// name is what a candidate or an exception is called: recipient, and what tells it.
func nameOf(recipient string, names []string) string {
	all := []string{}
	if recipient != "" {
		all = append(all, recipient)
	}
	for _, n := range names {
		if n != "" {
			all = append(all, n)
			break
		}
	}
	return strings.Join(all, " · ")
}

func (p Page) reason(ctx context.Context, e book.Exception) ui.Field {
	f := ui.Field{Name: "reason", ID: "reason-" + e.ID, Label: ui.T(ctx, "books.reason"), Value: e.Reason, Free: true}
	if p.Wrong == e.ID {
		f.Value, f.Error = p.Typed, p.Problem
	}
	return f
}

// alike reports whether there is another exception of a kind that nobody has explained, on this page or another.
func (p Page) alike(e book.Exception) bool {
	for _, k := range p.Kinds {
		if k.Code == e.Code {
			return k.Bare > 1 || k.Bare == 1 && e.Reason != ""
		}
	}
	return false
}

func (p Page) owner(ctx context.Context, e book.Exception) ui.Field {
	f := ui.Field{Name: "owner", ID: "owner-" + e.ID, Label: ui.T(ctx, "books.owner"), Value: string(e.Owner), Blank: ui.T(ctx, "books.nobody")}
	for _, o := range p.Owners {
		f.Options = append(f.Options, ui.Option{Value: string(o.ID), Label: o.Name})
	}
	return f
}

func (p Page) file(ctx context.Context) ui.Field {
	return ui.Field{Name: "file", Label: ui.T(ctx, "books.file"), Help: ui.T(ctx, "books.file.help", "Size", strconv.Itoa(book.MaxFile>>20)), Error: p.Upload}
}

// obstacle is why the month cannot be closed yet.
func obstacle(ctx context.Context, o book.Obstacle) string {
	if o.Code == book.ObstacleOpen {
		return ui.N(ctx, "books.obstacle.open", o.Count)
	}
	month := ""
	if o.Month != "" {
		month = monthName(ctx, o.Month)
	}
	return ui.T(ctx, "books.obstacle."+o.Code, "Month", month)
}

// column is what a cell of the five columns says besides its tick.
func column(ctx context.Context, c book.Column) string {
	if !c.Known {
		if c.Note == "people" {
			return ui.T(ctx, "books.by.people")
		}
		return "–"
	}
	if c.Note == "" {
		return ""
	}
	return ui.T(ctx, "books.by."+c.Note)
}

func columnName(ctx context.Context, i int) string {
	return ui.T(ctx, "books.col."+book.ColumnNames()[i])
}

// reportLine says what a taking in came to.
func reportLine(ctx context.Context, r book.Report) string {
	what := ui.T(ctx, "books.report."+r.Source, "Name", r.Name)
	return ui.T(ctx, "books.report.by", "What", what, "Name", r.ByName, "When", ui.L(ctx).DateTime(r.At.In(views.From(ctx).Zone)))
}

func reportState(ctx context.Context, r book.Report) string {
	switch {
	case r.State == book.ReportFailed && ui.L(ctx).Has("books.error."+r.Error):
		return ui.T(ctx, "books.report.failed", "Reason", ui.T(ctx, "books.error."+r.Error, "Limit", "", "Line", "", "Name", ""))
	case r.State == book.ReportFailed:
		return ui.T(ctx, "books.report.failed", "Reason", r.Error)
	case r.Moving():
		return ui.N(ctx, "books.report.running", r.Lines)
	case r.Bad > 0:
		return ui.N(ctx, "books.report.done", r.Lines) + " " + ui.N(ctx, "books.report.bad", r.Bad)
	}
	return ui.N(ctx, "books.report.done", r.Lines)
}

func reportTone(r book.Report) views.Tone {
	switch {
	case r.State == book.ReportFailed:
		return views.Bad
	case r.Bad > 0:
		return views.Warn
	case r.Moving():
		return ""
	}
	return views.Good
}

// problem is what is wrong with a line of a file.
func problem(ctx context.Context, p book.Problem) string {
	return ui.T(ctx, "books.bad."+p.Code, "Line", p.Line, "Value", p.Value)
}

// Confirm is the last page before a month is closed.
type Confirm struct {
	book.Ready
	Company string
}

// Statement is a month from opening to closing.
type Statement struct {
	book.Statement
	Zone    *time.Location
	Company string
	After   []book.Entry // what became known since the close
}

// Preview is a file as it would be taken in.
type Preview struct {
	book.Preview
	Company string
	Problem string // why it cannot be taken in
}

func (p Preview) part(ctx context.Context, part book.Part) ui.Field {
	f := ui.Field{Name: ui.MapName("column", string(part)), Label: ui.T(ctx, "books.part."+string(part)), Value: p.Mapping.Columns[part], Blank: ui.T(ctx, "books.part.none")}
	for i, name := range p.Names {
		f.Options = append(f.Options, ui.Option{Value: name, Label: p.Labels[i]})
	}
	return f
}

func (p Preview) decimal(ctx context.Context) ui.Field {
	return ui.Field{Name: "decimal", Label: ui.T(ctx, "books.decimal"), Value: p.Mapping.Decimal, Options: []ui.Option{
		{Value: book.DecimalPoint, Label: "1,234.56"}, {Value: book.DecimalComma, Label: "1.234,56 · 1 234,56"}}}
}

func (p Preview) dates(ctx context.Context) ui.Field {
	return ui.Field{Name: "dates", Label: ui.T(ctx, "books.dates"), Value: p.Mapping.Dates, Options: []ui.Option{
		{Value: book.DatesISO, Label: "2026-06-30"}, {Value: book.DatesDMY, Label: "30/06/2026"}, {Value: book.DatesMDY, Label: "06/30/2026"}}}
}

// cell is a cell of a row, "" where the row is shorter.
func cell(row book.Row, n int) string {
	if n >= len(row.Cells) {
		return ""
	}
	return row.Cells[n]
}

// shownColumns is how many columns of a file its preview shows as they are.
const shownColumns = 12

func (p Preview) shown() []int {
	var all []int
	for n := range min(len(p.Labels), shownColumns) {
		all = append(all, n)
	}
	return all
}

// statusWord is what a line's end was understood as.
func statusWord(ctx context.Context, l book.ReportLine) string {
	if l.Status == "" {
		return ui.T(ctx, "books.not_understood", "Word", l.Word)
	}
	return ui.T(ctx, "state."+string(l.Status))
}

// lateWord is what kind of news a booking is.
func lateWord(ctx context.Context, e book.Entry) string {
	return ui.T(ctx, "books.late."+string(e.Kind))
}

func (l List) pager(ctx context.Context) ui.PagerOpts {
	p := ui.PagerOpts{}
	if l.Query != "" {
		p.Newer = link.Books(ctx)
	}
	if l.Older != "" {
		p.Older = link.BooksQuery(ctx, url.Values{"before": {string(l.Older)}})
	}
	return p
}

// size is what an exception makes in the sums, else the amount it is about.
func size(e book.Exception) money.Amount {
	if e.Minor != 0 {
		return money.Amount{Minor: e.Minor, Currency: e.Currency}
	}
	return e.Amount
}

func less(a money.Amount) money.Amount { return money.Amount{Minor: -a.Minor, Currency: a.Currency} }

// unread reports whether a record was taken in a moment ago, and the month has not been held against it yet.
func (p Page) unread(ctx context.Context) bool {
	if len(p.Reports) == 0 || p.closed() {
		return false
	}
	r := p.Reports[0]
	return r.State == book.ReportDone && r.DoneAt.After(p.Status.CheckedAt) && views.From(ctx).Now.Sub(r.DoneAt) < time.Minute
}

// poll has the page ask for itself while a report is taken in: with it the difference and the exceptions change.
func (p Page) poll(ctx context.Context) templ.Attributes {
	if !p.moving() && !p.unread(ctx) {
		return nil
	}
	return templ.Attributes{"hx-get": link.BookMonth(ctx, p.at()), "hx-trigger": "every 2s", "hx-select": "#main", "hx-target": "#main", "hx-swap": "outerHTML"}
}

func (p Page) pager(ctx context.Context) ui.PagerOpts {
	o := ui.PagerOpts{Shown: ui.N(ctx, "books.shown", len(p.Lines))}
	if p.At.Lines > 0 {
		o.Newer = link.BookMonth(ctx, p.at())
	}
	if p.Next > 0 {
		o.Older = link.BookLines(ctx, p.at(), strconv.FormatInt(p.Next, 10))
	}
	return o
}

func (p Preview) counts(ctx context.Context) string {
	text := ui.N(ctx, "books.lines_found", p.Count)
	if p.Skipped > 0 {
		text += " " + ui.N(ctx, "books.lines_skipped", p.Skipped, "Currency", p.Report.Key.Currency)
	}
	return text
}

// matched is the line of the provider's record that people said is about a payout, "" if none was matched by people.
func matched(l book.Line) string {
	for _, r := range l.Lines {
		if r.MatchedBy != "" {
			return strconv.FormatInt(r.Seq, 10)
		}
	}
	return ""
}
