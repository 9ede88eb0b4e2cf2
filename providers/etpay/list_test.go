package etpay

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// TestLost: an order whose answer was lost is found among those of its days, by our reference alone, and nothing is taken
// for it.
func TestLost(t *testing.T) {
	l := connect(t, chile)
	sent := l.now()
	if _, err := l.send(order("LOST", 15_003)); err == nil || providers.KindOf(err) != providers.Unknown {
		t.Fatalf("got %v", err)
	}
	for i := range 250 { // more than two pages
		l.must(order(fmt.Sprint("LOST", i), 15_050))
	}
	l.settle()
	l.pass(40 * 24 * time.Hour)
	r, err := l.Lookup(t.Context(), providers.Attempt{Reference: "LOST", SentAt: sent})
	if err != nil || r.Status != providers.Paid || r.Amount != clp(15_003) || r.Attempt.Reference != "LOST" {
		t.Errorf("got %+v, %v", r, err)
	}
	for name, at := range map[string]providers.Attempt{
		"another reference": {Reference: "LOS", SentAt: sent}, "other days": {Reference: "LOST", SentAt: sent.AddDate(0, 0, 3)}, "today": {Reference: "LOST"},
	} {
		_, err := l.Lookup(t.Context(), at)
		if e := problemOf(err); !e.NotFound || e.Kind != providers.Unknown || e.Code != codeNotListed {
			t.Errorf("%s: got %v, want nothing found", name, err)
		}
	}
}

// TestList: windows of at most 31 days that neither leave out nor repeat anything.
func TestList(t *testing.T) {
	l := connect(t, mexico)
	var want []string
	for i := range 10 {
		o := order(fmt.Sprint("MX", i), 0)
		o.Method, o.Amount, o.Details = "mx_clabe", mxn(150_050), mexicanDetails()
		l.must(o)
		want = append(want, o.Reference)
		l.pass(9 * 24 * time.Hour)
	}
	var got []string
	for r, err := range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Attempt.Reference)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		break // who has seen enough may stop
	}
	l.faults.Next(nil, sim.HTML)
	var failed error
	for _, err := range l.List(t.Context(), time.Unix(testStart, 0), l.now()) {
		failed = err
	}
	if failed == nil {
		t.Error("got no error of a list that cannot be read")
	}
}

// TestReport: the company's own list says of each payout when it was asked for and when it ended, names no key, and tells a record
// that cannot be read without losing those around it.
func TestReport(t *testing.T) {
	l := connect(t, chile)
	begin := l.now()
	for i := range 3 {
		l.must(order(fmt.Sprint("REP", i), 15_050))
		l.pass(time.Hour)
	}
	l.settle()
	var _ providers.Reporter = l.account
	var got []providers.Record
	for r, err := range l.Report(t.Context(), begin, l.now()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if len(got) != 3 {
		t.Fatalf("got %d records", len(got))
	}
	for i, r := range got {
		if r.Err != nil || r.Attempt.Reference != fmt.Sprint("REP", i) || r.Attempt.RemoteID == "" || r.Attempt.Kept != nil || r.Status != providers.Paid || r.Amount != clp(15_050) ||
			!r.Made.Equal(begin.Add(time.Duration(i)*time.Hour)) || r.Ended.Before(r.Made) {
			t.Errorf("got %+v", r)
		}
	}
	bad := l.reported(record{memberReference: []byte(`"REF"`), namesID[0]: []byte(`"po_1"`), memberAmount: []byte(`"x"`), memberCurrency: []byte(`"CLP"`), memberMade: []byte(`"never"`)})
	if bad.Err == nil || bad.Attempt.Reference != "REF" || bad.Attempt.RemoteID != "po_1" || !bad.Made.IsZero() {
		t.Errorf("a record that cannot be read: got %+v", bad)
	}
	l.faults.Next(nil, sim.HTML)
	var failed error
	for _, err := range l.Report(t.Context(), begin, l.now()) {
		failed = err
	}
	if failed == nil {
		t.Error("got no error of a list that cannot be read")
	}
}

// TestSeveral: if the company books a reference twice after all, a look-up by it says so and takes neither for the payout.
func TestSeveral(t *testing.T) {
	l := connect(t, chile, repeatsBooked)
	first, second := l.must(order("TWICE", 15_050)), l.must(order("TWICE", 15_050))
	l.settle()
	_, err := l.Lookup(t.Context(), providers.Attempt{Reference: "TWICE", SentAt: l.now()})
	e := problemOf(err)
	if e.Code != codeSeveral || e.Kind != providers.Unknown || e.NotFound || !strings.Contains(e.Message, first.Attempt.RemoteID) || !strings.Contains(e.Message, second.Attempt.RemoteID) {
		t.Errorf("got %v", err)
	}
}

// pages is a company that shows a list in pages of its own making, and notes what it is asked for.
func pages(t *testing.T, asked *[]string, show func(from, to string, page int) string) *line {
	t.Helper()
	return handled(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		*asked = append(*asked, q.Get("from")+" "+q.Get("to")+" "+q.Get("page"))
		no, err := strconv.Atoi(q.Get("page"))
		if err != nil || q.Get("per_page") != "100" || len(q) != 4 {
			t.Errorf("got query %s", r.URL.RawQuery)
		}
		_, _ = io.WriteString(w, show(q.Get("from"), q.Get("to"), no))
	})
}

