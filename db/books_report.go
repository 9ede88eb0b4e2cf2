package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

const reportColumns = `id, store, provider, currency, live, month, source, name, digest, size, state, mapping, lines, bad, problems, error, by, by_name, at, done_at`

func scanReport(scan func(...any) error) (books.Report, error) {
	var r books.Report
	var live int
	var mapping, problems string
	var at, done int64
	err := scan(&r.ID, &r.Key.Store, &r.Key.Provider, &r.Key.Currency, &live, &r.Key.Month, &r.Source, &r.Name, &r.Digest, &r.Size, &r.State, &mapping,
		&r.Lines, &r.Bad, &problems, &r.Error, &r.By, &r.ByName, &at, &done)
	r.Key.Live, r.At, r.DoneAt = live == 1, moment(at), moment(done)
	if err == nil && mapping != "" {
		err = json.Unmarshal([]byte(mapping), &r.Mapping)
	}
	if err == nil && problems != "" {
		err = json.Unmarshal([]byte(problems), &r.Problems)
	}
	return r, err
}

// filePart is how much of a file is written at once, so that nobody who writes waits long.
const filePart = 1 << 20

// AddReport keeps a report with its file, which may be empty.
func (r Books) AddReport(ctx context.Context, rep books.Report, data []byte) error {
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into reports (store, provider, currency, live, month, id, source, name, digest, size, state, by, by_name, at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			append(keyArgs(rep.Key), rep.ID, rep.Source, rep.Name, rep.Digest, rep.Size, string(rep.State), string(rep.By), rep.ByName, millis(rep.At))...)
		return err
	})
	for no := 0; err == nil && no*filePart < len(data); no++ {
		part := data[no*filePart : min((no+1)*filePart, len(data))]
		err = r.d.inTx(ctx, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `insert into report_files (report, no, part) values ($1, $2, $3)`, rep.ID, no, part)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	return nil
}

// Report finds one.
func (r Books) Report(ctx context.Context, reach access.Reach, id string) (books.Report, error) {
	where, args := within(reach, "store", 2)
	rep, err := scanReport(r.d.read.QueryRowContext(ctx, `select `+reportColumns+` from reports where id = $1 and `+where, append([]any{id}, args...)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return rep, books.ErrNotFound
	}
	return rep, err
}

// ReportData is the file of a report.
func (r Books) ReportData(ctx context.Context, id string) ([]byte, error) {
	var data []byte
	_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
		var part []byte
		err := scan(&part)
		data = append(data, part...)
		return struct{}{}, err
	}, `select part from report_files where report = $1 order by no`, id)
	return data, err
}

// Reports lists what was taken in at a month, the latest first.
func (r Books) Reports(ctx context.Context, k books.Key, most int) ([]books.Report, error) {
	return collect(ctx, r.d.read, scanReport, `select `+reportColumns+` from reports where `+ofMonth+` and state not in ('shown', 'dropped') order by at desc, id limit $6`,
		append(keyArgs(k), most)...)
}

// SaveReport keeps how far a report is. Once it is at an end its file is not needed any more.
func (r Books) SaveReport(ctx context.Context, rep books.Report, entries ...audit.Entry) error {
	texts, err := encode(rep.Mapping, rep.Problems)
	if err != nil {
		return err
	}
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		err := one(tx.ExecContext(ctx, `update reports set state = $2, mapping = $3, lines = $4, bad = $5, problems = $6, error = $7, done_at = $8 where id = $1`,
			rep.ID, string(rep.State), texts[0], rep.Lines, rep.Bad, texts[1], rep.Error, millis(rep.DoneAt)))
		if err != nil {
			return fmt.Errorf("save report %s: %w", rep.ID, err)
		}
		if rep.State == books.ReportDone || rep.State == books.ReportFailed || rep.State == books.ReportDropped {
			if _, err := tx.ExecContext(ctx, `delete from report_files where report = $1`, rep.ID); err != nil {
				return fmt.Errorf("drop file of report %s: %w", rep.ID, err)
			}
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

// DropOld drops files that were shown and never taken in.
func (r Books) DropOld(ctx context.Context, before time.Time) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `delete from report_files where report in (select id from reports where state = 'shown' and at < $1)`, millis(before))
		if err == nil {
			_, err = tx.ExecContext(ctx, `update reports set state = 'dropped' where state = 'shown' and at < $1`, millis(before))
		}
		return err
	})
}

