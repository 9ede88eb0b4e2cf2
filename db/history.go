package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// where collects conditions and their arguments.
type where struct {
	terms []string
	args  []any
}

func (w *where) add(term string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		term = strings.Replace(term, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.terms = append(w.terms, term)
}

func (w *where) addIf(value, term string) {
	if value != "" {
		w.add(term, value)
	}
}

func (w *where) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.add(column+" in (?"+strings.Repeat(", ?", len(values)-1)+")", args...)
}

func (w *where) scope(s payout.Scope, column string) {
	reach := s.Reach()
	if reach.All {
		return
	}
	if len(reach.IDs) == 0 {
		w.add("false")
	}
	ids := make([]string, len(reach.IDs))
	for i, id := range reach.IDs {
		ids[i] = string(id)
	}
	w.in(column, ids)
}

func (w *where) String() string {
	if len(w.terms) == 0 {
		return "true"
	}
	return strings.Join(w.terms, " and ")
}

func stateNames(states []payout.State) []string {
	names := make([]string, len(states))
	for i, st := range states {
		names[i] = string(st)
	}
	return names
}

// mode narrows to live or to test payouts. A draft that has no amount yet has no mode either.
func (w *where) mode(mode, prefix string) {
	switch mode {
	case "live":
		w.add(prefix + "live = 1")
	case "test":
		w.add(prefix + "live = 0 and " + prefix + "currency <> ''")
	}
}

func (r Payouts) filterOf(s payout.Scope, f payout.Filter) where {
	var w where
	w.scope(s, "p.store")
	w.addIf(string(f.Store), "p.store = ?")
	w.addIf(string(f.Account), "p.account = ?")
	w.addIf(f.Provider, "p.provider = ?")
	w.addIf(f.Method, "p.method = ?")
	w.addIf(f.Currency, "p.currency = ?")
	w.addIf(string(f.Author), "p.author = ?")
	w.mode(f.Mode, "p.")
	w.in("p.state", stateNames(f.States))
	if f.Review {
		w.needsPeople(r.d.now(), f.Loud)
	}
	w.days(f.From, f.To)
	w.amounts(f)
	w.text(f.Text, s)
	return w
}

// days narrows to the days from one to another. Stores count their days by their own clocks, so that payouts of neighbouring days
// take turns in the order in which they were made: what one day may share with the next two tells where that order is entered and left.
func (w *where) days(from, to payout.Day) {
	if from > 0 {
		w.add("p.day >= ? and p.created_at >= (select min(first_at) from (select first_at from days where day >= ? order by day limit 3))", int(from), int(from))
	}
	if to > 0 {
		w.add("p.day <= ? and p.created_at <= (select max(last_at) from (select last_at from days where day <= ? order by day desc limit 3))", int(to), int(to))
	}
}

// needsPeople narrows to what is unknown, contradicts, or has been on its way for longer than is usual. Loud leaves out
// what somebody has left open for now, but never a contradiction.
func (w *where) needsPeople(now time.Time, loud bool) {
	open, args := unsettled(now, loud)
	// Only what is open is looked at: few at any time, however long the history is.
	w.add("p.seq in (select seq from payouts where conflicts > 0 union all select o.seq from payouts o where "+open+")", args...)
}

// unsettled is the part of it that contradicts nothing, as a condition on a payout o.
func unsettled(now time.Time, loud bool) (string, []any) {
	term := `o.state in ('unknown', 'sending', 'accepted') and (o.state = 'unknown' or
		(select max(t.started_at) from attempts t where t.payout = o.id) < case o.state when 'sending' then ? else ? end)`
	args := []any{millis(now.Add(-payout.OverdueSending)), millis(now.Add(-payout.OverdueAccepted))}
	if loud {
		term += " and o.quiet_until <= ?"
		args = append(args, millis(now))
	}
	return term, args
}

func (w *where) amounts(f payout.Filter) {
	for _, bound := range []struct{ text, term string }{{f.Min, "p.minor >= ?"}, {f.Max, "p.minor <= ?"}} {
		if bound.text == "" {
			continue
		}
		if a, err := money.ParseDecimal(bound.text, f.Currency); err == nil {
			w.add(bound.term, a.Minor)
		} else {
			w.add("false") // a bound nobody can read finds nothing rather than everything
		}
	}
}

// maxSearch is how much of what is typed into the search box is looked at.
const maxSearch = 200

func cut(text string) string {
	if len(text) > maxSearch {
		return strings.ToValidUTF8(text[:maxSearch], "")
	}
	return text
}

