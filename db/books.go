package db

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
)

// Books keeps the books. It implements books.Repository.
type Books struct{ d *DB }

// Books is the repository of the books.
func (d *DB) Books() Books { return Books{d} }

// Statuses lists months, the latest first.
func (r Books) Statuses(ctx context.Context, reach access.Reach, f books.Filter) ([]books.Status, error) {
	var w where
	if !reach.All {
		ids := make([]string, len(reach.IDs))
		for i, id := range reach.IDs {
			ids[i] = string(id)
		}
		if len(ids) == 0 {
			w.add("false")
		}
		w.in("store", ids)
	}
	w.addIf(string(f.Store), "store = ?")
	w.addIf(f.Provider, "provider = ?")
	w.addIf(string(f.Before), "month < ?")
	months := 6
	if f.Months > 0 {
		months = f.Months
	}
	// There is one row for each month of each books, so few that all of them are read to find the latest.
	query := `select ` + monthColumns + ` from book_months where ` + w.String() + ` and month in
		(select distinct month from book_months where ` + w.String() + fmt.Sprintf(` order by month desc limit %d)
		order by month desc, store, provider, live desc, currency`, months)
	return collect(ctx, r.d.read, scanMonth, query, w.args...)
}

// Status finds a month.
func (r Books) Status(ctx context.Context, k books.Key) (books.Status, error) {
	return monthOf(ctx, r.d.read, k)
}

// Opening adds up the months before one. There are as many rows as there were months.
func (r Books) Opening(ctx context.Context, k books.Key) (money.Amount, error) {
	sum := money.Amount{Currency: k.Currency}
	all, err := collect(ctx, r.d.read, scanMonth, `select `+monthColumns+` from book_months
		where store = $1 and provider = $2 and currency = $3 and live = $4 and month < $5 order by month`, keyArgs(k)...)
	for _, s := range all {
		moved, errMoved := s.Sums.Moved()
		var errSum error
		if sum, errSum = sum.Add(moved); errors.Join(errMoved, errSum) != nil || s.Overflow {
			return sum, &books.Error{Code: "overflow", Err: errors.Join(errMoved, errSum)}
		}
	}
	return sum, err
}

// EarlierOpen is the first month before one that is not closed.
func (r Books) EarlierOpen(ctx context.Context, k books.Key) (books.Month, error) {
	var m books.Month
	err := r.d.read.QueryRowContext(ctx, `select coalesce(min(month), '') from book_months
		where store = $1 and provider = $2 and currency = $3 and live = $4 and month < $5 and closed_at = 0`, keyArgs(k)...).Scan(&m)
	return m, err
}

// Foreign adds up a month's fees in other currencies, by currency.
func (r Books) Foreign(ctx context.Context, k books.Key) ([]money.Amount, error) {
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (money.Amount, error) {
		var a money.Amount
		err := scan(&a.Currency, &a.Minor)
		return a, err
	}, `select fee_currency, fee_minor from bookings where `+ofMonth+` and fee_currency <> '' and fee_currency <> currency`, keyArgs(k)...)
	sums := map[string]money.Amount{}
	for _, a := range all {
		sum, tooLarge := money.Amount{Minor: sums[a.Currency].Minor, Currency: a.Currency}.Add(a)
		if tooLarge != nil {
			return nil, &books.Error{Code: "overflow", Err: tooLarge}
		}
		sums[a.Currency] = sum
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b money.Amount) int { return strings.Compare(a.Currency, b.Currency) }), err
}

// Entries lists bookings of a month from one on.
func (r Books) Entries(ctx context.Context, k books.Key, after int64, most int) ([]books.Entry, error) {
	return entriesOf(ctx, r.d.read, ofMonth+` and seq > $6 order by seq limit $7`, append(keyArgs(k), after, most)...)
}

// AfterClose lists bookings that are news about a month.
func (r Books) AfterClose(ctx context.Context, k books.Key, most int) ([]books.Entry, error) {
	return entriesOf(ctx, r.d.read, strings.Replace(ofMonth, "month", "late", 1)+` and late <> '' order by seq limit $6`, append(keyArgs(k), most)...)
}

// closeMAC is the keyed hash of a closed month's row. Every part stands after its length.
func (d *DB) closeMAC(k books.Key, c books.Close) []byte {
	var b []byte
	for _, part := range []string{"paywicket month close 1", k.String(), c.Digest, string(c.By), c.ByName} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	t := c.Statement
	for _, n := range []int64{int64(t.Payouts), t.Opening.Minor, t.Paid.Minor, t.Fees.Minor, t.Returned.Minor, t.Adjusted.Minor, t.Closing.Minor,
		c.Reported.Minor, int64(c.Exceptions), millis(c.At)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits, not the number
	}
	return d.chain.MAC(b)
}

