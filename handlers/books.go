package handlers

import (
	"encoding/csv"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	pages "github.com/paywicket/paywicket/views/books"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) bookRoutes() []route {
	const month = "/books/{store}/{provider}/{currency}/{month}"
	return []route{
		{"GET /books", h.listBooks, access.Reconcile},
		{"GET " + month, h.showMonth, access.Reconcile},
		{"GET " + month + "/statement", h.showStatement, access.Reconcile},
		{"GET " + month + "/statement.csv", h.statementFile, access.Reconcile},
		{"POST " + month + "/check", h.checkMonth, access.Reconcile},
		{"POST " + month + "/fetch", h.fetchReport, access.Reconcile},
		{"POST " + month + "/upload", h.uploadReport, access.Reconcile},
		{"GET " + month + "/close", h.askCloseMonth, access.CloseMonths},
		{"POST " + month + "/close", h.closeMonth, access.CloseMonths},
		{"POST /books/exceptions/{id}", h.changeException, access.Reconcile},
		{"POST /books/lines/{id}", h.loosenLine, access.Reconcile},
		{"GET /books/reports/{id}", h.showReport, access.Reconcile},
		{"POST /books/reports/{id}", h.takeReport, access.Reconcile},
	}
}

// monthsShown is how many months a page of the list has.
const monthsShown = 6

func (h *Handlers) listBooks(w http.ResponseWriter, r *http.Request) error {
	f := books.Filter{Months: monthsShown + 1}
	before, ok := books.ParseMonth(r.URL.Query().Get("before"))
	if ok {
		f.Before = before
	}
	all, err := h.Books.Months(r.Context(), person(r), f)
	if err != nil {
		return err
	}
	list := pages.List{Months: all, Companies: h.companyNames(), Query: string(f.Before)}
	months := map[books.Month]bool{}
	for i, s := range all {
		if months[s.Key.Month] = true; len(months) > monthsShown {
			list.Months, list.Older = all[:i], all[i-1].Key.Month
			break
		}
	}
	return h.page(w, r, pages.ListPage(list))
}

func (h *Handlers) companyNames() map[string]string {
	names := map[string]string{}
	for _, def := range h.Stores.Catalog.Definitions() {
		names[def.ID] = def.Name
	}
	return names
}

// bookKey is the month that an address names. What is no month of a store looks like one that is not there.
func bookKey(r *http.Request) (books.Key, error) {
	month, ok := books.ParseMonth(r.PathValue("month"))
	currency := r.PathValue("currency")
	if _, known := money.Digits(currency); !ok || !known {
		return books.Key{}, errNotFound
	}
	return books.Key{Store: store.ID(r.PathValue("store")), Provider: r.PathValue("provider"), Currency: currency, Month: month,
		Live: r.URL.Query().Get("mode") != views.Test}, nil
}

func (h *Handlers) showMonth(w http.ResponseWriter, r *http.Request) error {
	k, err := bookKey(r)
	if err != nil {
		return err
	}
	return h.monthPage(w, r, k, http.StatusOK, func(*pages.Page) {})
}

// monthPage writes a month, with what is special about this answer filled in by more.
func (h *Handlers) monthPage(w http.ResponseWriter, r *http.Request, k books.Key, status int, more func(*pages.Page)) error {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // what is no number is the beginning
	at := exceptionsAt(r)
	at.Lines = max(after, 0)
	v, err := h.Books.Month(r.Context(), person(r), k, at)
	if err != nil {
		return err
	}
	page := pages.Page{View: v, At: at, Company: h.Stores.Catalog.Name(k.Provider), MayClose: access.Can(person(r), access.CloseMonths, k.Store)}
	if page.Names, err = h.names(r); err != nil {
		return err
	}
	if page.Owners, err = h.Books.Owners(r.Context(), person(r), k); err != nil {
		return err
	}
	if r.URL.Query().Get("seal") != "" && v.Statement.Close != nil {
		holds, err := h.Books.Holds(r.Context(), person(r), k)
		if err != nil {
			return err
		}
		page.Holds = map[bool]string{true: "yes", false: "no"}[holds]
	}
	more(&page)
	return h.render(w, h.inMode(r, k.Live, k.Store), status, pages.MonthPage(page), nil)
}

