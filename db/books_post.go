package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// factsOf is what decides about the bookings of a payout.
func factsOf(p *payout.Payout) books.Facts {
	c, at := p.Content, p.EndedAt
	if at.IsZero() {
		at = p.UpdatedAt
	}
	return books.Facts{Payout: p.ID, Key: books.Key{Store: p.Store, Provider: c.Provider, Currency: c.Amount.Currency, Live: c.Live},
		State: p.State, Amount: c.Amount, Fee: p.Fee, At: at, News: p.Conflicts}
}

// post writes the bookings a payout lacks, in the transaction of what they tell, so that the sums of every month are those of the
// payouts at any moment (invariant 10). Where the payout stands in the books already its month has changed.
func (d *DB) post(ctx context.Context, tx *sql.Tx, seq int64, f books.Facts) error {
	if f.State != payout.Paid && f.State != payout.Returned {
		return nil
	}
	p := posting{ctx: ctx, tx: tx, zones: map[store.ID]*time.Location{}, closed: map[books.Key]time.Time{}, fresh: map[books.Key][]books.Entry{}}
	return p.all([]unbooked{{seq, f}})
}

// posting books some payouts in one transaction. What is the same for several is read once.
type posting struct {
	ctx    context.Context //nolint:containedctx // lives as long as one transaction
	tx     *sql.Tx
	zones  map[store.ID]*time.Location
	closed map[books.Key]time.Time
	fresh  map[books.Key][]books.Entry
}

func (p posting) all(payouts []unbooked) error {
	had, err := p.had(payouts)
	if err != nil {
		return err
	}
	for _, u := range payouts {
		if err := p.one(u, had[u.facts.Payout]); err != nil {
			return fmt.Errorf("book %s: %w", u.facts.Payout, err)
		}
	}
	for k, entries := range p.fresh {
		if err := addToMonth(p.ctx, p.tx, k, entries); err != nil {
			return fmt.Errorf("add to month %s: %w", k, err)
		}
	}
	return nil
}

// had are the bookings that payouts have already.
func (p posting) had(payouts []unbooked) (map[payout.ID][]books.Entry, error) {
	marks, args := make([]string, len(payouts)), make([]any, len(payouts))
	for i, u := range payouts {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), string(u.facts.Payout)
	}
	all, err := entriesOf(p.ctx, p.tx, `payout in (`+strings.Join(marks, ", ")+`) order by seq`, args...)
	had := map[payout.ID][]books.Entry{}
	for _, e := range all {
		had[e.Payout] = append(had[e.Payout], e)
	}
	return had, err
}

func (p posting) one(u unbooked, had []books.Entry) error {
	zone, err := p.zone(u.facts.Key.Store)
	if err != nil {
		return err
	}
	fresh, err := books.Post(u.facts, had, zone, func(m books.Month) (time.Time, error) { return p.closedAt(u.facts.Key.In(m)) })
	if err != nil {
		return err
	}
	for _, e := range fresh {
		if err := addBooking(p.ctx, p.tx, e); err != nil {
			return err
		}
		p.fresh[e.Key] = append(p.fresh[e.Key], e)
	}
	if len(had) > 0 {
		if err := touchMonth(p.ctx, p.tx, had[0].Key); err != nil {
			return err
		}
	}
	_, err = p.tx.ExecContext(p.ctx, `update payouts set booked = $2 where seq = $1 and booked in (0, 1)`, u.seq, bookedAs(books.PaidIn(append(had, fresh...))))
	return err
}

func (p posting) zone(id store.ID) (*time.Location, error) {
	if zone := p.zones[id]; zone != nil {
		return zone, nil
	}
	var s store.Store
	if err := p.tx.QueryRowContext(p.ctx, `select zone from stores where id = $1`, string(id)).Scan(&s.Zone); err != nil {
		return nil, fmt.Errorf("read time zone of %s: %w", id, err)
	}
	p.zones[id] = s.Location()
	return p.zones[id], nil
}

func (p posting) closedAt(k books.Key) (time.Time, error) {
	at, known := p.closed[k]
	if known {
		return at, nil
	}
	at, err := closedAt(p.ctx, p.tx, k)
	p.closed[k] = at
	return at, err
}

const entryColumns = `seq, store, provider, currency, live, month, at, payout, kind, late, minor, fee_currency, fee_minor, note`

func scanBooking(scan func(...any) error) (books.Entry, error) {
	var e books.Entry
	var at int64
	var live int
	err := scan(&e.Seq, &e.Key.Store, &e.Key.Provider, &e.Key.Currency, &live, &e.Key.Month, &at, &e.Payout, &e.Kind, &e.Late,
		&e.Amount.Minor, &e.Fee.Currency, &e.Fee.Minor, &e.Note)
	e.At, e.Key.Live, e.Amount.Currency = moment(at), live == 1, e.Key.Currency
	return e, err
}

func entriesOf(ctx context.Context, q querier, where string, args ...any) ([]books.Entry, error) {
	return collect(ctx, q, scanBooking, `select `+entryColumns+` from bookings where `+where, args...)
}

func keyArgs(k books.Key) []any {
	return []any{string(k.Store), k.Provider, k.Currency, bit(k.Live), string(k.Month)}
}

// ofMonth is the condition that keyArgs fills in.
const ofMonth = `store = $1 and provider = $2 and currency = $3 and live = $4 and month = $5`

func closedAt(ctx context.Context, q querier, k books.Key) (time.Time, error) {
	var at int64
	err := q.QueryRowContext(ctx, `select at from month_closes where `+ofMonth, keyArgs(k)...).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return moment(at), err
}