// searchFor is what was typed as the index of words is asked for it, "" if there is nothing to ask: every word by its beginning, or
// an amount in one of the ways to read it, or a payout's number; and only in the stores of a scope. Words hold letters, digits and
// marks only, so that quotes are enough to keep the index's own language out. Begins writes one word.
func searchFor(typed string, s payout.Scope, begins func(word string) string) string {
	typed = strings.TrimSpace(cut(typed))
	words, between := amountForms(typed), " OR "
	if len(words) == 0 {
		between = " AND "
		words = strings.FieldsFunc(typed, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	}
	reach := s.Reach()
	if len(words) == 0 || !reach.All && len(reach.IDs) == 0 {
		return ""
	}
	for i, word := range words {
		words[i] = begins(word)
	}
	match := "(" + strings.Join(words, between) + ")"
	if id := payout.ParseID(typed); isID(string(id)) && strings.EqualFold(typed, id.Number()) {
		match = `"` + string(id) + `"` // a whole number as it is shown is nothing else
	} else if isID(string(id)) {
		match = "(" + match + ` OR "` + string(id) + `")`
	}
	if reach.All {
		return match
	}
	stores := make([]string, len(reach.IDs))
	for i, id := range reach.IDs {
		stores[i] = `"` + storeWord(id) + `"`
	}
	return match + " AND (" + strings.Join(stores, " OR ") + ")"
}

// storeWord stands in the index of words for the store of a payout.
func storeWord(id store.ID) string { return "zs" + string(id) }

// isID reports whether a text is made as a payout's id is.
func isID(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// amountForms lists the amounts that figures typed with grouping or decimals may mean, in any language, as the index has
// them: "1.234" is one thousand and more in Portuguese, and one and a bit in English.
func amountForms(typed string) []string {
	bare := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "").Replace(typed)
	groups := strings.FieldsFunc(bare, func(r rune) bool { return r == '.' || r == ',' })
	if len(groups) == 0 || strings.Trim(bare, "0123456789.,") != "" {
		return nil
	}
	if len(groups) == 1 {
		return groups
	}
	last := len(groups) - 1
	whole, fraction := strings.Join(groups[:last], ""), groups[last]
	forms := []string{whole + " " + fraction}
	switch {
	case len(fraction) == 3: // or it is the last group of thousands
		forms = append(forms, whole+fraction)
	case strings.Trim(fraction, "0") == "": // or the currency has no decimals
		forms = append(forms, whole)
	}
	return forms
}

const rowColumns = `p.id, p.store, p.provider, coalesce(json_extract(p.content, '$.company'), ''), coalesce(a.label, ''), p.live, p.state,
	p.method, coalesce(json_extract(p.content, '$.method_name'), ''), coalesce(json_extract(p.content, '$.country'), ''), p.currency, p.minor,
	p.fee_currency, p.fee_minor, p.recipient, p.number,
	coalesce(nullif(json_extract(p.content, '$.description'), ''), json_extract(p.input, '$.description'), ''), p.reason, p.reference, p.remote_id,
	p.author, coalesce(w.name, ''), p.one_person, p.conflicts > 0, p.created_at, p.updated_at, p.submitted_at,
	coalesce((select t.started_at from attempts t where t.payout = p.id order by t.no desc limit 1), 0), p.quiet_until`

const rowTables = ` from payouts p left join accounts a on a.id = p.account left join people w on w.id = p.author where `

func scanRow(scan func(...any) error) (payout.Row, error) {
	var r payout.Row
	var created, updated, submitted, sent, quiet int64
	err := scan((*string)(&r.ID), (*string)(&r.Store), &r.Provider, &r.Company, &r.AccountLabel, &r.Live, (*string)(&r.State), &r.Method, &r.MethodName, &r.Country,
		&r.Amount.Currency, &r.Amount.Minor, &r.Fee.Currency, &r.Fee.Minor, &r.Recipient, &r.Number, &r.Description, &r.Reason,
		&r.Reference, &r.RemoteID, (*string)(&r.Author), &r.AuthorName, &r.OnePerson, &r.Conflict, &created, &updated, &submitted, &sent, &quiet)
	r.CreatedAt, r.UpdatedAt, r.SubmittedAt, r.SentAt, r.Quiet = moment(created), moment(updated), moment(submitted), moment(sent), moment(quiet)
	return r, err
}

func cursorOf(r payout.Row) payout.Cursor { return payout.Cursor{At: r.CreatedAt, ID: r.ID} }

func pageOf(rows []payout.Row, f payout.Filter, backwards bool) payout.Page {
	more := len(rows) > f.Limit
	rows = rows[:min(len(rows), f.Limit)]
	if backwards {
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
	page := payout.Page{Rows: rows}
	if len(rows) == 0 {
		return page
	}
	first, last := rows[0], rows[len(rows)-1]
	if (backwards && more) || (!backwards && !f.After.IsZero()) {
		page.Prev = cursorOf(first)
	}
	if backwards || more {
		page.Next = cursorOf(last)
	}
	return page
}

const totalColumns = `p.currency, p.live, p.state, count(*), sum(p.minor), sum(case when p.fee_currency = p.currency then p.fee_minor else 0 end)`

func scanTotal(scan func(...any) error) (payout.Total, error) {
	var t payout.Total
	var count int64
	err := scan(&t.Currency, &t.Live, (*string)(&t.State), &count, &t.Amount.Minor, &t.Fee.Minor)
	t.Count, t.Amount.Currency, t.Fee.Currency = int(count), t.Currency, t.Currency
	return t, err
}

// Totals adds up everything a filter finds, by currency, mode and state.
func (r Payouts) Totals(ctx context.Context, s payout.Scope, f payout.Filter) ([]payout.Total, error) {
	f.Text = strings.TrimSpace(f.Text)
	if f.Summed() {
		return r.addUp(ctx, s, f)
	}
	w := r.filterOf(s, f)
	return collect(ctx, r.d.read, scanTotal, `select `+totalColumns+` from payouts p where `+w.String()+`
		group by p.currency, p.live, p.state order by p.currency, p.live desc, p.state`, w.args...)
}

// Earlier is what is known of a payout's recipient.
func (r Payouts) Earlier(ctx context.Context, s payout.Scope, p *payout.Payout) (payout.Earlier, error) {
	var e payout.Earlier
	var err error
	if key := p.Content.RecipientKey(); key != "" {
		e.SameAccount, err = r.rowsWhere(ctx, s, 50, "p.recipient_key = ? and p.id <> ?", key, string(p.ID))
	}
	if name := p.Content.Recipient(); err == nil && name != "" {
		e.SameName, err = r.rowsWhere(ctx, s, 50, "p.store = ? and p.recipient = ? and p.recipient_key <> ? and p.id <> ?",
			string(p.Store), name, p.Content.RecipientKey(), string(p.ID))
	}
	if err == nil && !p.SubmittedAt.IsZero() {
		e.ByAuthor, err = r.rowsWhere(ctx, s, 50, "p.author = ? and p.created_at > ? and p.id <> ?",
			string(p.Author), millis(p.SubmittedAt.Add(-7*24*time.Hour)), string(p.ID))
	}
	return e, err
}

func (r Payouts) rowsWhere(ctx context.Context, s payout.Scope, limit int, term string, args ...any) ([]payout.Row, error) {
	var w where
	w.scope(s, "p.store")
	w.add(term, args...)
	w.args = append(w.args, limit)
	return collect(ctx, r.d.read, scanRow, `select `+rowColumns+rowTables+w.String()+
		fmt.Sprintf(` order by p.created_at desc, p.id desc limit $%d`, len(w.args)), w.args...)
}

// maxRecipients is how many earlier recipients are offered, found among so many of the latest payouts that fit.
const (
	maxRecipients = 8
	latestOf      = 200
)

// Recipients finds earlier recipients of a store's accounts at a provider by the beginning of a word, each once.
func (r Payouts) Recipients(ctx context.Context, s payout.Scope, st store.ID, provider, text string) ([]payout.Row, error) {
	if !s.Reach().Has(st) {
		return nil, nil
	}
	var w where
	w.add("+p.store = ? and p.recipient_key <> ''", string(st)) // +: the store's index would be walked whole
	w.addIf(provider, "+p.provider = ?")
	all, err := r.latest(ctx, w, text, st)
	if err != nil {
		return nil, err
	}
	seen := map[toRecipient]bool{}
	var seqs []int64
	for _, one := range all {
		to := toRecipient{key: one.key, method: one.method}
		if !seen[to] && len(seqs) < maxRecipients {
			seen[to] = true
			seqs = append(seqs, one.seq)
		}
	}
	list, err := encode(seqs)
	if err != nil {
		return nil, err
	}
	return r.rowsWhere(ctx, s, maxRecipients, "p.seq in (select value from json_each(?))", list[0])
}

// Exchanges lists what was said to the company about a payout.
func (r Payouts) Exchanges(ctx context.Context, s payout.Scope, id payout.ID) ([]payout.Exchange, error) {
	if _, err := r.Find(ctx, s, id); err != nil {
		return nil, err
	}
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.Exchange, error) {
		var e payout.Exchange
		var at, took int64
		var written int
		err := scan(&e.ID, &e.Account, &e.Payout, &e.Attempt, &e.Purpose, &at, &took, &e.Method, &e.URL, &e.Status, &e.Request, &e.Answer, &written, &e.Err)
		e.At, e.Took, e.Written = moment(at), time.Duration(took)*time.Millisecond, written == 1
		return e, err
	}, `select id, account, payout, attempt, purpose, at, took, method, url, status, request, answer, written, err
		from exchanges where payout = $1 and payout <> '' order by at, rowid`, string(id))
}

// Counts says how many payouts wait for approval and how many need review.
func (r Payouts) Counts(ctx context.Context, s payout.Scope) (payout.Counts, error) {
	var w where
	w.scope(s, "o.store")
	mine := w.String()
	open, args := unsettled(r.d.now(), true)
	w.add(open, args...)
	var c payout.Counts
	var review int
	err := r.d.read.QueryRowContext(ctx, `select (select count(*) from payouts o where o.state = 'submitted' and `+mine+`),
		(select count(*) from payouts o where o.conflicts > 0 and `+mine+`),
		(select count(*) from payouts o where o.conflicts = 0 and `+w.String()+`)`, w.args...).Scan(&c.Waiting, &c.Review, &review)
	c.Review += review
	return c, err
}

// SaveExchange keeps a call that changes no payout, such as a test call.
func (r Payouts) SaveExchange(ctx context.Context, e payout.Exchange) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error { return r.saveExchanges(ctx, tx, []payout.Exchange{e}) })
}
