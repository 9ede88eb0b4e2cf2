package db_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

// told is how every payout stands in the books, as an export says it. The list says the same.
func (d *desk) told() map[payout.ID]payout.Booked {
	d.Helper()
	all := map[payout.ID]payout.Booked{}
	var ids []payout.ID
	_, err := d.Payouts().Each(d.Context(), payout.Everywhere(), payout.Filter{}, func(r *payout.Line) error {
		all[r.ID], ids = r.Booked, append(ids, r.ID)
		return nil
	})
	d.must(err)
	listed, err := d.Payouts().Booked(d.Context(), payout.InStore("s1"), ids)
	d.must(err)
	if diff := cmp.Diff(all, listed); diff != "" {
		d.Errorf("(-export +list):\n%s", diff)
	}
	return all
}

// The list and the exports say of each payout what its month says: the month, whether it is closed, and the first of what differs.
func TestBooksOfRows(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	before := d.told()
	if got, want := before[all[0].ID], (payout.Booked{Month: "2026-05"}); got != want {
		t.Errorf("before there is a record: got %+v, want %+v", got, want)
	}
	if got := before[all[12].ID]; got != (payout.Booked{}) {
		t.Errorf("what has not ended: got %+v, want nothing", got)
	}
	d.upload(d.key, text)
	differs := d.differences()
	for id, got := range d.told() {
		first, wrong := differs[id], got.Match != "" && got.Match != payout.Matched
		if wrong != (len(first) > 0) || wrong && !slices.Contains(first, got.Match) || got.Closed || got.Explained {
			t.Errorf("%s: got %+v, want one of %v", id, got, first)
		}
	}
	if got, want := d.told()[all[0].ID], (payout.Booked{Month: "2026-05", Match: payout.Matched}); got != want {
		t.Errorf("on which all agree: got %+v, want %+v", got, want)
	}
	d.explainAll(d.key)
	d.explainAll(d.key.In("2026-06"))
	d.pass(35 * 24 * time.Hour)
	d.must(d.close(d.key))
	after := d.told()
	for _, p := range all {
		if got := after[p.ID]; got.Closed != (got.Month == "2026-05") || got.Explained != (got.Match != payout.Matched) {
			t.Errorf("closed: %s: got %+v", p.ID, got)
		}
	}
	d.exec(`update payouts set booked = 1 where booked > 0`) // as the version before kept it
	if diff := cmp.Diff(after, d.told()); diff != "" {
		t.Errorf("booked by an earlier version (-now +then):\n%s", diff)
	}
}

// differences are the codes of what differs about each payout, in any month.
func (d *desk) differences() map[payout.ID][]string {
	d.Helper()
	all := map[payout.ID][]string{}
	for _, m := range []books.Month{"2026-05", "2026-06"} {
		for _, e := range d.month(d.key.In(m)).Exceptions {
			if e.Payout != "" {
				all[e.Payout] = append(all[e.Payout], e.Code)
			}
		}
	}
	return all
}

// The trace of a payout holds its line of the record, what differed and how it was explained, the close, and what came after it.
func TestTraceOfAPayout(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	d.upload(d.key, text)
	d.explainAll(d.key)
	d.pass(35 * 24 * time.Hour)
	d.must(d.close(d.key))
	amount := all[6]
	d.update(amount.ID, func(p *payout.Payout) { p.State, p.EndedAt, p.UpdatedAt = payout.Returned, d.now(), d.now() })
	got, err := d.books.Trace(t.Context(), d.ann, "s1", amount.ID)
	d.must(err)
	if len(got.Entries) != 2 || len(got.Lines) != 1 || len(got.Exceptions) != 1 || len(got.Closes) != 1 {
		t.Fatalf("got %+v", got)
	}
	line, e, c, late := got.Lines[0], got.Exceptions[0], got.Closes[0], got.Entries[1]
	if line.Line != 6 || line.Amount.Minor != 7001 || line.Taken.Name != "portal.csv" || line.Taken.ByName != "Ann" || line.Taken.DoneAt.IsZero() {
		t.Errorf("line: got %+v", line)
	}
	if e.Code != books.DiffAmount || e.Owner != d.ann.ID || e.By != d.ann.ID || e.SaidAt.IsZero() || !e.GoneAt.IsZero() {
		t.Errorf("exception: got %+v", e)
	}
	if c.Key != d.key || c.ByName != "Ann" || c.Forged || late.Late != d.key.Month || late.Key.Month == d.key.Month || late.Kind != books.Returned {
		t.Errorf("close: got %+v, news %+v", c, late)
	}
	for name, look := range map[string]func() (books.Trace, error){
		"another store": func() (books.Trace, error) { return d.Books().Trace(t.Context(), "s2", amount.ID, 9) },
		"somebody who may not see the books": func() (books.Trace, error) {
			return d.books.Trace(t.Context(), access.Person{ID: "x", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}}}, "s1", amount.ID)
		},
	} {
		if got, err := look(); err != nil || len(got.Entries) > 0 || !got.Empty() {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// A line that came since the month was checked says that it matches only if it does.
func TestBooksOfRowsBetweenChecks(t *testing.T) {
	d := newDesk(t)
	fine, other := d.paid("Fine", 1000), d.paid("Other", 2000)
	d.upload(d.key, heading+row(fine, "1000", "paid", "2026-05-05 12:00:00")+row(other, "2001", "paid", "2026-05-05 12:00:00"))
	d.exec(`update month_exceptions set gone_at = 1`)
	d.exec(`update book_months set version = version + 1`)
	if got := d.told(); got[fine.ID].Match != payout.Matched || got[other.ID].Match != "" {
		t.Errorf("got %+v", got)
	}
}

// Walls hold here too, and a store of others looks as if it held nothing.
func TestBooksOfRowsWalls(t *testing.T) {
	d := newDesk(t)
	p := d.paid("Fine", 1000)
	for _, s := range []payout.Scope{payout.InStore("s2"), {}} {
		if got, err := d.Payouts().Booked(t.Context(), s, []payout.ID{p.ID}); err != nil || len(got) > 0 {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

// What lists and exports say of the books is found by an index a column, for each row.
func TestBooksOfRowsGoByIndex(t *testing.T) {
	d := newDesk(t)
	joined := strings.Join(d.plan(`select `+db.LineColumns()+` from payouts p where p.id = 'x'`), "\n")
	for _, want := range []string{"SEARCH m USING PRIMARY KEY", "bookings_payout", "month_exceptions_payout", "report_lines_payout"} {
		if !strings.Contains(joined, want) || strings.Contains(joined, "SCAN") {
			t.Errorf("no %s in\n%s", want, joined)
		}
	}
}
