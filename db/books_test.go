package db_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// desk is an accountant at a database with a store in Chile, whose month is May 2026.
type desk struct {
	*bench
	books *books.Service
	ann   access.Person
	key   books.Key
	n     int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	b := newBench(t)
	b.exec(`update stores set zone = 'America/Santiago' where id = 's1'`)
	catalog, err := store.NewCatalog(nil, nil, false)
	b.must(err)
	newID := func() string { return fmt.Sprintf("x%06d", b.ids.Add(1)) }
	d := &desk{bench: b, key: books.Key{Store: "s1", Provider: "acme", Currency: "CLP", Live: true, Month: "2026-05"},
		ann: access.Person{ID: "mia", Name: "Ann", Grants: []access.Grant{{Role: access.Accountant, Store: "s1"}}}}
	d.books = books.New(books.Service{Repo: b.Books(), Stores: store.New(b.Stores(), b.vault, catalog, b.now, newID), People: people{d.ann},
		Now: b.now, NewID: newID, Log: slog.New(slog.DiscardHandler)})
	return d
}

type people []access.Person

func (p people) People(context.Context) ([]access.Person, error) { return p, nil }

// pass lets time go by.
func (d *desk) pass(for_ time.Duration) { d.at.Add(int64(for_)) }

// paid is a payout that was asked for, approved, sent and paid without a hitch.
func (d *desk) paid(name string, minor int64, change ...func(*payout.Payout)) *payout.Payout {
	d.Helper()
	d.n++
	amount := money.Amount{Minor: minor, Currency: "CLP"}
	p := &payout.Payout{ID: payout.ID(fmt.Sprintf("P%011d", d.n)), Store: "s1", State: payout.Approved, Version: 1, Author: "mia",
		Input: payout.Input{Account: "a1", Amount: amount.Decimal(), Language: "en"},
		Content: payout.Content{Account: "a1", Provider: "acme", Company: "Acme", Live: true, Method: "cl", Amount: amount,
			Details: []payout.Detail{{Name: "name", Value: name, Role: providers.RoleName}}},
		CreatedAt: d.now(), UpdatedAt: d.now(), SubmittedAt: d.now()}
	p.Snapshot, p.Digest = d.snapshotOf(p)
	d.must(d.Payouts().Insert(d.Context(), p))
	d.pass(time.Minute)
	return d.update(p.ID, func(p *payout.Payout) {
		ref := strings.Repeat("R", 8) + string(p.ID)
		p.State, p.EndedAt, p.UpdatedAt = payout.Paid, d.now(), d.now()
		p.Fee = money.Amount{Minor: 10, Currency: "CLP"}
		p.Attempts = []payout.Attempt{{No: 1, Decision: 1, Reference: ref, RemoteID: "rt-" + string(p.ID), StartedAt: d.now(), EndedAt: d.now(), Outcome: payout.Paid}}
		for _, c := range change {
			c(p)
		}
	})
}

// snapshotOf makes the part of the bytes approvers see that the books look at.
func (d *desk) snapshotOf(p *payout.Payout) ([]byte, string) {
	d.Helper()
	text, err := json.Marshal(map[string]any{"content": p.Content})
	d.must(err)
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:])
}

// upload takes in a file of the provider's portal with the headings that are guessed.
func (d *desk) upload(k books.Key, text string) books.Report {
	d.Helper()
	r, err := d.books.Upload(d.Context(), d.ann, k, "portal.csv", []byte(text))
	d.must(err)
	p, err := d.books.Look(d.Context(), d.ann, r.ID, books.Mapping{})
	d.must(err)
	_, err = d.books.Take(d.Context(), d.ann, r.ID, p.Mapping)
	d.must(err)
	d.must(d.books.Work(d.Context()))
	done, err := d.Books().Report(d.Context(), access.Reach{All: true}, r.ID)
	d.must(err)
	if done.State != books.ReportDone {
		d.Fatalf("report: got %s %s", done.State, done.Error)
	}
	return done
}

func (d *desk) month(k books.Key) books.View {
	d.Helper()
	v, err := d.books.Month(d.Context(), d.ann, k, books.Place{})
	d.must(err)
	return v
}

