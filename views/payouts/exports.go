package payouts

import (
	"context"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/export"
)

// Format is a kind of file that the history is exported as, by the end of its name.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// FormatOf is the format of a name, "" for none.
func FormatOf(name string) Format {
	if f := Format(name); f == CSV || f == XLSX {
		return f
	}
	return ""
}

// Type is how a browser is told of it.
func (f Format) Type() string {
	if f == XLSX {
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return "text/csv; charset=utf-8"
}

// ManyRows is how many rows are fetched without a page that says how far they have come.
const ManyRows = 100_000

// Uncounted stands for a number of rows that is not known.
const Uncounted = -1

// Values is the query as values of an address.
func (q Query) Values() url.Values { return q.values }

// Encode is the query as the address has it.
func (q Query) Encode() string { return q.values.Encode() }

// Whole is the query from its first page on.
func (q Query) Whole() Query { return q.With("after", "") }

// Watch is the page that starts an export and says how far it has come; job is its name, "" for one that has none yet.
func (q Query) Watch(ctx context.Context, f Format, job string) string {
	return link.PayoutsExport(ctx, q.and("as", string(f)).and("job", job).values)
}

// and is the query with one more name and value.
func (q Query) and(name, value string) Query {
	all := maps.Clone(q.values)
	if value != "" {
		all.Set(name, value)
	}
	return Query{all}
}

// understood is the query without what says nothing to us, which the list leaves out and an export would refuse.
func (l List) understood() Query {
	q := l.Query
	for _, w := range l.Wrong {
		q = q.With(w.Name, "")
	}
	return q
}

// exportHref is where an export of so many rows is fetched.
func exportHref(ctx context.Context, q Query, f Format, rows int) string {
	q = q.Whole()
	if rows == Uncounted || rows > ManyRows {
		return q.Watch(ctx, f, "")
	}
	return link.PayoutsFile(ctx, string(f), q.values)
}

func exportWords(ctx context.Context, rows int) string {
	if rows == Uncounted {
		return ui.T(ctx, "payouts.export")
	}
	return ui.N(ctx, "payouts.export_n", rows)
}

// Stage is how far an export has come.
type Stage string

// The stages.
const (
	Waiting Stage = "" // its download has not begun
	Running Stage = "running"
	Done    Stage = "done"
	Broken  Stage = "broken" // cut off
)

// Progress is an export and how far it has come.
type Progress struct {
	Query  Query
	Format Format
	Job    string
	Total  int // or Uncounted
	Rows   int
	Stage  Stage
	SHA256 string // once it is done
}

// File is where the file itself is fetched.
func (p Progress) File(ctx context.Context) string {
	return link.PayoutsFile(ctx, string(p.Format), p.Query.and("job", p.Job).values)
}

func (p Progress) poll(ctx context.Context) templ.Attributes {
	if p.Stage == Done || p.Stage == Broken {
		return nil
	}
	return templ.Attributes{"hx-get": p.Query.Watch(ctx, p.Format, p.Job), "hx-trigger": "every 1s", "hx-swap": "outerHTML"}
}

func (p Progress) label(ctx context.Context) string {
	if p.Total == Uncounted {
		return ui.N(ctx, "payouts.export_read", p.Rows)
	}
	return ui.T(ctx, "payouts.export_rows", "Rows", ui.L(ctx).Number(p.Rows), "Total", ui.L(ctx).Number(p.Total))
}

func (p Progress) format(ctx context.Context) string {
	return ui.T(ctx, "payouts.file."+string(p.Format))
}

func (p Progress) again(ctx context.Context) string { return p.Query.Watch(ctx, p.Format, "") }

// SheetWords is what a workbook says, in the language of whoever asks for it.
func SheetWords(v views.Request) export.Words {
	l := v.Localizer
	return export.Words{Rows: l.T("nav.payouts"), About: l.T("sheet.about"), Facts: func(s export.Stamp) [][2]string {
		read := s.Walk.Begun.In(v.Zone).Format(time.RFC3339)
		if s.Walk.Moments > 1 {
			read = l.T("sheet.read_between", "From", read, "To", s.Walk.Done.In(v.Zone).Format(time.RFC3339))
		}
		return [][2]string{
			{l.T("sheet.made_by"), s.By},
			{l.T("sheet.read"), read},
			{l.T("sheet.query"), orDash(s.Query)},
			{l.T("sheet.zone"), s.Zone},
			{l.T("sheet.rows"), strconv.Itoa(s.Walk.Rows)},
			{l.T("sheet.sum"), s.SHA256},
			{l.T("sheet.note"), l.T("sheet.note_text")},
		}
	}}
}