// Waiting lists reports that are to be read.
func (r Books) Waiting(ctx context.Context) ([]books.Report, error) {
	return collect(ctx, r.d.read, scanReport, `select `+reportColumns+` from reports where state in ('waiting', 'running') order by at, id`)
}

// SameFile finds a report with the same file in the same books that was taken in, nil if there is none.
func (r Books) SameFile(ctx context.Context, rep books.Report) (*books.Report, error) {
	was, err := scanReport(r.d.read.QueryRowContext(ctx, `select `+reportColumns+` from reports where store = $1 and provider = $2 and currency = $3 and live = $4
		and digest = $5 and digest <> '' and state in ('waiting', 'running', 'done') limit 1`,
		string(rep.Key.Store), rep.Key.Provider, rep.Key.Currency, bit(rep.Key.Live), rep.Digest).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // none is no error
	}
	return &was, err
}

// Mapping is which column of a provider's file was what the last time.
func (r Books) Mapping(ctx context.Context, id store.ID, provider string) (books.Mapping, error) {
	var m books.Mapping
	var text string
	err := r.d.read.QueryRowContext(ctx, `select mapping from report_mappings where store = $1 and provider = $2`, string(id), provider).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &m)
	}
	return m, err
}

// SaveMapping remembers it.
func (r Books) SaveMapping(ctx context.Context, id store.ID, provider string, m books.Mapping) error {
	texts, err := encode(m)
	if err != nil {
		return err
	}
	return r.d.exec(ctx, nil, "remember columns", `insert into report_mappings (store, provider, mapping) values ($1, $2, $3)
		on conflict (store, provider) do update set mapping = $3`, string(id), provider, texts[0])
}

// ForgetLines takes back what was kept of a report, in open months.
func (r Books) ForgetLines(ctx context.Context, rep books.Report) error {
	return r.d.exec(ctx, nil, "forget lines of a report", `update report_lines set gone = 1 where report = $1 and gone = 0 and not exists (select 1 from month_closes c
		where c.store = report_lines.store and c.provider = report_lines.provider and c.currency = report_lines.currency and c.live = report_lines.live
			and c.month = report_lines.month)`, rep.ID)
}

