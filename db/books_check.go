package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

// Lines lists a month of the provider's record from one on.
func (r Books) Lines(ctx context.Context, k books.Key, after int64, most int) ([]books.ReportLine, error) {
	return collect(ctx, r.d.read, scanReportLine, `select `+lineColumns+` from report_lines l join reports r on r.id = l.report
		where l.store = $1 and l.provider = $2 and l.currency = $3 and l.live = $4 and l.month = $5 and l.gone = 0 and l.seq > $6 order by l.seq limit $7`,
		append(keyArgs(k), after, most)...)
}

// SumLines counts a month of the provider's record and adds it up. The sum is made here: the database's own overflows without a word.
func (r Books) SumLines(ctx context.Context, k books.Key) (int, int64, error) {
	sum, n := money.Amount{Currency: k.Currency}, 0
	_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
		a := money.Amount{Currency: k.Currency}
		err := scan(&a.Minor)
		if err == nil {
			n++
			sum, err = sum.Add(a)
		}
		return struct{}{}, err
	}, `select case l.status when 'paid' then l.minor
			when 'returned' then -l.minor * exists (select 1 from report_lines p where p.payout = l.payout and p.payout <> '' and p.gone = 0 and p.status = 'paid')
			else 0 end
		from report_lines l where l.store = $1 and l.provider = $2 and l.currency = $3 and l.live = $4 and l.month = $5 and l.gone = 0`, keyArgs(k)...)
	if errors.Is(err, money.ErrOverflow) {
		err = &books.Error{Code: "overflow", Err: err}
	}
	return n, sum.Minor, err
}

const exceptionColumns = `e.id, e.store, e.provider, e.currency, e.live, e.month, e.code, e.payout, e.line, e.expected, e.got, e.minor, e.likely_payout, e.likely_line, e.score,
	e.owner, e.reason, e.by, e.said_at, e.found_at, coalesce(l.recipient, p.recipient, ''), coalesce(l.minor, p.minor, 0), coalesce(l.line, 0),
	coalesce(nullif(l.reference, ''), p.reference, ''), coalesce(nullif(l.remote_id, ''), p.remote_id, ''),
	coalesce(lp.recipient, ll.recipient, ''), coalesce(lp.minor, ll.minor, 0), coalesce(lp.ended_at, lp.created_at, ll.at, 0),
	coalesce(lp.reference, ll.reference, ''), coalesce(lp.remote_id, ll.remote_id, '')`

const exceptionTables = ` from month_exceptions e left join report_lines l on l.seq = e.line left join payouts p on p.id = e.payout
	left join payouts lp on lp.id = e.likely_payout left join report_lines ll on ll.seq = e.likely_line where `

func scanException(scan func(...any) error) (books.Exception, error) {
	var e books.Exception
	var likely books.Likely
	var live int
	var said, found, at int64
	names, theirs := make([]string, 2), make([]string, 2)
	err := scan(&e.ID, &e.Store, &e.Provider, &e.Currency, &live, &e.Month, &e.Code, &e.Payout, &e.Line, &e.Expected, &e.Got, &e.Minor, &likely.Payout, &likely.Line,
		&likely.Score, &e.Owner, &e.Reason, &e.By, &said, &found, &e.Recipient, &e.Amount.Minor, &e.LineNo, &names[0], &names[1],
		&likely.Recipient, &likely.Amount.Minor, &at, &theirs[0], &theirs[1])
	e.Live, e.SaidAt, e.At, e.Amount.Currency, e.Names = live == 1, moment(said), moment(found), e.Currency, names
	if likely.Score > 0 {
		likely.At, likely.Amount.Currency, likely.Names = moment(at), e.Currency, theirs
		e.Likely = &likely
	}
	return e, err
}

// Exceptions lists those of a month that still are some, the ones nobody has explained first, then the largest.
func (r Books) Exceptions(ctx context.Context, k books.Key, f books.ExceptionFilter) ([]books.Exception, error) {
	return collect(ctx, r.d.read, scanException, `select `+exceptionColumns+exceptionTables+`e.store = $1 and e.provider = $2 and e.currency = $3 and e.live = $4 and e.month = $5
		and e.gone_at = 0 and ($6 = '' or e.code = $6) and ($7 = '' or (e.owner <> '' and e.reason <> '', -abs(e.minor), e.code, e.payout, e.line) >
			(select x.owner <> '' and x.reason <> '', -abs(x.minor), x.code, x.payout, x.line from month_exceptions x where x.id = $7 and x.store = $1))
		order by e.owner <> '' and e.reason <> '', abs(e.minor) desc, e.code, e.payout, e.line limit $8`, append(keyArgs(k), f.Code, f.Past, f.Most)...)
}

// ExceptionKinds counts them by their code, the most frequent first.
func (r Books) ExceptionKinds(ctx context.Context, k books.Key) ([]books.ExceptionKind, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (books.ExceptionKind, error) {
		var kind books.ExceptionKind
		return kind, scan(&kind.Code, &kind.Count, &kind.Bare)
	}, `select code, count(*) as n, sum(reason = '') from month_exceptions where `+ofMonth+` and gone_at = 0 group by code order by n desc, code`, keyArgs(k)...)
}

