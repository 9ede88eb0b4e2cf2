package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// Audit reads the audit log. Rows are written only together with what they tell.
type Audit struct{ d *DB }

// Audit is the reader of the audit log.
func (d *DB) Audit() Audit { return Audit{d} }

const auditColumns = `seq, at, actor, actor_name, store, action, subject, details, prev, mac`

func scanEntry(scan func(...any) error) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	err := scan(&e.Seq, &at, &e.Actor, &e.ActorName, &e.Store, &e.Action, &e.Subject, &e.Details, &e.Prev, &e.MAC)
	e.At = moment(at)
	return e, err
}

// Of lists the rows about one payout, oldest first.
func (r Audit) Of(ctx context.Context, s payout.Scope, subject string) ([]audit.Entry, error) {
	where, args := within(s.Reach(), "store", 2)
	return collect(ctx, r.d.read, scanEntry, `select `+auditColumns+` from audit where subject = $1 and `+where+` order by seq`,
		append([]any{subject}, args...)...)
}

// List is a page of the log, newest first, of what a filter lets through. Rows of the whole installation are shown only to those
// who see every store.
func (r Audit) List(ctx context.Context, reach access.Reach, f audit.Filter) ([]audit.Entry, error) {
	where, args := auditWhere(reach, f)
	args = append(args, f.Limit)
	return collect(ctx, r.d.read, scanEntry, `select `+auditColumns+` from audit where `+where+fmt.Sprintf(` order by seq desc limit $%d`, len(args)), args...)
}

// Each yields what a filter lets through, oldest first, without holding it in memory.
func (r Audit) Each(ctx context.Context, reach access.Reach, f audit.Filter) iter.Seq2[audit.Entry, error] {
	where, args := auditWhere(reach, f)
	return r.rows(ctx, `select `+auditColumns+` from audit where `+where+` order by seq`, args...)
}

// auditWhere narrows the log to a filter. Every condition is one an index serves, or a bound.
func auditWhere(reach access.Reach, f audit.Filter) (string, []any) {
	where, args := within(reach, "store", 1)
	add := func(yes bool, condition string, value any) {
		if yes {
			args = append(args, value)
			where += fmt.Sprintf(" and "+condition, len(args))
		}
	}
	add(f.Before > 0, "seq < $%d", f.Before)
	add(f.Actor != "", "actor = $%d", f.Actor)
	add(f.Subject != "", "subject = $%d", f.Subject)
	add(f.Store != "", "store = $%d", f.Store)
	add(!f.From.IsZero(), "at >= $%d", millis(f.From))
	add(!f.To.IsZero(), "at < $%d", millis(f.To))
	if f.Area != "" { // "payout." and what follows it, up to the next sign after the dot
		add(true, "action >= $%d", f.Area+".")
		add(true, "action < $%d", f.Area+"/")
	}
	return where, args
}

// All yields every row in order.
func (r Audit) All(ctx context.Context) iter.Seq2[audit.Entry, error] {
	return r.rows(ctx, `select `+auditColumns+` from audit order by seq`)
}

func (r Audit) rows(ctx context.Context, query string, args ...any) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		rows, err := r.d.read.QueryContext(ctx, query, args...)
		if err != nil {
			yield(audit.Entry{}, err)
			return
		}
		defer func() { _ = rows.Close() }() // rows.Err tells what matters
		for rows.Next() {
			e, err := scanEntry(rows.Scan)
			if !yield(e, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(audit.Entry{}, err)
		}
	}
}

// Approvals lists every approval a payout was ever given, also those that were void later, oldest first.
func (r Audit) Approvals(ctx context.Context, s payout.Scope, id payout.ID) ([]payout.Approval, error) {
	p, err := r.d.Payouts().Find(ctx, s, id)
	if err != nil {
		return nil, err
	}
	return r.d.Payouts().everyApproval(ctx, r.d.read, p)
}

// Head is the end of the chain, zero if it is empty.
func (r Audit) Head(ctx context.Context) (audit.Anchor, error) {
	var a audit.Anchor
	err := r.d.read.QueryRowContext(ctx, `select seq, mac from audit order by seq desc limit 1`).Scan(&a.Seq, &a.MAC)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Anchor{}, nil
	}
	return a, err
}

// At is the code of a row by its number, nil if there is none.
func (r Audit) At(ctx context.Context, seq int64) ([]byte, error) {
	var mac []byte
	err := r.d.read.QueryRowContext(ctx, `select mac from audit where seq = $1`, seq).Scan(&mac)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return mac, err
}

// Check asks SQLite to look at every page of the file. What does not fit stops all writing. It looks on a connection of its own: one
// that has searched before holds what it remembers of an index of words against what lies there now, and calls that damage.
func (d *DB) Check(ctx context.Context) error {
	fresh := d.reader()
	defer func() { _ = fresh.Close() }() // it has only read
	var said string
	if err := fresh.QueryRowContext(ctx, `pragma integrity_check(1)`).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		err := errors.New("integrity check: " + said)
		d.stop(err)
		return err
	}
	return nil
}