// exceptionsAt is which exceptions of a month are looked at, in an address or in a form of theirs.
func exceptionsAt(r *http.Request) books.Place {
	at := books.Place{Kind: r.FormValue("kind"), Past: r.FormValue("past")}
	if !slices.Contains(books.Differences(), at.Kind) {
		at.Kind = ""
	}
	return at
}

// bookWords is the sentence of a refusal, "" if err is none.
func bookWords(r *http.Request, err error) string {
	e, ok := errors.AsType[*books.Error](err)
	if !ok {
		return ""
	}
	return views.From(r.Context()).Localizer.Say("books.error."+e.Code, e.Args)
}

func (h *Handlers) checkMonth(w http.ResponseWriter, r *http.Request) error {
	return h.actOnMonth(w, r, "books.checked", func(k books.Key) error { return h.Books.Check(r.Context(), person(r), k) })
}

func (h *Handlers) fetchReport(w http.ResponseWriter, r *http.Request) error {
	return h.actOnMonth(w, r, "books.fetching", func(k books.Key) error {
		_, err := h.Books.Fetch(r.Context(), person(r), k)
		return err
	})
}

// actOnMonth does something to a month and says so; a refusal is said in its place.
func (h *Handlers) actOnMonth(w http.ResponseWriter, r *http.Request, done string, act func(books.Key) error) error {
	k, err := bookKey(r)
	if err != nil {
		return err
	}
	err = act(k)
	if said := bookWords(r, err); said != "" {
		h.flash(w, r, views.Flash{Tone: views.Bad, Text: said})
	} else if err != nil {
		return err
	} else {
		h.say(w, r, views.Good, done)
	}
	return h.redirect(w, r, link.BookMonth(r.Context(), pages.Of(k)))
}

func (h *Handlers) changeException(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.Books.Exception(r.Context(), person(r), r.PathValue("id")); err != nil {
		return err
	}
	var in struct {
		Do     string `form:"do" validate:"required,oneof=accept explain assign"`
		Reason string `form:"reason"`
		Owner  string `form:"owner"`
		Alike  string `form:"alike" validate:"omitempty,oneof=on"`
		Kind   string `form:"kind"`
		Past   string `form:"past"`
	}
	if wrong, err := h.decode(r, &in); err != nil || len(wrong) > 0 {
		return errors.Join(err, ifWrong(wrong))
	}
	e, done, err := h.saidOf(r, in.Do, strings.TrimSpace(in.Reason), access.PersonID(in.Owner))
	if err == nil && in.Do == "explain" && in.Alike == "on" {
		_, err = h.Books.ExplainAlike(r.Context(), person(r), e)
	}
	said := bookWords(r, err)
	switch {
	case said == "" && err != nil:
		return err
	case said != "" && in.Do == "explain" && e.Store != "":
		return h.monthPage(w, r, e.Key, http.StatusUnprocessableEntity, func(p *pages.Page) { p.Wrong, p.Typed, p.Problem = e.ID, in.Reason, said })
	case said != "":
		h.flash(w, r, views.Flash{Tone: views.Bad, Text: said})
	default:
		h.say(w, r, views.Good, done)
	}
	return h.redirect(w, r, pages.Exceptions(r.Context(), e.Key, exceptionsAt(r)))
}

func ifWrong(wrong map[string]problem) error {
	if len(wrong) == 0 {
		return nil
	}
	return &formError{status: http.StatusBadRequest, key: "error.form"}
}