// Exception finds one.
func (r Books) Exception(ctx context.Context, reach access.Reach, id string) (books.Exception, error) {
	where, args := within(reach, "e.store", 2)
	e, err := scanException(r.d.read.QueryRowContext(ctx, `select `+exceptionColumns+exceptionTables+`e.id = $1 and e.gone_at = 0 and `+where, append([]any{id}, args...)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return e, books.ErrNotFound
	}
	return e, err
}

// SaveCheck replaces the exceptions of a month. What people said stays with what is still the same; what has another figure now
// has to be explained anew.
func (r Books) SaveCheck(ctx context.Context, c books.Checked) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		k := c.Key
		if at, err := closedAt(ctx, tx, k); err != nil || !at.IsZero() {
			return err // closed meanwhile: its exceptions are locked
		}
		_, err := tx.ExecContext(ctx, `update month_exceptions set gone_at = $6 where `+ofMonth+` and gone_at = 0`, append(keyArgs(k), millis(c.At))...)
		if err != nil {
			return fmt.Errorf("clear exceptions of %s: %w", k, err)
		}
		for _, e := range c.Found {
			if err := keepException(ctx, tx, e); err != nil {
				return fmt.Errorf("keep exception of %s: %w", k, err)
			}
		}
		return countExceptions(ctx, tx, c)
	})
}

func keepException(ctx context.Context, tx *sql.Tx, e books.Exception) error {
	var likely books.Likely
	if e.Likely != nil {
		likely = *e.Likely
	}
	_, err := tx.ExecContext(ctx, `
		insert into month_exceptions (store, provider, currency, live, month, id, code, payout, line, expected, got, minor, likely_payout, likely_line, score, found_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		on conflict (store, provider, currency, live, month, code, payout, line) do update set gone_at = 0, likely_payout = $13, likely_line = $14, score = $15,
			reason = case when expected = $10 and got = $11 and minor = $12 then reason else '' end, expected = $10, got = $11, minor = $12`,
		append(keyArgs(e.Key), e.ID, e.Code, string(e.Payout), e.Line, e.Expected, e.Got, e.Minor, string(likely.Payout), likely.Line, likely.Score, millis(e.At))...)
	return err
}

// countExceptions writes what a check came to. Exceptions beyond those that are kept are open ones.
func countExceptions(ctx context.Context, tx *sql.Tx, c books.Checked) error {
	err := one(tx.ExecContext(ctx, `update book_months set checked = $6, checked_at = $7, lines = $8, reported = $9, exceptions = $10,
		open = $10 - (select count(*) from month_exceptions e where e.store = $1 and e.provider = $2 and e.currency = $3 and e.live = $4 and e.month = $5
			and e.gone_at = 0 and e.owner <> '' and e.reason <> '') where `+ofMonth,
		append(keyArgs(c.Key), c.Version, millis(c.At), c.Lines, c.Reported, c.Total)...))
	if err != nil {
		return fmt.Errorf("save check of %s: %w", c.Key, err)
	}
	return nil
}

// SaveException keeps what people say of an exception.
func (r Books) SaveException(ctx context.Context, e books.Exception, entries ...audit.Entry) error {
	return r.inOpen(ctx, e.Key, func(tx *sql.Tx) error {
		was, err := monthOf(ctx, tx, e.Key)
		if err != nil {
			return err
		}
		err = one(tx.ExecContext(ctx, `update month_exceptions set owner = $2, reason = $3, by = $4, said_at = $5 where id = $1 and gone_at = 0`,
			e.ID, string(e.Owner), e.Reason, string(e.By), millis(e.SaidAt)))
		if errors.Is(err, sql.ErrNoRows) {
			return books.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("save exception %s: %w", e.ID, err)
		}
		// What people say makes another version, but nothing that has to be held against the provider's record again.
		checked := 0
		if was.Fresh() {
			checked = 1
		}
		_, err = tx.ExecContext(ctx, `update book_months set checked = checked + $6,
			open = exceptions - (select count(*) from month_exceptions e where e.store = $1 and e.provider = $2 and e.currency = $3 and e.live = $4 and e.month = $5
				and e.gone_at = 0 and e.owner <> '' and e.reason <> '') where `+ofMonth, append(keyArgs(e.Key), checked)...)
		if err != nil {
			return fmt.Errorf("count exceptions of %s: %w", e.Key, err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// Match says that a line of the provider's record is about a payout of the same books.
func (r Books) Match(ctx context.Context, k books.Key, line int64, id payout.ID, by access.PersonID, entries ...audit.Entry) error {
	return r.inOpen(ctx, k, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update report_lines set payout = $6, matched_by = $7 where seq = $8 and gone = 0 and payout = '' and `+ofMonth+`
			and exists (select 1 from payouts p where p.id = $6 and p.store = $1 and p.provider = $2 and p.currency = $3 and p.live = $4)`,
			append(keyArgs(k), string(id), string(by), line)...))
		if errors.Is(err, sql.ErrNoRows) {
			return books.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("match line %d: %w", line, err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// Matched finds a line that people matched.
func (r Books) Matched(ctx context.Context, reach access.Reach, line int64) (books.ReportLine, error) {
	where, args := within(reach, "l.store", 2)
	l, err := scanReportLine(r.d.read.QueryRowContext(ctx, `select `+lineColumns+` from report_lines l join reports r on r.id = l.report
		where l.seq = $1 and l.gone = 0 and l.matched_by <> '' and `+where, append([]any{line}, args...)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return l, books.ErrNotFound
	}
	return l, err
}

// Loosen takes back what people said a line is about.
func (r Books) Loosen(ctx context.Context, l books.ReportLine, entries ...audit.Entry) error {
	return r.inOpen(ctx, l.Key, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `update report_lines set payout = '', matched_by = '' where seq = $1 and gone = 0 and matched_by <> ''`, l.Seq)
		if err != nil {
			return fmt.Errorf("loosen line %d: %w", l.Seq, err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}
