package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/web/payout"
)

// bounds is how much one page may cost, whatever the table holds: payouts looked at, and hits of the index of words.
type bounds struct{ look, hits int }

func usualBounds() bounds { return bounds{look: 20_000, hits: 5_000} }

// listing is one page of the history that is being put together.
type listing struct {
	payout.Filter
	where
	scope      payout.Scope
	backwards  bool
	descending bool
	cursor     payout.Cursor
	index      string // the index whose order is that of the list
}

func (l *listing) need() int { return l.Limit + 1 }

// order is the SQL of the list's order, and the comparison by which it goes on.
func (l *listing) order() (string, string) {
	if l.descending {
		return "desc", "<"
	}
	return "asc", ">"
}

// List is one page of the history. It costs the same wherever the page lies and however long the history is.
func (r Payouts) List(ctx context.Context, s payout.Scope, f payout.Filter) (payout.Page, error) {
	if f.Limit <= 0 {
		f.Limit = 25
	}
	f.Text = strings.TrimSpace(f.Text)
	l := listing{Filter: f, scope: s, backwards: !f.Before.IsZero(), cursor: f.After}
	l.descending = (f.Sort != payout.Oldest) != l.backwards
	if l.backwards {
		l.cursor = f.Before
	}
	page, err := r.page(ctx, &l)
	if err != nil {
		return page, fmt.Errorf("list payouts: %w", err)
	}
	return page, nil
}

func (r Payouts) page(ctx context.Context, l *listing) (payout.Page, error) {
	l.where = r.filterOf(l.scope, l.Filter)
	switch {
	case l.Text != "":
		return r.byWords(ctx, l)
	case l.Review:
		return r.rows(ctx, l) // few at any time
	case l.Summed():
		return r.bySums(ctx, l)
	}
	return r.byLooking(ctx, l)
}

// rows reads a page of what the listing's conditions find.
func (r Payouts) rows(ctx context.Context, l *listing) (payout.Page, error) {
	order, mark := l.order()
	if !l.cursor.IsZero() {
		l.add("(p.created_at, p.id) "+mark+" (?, ?)", millis(l.cursor.At), string(l.cursor.ID))
	}
	// The limit is no parameter: SQLite would make its plan anew for each.
	rows, err := collect(ctx, r.d.read, scanRow, `select `+rowColumns+rowTablesBy(l.index)+l.String()+
		fmt.Sprintf(` order by p.created_at %s, p.id %s limit %d`, order, order, l.need()), l.args...)
	if err != nil {
		return payout.Page{}, err
	}
	return pageOf(rows, l.Filter, l.backwards), nil
}

// rowTablesBy is rowTables with payouts read in the order of an index, "" for any.
func rowTablesBy(index string) string {
	if index == "" {
		return rowTables
	}
	return ` from payouts p indexed by ` + index + ` left join accounts a on a.id = p.account left join people w on w.id = p.author where `
}

// dense is how rare what is looked for may be among what an index holds before the days it lies on are read one by one.
const dense = 20

// bySums lists what the sums know the days of: no more is read than the days the page's rows lie on.
func (r Payouts) bySums(ctx context.Context, l *listing) (payout.Page, error) {
	var driver payout.Filter
	l.index, driver = l.driver()
	if !narrows(l.scope, l.Filter, driver) {
		return r.rows(ctx, l)
	}
	days, err := r.daysOf(ctx, l, driver)
	if err != nil || len(days) == 0 {
		return payout.Page{}, err
	}
	found, held := 0, 0
	list := make([]int, len(days))
	for i, d := range days {
		found, held, list[i] = found+d.found, held+d.held, d.day
	}
	first, last := slices.MinFunc(days, byDay), slices.MaxFunc(days, byDay)
	l.days(payout.Day(first.day), payout.Day(last.day))
	switch {
	case found*dense >= held:
	case l.Account != "":
		l.index = "payouts_account"
		if len(l.States) == 0 {
			l.in("p.state", stateNames(payout.States()))
		}
	default:
		l.index = "payouts_day"
		texts, err := encode(list)
		if err != nil {
			return payout.Page{}, err
		}
		l.add("p.day in (select value from json_each(?))", texts[0])
	}
	return r.rows(ctx, l)
}