// codes are the exceptions of a month as "code payout".
func codes(v books.View) []string {
	var all []string
	for _, e := range v.Exceptions {
		all = append(all, strings.TrimSpace(e.Code+" "+string(e.Payout)))
	}
	slices.Sort(all)
	return all
}

func row(p *payout.Payout, amount, status, at string) string {
	return fmt.Sprintf("%s,%s,%s,%s,10,%s\n", p.Reference(), p.RemoteID(), amount, status, at)
}

const heading = "merchant_order_id,payout_id,amount,status,fee,processed_at\n"

// everyDifference is a month with one payout for each kind of difference, and one without.
func everyDifference(d *desk) ([]*payout.Payout, string) {
	on := func(day int) string { return fmt.Sprintf("2026-05-%02d 12:00:00", day) }
	fine := d.paid("Fine", 1000)
	asked := d.paid("Asked", 2000, func(p *payout.Payout) { p.Input.Amount = "2001" })
	answer := d.paid("Answer", 3000, func(p *payout.Payout) {
		p.Conflicts = []payout.Conflict{{At: d.now(), Source: payout.FromAnswer, Code: "amount", Expected: "3000", Got: "3001"}}
	})
	notice := d.paid("Notice", 4000, func(p *payout.Payout) {
		p.Conflicts = []payout.Conflict{{At: d.now(), Source: payout.FromWebhook, Code: "final", Expected: "paid", Got: "failed"}}
	})
	people := d.paid("People", 5000, func(p *payout.Payout) { p.Attempts[0].Outcome = payout.Unknown })
	missing := d.paid("Maria Missing", 6000)
	amount := d.paid("Amount", 7000)
	state := d.paid("State", 8000)
	word := d.paid("Word", 9000)
	fee := d.paid("Fee", 10_000)
	twice := d.paid("Twice", 11_000)
	other := d.paid("Other month", 12_000)
	unknown := d.paid("Not ended", 13_000, func(p *payout.Payout) { p.State, p.EndedAt = payout.Unknown, time.Time{} })
	text := heading + row(fine, "1000", "paid", on(5)) + row(asked, "2000", "paid", on(5)) + row(answer, "3000", "paid", on(5)) + row(notice, "4000", "paid", on(5)) +
		row(amount, "7001", "paid", on(5)) + row(state, "8000", "failed", on(5)) + row(word, "9000", "abgewickelt", on(5)) +
		strings.Replace(row(fee, "10000", "paid", on(5)), ",10,", ",12,", 1) + row(twice, "11000", "paid", on(5)) + row(twice, "11000", "paid", on(6)) +
		row(other, "12000", "paid", "2026-06-02 12:00:00") + row(unknown, "13000", "paid", on(5)) +
		"STRANGER0000000000XX,st-1,6000,paid,10," + on(4) + "\nSTRANGER0000000000XY,st-2,999999,failed,0," + on(4) + "\n"
	return []*payout.Payout{fine, asked, answer, notice, people, missing, amount, state, word, fee, twice, other, unknown}, text
}

func TestEveryDifference(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	d.upload(d.key, text)
	want := []string{"amount " + string(all[6].ID), "answer " + string(all[2].ID), "asked " + string(all[1].ID), "fee " + string(all[9].ID),
		"missing " + string(all[4].ID), "missing " + string(all[5].ID), "not_ended " + string(all[12].ID), "notice " + string(all[3].ID), "other_month " + string(all[11].ID),
		"people " + string(all[4].ID), "state " + string(all[7].ID), "stranger", "twice " + string(all[10].ID), "word " + string(all[8].ID)}
	slices.Sort(want)
	v := d.month(d.key)
	if diff := cmp.Diff(want, codes(v)); diff != "" {
		t.Errorf("exceptions (-want +got):\n%s", diff)
	}
	for _, code := range books.Differences() {
		if code != books.DiffNoAnswer && !slices.ContainsFunc(v.Exceptions, func(e books.Exception) bool { return e.Code == code }) {
			t.Errorf("no exception %s: the month is to have every difference", code)
		}
	}
	if fine := v.Lines[0]; !fine.Agrees() || len(fine.Differences) > 0 || fine.Columns[books.Reported] == (books.Column{}) {
		t.Errorf("a payout on which all agree: got %+v", fine.Differences)
	}
	for i, c := range v.Lines[0].Columns {
		if !c.Known || !c.Fits || c.Amount != v.Lines[0].Entry.Amount {
			t.Errorf("column %s: got %+v, want a tick", books.ColumnNames()[i], c)
		}
	}
	june := d.month(d.key.In("2026-06"))
	if diff := cmp.Diff([]string{"other_month " + string(all[11].ID)}, codes(june)); diff != "" {
		t.Errorf("the month after (-want +got):\n%s", diff)
	}
}