// saidOf says something about an exception. Who gives a reason may give an owner with it.
func (h *Handlers) saidOf(r *http.Request, do, reason string, owner access.PersonID) (books.Exception, string, error) {
	ctx, id := r.Context(), r.PathValue("id")
	switch do {
	case "accept":
		e, err := h.Books.Accept(ctx, person(r), id)
		return e, "books.accepted", err
	case "assign":
		e, err := h.Books.Assign(ctx, person(r), id, owner)
		return e, "books.assigned", err
	}
	e, err := h.Books.Explain(ctx, person(r), id, reason)
	if err == nil && owner != "" && owner != e.Owner {
		e, err = h.Books.Assign(ctx, person(r), id, owner)
	}
	return e, "books.explained", err
}

// loosenLine takes back a match that people made.
func (h *Handlers) loosenLine(w http.ResponseWriter, r *http.Request) error {
	line, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return books.ErrNotFound
	}
	k, err := h.Books.Loosen(r.Context(), person(r), line)
	if said := bookWords(r, err); said != "" {
		h.flash(w, r, views.Flash{Tone: views.Bad, Text: said})
	} else if err != nil {
		return err
	} else {
		h.say(w, r, views.Good, "books.loosened")
	}
	return h.redirect(w, r, link.BookMonth(r.Context(), pages.Of(k)))
}

func (h *Handlers) askCloseMonth(w http.ResponseWriter, r *http.Request) error {
	k, err := bookKey(r)
	if err != nil {
		return err
	}
	ready, err := h.Books.Prepare(r.Context(), person(r), k)
	if err != nil {
		return err
	}
	if len(ready.Obstacles) > 0 || ready.Statement.Close != nil {
		return h.redirect(w, r, link.BookMonth(r.Context(), pages.Of(k)))
	}
	return h.page(w, h.inMode(r, k.Live, k.Store), pages.ClosePage(pages.Confirm{Ready: ready, Company: h.Stores.Catalog.Name(k.Provider)}))
}

func (h *Handlers) closeMonth(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Digest string `form:"digest" validate:"max=64"`
	}
	if wrong, err := h.decode(r, &in); err != nil || len(wrong) > 0 {
		return errors.Join(err, ifWrong(wrong))
	}
	return h.actOnMonth(w, r, "books.closed_said", func(k books.Key) error { return h.Books.Close(r.Context(), person(r), k, in.Digest) })
}

func (h *Handlers) showStatement(w http.ResponseWriter, r *http.Request) error {
	s, err := h.statement(r)
	if err != nil {
		return err
	}
	return h.page(w, h.inMode(r, s.Key.Live, s.Key.Store), pages.StatementPage(s))
}

func (h *Handlers) statement(r *http.Request) (pages.Statement, error) {
	k, err := bookKey(r)
	if err != nil {
		return pages.Statement{}, err
	}
	ctx, by := r.Context(), person(r)
	s := pages.Statement{Company: h.Stores.Catalog.Name(k.Provider)}
	if s.Statement, err = h.Books.Statement(ctx, by, k); err != nil {
		return s, err
	}
	if s.After, err = h.Books.AfterClose(ctx, by, k); err != nil {
		return s, err
	}
	s.Zone, err = h.Books.Zone(ctx, by, k.Store)
	return s, err
}