// TakeLines keeps lines of a report. Those that belong to a closed month stand in the month at which it was taken in.
func (r Books) TakeLines(ctx context.Context, rep books.Report, all []books.ReportLine) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		touched := map[books.Key]bool{rep.Key: true}
		for _, l := range all {
			if err := r.openMonth(ctx, tx, rep, &l); err != nil {
				return err
			}
			touched[l.Key] = true
			if err := r.takeLine(ctx, tx, l); err != nil {
				return fmt.Errorf("keep line %d of report %s: %w", l.Line, rep.ID, err)
			}
		}
		for k := range touched {
			if at, err := closedAt(ctx, tx, k); err != nil || !at.IsZero() {
				return errors.Join(err, closedError(at))
			}
			if err := touchMonth(ctx, tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func closedError(at time.Time) error {
	if at.IsZero() {
		return nil
	}
	return &books.Error{Code: "closed"}
}

func (r Books) openMonth(ctx context.Context, tx *sql.Tx, rep books.Report, l *books.ReportLine) error {
	at, err := closedAt(ctx, tx, l.Key)
	if !at.IsZero() {
		l.Key = rep.Key
	}
	return err
}

func (r Books) takeLine(ctx context.Context, tx *sql.Tx, l books.ReportLine) error {
	about, err := payoutOf(ctx, tx, l)
	if err != nil {
		return err
	}
	if l.Payout, l.MatchedBy = about, ""; about == "" {
		if err := inherit(ctx, tx, &l); err != nil {
			return err
		}
	}
	if err := replaceLine(ctx, tx, l); err != nil {
		return err
	}
	var fee any
	if !l.Fee.IsZero() {
		fee = l.Fee.Minor
	}
	_, err = tx.ExecContext(ctx, `insert into report_lines (store, provider, currency, live, month, report, line, remote_id, reference, minor, fee_minor, status, word, recipient, at, payout, matched_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		append(keyArgs(l.Key), l.Report, l.Line, l.RemoteID, l.Reference, l.Amount.Minor, fee, string(l.Status), l.Word, l.Recipient, millis(l.At), string(l.Payout), l.MatchedBy)...)
	return err
}

// payoutOf finds the payout that has a line's reference or identifier, whole, in the same books. A reference of ours counts more.
func payoutOf(ctx context.Context, q querier, l books.ReportLine) (payout.ID, error) {
	var id payout.ID
	err := q.QueryRowContext(ctx, `
		select t.payout from attempts t join accounts a on a.id = t.account join payouts p on p.id = t.payout
		where a.store = $1 and a.provider = $2 and a.live = $4 and p.store = $1 and p.currency = $3
			and ((t.reference = $5 and $5 <> '') or (t.remote_id = $6 and $6 <> '') or (t.reference = $6 and $6 <> '') or (t.remote_id = $5 and $5 <> ''))
		order by t.reference = $5 desc, t.no desc limit 1`,
		string(l.Key.Store), l.Key.Provider, l.Key.Currency, bit(l.Key.Live), l.Reference, l.RemoteID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// inherit takes over what people said an earlier report's line of the same name and amount is about.
func inherit(ctx context.Context, tx *sql.Tx, l *books.ReportLine) error {
	for _, name := range []struct{ column, value string }{{"remote_id", l.RemoteID}, {"reference", l.Reference}} {
		if name.value == "" {
			continue
		}
		err := tx.QueryRowContext(ctx, `select payout, matched_by from report_lines where store = $1 and provider = $2 and `+name.column+` = $3 and `+name.column+` <> ''
			and gone = 0 and currency = $4 and live = $5 and minor = $6 and matched_by <> '' order by seq desc limit 1`,
			string(l.Key.Store), l.Key.Provider, name.value, l.Key.Currency, bit(l.Key.Live), l.Amount.Minor).Scan(&l.Payout, &l.MatchedBy)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// Rematch looks again for the payouts of lines that were about none when they came: an identifier may have become known since.
func (r Books) Rematch(ctx context.Context, k books.Key, most int) error {
	loose, err := collect(ctx, r.d.read, scanReportLine, `select `+lineColumns+` from report_lines l join reports r on r.id = l.report
		where l.store = $1 and l.provider = $2 and l.currency = $3 and l.live = $4 and l.month = $5 and l.gone = 0 and l.payout = '' limit $6`, append(keyArgs(k), most)...)
	if err != nil {
		return fmt.Errorf("find loose lines of %s: %w", k, err)
	}
	for _, l := range loose {
		id, err := payoutOf(ctx, r.d.read, l)
		if err == nil && id != "" {
			err = r.inOpen(ctx, k, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, `update report_lines set payout = $2 where seq = $1 and payout = ''`, l.Seq, string(id))
				return err
			})
		}
		if err != nil {
			return fmt.Errorf("match line %d anew: %w", l.Seq, err)
		}
	}
	return nil
}

// replaceLine takes away what an earlier report said of the same payout in the same month, or of the same end of it.
func replaceLine(ctx context.Context, tx *sql.Tx, l books.ReportLine) error {
	for _, name := range []struct{ column, value string }{{"remote_id", l.RemoteID}, {"reference", l.Reference}} {
		if name.value == "" || (name.column == "reference" && l.RemoteID != "") {
			continue
		}
		const query = `update report_lines set gone = 1 where store = $1 and provider = $2 and currency = $3 and live = $4 and (month = $5 or status = $6)
			and remote_id = $7 and remote_id <> '' and gone = 0 and report <> $8 and not exists (select 1 from month_closes c
				where c.store = $1 and c.provider = $2 and c.currency = $3 and c.live = $4 and c.month = report_lines.month)`
		_, err := tx.ExecContext(ctx, strings.ReplaceAll(query, "remote_id", name.column),
			append(keyArgs(l.Key), string(l.Status), name.value, l.Report)...)
		if err != nil {
			return err
		}
	}
	return nil
}
