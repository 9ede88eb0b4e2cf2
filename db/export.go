package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// maxMoment is for how long rows are read as they stood at one moment. Whoever reads keeps the log of the database from being
// written back, and a download may take hours. A million rows are read in less.
const maxMoment = 30 * time.Second

// errMoment ends one moment of a walk; it goes on with the next.
var errMoment = errors.New("this moment has lasted long enough")

// walk is a list that is read from its beginning to its end.
type walk struct {
	payout.Walk
	r       Payouts
	from    *sql.DB
	scope   payout.Scope
	filter  payout.Filter
	newest  int64         // the last payout that was made when it began
	at      payout.Cursor // the last row that was read
	until   time.Time     // of the present moment
	each    func(*payout.Row) error
	failure error // of each
}

// Each implements payout.Walker. It reads on a connection of its own, so that no page waits for a slow download.
func (r Payouts) Each(ctx context.Context, s payout.Scope, f payout.Filter, each func(*payout.Row) error) (payout.Walk, error) {
	from := sql.OpenDB(connector{dsn(r.d.path, "mode=ro&_pragma=query_only(1)"), append(forAll(), wanted{"query_only", "1"}), r.d.seeRead, nil})
	defer func() { _ = from.Close() }() // it only read
	from.SetMaxOpenConns(1)
	f.After, f.Before, f.Limit = payout.Cursor{}, payout.Cursor{}, 0
	w := &walk{r: r, from: from, scope: s, filter: f, each: each, Walk: payout.Walk{Begun: r.d.now()}}
	err := from.QueryRowContext(ctx, `select coalesce(max(seq), 0) from payouts`).Scan(&w.newest)
	for err == nil {
		if err = w.moment(ctx); !errors.Is(err, errMoment) {
			break
		}
		err = ctx.Err()
	}
	w.Done = r.d.now()
	if w.failure != nil {
		return w.Walk, w.failure
	}
	if err != nil {
		return w.Walk, fmt.Errorf("walk payouts: %w", err)
	}
	return w.Walk, nil
}

// moment reads on from the last row until the end, or until the moment has lasted long enough.
func (w *walk) moment(ctx context.Context) error {
	w.Moments++
	w.until = w.r.d.now().Add(maxMoment)
	query, args := w.query()
	rows, err := w.from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	for rows.Next() {
		if err := w.row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (w *walk) row(rows *sql.Rows) error {
	row, err := scanRow(rows.Scan)
	if err != nil {
		return err
	}
	if w.failure = w.each(&row); w.failure != nil {
		return w.failure
	}
	w.Rows++
	w.at = payout.Cursor{At: row.CreatedAt, ID: row.ID}
	if w.Rows%1000 == 0 && w.r.d.now().After(w.until) {
		return errMoment
	}
	return nil
}

// query is what is left of the list. The newest payout stands behind a plus: it must not become the way the rows are found.
func (w *walk) query() (string, []any) {
	c := w.r.filterOf(w.scope, w.filter)
	c.add("+p.seq <= ?", w.newest)
	order, mark := "desc", "<"
	if w.filter.Sort == payout.Oldest {
		order, mark = "asc", ">"
	}
	if !w.at.IsZero() {
		c.add("(p.created_at, p.id) "+mark+" (?, ?)", millis(w.at.At), string(w.at.ID))
	}
	return `select ` + rowColumns + ` from payouts p ` + w.index() + ` left join accounts a on a.id = p.account left join people w on w.id = p.author where ` +
		c.String() + fmt.Sprintf(` order by p.created_at %s, p.id %s`, order, order), c.args
}

// index is the one whose order is that of the list, so that rows come as they are read: sorting would take as much room as the list
// has rows. What finds few rows among many is left to SQLite.
func (w *walk) index() string {
	f, reach := w.filter, w.scope.Reach()
	switch {
	case f.Text != "" || f.Review || f.Min != "" || f.Max != "" || f.Account != "" || f.Author != "":
		return ""
	case len(f.States) == 1:
		return "indexed by payouts_state"
	case f.Store != "", !reach.All && len(reach.IDs) == 1:
		return "indexed by payouts_store"
	}
	return "indexed by payouts_created"
}