// statementFile streams a month, a booking a line. The sums and a stamp are its last lines: a file without them is not whole.
func (h *Handlers) statementFile(w http.ResponseWriter, r *http.Request) error {
	s, err := h.statement(r)
	if err != nil {
		return err
	}
	k := s.Key
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="statement-`+fileSafe(k.Provider)+`-`+k.Currency+`-`+string(k.Month)+`.csv"`)
	out := csv.NewWriter(w)
	out.UseCRLF = true
	f := statementCSV{out: out, l: views.From(r.Context()).Localizer, s: s}
	_, _ = w.Write([]byte("\xef\xbb\xbf")) // so that spreadsheets read it as UTF-8
	f.head()
	for l, err := range h.Books.Each(r.Context(), person(r), k) {
		if err != nil { // the answer has begun: the missing sums say that it is not whole
			h.Log.WarnContext(r.Context(), "write statement", "err", err)
			out.Flush()
			return nil
		}
		f.line(l)
	}
	f.foot(views.From(r.Context()).StoreName(k.Store))
	out.Flush()
	return nil
}

func fileSafe(text string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, text)
}

// statementCSV writes a statement for spreadsheets.
type statementCSV struct {
	out *csv.Writer
	l   *i18n.Localizer
	s   pages.Statement
}

// row keeps text from being taken for a formula. What goes wrong is told by the writer when it is flushed.
func (f statementCSV) row(cells ...string) {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) && !isFigure(c) {
			cells[i] = "'" + c
		}
	}
	_ = f.out.Write(cells)
}

// isFigure reports whether a cell is an amount as this file writes it.
func isFigure(text string) bool { return strings.Trim(text, "-0123456789.") == "" }

func (f statementCSV) head() {
	var cells []string
	for _, key := range []string{"books.part.date", "books.col.state", "books.col.payout", "books.part.recipient", "books.part.reference", "books.part.remote_id",
		"books.col.amount", "books.part.fee", "books.part.currency", "books.after"} {
		cells = append(cells, f.l.T(key))
	}
	for _, name := range books.ColumnNames() {
		cells = append(cells, f.l.T("books.col."+name))
	}
	f.row(cells...)
}

func (f statementCSV) line(l books.Line) {
	e := l.Entry
	amount := e.Moved()
	if e.Kind == books.FeeMoved {
		amount.Minor = 0
	}
	cells := []string{e.At.In(f.s.Zone).Format("2006-01-02 15:04:05"), f.l.T("books.late." + string(e.Kind)), e.Payout.Number(), l.Recipient, l.Reference, l.RemoteID,
		amount.Decimal(), e.Fee.Decimal(), e.Key.Currency, string(e.Late)}
	for _, c := range l.Columns {
		text := ""
		if e.Kind == books.Paid {
			text = f.l.T(map[bool]string{true: "books.agrees", false: "books.differs"}[c.Known && c.Fits])
			if !c.Known {
				text = "–"
			}
		}
		cells = append(cells, text)
	}
	f.row(cells...)
}

// foot is the sums, then the stamp.
func (f statementCSV) foot(storeName string) {
	s := f.s
	f.row("")
	for _, sum := range []struct {
		name   string
		amount money.Amount
	}{
		{f.l.T("books.sum.opening"), s.Opening}, {f.l.N("books.sum.paid", s.Payouts), s.Paid}, {f.l.T("books.sum.fees"), s.Fees},
		{f.l.T("books.sum.returned"), money.Amount{Minor: -s.Returned.Minor, Currency: s.Returned.Currency}}, {f.l.T("books.sum.adjusted"), s.Adjustments}, {f.l.T("books.sum.closing"), s.Closing},
	} {
		f.row(sum.name, "", "", "", "", "", sum.amount.Decimal(), "", sum.amount.Currency)
	}
	f.row(storeName, s.Company, string(s.Key.Month), s.Zone.String())
	if s.Close != nil {
		f.row(f.l.T("books.is_closed", "Name", s.Close.ByName, "When", s.Close.At.In(s.Zone).Format("2006-01-02 15:04:05")), s.Close.Digest)
	} else {
		f.row(f.l.T("books.provisional"))
	}
}

// mappingOf is what a form says of a file's columns.
func mappingOf(r *http.Request, decimal, dates string) books.Mapping {
	m := books.Mapping{Columns: map[books.Part]string{}, Decimal: decimal, Dates: dates}
	for name, value := range mapped(r, "column") {
		if value != "" && slices.Contains(books.Parts(), books.Part(name)) {
			m.Columns[books.Part(name)] = value
		}
	}
	return m
}