// Closed is how a month was locked, nil while it is open.
func (r Books) Closed(ctx context.Context, k books.Key) (*books.Close, error) {
	var c books.Close
	var at int64
	var mac []byte
	t := &c.Statement
	err := r.d.read.QueryRowContext(ctx, `select payouts, opening, paid, fees, returned, adjusted, closing, reported, exceptions, digest, mac, by, by_name, at
		from month_closes where `+ofMonth, keyArgs(k)...).Scan(&t.Payouts, &t.Opening.Minor, &t.Paid.Minor, &t.Fees.Minor, &t.Returned.Minor, &t.Adjusted.Minor,
		&t.Closing.Minor, &c.Reported.Minor, &c.Exceptions, &c.Digest, &mac, &c.By, &c.ByName, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // an open month has none
	}
	if err != nil {
		return nil, fmt.Errorf("read close of %s: %w", k, err)
	}
	for _, a := range []*money.Amount{&t.Opening, &t.Paid, &t.Fees, &t.Returned, &t.Adjusted, &t.Closing, &c.Reported} {
		a.Currency = k.Currency
	}
	c.At = moment(at)
	c.Forged = !hmac.Equal(mac, r.d.closeMAC(k, c))
	return &c, nil
}

// Lock closes a month.
func (r Books) Lock(ctx context.Context, k books.Key, version int, c books.Close, entry audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		s, err := monthOf(ctx, tx, k)
		if err != nil {
			return err
		}
		if s.Version != version || !s.ClosedAt.IsZero() || s.Open > 0 || !s.Fresh() {
			return books.ErrMoved
		}
		t := c.Statement
		_, err = tx.ExecContext(ctx, `insert into month_closes (store, provider, currency, live, month, payouts, opening, paid, fees, returned, adjusted, closing,
			reported, exceptions, digest, mac, by, by_name, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
			append(keyArgs(k), t.Payouts, t.Opening.Minor, t.Paid.Minor, t.Fees.Minor, t.Returned.Minor, t.Adjusted.Minor, t.Closing.Minor,
				c.Reported.Minor, c.Exceptions, c.Digest, r.d.closeMAC(k, c), string(c.By), c.ByName, millis(c.At))...)
		if err != nil {
			return fmt.Errorf("close month %s: %w", k, err)
		}
		if err := one(tx.ExecContext(ctx, `update book_months set closed_at = $6 where `+ofMonth, append(keyArgs(k), millis(c.At))...)); err != nil {
			return fmt.Errorf("lock month %s: %w", k, err)
		}
		return r.d.addEntries(ctx, tx, entry)
	})
}

// Locked lists the months that were closed, as the audit log knows them. It reads the whole log.
func (r Books) Locked(ctx context.Context) ([]books.Key, []string, error) {
	var keys []books.Key
	var digests []string
	_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
		var subject, digest string
		err := scan(&subject, &digest)
		k, ok := books.ParseKey(subject)
		if err == nil && !ok {
			err = fmt.Errorf("audit row about no month: %s", subject)
		}
		keys, digests = append(keys, k), append(digests, digest)
		return struct{}{}, err
	}, `select subject, coalesce(json_extract(details, '$.sha256'), '') from audit where action = '`+string(audit.BooksClosed)+`' order by seq`)
	return keys, digests, err
}

// inOpen runs a change of an open month, which has another version then.
func (r Books) inOpen(ctx context.Context, k books.Key, change func(*sql.Tx) error) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		at, err := closedAt(ctx, tx, k)
		if err != nil {
			return err
		}
		if !at.IsZero() {
			return &books.Error{Code: "closed"}
		}
		if err := change(tx); err != nil {
			return err
		}
		return touchMonth(ctx, tx, k)
	})
}

// Unchecked lists open months with something in them that was not held against the provider's record.
func (r Books) Unchecked(ctx context.Context, before time.Time, most int) ([]books.Key, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (books.Key, error) {
		var k books.Key
		var live int
		err := scan(&k.Store, &k.Provider, &k.Currency, &live, &k.Month)
		k.Live = live == 1
		return k, err
	}, `select store, provider, currency, live, month from book_months where checked < version and closed_at = 0 and checked_at < $1
		order by checked_at limit $2`, millis(before), most)
}