// driver picks the index in whose order the list is read, and says what of the filter that index takes care of.
func (l *listing) driver() (string, payout.Filter) {
	reach := l.scope.Reach()
	switch {
	case len(l.States) == 1:
		return "payouts_state", payout.Filter{States: l.States}
	case l.Store != "":
		return "payouts_store", payout.Filter{Store: l.Store}
	case !reach.All && len(reach.IDs) == 1:
		return "payouts_store", payout.Filter{Store: reach.IDs[0]}
	}
	return "payouts_created", payout.Filter{}
}

// narrows reports whether a filter asks for more than an index takes care of by itself. Days do not count: they are a piece of
// the order.
func narrows(s payout.Scope, f, driver payout.Filter) bool {
	reach := s.Reach()
	f.From, f.To, f.Sort, f.After, f.Before, f.Limit = 0, 0, "", payout.Cursor{}, payout.Cursor{}, 0
	inScope := reach.All || driver.Store != "" && slices.Contains(reach.IDs, driver.Store)
	return !inScope || f.Account != "" || f.Provider != "" || f.Currency != "" || f.Mode != "" ||
		f.Store != driver.Store && f.Store != "" || len(f.States) != len(driver.States)
}

// dayCount is a day with how many payouts of it a filter finds, and how many an index holds.
type dayCount struct{ day, found, held int }

func byDay(a, b dayCount) int { return a.day - b.day }

// daysOf names the days that a page's rows lie on. A page may begin on a day that has been shown in part, and stores may count
// their days differently, so that up to two days on either side may hold rows that belong between.
func (r Payouts) daysOf(ctx context.Context, l *listing, driver payout.Filter) ([]dayCount, error) {
	from, to := l.daysLeft()
	g := gathering{l: l}
	for span, err := range r.months(ctx, l, from, to) {
		if err != nil {
			return nil, err
		}
		days, err := r.daysWithin(ctx, l, driver, max(from, span), min(to, nextMonth(span)-1))
		if err != nil {
			return nil, err
		}
		for _, d := range days {
			if !g.take(d) {
				return g.days, nil
			}
		}
	}
	return g.days, nil
}

// daysLeft are the first and the last day that rows from the listing's place on may lie on.
func (l *listing) daysLeft() (payout.Day, payout.Day) {
	from, to := max(l.From, 1), l.To
	if to == 0 {
		to = lastDay
	}
	switch at := payout.DayOf(l.cursor.At); {
	case l.cursor.IsZero():
	case l.descending:
		to = min(to, at+1)
	default:
		from = max(from, at-1)
	}
	return from, to
}

// gathering is the days that were found so far, in the order of the list.
type gathering struct {
	l     *listing
	days  []dayCount
	found int
	until int // once there is enough: the last day that may hold rows that belong between
}

// take adds a day; false if it is beyond what the page needs.
func (g *gathering) take(d dayCount) bool {
	if g.until > 0 && (g.l.descending && d.day < g.until || !g.l.descending && d.day > g.until) {
		return false
	}
	g.days = append(g.days, d)
	if g.l.cursor.IsZero() || !near(payout.Day(d.day), payout.DayOf(g.l.cursor.At)) {
		g.found += d.found
	}
	if g.until == 0 && g.found >= g.l.need() {
		g.until = d.day + 2
		if g.l.descending {
			g.until = max(d.day-2, 1)
		}
	}
	return true
}

// near reports whether rows of one day may lie on either side of a moment on another.
func near(a, b payout.Day) bool { return a >= b-1 && a <= b+1 }

// months yields the first days of the months in which a filter finds anything, in the order of the list.
func (r Payouts) months(ctx context.Context, l *listing, from, to payout.Day) func(func(payout.Day, error) bool) {
	return func(yield func(payout.Day, error) bool) {
		w := sumsOf(l.scope, l.Filter)
		w.add("span >= ? and span <= ?", spanOf(firstOfMonth(from)), spanOf(firstOfMonth(to)))
		order, _ := l.order()
		spans, err := collect(ctx, r.d.read, func(scan func(...any) error) (int, error) {
			var span int
			return span, scan(&span)
		}, `select distinct span from sums where `+w.String()+` order by span `+order, w.args...)
		if err != nil {
			yield(0, err)
			return
		}
		for _, span := range spans {
			if !yield(monthStart(span), nil) {
				return
			}
		}
	}
}