// The stranger of 6000 and the payout of 6000 that the record lacks are each other's likeliest match. Accepting it settles both, and
// moves no payout.
func TestAccept(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	d.upload(d.key, text)
	v := d.month(d.key)
	i := slices.IndexFunc(v.Exceptions, func(e books.Exception) bool { return e.Code == books.DiffStranger })
	likely := v.Exceptions[i].Likely
	if likely == nil || likely.Payout != all[5].ID || likely.Score < 50 {
		t.Fatalf("likeliest match: got %+v, want %s", likely, all[5].ID)
	}
	before := d.find(all[5].ID)
	_, err := d.books.Accept(t.Context(), d.ann, v.Exceptions[i].ID)
	d.must(err)
	v = d.month(d.key)
	got := codes(v)
	if slices.Contains(got, "stranger") || slices.Contains(got, "missing "+string(all[5].ID)) {
		t.Errorf("after accepting: got %v", got)
	}
	if after := d.find(all[5].ID); after.Version != before.Version || after.State != before.State {
		t.Errorf("the payout moved: got %s %d, want %s %d", after.State, after.Version, before.State, before.Version)
	}
	// The same record again, from another file: what people said stays.
	d.upload(d.key, text+"\n")
	if got := codes(d.month(d.key)); slices.Contains(got, "stranger") {
		t.Errorf("after the same record again: got %v", got)
	}
}

// One reason may do for all of a kind; each of them is audited.
func TestExplainAlike(t *testing.T) {
	d := newDesk(t)
	_, text := everyDifference(d)
	d.upload(d.key, text)
	all := d.month(d.key).Exceptions
	i := slices.IndexFunc(all, func(e books.Exception) bool { return e.Code == books.DiffMissing })
	e, err := d.books.Explain(t.Context(), d.ann, all[i].ID, "the record was cut off")
	d.must(err)
	if n, err := d.books.ExplainAlike(t.Context(), d.ann, e); n != 1 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	v := d.month(d.key)
	for _, e := range v.Exceptions {
		if e.Explained() != (e.Code == books.DiffMissing) {
			t.Errorf("%s: got reason %q of %q", e.Code, e.Reason, e.Owner)
		}
	}
	if v.Status.Open != v.Status.Exceptions-2 {
		t.Errorf("got %d open of %d", v.Status.Open, v.Status.Exceptions)
	}
}

// Whoever matched wrongly takes it back.
func TestLoosen(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	d.upload(d.key, text)
	before := codes(d.month(d.key))
	for _, e := range d.month(d.key).Exceptions {
		if e.Code == books.DiffStranger {
			_, err := d.books.Accept(t.Context(), d.ann, e.ID)
			d.must(err)
		}
	}
	for _, l := range d.month(d.key).Lines {
		if l.Payout != all[5].ID {
			continue
		}
		k, err := d.books.Loosen(t.Context(), d.ann, l.Lines[0].Seq)
		d.must(err)
		if k != d.key {
			t.Errorf("got %v", k)
		}
	}
	if diff := cmp.Diff(before, codes(d.month(d.key))); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	_, err := d.books.Loosen(t.Context(), d.ann, 1) // matched by its reference: nobody takes that back
	if !errors.Is(err, books.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestWallsOfTheBooks(t *testing.T) {
	d := newDesk(t)
	_, text := everyDifference(d)
	r := d.upload(d.key, text)
	e := d.month(d.key).Exceptions[0]
	for name, by := range map[string]access.Person{
		"another store's": {ID: "zoe", Grants: []access.Grant{{Role: access.Accountant, Store: "s2"}}},
		"merchant":        {ID: "mel", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}}},
		"nobody":          {},
	} {
		s, ctx := d.books, t.Context()
		_, errMonth := s.Month(ctx, by, d.key, books.Place{})
		_, errStatement := s.Statement(ctx, by, d.key)
		_, errUpload := s.Upload(ctx, by, d.key, "x", []byte("a"))
		_, errLook := s.Look(ctx, by, r.ID, books.Mapping{})
		_, errFetch := s.Fetch(ctx, by, d.key)
		_, errExplain := s.Explain(ctx, by, e.ID, "because of this")
		_, errAssign := s.Assign(ctx, by, e.ID, "mia")
		_, errAccept := s.Accept(ctx, by, e.ID)
		_, errLoosen := s.Loosen(ctx, by, 1)
		_, errPrepare := s.Prepare(ctx, by, d.key)
		for i, err := range []error{errMonth, errStatement, errUpload, errLook, errFetch, errExplain, errAssign, errAccept, errLoosen, errPrepare, s.Check(ctx, by, d.key), s.Close(ctx, by, d.key, "")} {
			if !errors.Is(err, books.ErrNotFound) {
				t.Errorf("%s, call %d: got %v, want as if nothing were there", name, i, err)
			}
		}
		if all, err := s.Months(ctx, by, books.Filter{}); err != nil || len(all) > 0 {
			t.Errorf("%s: got %d months, %v", name, len(all), err)
		}
	}
}

