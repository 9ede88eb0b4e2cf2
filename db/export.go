package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
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
	each    func(*payout.Line) error
	failure error // of each

	line             *line
	accounts, people map[string]string // names by id
}

// Each implements payout.Walker. It reads on a connection of its own, so that no page waits for a slow download.
func (r Payouts) Each(ctx context.Context, s payout.Scope, f payout.Filter, each func(*payout.Line) error) (payout.Walk, error) {
	from := sql.OpenDB(connector{dsn(r.d.path, "mode=ro&_pragma=query_only(1)"), append(forAll(), wanted{"query_only", "1"}), r.d.seeRead, nil})
	defer func() { _ = from.Close() }() // it only read
	from.SetMaxOpenConns(1)
	f.Text = strings.TrimSpace(f.Text)
	f.After, f.Before, f.Limit = payout.Cursor{}, payout.Cursor{}, 0
	w := &walk{r: r, from: from, scope: s, filter: f, each: each, line: &line{between: "\x1f" + rand.Text()[:8]}, Walk: payout.Walk{Begun: r.d.now()}}
	err := w.begin(ctx)
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

// begin notes what was there when the walk began, and reads the names.
func (w *walk) begin(ctx context.Context) error {
	err := w.from.QueryRowContext(ctx, `select coalesce(max(seq), 0) from payouts`).Scan(&w.newest)
	if err == nil {
		w.accounts, err = w.names(ctx, `select id, label from accounts`)
	}
	if err == nil {
		w.people, err = w.names(ctx, `select id, name from people`)
	}
	return err
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
	if err := rows.Scan(&w.line.joined); err != nil {
		return err
	}
	row, err := w.tell()
	if err != nil {
		return err
	}
	if w.failure = w.each(row); w.failure != nil {
		return w.failure
	}
	w.Rows++
	w.at = payout.Cursor{At: row.CreatedAt, ID: row.ID}
	if w.Rows%1000 == 0 && w.r.d.now().After(w.until) {
		return errMoment
	}
	return nil
}

// walkColumns is what an export reads of a payout, and no more: a look at another table for each of millions of rows costs as much as the
// row, so that only the books are looked at. Names of accounts and people are read once, see names. None of them is null, which would
// leave it out.
func walkColumns() string {
	return `p.id, p.store, p.account, p.author, p.live + 2 * p.one_person + 4 * (p.conflicts > 0), p.state,
	coalesce(json_extract(p.content, '$.company'), ''), coalesce(json_extract(p.content, '$.method_name'), ''), coalesce(json_extract(p.content, '$.country'), ''),
	coalesce(nullif(json_extract(p.content, '$.description'), ''), json_extract(p.input, '$.description'), ''),
	p.currency, p.minor, p.fee_currency, p.fee_minor, p.recipient, p.number, p.reason, p.reference, p.remote_id,
	p.created_at, p.updated_at, p.submitted_at, p.ended_at, ` + booksColumn()
}

// fields is how many there are.
const fields = 24

// line is a row as it is read: one text. To ask the driver for a column costs it more than to find the payout, so SQLite joins the columns
// and we part them.
type line struct {
	between string // a mark that nobody can have written into a payout, because it is made for this walk
	joined  string
	fields  [fields]string
	told    payout.Line
}

// part parts the joined columns.
func (l *line) part() error {
	rest := l.joined
	for i := range fields - 1 {
		field, after, found := strings.Cut(rest, l.between)
		if !found {
			return errors.New("a row has too few columns")
		}
		l.fields[i], rest = field, after
	}
	if strings.Contains(rest, l.between) {
		return errors.New("a row has too many columns")
	}
	l.fields[fields-1] = rest
	return nil
}

// tell makes of it what each is told, which holds until the next one.
func (w *walk) tell() (*payout.Line, error) {
	if err := w.line.part(); err != nil {
		return nil, err
	}
	f, r := &w.line.fields, &w.line.told
	var n [7]int64
	for i, at := range [7]int{4, 11, 13, 19, 20, 21, 22} {
		var err error
		if n[i], err = strconv.ParseInt(f[at], 10, 64); err != nil {
			return nil, err
		}
	}
	r.ID, r.Store, r.AccountLabel, r.Author, r.AuthorName = payout.ID(f[0]), store.ID(f[1]), w.accounts[f[2]], access.PersonID(f[3]), w.people[f[3]]
	r.Live, r.OnePerson, r.Conflict, r.State = n[0]&1 > 0, n[0]&2 > 0, n[0]&4 > 0, payout.State(f[5])
	r.Company, r.MethodName, r.Country, r.Description = f[6], f[7], f[8], f[9]
	r.Amount, r.Fee = money.Amount{Currency: f[10], Minor: n[1]}, money.Amount{Currency: f[12], Minor: n[2]}
	r.Recipient, r.Number, r.Reason, r.Reference, r.RemoteID = f[14], f[15], f[16], f[17], f[18]
	r.CreatedAt, r.UpdatedAt, r.SubmittedAt, r.EndedAt = moment(n[3]), moment(n[4]), moment(n[5]), moment(n[6])
	r.Booked = bookedOf(f[23])
	return r, nil
}

// names reads a small table of names.
func (w *walk) names(ctx context.Context, query string) (map[string]string, error) {
	all := map[string]string{}
	_, err := collect(ctx, w.from, func(scan func(...any) error) (struct{}, error) {
		var id, name string
		err := scan(&id, &name)
		all[id] = name
		return struct{}{}, err
	}, query)
	return all, err
}

// query is what is left of the list. The newest payout stands behind a plus: it must not become the way the rows are found.
func (w *walk) query() (string, []any) {
	c := w.r.filterOf(w.scope, w.filter)
	c.add("+p.seq <= ?", w.newest)
	order, mark := "desc", "<"
	if w.filter.Sort == payout.Oldest {
		order, mark = "asc", ">"
	}
	by := fmt.Sprintf("p.created_at %s, p.id %s", order, order)
	switch {
	case w.filter.Text != "": // as byWords lists them
		by = "p.seq " + order
		if !w.at.IsZero() {
			c.add("p.seq "+mark+" (select seq from payouts where id = ?)", string(w.at.ID))
		}
	case !w.at.IsZero():
		c.add("(p.created_at, p.id) "+mark+" (?, ?)", millis(w.at.At), string(w.at.ID))
	}
	c.args = append(c.args, w.line.between)
	return fmt.Sprintf(`select concat_ws($%d, `, len(c.args)) + walkColumns() + `) from payouts p ` + w.index() + ` where ` + c.String() + ` order by ` + by, c.args
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