func addBooking(ctx context.Context, tx *sql.Tx, e books.Entry) error {
	_, err := tx.ExecContext(ctx, `insert into bookings (store, provider, currency, live, month, at, payout, kind, late, minor, fee_currency, fee_minor, note)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		append(keyArgs(e.Key), millis(e.At), string(e.Payout), string(e.Kind), string(e.Late), e.Amount.Minor, e.Fee.Currency, e.Fee.Minor, e.Note)...)
	return err
}

// addToMonth adds bookings to the sums of their month. Sums that do not fit are left as they were and marked: that a payout was paid
// is written down whatever they come to.
func addToMonth(ctx context.Context, tx *sql.Tx, k books.Key, entries []books.Entry) error {
	if err := touchMonth(ctx, tx, k); err != nil {
		return err
	}
	s, err := monthOf(ctx, tx, k)
	if err != nil {
		return err
	}
	sums := s.Sums
	for _, e := range entries {
		var tooLarge error
		if sums, tooLarge = sums.With(e); tooLarge != nil {
			return one(tx.ExecContext(ctx, `update book_months set overflow = 1 where `+ofMonth, keyArgs(k)...))
		}
	}
	return one(tx.ExecContext(ctx, `update book_months set payouts = $6, paid = $7, fees = $8, returned = $9, adjusted = $10, late_fees = $11 where `+ofMonth,
		append(keyArgs(k), sums.Payouts, sums.Paid.Minor, sums.Fees.Minor, sums.Returned.Minor, sums.Adjusted.Minor, sums.LateFees.Minor)...))
}

// touchMonth says that something in a month has changed; it opens the month if it is new.
func touchMonth(ctx context.Context, tx *sql.Tx, k books.Key) error {
	_, err := tx.ExecContext(ctx, `insert into book_months (store, provider, currency, live, month, version) values ($1, $2, $3, $4, $5, 1)
		on conflict (store, provider, currency, live, month) do update set version = version + 1`, keyArgs(k)...)
	if err != nil {
		return fmt.Errorf("mark month %s: %w", k, err)
	}
	return nil
}

const monthColumns = `store, provider, currency, live, month, version, payouts, paid, fees, returned, adjusted, late_fees, overflow,
	checked, checked_at, lines, reported, exceptions, open, closed_at`

func scanMonth(scan func(...any) error) (books.Status, error) {
	var s books.Status
	var live, overflow int
	var checkedAt, closed int64
	err := scan(&s.Key.Store, &s.Key.Provider, &s.Key.Currency, &live, &s.Key.Month, &s.Version, &s.Sums.Payouts, &s.Sums.Paid.Minor, &s.Sums.Fees.Minor,
		&s.Sums.Returned.Minor, &s.Sums.Adjusted.Minor, &s.Sums.LateFees.Minor, &overflow, &s.Checked, &checkedAt, &s.Lines, &s.Reported.Minor,
		&s.Exceptions, &s.Open, &closed)
	s.Key.Live, s.Overflow, s.CheckedAt, s.ClosedAt = live == 1, overflow == 1, moment(checkedAt), moment(closed)
	for _, a := range []*money.Amount{&s.Sums.Paid, &s.Sums.Fees, &s.Sums.Returned, &s.Sums.Adjusted, &s.Sums.LateFees, &s.Reported} {
		a.Currency = s.Key.Currency
	}
	return s, err
}

func monthOf(ctx context.Context, q querier, k books.Key) (books.Status, error) {
	s, err := scanMonth(q.QueryRowContext(ctx, `select `+monthColumns+` from book_months where `+ofMonth, keyArgs(k)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return s, books.ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("read month %s: %w", k, err)
	}
	return s, nil
}

// unbooked is a payout that is not in the books yet, as lightly as can be.
type unbooked struct {
	seq   int64
	facts books.Facts
}

func scanUnbooked(scan func(...any) error) (unbooked, error) {
	var u unbooked
	var live int
	var ended, updated int64
	f := &u.facts
	err := scan(&u.seq, &f.Payout, &f.Key.Store, &f.Key.Provider, &live, &f.State, &f.Amount.Currency, &f.Amount.Minor, &f.Fee.Currency, &f.Fee.Minor, &ended, &updated)
	f.Key.Live, f.Key.Currency, f.At = live == 1, f.Amount.Currency, moment(cmp.Or(ended, updated))
	return u, err
}

// BookSome books payouts that ended before there were books, or were put into the database as rows: at most so many, in one
// transaction. It says how many it found.
func (r Books) BookSome(ctx context.Context, most int) (int, error) {
	found := 0
	if some, err := r.unbooked(ctx); err != nil || !some {
		return 0, err // nobody waits for a lock that nothing is written under
	}
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		all, err := collect(ctx, tx, scanUnbooked, `select seq, id, store, provider, live, state, currency, minor, fee_currency, fee_minor, ended_at, updated_at
			from payouts where booked = 0 and state in ('paid', 'returned') limit $1`, most)
		if err != nil {
			return fmt.Errorf("find what is not booked: %w", err)
		}
		found = len(all)
		p := posting{ctx: ctx, tx: tx, zones: map[store.ID]*time.Location{}, closed: map[books.Key]time.Time{}, fresh: map[books.Key][]books.Entry{}}
		return p.all(all)
	})
	return found, err
}

// Unbooked reports whether a store has payouts that are not in the books yet.
func (r Books) Unbooked(ctx context.Context, id store.ID) (bool, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select exists (select 1 from payouts where store = $1 and booked = 0 and state in ('paid', 'returned'))`, string(id)).Scan(&n)
	return n == 1, err
}

// unbooked reports whether any store has such payouts.
func (r Books) unbooked(ctx context.Context) (bool, error) {
	var n int
	err := r.d.read.QueryRowContext(ctx, `select exists (select 1 from payouts where booked = 0 and state in ('paid', 'returned'))`).Scan(&n)
	return n == 1, err
}