// listedAs writes payouts with these references.
func listedAs(references ...string) string {
	var all []string
	for _, r := range references {
		all = append(all, `{"payout_token":"po_`+r+`","merchant_order_id":"`+r+`","status":"pending","amount":1,"currency":"CLP"}`)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// TestPages: every page is read, however many payouts are on one, and a list that is known to be incomplete is an error: that
// nothing is listed must not be said lightly.
func TestPages(t *testing.T) {
	for name, test := range map[string]struct {
		pages []string // the last one repeats
		want  string
		calls int
		fails bool
	}{
		"a total":                        {[]string{`{"data":` + listedAs("A", "B") + `,"total":2}`}, "A B", 1, false},
		"smaller pages, a total":         {[]string{`{"data":` + listedAs("A", "B") + `,"total":3}`, `{"data":` + listedAs("C") + `,"total":3}`}, "A B C", 2, false},
		"no total":                       {[]string{`{"data":` + listedAs("A", "B") + `}`, `{"data":` + listedAs("C") + `}`, `{"data":[]}`}, "A B C", 3, false},
		"a list alone":                   {[]string{listedAs("A"), `[]`}, "A", 2, false},
		"a page that ignores its number": {[]string{`{"data":` + listedAs("A", "B") + `}`}, "A B", 2, false},
		"moved on meanwhile":             {[]string{`{"data":` + listedAs("B", "A") + `}`, `{"data":` + listedAs("A", "Z") + `}`, `[]`}, "B A Z", 3, false},
		"nothing":                        {[]string{`{"data":[],"total":0}`}, "", 1, false},
		"ends early":                     {[]string{`{"data":` + listedAs("A") + `,"total":3}`, `{"data":[],"total":3}`}, "", 2, true},
		"a total for what is not shown":  {[]string{`{"data":[],"total":3}`}, "", 1, true},
		"a total that is none":           {[]string{`{"data":[],"total":"many"}`}, "", 1, true},
		"no list":                        {[]string{`{"data":{"items":[]}}`}, "", 1, true},
		"nothing at all":                 {[]string{`{}`}, "", 1, true},
		"one payout":                     {[]string{`{"payout_token":"po_A","merchant_order_id":"A"}`}, "", 1, true},
		"a payout without a number":      {[]string{`{"data":[{"merchant_order_id":"A"}]}`}, "", 1, true},
		"a payout without a reference":   {[]string{`{"data":[{"payout_token":"po_A"}]}`}, "", 1, true},
		"no JSON":                        {[]string{`<html>`}, "", 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			l := pages(t, &asked, func(_, _ string, no int) string { return test.pages[min(no, len(test.pages))-1] })
			var got []string
			var failed error
			for r, err := range l.List(t.Context(), l.now(), l.now()) {
				if failed = err; err == nil {
					got = append(got, r.Attempt.Reference)
				}
			}
			if strings.Join(got, " ") != test.want || len(asked) != test.calls || (failed != nil) != test.fails {
				t.Errorf("got %q, %v after %q", got, failed, asked)
			}
			_, err := l.Lookup(t.Context(), providers.Attempt{Reference: "X", SentAt: l.now()})
			if e := problemOf(err); e.NotFound == test.fails || e.Kind != providers.Unknown {
				t.Errorf("look-up: got %v", err)
			}
		})
	}
}

// TestListFails: what is no list says nothing about a payout, and a list without end comes to one.
func TestListFails(t *testing.T) {
	for status, body := range map[int]string{500: "", 503: "<html>", 403: `{"message":"no"}`, 404: `{"message":"no"}`, 422: `{"message":"no"}`, 401: `{}`} {
		l := handled(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == pathLogin {
				_, _ = io.WriteString(w, `{"token":"another"}`)
				return
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		_, err := l.Lookup(t.Context(), providers.Attempt{Reference: "LOST"})
		if e := problemOf(err); err == nil || e.NotFound || e.Kind != providers.Unknown || e.Code != fmt.Sprint("http_", status) || e.Credentials != (status == 401) {
			t.Errorf("%d: got %v", status, err)
		}
	}
	var asked []string
	l := pages(t, &asked, func(_, _ string, no int) string { return listedAs("P" + strconv.Itoa(no)) })
	if _, err := l.Lookup(t.Context(), providers.Attempt{Reference: "LOST"}); err == nil || problemOf(err).NotFound || len(asked) != maxPages {
		t.Errorf("without end: got %v after %d pages", err, len(asked))
	}
}

// TestDays: days are those of the merchant's own time zone, windows hold 31 of them at most and overlap by one.
func TestDays(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, test := range map[string]struct {
		country  string
		from, to string
		want     []string
	}{
		"evening in Santiago":        {chile, "2026-01-05T02:30:00Z", "2026-01-05T03:30:00Z", []string{"2026-01-04 2026-01-05"}},  // UTC-3
		"evening in Mexico City":     {mexico, "2026-01-05T05:30:00Z", "2026-01-05T06:30:00Z", []string{"2026-01-04 2026-01-05"}}, // UTC-6
		"midnight that is left out":  {chile, "2026-09-05T12:00:00Z", "2026-09-07T12:00:00Z", []string{"2026-09-05 2026-09-07"}},  // clocks go forward at midnight
		"midnight that comes twice":  {chile, "2026-04-04T12:00:00Z", "2026-04-06T12:00:00Z", []string{"2026-04-04 2026-04-06"}},
		"31 days":                    {chile, "2026-01-01T12:00:00Z", "2026-01-31T12:00:00Z", []string{"2026-01-01 2026-01-31"}},
		"32 days":                    {chile, "2026-01-01T12:00:00Z", "2026-02-01T12:00:00Z", []string{"2026-01-01 2026-01-31", "2026-01-31 2026-02-01"}},
		"through the autumn's clock": {chile, "2026-03-20T12:00:00Z", "2026-05-01T12:00:00Z", []string{"2026-03-20 2026-04-19", "2026-04-19 2026-05-01"}},
		"backwards":                  {chile, "2026-01-05T12:00:00Z", "2026-01-04T12:00:00Z", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			l := pages(t, &asked, func(from, _ string, no int) string {
				if no > 1 {
					return "[]"
				}
				return listedAs("SAME", "D"+strings.ReplaceAll(from, "-", ""))
			})
			var err error
			if l.country, err = countryOf(providers.NewSettings(testSettings(test.country)), false); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			for r, err := range l.List(t.Context(), at(test.from), at(test.to)) {
				if err != nil {
					t.Fatal(err)
				}
				seen[r.Attempt.Reference]++
			}
			windows := slices.DeleteFunc(asked, func(s string) bool { return !strings.HasSuffix(s, " 1") })
			for i := range windows {
				windows[i] = strings.TrimSuffix(windows[i], " 1")
			}
			if diff := cmp.Diff(test.want, windows); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for reference, n := range seen {
				if n != 1 {
					t.Errorf("%s: listed %d times", reference, n)
				}
			}
		})
	}
}

// TestLookupDays: a look-up by reference asks for the day before the send to the day after it, by the merchant's calendar.
func TestLookupDays(t *testing.T) {
	var asked []string
	l := pages(t, &asked, func(string, string, int) string { return `{"data":[],"total":0}` })
	for _, at := range []time.Time{time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC), {}} {
		_, err := l.Lookup(t.Context(), providers.Attempt{Reference: "NOPE", SentAt: at})
		if !problemOf(err).NotFound {
			t.Errorf("got %v", err)
		}
	}
	if diff := cmp.Diff([]string{"2026-02-27 2026-03-01 1", "2026-01-04 2026-01-06 1"}, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBadNeighbour: a payout in the list that cannot be understood is told, and does not stand in the way of another.
func TestBadNeighbour(t *testing.T) {
	odd := strings.Replace(listedAs("ODD", "GOOD"), `"amount":1,`, `"amount":"1,5",`, 1)
	var asked []string
	l := pages(t, &asked, func(string, string, int) string { return `{"data":` + odd + `,"total":2}` })
	if r, err := l.Lookup(t.Context(), providers.Attempt{Reference: "GOOD"}); err != nil || r.Attempt.RemoteID != "po_GOOD" {
		t.Errorf("got %+v, %v", r, err)
	}
	if _, err := l.Lookup(t.Context(), providers.Attempt{Reference: "ODD"}); err == nil || problemOf(err).NotFound {
		t.Errorf("got %v, want it unreadable", err)
	}
	var failed, good int
	for r, err := range l.List(t.Context(), l.now(), l.now()) {
		if err != nil {
			failed++
		} else if r.Attempt.Reference == "GOOD" {
			good++
		}
	}
	if failed != 1 || good != 1 {
		t.Errorf("got %d failures and %d good ones", failed, good)
	}
}
