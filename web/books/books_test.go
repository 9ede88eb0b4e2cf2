package books_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

func usd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return t
}

// closedUntil says that months up to one are closed, since the 5th of the next.
func closedUntil(last books.Month) func(books.Month) (time.Time, error) {
	return func(m books.Month) (time.Time, error) {
		if m > last {
			return time.Time{}, nil
		}
		return m.Next().Begin(time.UTC).AddDate(0, 0, 4), nil
	}
}

func TestPost(t *testing.T) {
	k := books.Key{Store: "s", Provider: "p", Currency: "USD"}
	facts := books.Facts{Payout: "P", Key: k, State: payout.Paid, Amount: usd(100), Fee: usd(3), At: at("2026-06-30")}
	june := books.Entry{Key: k.In("2026-06"), At: at("2026-06-30"), Payout: "P", Kind: books.Paid, Amount: usd(100), Fee: usd(3)}
	with := func(change func(*books.Facts)) books.Facts { f := facts; change(&f); return f }
	for _, tt := range []struct {
		name   string
		f      books.Facts
		had    []books.Entry
		closed books.Month
		want   []books.Entry
	}{
		{"on its way", with(func(f *books.Facts) { f.State = payout.Accepted }), nil, "", nil},
		{"paid", facts, nil, "", []books.Entry{june}},
		{"paid again", facts, []books.Entry{june}, "", nil},
		{"paid and returned at once", with(func(f *books.Facts) { f.State = payout.Returned }), nil, "",
			[]books.Entry{june, {Key: k.In("2026-06"), At: facts.At, Payout: "P", Kind: books.Returned, Amount: usd(100)}}},
		{"returned in the next month, this one open", with(func(f *books.Facts) { f.State, f.At = payout.Returned, at("2026-07-02") }), []books.Entry{june}, "",
			[]books.Entry{{Key: k.In("2026-07"), At: at("2026-07-02"), Payout: "P", Kind: books.Returned, Amount: usd(100)}}},
		{"returned after the close", with(func(f *books.Facts) { f.State, f.At = payout.Returned, at("2026-07-09") }), []books.Entry{june}, "2026-06",
			[]books.Entry{{Key: k.In("2026-07"), At: at("2026-07-09"), Payout: "P", Kind: books.Returned, Late: "2026-06", Amount: usd(100)}}},
		{"returned in June as the clock has it, June and July closed", with(func(f *books.Facts) { f.State = payout.Returned }), []books.Entry{june}, "2026-07",
			[]books.Entry{{Key: k.In("2026-08"), At: facts.At, Payout: "P", Kind: books.Returned, Late: "2026-06", Amount: usd(100)}}},
		{"paid in a closed month, as the clock has it", facts, nil, "2026-06",
			[]books.Entry{{Key: k.In("2026-07"), At: facts.At, Payout: "P", Kind: books.Paid, Late: "2026-06", Amount: usd(100), Fee: usd(3)}}},
		{"another fee after the close", with(func(f *books.Facts) { f.Fee, f.At = usd(5), at("2026-07-09") }), []books.Entry{june}, "2026-06",
			[]books.Entry{{Key: k.In("2026-07"), At: at("2026-07-09"), Payout: "P", Kind: books.FeeMoved, Late: "2026-06", Amount: usd(0), Fee: usd(2)}}},
		{"contradicted before the close", with(func(f *books.Facts) { f.News = []payout.Conflict{{At: at("2026-07-01"), Code: "final"}} }), []books.Entry{june}, "2026-06", nil},
		{"contradicted after it", with(func(f *books.Facts) { f.News = []payout.Conflict{{At: at("2026-07-09"), Code: "final"}} }), []books.Entry{june}, "2026-06",
			[]books.Entry{{Key: k.In("2026-07"), At: at("2026-07-09"), Payout: "P", Kind: books.News, Late: "2026-06", Amount: usd(0), Note: "final"}}},
	} {
		got, err := books.Post(tt.f, tt.had, time.UTC, closedUntil(tt.closed))
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", tt.name, err, diff)
		}
	}
	broken := errors.New("broken")
	if _, err := books.Post(facts, nil, time.UTC, func(books.Month) (time.Time, error) { return time.Time{}, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want that nobody can tell what is closed", err)
	}
}

