package db

import (
	"context"
	"fmt"

	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Trace gathers what the books hold of one payout, each by the index of its payout.
func (r Books) Trace(ctx context.Context, in store.ID, id payout.ID, most int) (books.Trace, error) {
	var t books.Trace
	var err error
	if t.Entries, err = entriesOf(ctx, r.d.read, `payout = $1 and store = $2 order by seq limit $3`, string(id), string(in), most); err == nil {
		t.Lines, err = r.tracedLines(ctx, in, id, most)
	}
	if err == nil {
		t.Exceptions, err = r.tracedExceptions(ctx, in, id, most)
	}
	if err != nil {
		return t, fmt.Errorf("trace payout %s in the books: %w", id, err)
	}
	return t, nil
}

func (r Books) tracedLines(ctx context.Context, in store.ID, id payout.ID, most int) ([]books.TracedLine, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (books.TracedLine, error) {
		var l books.TracedLine
		var at, done int64
		line, err := scanReportLine(func(to ...any) error {
			return scan(append(to, &l.Taken.Name, &l.Taken.By, &l.Taken.ByName, &at, &done)...)
		})
		l.ReportLine, l.Taken.ID, l.Taken.Source, l.Taken.At, l.Taken.DoneAt = line, line.Report, line.Source, moment(at), moment(done)
		return l, err
	}, `select `+lineColumns+`, r.name, r.by, r.by_name, r.at, r.done_at from report_lines l join reports r on r.id = l.report
		where l.payout = $1 and l.payout <> '' and l.gone = 0 and l.store = $2 order by l.seq limit $3`, string(id), string(in), most)
}

func (r Books) tracedExceptions(ctx context.Context, in store.ID, id payout.ID, most int) ([]books.TracedException, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (books.TracedException, error) {
		var gone int64
		e, err := scanException(func(to ...any) error { return scan(append(to, &gone)...) })
		return books.TracedException{Exception: e, GoneAt: moment(gone)}, err
	}, `select `+exceptionColumns+`, e.gone_at`+exceptionTables+`e.payout = $1 and e.payout <> '' and e.store = $2 order by e.found_at, e.id limit $3`, string(id), string(in), most)
}