// daysWithin counts by day what a filter finds, and what the index holds that is read.
func (r Payouts) daysWithin(ctx context.Context, l *listing, driver payout.Filter, from, to payout.Day) ([]dayCount, error) {
	w := sumsOf(l.scope, l.Filter)
	match := w.String()
	w.terms = nil
	w.addIf(string(driver.Store), "store = ?")
	w.in("state", stateNames(driver.States))
	w.add("span >= ? and span <= ?", int(from), int(to))
	order, _ := l.order()
	return collect(ctx, r.d.read, func(scan func(...any) error) (dayCount, error) {
		var d dayCount
		return d, scan(&d.day, &d.found, &d.held)
	}, `select span, sum(case when `+match+` then payouts else 0 end) as found, sum(payouts) from sums where `+w.String()+`
		group by span having found > 0 order by span `+order, w.args...)
}

// byLooking lists what no index finds in the order of the list. It looks at so many payouts at most and says how far it came.
func (r Payouts) byLooking(ctx context.Context, l *listing) (payout.Page, error) {
	l.index = "payouts_created"
	var w where
	switch {
	case l.Author != "":
		l.index = "payouts_author"
		w.add("p.author = ?", string(l.Author))
	case l.Method != "":
		l.index = "payouts_way"
		w.add("p.method = ?", l.Method)
	case l.Min != "" || l.Max != "":
		if few, err := r.fewAmounts(ctx, l); few || err != nil {
			l.index = "payouts_amount"
			if err != nil {
				return payout.Page{}, err
			}
			return r.rows(ctx, l)
		}
	}
	w.days(l.From, l.To)
	order, mark := l.order()
	if !l.cursor.IsZero() {
		w.add("(p.created_at, p.id) "+mark+" (?, ?)", millis(l.cursor.At), string(l.cursor.ID))
	}
	w.args = append(w.args, r.d.bounds.look)
	var at int64
	err := r.d.read.QueryRowContext(ctx, fmt.Sprintf(`select p.created_at from payouts p indexed by %s where %s order by p.created_at %s, p.id %s limit 1 offset $%d`,
		l.index, w.String(), order, order, len(w.args)), w.args...).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return r.rows(ctx, l)
	}
	if err != nil {
		return payout.Page{}, err
	}
	until := "p.created_at <= ?"
	if l.descending {
		until = "p.created_at >= ?"
	}
	l.add(until, at)
	page, err := r.rows(ctx, l)
	if err != nil {
		return page, err
	}
	return upTo(page, at, l), nil
}

// fewAmounts reports whether so few payouts have an amount within the bounds that all of them may be sorted.
func (r Payouts) fewAmounts(ctx context.Context, l *listing) (bool, error) {
	const few = 2000
	w := where{}
	w.add("p.currency = ?", l.Currency)
	w.amounts(l.Filter)
	var n int
	err := r.d.read.QueryRowContext(ctx, fmt.Sprintf(`select count(*) from (select 1 from payouts p indexed by payouts_amount where %s limit %d)`, w.String(), few+1), w.args...).Scan(&n)
	return n <= few, err
}

// Where a search goes on that has looked at a moment whole: beyond every id that is or before it.
const (
	beforeIDs = "-"
	beyondIDs = "~"
)

// upTo marks a page that holds less than it might, because no more was looked at.
func upTo(page payout.Page, at int64, l *listing) payout.Page {
	var place payout.Cursor
	if n := len(page.Rows); n < l.Limit {
		page.Looked = moment(at)
		place = payout.Cursor{At: page.Looked, ID: beforeIDs}
		if !l.descending {
			place.ID = beyondIDs
		}
	} else if l.backwards {
		place = cursorOf(page.Rows[0])
	} else {
		place = cursorOf(page.Rows[n-1])
	}
	if l.backwards {
		page.Prev = place
	} else {
		page.Next = place
	}
	return page
}