// explainAll gives every exception of a month a reason.
func (d *desk) explainAll(k books.Key) {
	d.Helper()
	for _, e := range d.month(k).Exceptions {
		_, err := d.books.Explain(d.Context(), d.ann, e.ID, "settled with the provider by telephone")
		d.must(err)
	}
}

func (d *desk) close(k books.Key) error {
	r, err := d.books.Prepare(d.Context(), d.ann, k)
	d.must(err)
	return d.books.Close(d.Context(), d.ann, k, r.Digest)
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*books.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

// A month is closed when it is over, checked, and every exception explained; then it is locked, and what becomes known later lands
// in the next month.
func TestCloseAndLateNews(t *testing.T) {
	d := newDesk(t)
	all, text := everyDifference(d)
	d.upload(d.key, text)
	if got := codeOf(d.close(d.key)); got != "obstacle" {
		t.Fatalf("close with open exceptions before its end: got %s", got)
	}
	d.explainAll(d.key)
	if v := d.month(d.key); len(v.Obstacles) != 1 || v.Obstacles[0].Code != books.ObstacleRunning {
		t.Fatalf("obstacles: got %+v, want only that the month is not over", v.Obstacles)
	}
	d.pass(35 * 24 * time.Hour)
	d.must(d.close(d.key))
	closed := d.month(d.key)
	d.wantLocked(closed)

	d.pass(time.Minute)
	d.lateNews(all)
	late := d.month(d.key)
	if late.Statement.Close == nil || late.Statement.Close.Forged || late.Statement.Closing != closed.Statement.Closing || len(late.After) != 3 {
		t.Errorf("after late news: got closing %v and %d after close, want %v and 3", late.Statement.Closing, len(late.After), closed.Statement.Closing)
	}
	if ok, err := d.books.Holds(t.Context(), d.ann, d.key); !ok || err != nil {
		t.Errorf("the lock does not hold after late news: %v", err)
	}
	d.must(d.books.Check(t.Context(), d.ann, d.key.In("2026-06")))
	june := d.month(d.key.In("2026-06"))
	st := june.Statement
	if st.Opening != closed.Statement.Closing || st.Adjusted.Minor != -1000 || st.LateFees.Minor != 5 || st.Adjustments.Minor != -995 || st.Returned.Minor != 0 {
		t.Errorf("the month after: got opening %v, adjusted %v, late fees %v, returned %v", st.Opening, st.Adjusted, st.LateFees, st.Returned)
	}
	if !slices.Contains(codes(june), "notice "+string(all[1].ID)) {
		t.Errorf("a contradiction about the closed month is no exception of the month after: %v", codes(june))
	}
	if report := d.verify(nil); !report.OK() {
		t.Errorf("audit chain: %+v", report.Breaks)
	}
}

// lateNews is what comes after the close: one was returned, one cost more, one is said to have failed.
func (d *desk) lateNews(all []*payout.Payout) {
	svc := payout.New(d.Payouts(), payout.Options{Now: d.now, NewID: func() payout.ID { return "X" }, Reference: d.vault.Reference})
	hear := func(p *payout.Payout, status providers.Status) {
		_, _, err := svc.Record(d.Context(), payout.InStore("s1"), p.ID, payout.Evidence{Source: payout.FromWebhook, Attempt: 1, HookID: "h",
			Result: providers.Result{Attempt: providers.Attempt{Reference: p.Reference(), RemoteID: p.RemoteID()}, Status: status, Amount: p.Content.Amount}})
		d.must(err)
	}
	hear(all[0], providers.Returned)
	d.update(all[2].ID, func(p *payout.Payout) { p.Fee.Minor += 5; p.EndedAt = d.now() })
	hear(all[1], providers.Failed)
	hear(all[1], providers.Failed) // the same again adds nothing
}

func (d *desk) wantLocked(v books.View) {
	d.Helper()
	if v.Statement.Close == nil || v.Status.ClosedAt.IsZero() || v.Statement.Close.Forged {
		d.Fatalf("not closed: %+v", v.Statement.Close)
	}
	_, errUpload := d.books.Upload(d.Context(), d.ann, d.key, "x.csv", []byte(heading))
	_, errExplain := d.books.Explain(d.Context(), d.ann, v.Exceptions[0].ID, "another reason")
	_, errFetch := d.books.Fetch(d.Context(), d.ann, d.key)
	for i, err := range []error{errUpload, errExplain, errFetch, d.books.Check(d.Context(), d.ann, d.key), d.close(d.key)} {
		if codeOf(err) != "closed" {
			d.Errorf("change %d of a closed month: got %v", i, err)
		}
	}
	entries, err := d.Audit().Of(d.Context(), payout.Everywhere(), d.key.String())
	d.must(err)
	if last := entries[len(entries)-1]; last.Action != audit.BooksClosed || !strings.Contains(last.Details, v.Statement.Close.Digest) {
		d.Errorf("audit: got %s %s", last.Action, last.Details)
	}
	for _, query := range []string{`update month_closes set paid = paid + 1`, `delete from month_closes`, `update bookings set minor = 1`, `delete from bookings`} {
		if _, err := d.raw.Exec(query); err == nil {
			d.Errorf("%s went through", query)
		}
	}
}

// Who changes a closed month past the program is found out.
func TestForgedClose(t *testing.T) {
	d := newDesk(t)
	d.paid("Somebody", 1000)
	d.pass(40 * 24 * time.Hour)
	d.must(d.books.Work(t.Context()))
	d.must(d.close(d.key))
	verified := func(want int) {
		t.Helper()
		if wrong, err := d.books.Verify(t.Context()); err != nil || len(wrong) != want || want > 0 && wrong[0] != d.key {
			t.Errorf("verify: got %v, %v, want %d months", wrong, err, want)
		}
	}
	verified(0)
	d.exec(`drop trigger month_closes_no_update`)
	d.exec(`drop trigger month_closes_no_delete`)
	d.exec(`drop trigger bookings_no_update`)
	d.exec(`update bookings set minor = minor + 1`)
	if ok, err := d.books.Holds(t.Context(), d.ann, d.key); ok || err != nil {
		t.Errorf("another amount: got %v, %v", ok, err)
	}
	verified(1)
	d.exec(`update bookings set minor = minor - 1`)
	d.exec(`update month_closes set paid = paid + 1`)
	if c, err := d.Books().Closed(t.Context(), d.key); err != nil || !c.Forged {
		t.Errorf("another sum: got %+v, %v", c, err)
	}
	verified(1)
	d.exec(`update month_closes set paid = paid - 1`)
	verified(0)
	d.exec(`delete from month_closes`)
	verified(1)
}

// What is confirmed is what is closed: a payout that ends between the page and the press keeps the month open.
func TestCloseWhatWasSeen(t *testing.T) {
	d := newDesk(t)
	first := d.paid("Somebody", 1000)
	d.pass(40 * 24 * time.Hour)
	d.must(d.books.Work(t.Context()))
	r, err := d.books.Prepare(t.Context(), d.ann, d.key)
	d.must(err)
	d.update(first.ID, func(p *payout.Payout) {
		p.Conflicts = []payout.Conflict{{At: d.now(), Source: payout.FromWebhook, Code: "final", Expected: "paid", Got: "failed"}}
	})
	if got := codeOf(d.books.Close(t.Context(), d.ann, d.key, r.Digest)); got != "obstacle" {
		t.Errorf("got %s, want that the month is to be checked first", got)
	}
	d.must(d.books.Check(t.Context(), d.ann, d.key))
	if open := d.month(d.key).Obstacles; len(open) != 1 || open[0] != (books.Obstacle{Code: books.ObstacleOpen, Count: 1}) {
		t.Errorf("an exception nobody has explained: got obstacles %+v", open)
	}
	d.explainAll(d.key)
	if got := codeOf(d.books.Close(t.Context(), d.ann, d.key, r.Digest)); got != "moved" {
		t.Errorf("got %s, want that it is another month than was seen", got)
	}
	d.must(d.close(d.key))
}

// A line of the provider's record that comes for a closed month lands in the month it was taken in at; the closed one keeps its record.
func TestLinesOfAClosedMonth(t *testing.T) {
	d := newDesk(t)
	p := d.paid("May", 1000)
	d.upload(d.key, heading+row(p, "1000", "paid", "2026-05-05 12:00:00"))
	d.pass(31 * 24 * time.Hour)
	d.must(d.close(d.key))
	before := d.month(d.key)
	other := d.paid("June", 700)
	june := d.key.In("2026-06")
	d.upload(june, heading+row(p, "1000", "returned", "2026-05-30 12:00:00")+row(other, "700", "paid", "2026-06-04 12:00:00"))
	after := d.month(d.key)
	if after.Status.Lines != before.Status.Lines || len(after.Lines[0].Lines) != 2 {
		t.Errorf("the closed month: got %d lines of the record, want %d", after.Status.Lines, before.Status.Lines)
	}
	if ok, err := d.books.Holds(t.Context(), d.ann, d.key); !ok || err != nil {
		t.Errorf("the lock does not hold: %v", err)
	}
	if v := d.month(june); v.Status.Lines != 2 || v.Status.Reported.Minor != 700-1000 {
		t.Errorf("the month after: got %d lines that come to %v", v.Status.Lines, v.Status.Reported)
	}
}

// A provider that shows one record a payout says the same anew once it was returned: that replaces what it said before.
func TestRecordSaysAnew(t *testing.T) {
	d := newDesk(t)
	p := d.paid("Returned", 1000)
	d.upload(d.key, heading+row(p, "1000", "paid", "2026-05-05 12:00:00"))
	d.update(p.ID, func(p *payout.Payout) { p.State, p.EndedAt, p.UpdatedAt = payout.Returned, d.now(), d.now() })
	d.must(d.books.Check(t.Context(), d.ann, d.key))
	if got := codes(d.month(d.key)); len(got) != 1 || got[0] != "state "+string(p.ID) {
		t.Errorf("returned here, paid there: got %v", got)
	}
	d.upload(d.key, heading+row(p, "1000", "returned", "2026-05-06 12:00:00"))
	v := d.month(d.key)
	if off, known := v.Status.Difference(); len(v.Exceptions) > 0 || !known || off.Minor != 0 || v.Status.Lines != 1 {
		t.Errorf("got %v, difference %v of %d lines", codes(v), off, v.Status.Lines)
	}
}

// A report that a process which is gone has begun is begun anew, and counts once.
func TestReportIsBegunAnew(t *testing.T) {
	d := newDesk(t)
	p := d.paid("Once", 1000)
	r, err := d.books.Upload(t.Context(), d.ann, d.key, "x.csv", []byte(heading+row(p, "1000", "paid", "2026-05-05 12:00:00")))
	d.must(err)
	look, err := d.books.Look(t.Context(), d.ann, r.ID, books.Mapping{})
	d.must(err)
	r, err = d.books.Take(t.Context(), d.ann, r.ID, look.Mapping)
	d.must(err)
	d.must(d.Books().TakeLines(t.Context(), r, []books.ReportLine{{Report: r.ID, Line: 2, Key: d.key, Reference: p.Reference(), Amount: p.Amount(), Status: providers.Paid}}))
	r.State = books.ReportRunning
	d.must(d.Books().SaveReport(t.Context(), r)) // and here it was killed
	d.must(d.books.Work(t.Context()))
	if v := d.month(d.key); v.Status.Lines != 1 || len(v.Exceptions) > 0 || v.Reports[0].State != books.ReportDone {
		t.Errorf("got %d lines, %v, %+v", v.Status.Lines, codes(v), v.Reports[0])
	}
	again, err := d.books.Upload(t.Context(), d.ann, d.key, "y.csv", []byte(heading+row(p, "1000", "paid", "2026-05-05 12:00:00")))
	d.must(err)
	if _, err := d.books.Take(t.Context(), d.ann, again.ID, look.Mapping); codeOf(err) != "again" {
		t.Errorf("the same file again: got %v", err)
	}
}

// Months are closed in their order, so that every opening is the closing before it.
func TestCloseInOrder(t *testing.T) {
	d := newDesk(t)
	d.paid("May", 1000)
	d.pass(31 * 24 * time.Hour)
	d.paid("June", 500)
	d.pass(31 * 24 * time.Hour)
	d.must(d.books.Work(t.Context()))
	june := d.month(d.key.In("2026-06"))
	if len(june.Obstacles) != 1 || june.Obstacles[0] != (books.Obstacle{Code: books.ObstacleEarlier, Month: "2026-05"}) {
		t.Fatalf("obstacles: got %+v", june.Obstacles)
	}
	d.must(d.close(d.key))
	d.must(d.close(d.key.In("2026-06")))
	june = d.month(d.key.In("2026-06"))
	if got := june.Statement.Close.Statement; got.Opening.Minor != 1010 || got.Closing.Minor != 1520 {
		t.Errorf("got opening %v, closing %v", got.Opening, got.Closing)
	}
}

// Invariant 10: the sums of the books are those of the history, however payouts came in: as changes, or as rows that were put in.
func TestInvariant10BooksAgreeWithHistory(t *testing.T) {
	d := newDesk(t)
	for i := range 40 {
		p := d.paid(fmt.Sprint("Nr ", i), int64(1000+i))
		if i%5 == 0 {
			d.pass(time.Hour)
			d.update(p.ID, func(p *payout.Payout) { p.State, p.EndedAt, p.UpdatedAt = payout.Returned, d.now(), d.now() })
		}
	}
	d.exec(`insert into payouts (id, store, account, provider, live, state, version, input, content, currency, minor, fee_currency, fee_minor, author, editors, created_at, updated_at, ended_at, day)
		select 'S' || substr(id, 2), store, account, provider, live, state, version, input, content, currency, minor, fee_currency, fee_minor, author, editors, created_at, updated_at, ended_at, day from payouts`)
	d.must(d.books.Work(t.Context()))
	totals, err := d.Payouts().Totals(t.Context(), payout.Everywhere(), payout.Filter{})
	d.must(err)
	var paid, returned, fees int64
	count := 0
	for _, total := range totals {
		if total.State == payout.Paid || total.State == payout.Returned {
			paid, fees, count = paid+total.Amount.Minor, fees+total.Fee.Minor, count+total.Count
		}
		if total.State == payout.Returned {
			returned += total.Amount.Minor
		}
	}
	st := d.month(d.key).Statement
	if st.Payouts != count || count != 80 || st.Paid.Minor != paid || st.Returned.Minor != returned || st.Fees.Minor != fees || st.Closing.Minor != paid+fees-returned {
		t.Errorf("got %d paid %v, fees %v, returned %v, closing %v; the history has %d paid %d, fees %d, returned %d",
			st.Payouts, st.Paid, st.Fees, st.Returned, st.Closing, count, paid, fees, returned)
	}
}

// A payout belongs to the month in which it ended on the store's clock.
func TestMonthOnTheStoresClock(t *testing.T) {
	d := newDesk(t)
	d.at.Store(int64(time.Date(2026, 6, 1, 3, 30, 0, 0, time.UTC).Sub(begin))) // 23:30 of 31 May in Santiago
	d.paid("Late in May", 700)
	d.pass(time.Hour)
	d.paid("Early in June", 800)
	if may, june := d.month(d.key).Statement.Paid.Minor, d.month(d.key.In("2026-06")).Statement.Paid.Minor; may != 700 || june != 800 {
		t.Errorf("got %d in May and %d in June", may, june)
	}
}

// Sums that do not fit are refused, not wrapped; that the payout was paid is written down all the same.
func TestSumsOverflow(t *testing.T) {
	d := newDesk(t)
	d.paid("First", 1000)
	d.exec(`update book_months set paid = 9223372036854775000`)
	p := d.paid("Too much", 1000)
	if got := d.find(p.ID).State; got != payout.Paid {
		t.Errorf("got %s, want paid", got)
	}
	_, err := d.books.Statement(t.Context(), d.ann, d.key)
	if codeOf(err) != "overflow" {
		t.Errorf("got %v, want that the sums do not fit", err)
	}
}

// Fees in other currencies stand beside the sums, each currency by itself.
func TestForeignFees(t *testing.T) {
	d := newDesk(t)
	in := func(minor int64, currency string) func(*payout.Payout) {
		return func(p *payout.Payout) { p.Fee = money.Amount{Minor: minor, Currency: currency} }
	}
	d.paid("a", 1000, in(7, "USD"))
	d.paid("b", 1000, in(5, "USD"))
	d.paid("c", 1000, in(3, "EUR"))
	d.paid("d", 1000)
	st := d.month(d.key).Statement
	want := []money.Amount{{Minor: 3, Currency: "EUR"}, {Minor: 12, Currency: "USD"}}
	if diff := cmp.Diff(want, st.Foreign); diff != "" || st.Fees.Minor != 10 || st.Closing.Minor != 4010 {
		t.Errorf("fees %v, closing %v (-want +got)\n%s", st.Fees, st.Closing, diff)
	}
}

// Every query of a month goes by an index.
func TestBooksGoByIndex(t *testing.T) {
	d := newDesk(t)
	for _, query := range []string{
		`select seq from bookings where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm' and seq > 0 order by seq limit 5`,
		`select fee_currency, fee_minor from bookings where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm' and fee_currency <> '' and fee_currency <> currency`,
		`select seq from bookings where store = 's' and provider = 'p' and currency = 'c' and live = 1 and late = 'm' and late <> '' order by seq limit 5`,
		`select seq from report_lines where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm' and gone = 0 and seq > 0 order by seq limit 5`,
		`select seq from payouts where store = 's' and booked = 0 and state in ('paid', 'returned')`,
		`select t.payout from attempts t join accounts a on a.id = t.account join payouts p on p.id = t.payout
			where a.store = 's' and a.provider = 'p' and a.live = 1 and p.store = 's' and p.currency = 'c'
			and ((t.reference = 'x' and 'x' <> '') or (t.remote_id = 'y' and 'y' <> '') or (t.reference = 'y' and 'y' <> '') or (t.remote_id = 'x' and 'x' <> '')) order by t.reference = 'x' desc, t.no desc limit 1`,
	} {
		plan := d.plan(query)
		if joined := strings.Join(plan, "\n"); strings.Contains(joined, "SCAN") {
			t.Errorf("%s\n%s", query, joined)
		}
	}
	for query, index := range map[string]string{ // where another index would do, but at the cost of the table
		`select exists (select 1 from payouts where booked = 0 and state in ('paid', 'returned'))`:                 "payouts_unbooked",
		`select exists (select 1 from payouts where store = 's' and booked = 0 and state in ('paid', 'returned'))`: "payouts_unbooked",
		`select seq, id, minor from payouts where booked = 0 and state in ('paid', 'returned') limit 5`:            "payouts_unbooked",
		`select fee_currency, fee_minor from bookings where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm'
			and fee_currency <> '' and fee_currency <> currency`: "bookings_foreign",
		`select seq from report_lines where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm' and gone = 0 and payout = '' limit 5`: "report_lines_loose",
		`select id from month_exceptions where store = 's' and provider = 'p' and currency = 'c' and live = 1 and month = 'm' and gone_at = 0`:                   "month_exceptions_open",
	} {
		joined := strings.Join(d.plan(query), "\n")
		if !strings.Contains(joined, index) || strings.Contains(joined, "TEMP B-TREE") {
			t.Errorf("%s\n%s", query, joined)
		}
	}
}

func (d *desk) plan(query string) []string {
	d.Helper()
	rows, err := d.raw.Query("explain query plan " + query)
	d.must(err)
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var a, b, c int
		var text string
		d.must(rows.Scan(&a, &b, &c, &text))
		plan = append(plan, text)
	}
	d.must(rows.Err())
	return plan
}