// Sums refuse what does not fit, in every column.
func TestSums(t *testing.T) {
	k := books.Key{Currency: "USD"}
	for _, e := range []books.Entry{
		{Kind: books.Paid, Amount: usd(1)}, {Kind: books.Paid, Amount: usd(0), Fee: usd(1)}, {Kind: books.Returned, Amount: usd(1)},
		{Kind: books.Paid, Late: "2026-01", Amount: usd(1)}, {Kind: books.FeeMoved, Late: "2026-01", Amount: usd(0), Fee: usd(1)},
	} {
		full := books.Sums{Paid: usd(math.MaxInt64), Fees: usd(math.MaxInt64), Returned: usd(math.MaxInt64), Adjusted: usd(math.MaxInt64), LateFees: usd(math.MaxInt64)}
		if _, err := full.With(e); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: got %v, want that it does not fit", e.Kind, err)
		}
		if _, err := k.Zero().With(e); err != nil {
			t.Errorf("%s: %v", e.Kind, err)
		}
	}
	if _, err := books.StateOf(k, usd(math.MaxInt64), books.Sums{Paid: usd(1), Fees: usd(0), Returned: usd(0), Adjusted: usd(0), LateFees: usd(0)}); codeOf(err) != "overflow" {
		t.Errorf("a closing that does not fit: got %v", err)
	}
	s, err := k.Zero().With(books.Entry{Kind: books.Paid, Amount: usd(100), Fee: money.Amount{Minor: 7, Currency: "EUR"}})
	if err != nil || s.Fees != usd(0) {
		t.Errorf("a fee in another currency: got %v, %v, want it in no sum", s.Fees, err)
	}
}

func TestMonth(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	if got := books.MonthOf(time.Date(2026, 6, 1, 3, 59, 0, 0, time.UTC), santiago); got != "2026-05" {
		t.Errorf("got %s", got)
	}
	if b, e := books.Month("2026-04").Begin(santiago), books.Month("2026-04").End(santiago); e.Sub(b) != 30*24*time.Hour+time.Hour { // the clock goes back on 5 April
		t.Errorf("April: got %v", e.Sub(b))
	}
	for text, want := range map[string]bool{"2026-06": true, "2026-6": false, "2026-13": false, "": false, "2026-06-01": false, "0001-01": false} {
		if _, ok := books.ParseMonth(text); ok != want {
			t.Errorf("%q: got %v", text, ok)
		}
	}
	if n, p := books.Month("2026-12").Next(), books.Month("2026-01").Previous(); n != "2027-01" || p != "2025-12" {
		t.Errorf("got %s and %s", n, p)
	}
}

func TestLikeliest(t *testing.T) {
	want := books.Candidate{Amount: usd(10_000), At: at("2026-06-05"), Recipient: "María José Pérez", Names: []string{"ABCDEFGH1"}}
	for _, tt := range []struct {
		name string
		c    books.Candidate
		want int // 0: not offered
	}{
		{"the same in all", books.Candidate{Amount: usd(10_000), At: at("2026-06-05"), Recipient: "PEREZ MARÍA JOSÉ", Names: []string{"abcdefXX"}}, 100},
		{"amount alone", books.Candidate{Amount: usd(10_000)}, 50},
		{"a fee off, near, named alike", books.Candidate{Amount: usd(9_950), At: at("2026-06-07"), Recipient: "María Pérez"}, 50},
		{"another amount, all else", books.Candidate{Amount: usd(20_000), At: at("2026-06-05"), Recipient: "María José Pérez", Names: []string{"ABCDEFGH1"}}, 50},
		{"a fee off, nothing else", books.Candidate{Amount: usd(9_950)}, 0},
		{"another currency", books.Candidate{Amount: money.Amount{Minor: 10_000, Currency: "EUR"}, At: at("2026-06-05"), Recipient: "María José Pérez"}, 0},
	} {
		got := books.Likeliest(want, []books.Candidate{tt.c})
		if (got == nil) != (tt.want == 0) || got != nil && got.Score != tt.want {
			t.Errorf("%s: got %+v, want %d", tt.name, got, tt.want)
		}
	}
	best := books.Likeliest(want, []books.Candidate{{Line: 1, Amount: usd(10_000)}, {Line: 2, Amount: usd(10_000), At: at("2026-06-05")}})
	if best == nil || best.Line != 2 {
		t.Errorf("got %+v, want the nearer one", best)
	}
}
