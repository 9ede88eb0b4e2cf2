package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// Every filter finds what a plain loop over all payouts finds, on all its pages.
func TestHistoryFilters(t *testing.T) {
	s := newPast(t, 150)
	day := func(p *payout.Payout) string { // as its store counts days
		zone := s.kora.Location()
		if p.Store == s.lantern.ID {
			zone = s.lantern.Location()
		}
		return p.CreatedAt.In(zone).Format(time.DateOnly)
	}
	b := s.signIn(maritMail)
	amount := func(p *payout.Payout) int64 { return p.Content.Amount.Minor }
	in := func(states ...payout.State) func(*payout.Payout) bool {
		return func(p *payout.Payout) bool { return slices.Contains(states, p.State) }
	}
	for _, c := range []struct {
		query string
		want  func(*payout.Payout) bool
	}{
		{"", func(*payout.Payout) bool { return true }},
		{"store=" + string(s.lantern.ID), func(p *payout.Payout) bool { return p.Store == s.lantern.ID }},
		{"provider=moneroo", func(p *payout.Payout) bool { return p.Content.Provider == "moneroo" }},
		{"method=goldenpay_m", func(p *payout.Payout) bool { return p.Content.Method == "goldenpay_m" }},
		{"state=paid", in(payout.Paid)},
		{"state=paid,failed", in(payout.Paid, payout.Failed)},
		{"state=paid&state=failed", in(payout.Paid, payout.Failed)},
		{"state=open", in(payout.Submitted, payout.Approved, payout.Sending, payout.Accepted, payout.Unknown)},
		{"state=lost", in(payout.NotSent, payout.Refused, payout.NotExecuted, payout.Failed, payout.Cancelled, payout.Returned, payout.Rejected)},
		{"state=review", func(p *payout.Payout) bool {
			return p.State == payout.Unknown || p.OpenConflict() != nil || p.Overdue(s.clock.Now())
		}},
		{"currency=eur", func(p *payout.Payout) bool { return p.Content.Amount.Currency == "EUR" }},
		{"mode=test", func(p *payout.Payout) bool { return !p.Content.Live && p.Content.Account != "" }},
		{"mode=live", func(p *payout.Payout) bool { return p.Content.Live }},
		{"from=2026-11-05", func(p *payout.Payout) bool { return day(p) >= "2026-11-05" }},
		{"from=2026-11-05&to=2026-11-10", func(p *payout.Payout) bool { return day(p) >= "2026-11-05" && day(p) <= "2026-11-10" }},
		{"currency=EUR&min=10,000&max=50,000.50", func(p *payout.Payout) bool {
			return p.Content.Amount.Currency == "EUR" && amount(p) >= 1_000_000 && amount(p) <= 5_000_050
		}},
		{"currency=XOF&min=0", func(p *payout.Payout) bool { return p.Content.Amount.Currency == "XOF" }},
		{"q=REF000000007", func(p *payout.Payout) bool { return p.Reference() == "REF000000007" }},
		{"q=Somebody+B&state=paid", func(p *payout.Payout) bool {
			return p.State == payout.Paid && p.Content.Value(providers.RoleName) == "Somebody B"
		}},
		{"q=&store=&state=&from=&after=", func(*payout.Payout) bool { return true }},
	} {
		for _, oldest := range []bool{false, true} {
			path := "/payouts?" + c.query
			if oldest {
				path += "&sort=oldest"
			}
			word := map[bool]string{false: "Older", true: "Newer"}[oldest]
			if diff := cmp.Diff(s.fits(oldest, c.want), b.through(path, word)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
	}
}

// From the last page the other way leads back over the same rows.
func TestHistoryPagesBothWays(t *testing.T) {
	s := newPast(t, 120)
	b := s.signIn(maritMail)
	for _, c := range []struct{ path, on, back string }{{"/payouts", "Older", "Newer"}, {"/payouts?sort=oldest&state=open,paid", "Newer", "Older"}} {
		all := b.through(c.path, c.on)
		back := rows(b.page)
		for path := pager(b.page, c.back); path != ""; path = pager(b.page, c.back) {
			back = append(rows(b.get(path)), back...)
		}
		if diff := cmp.Diff(all, back); diff != "" {
			t.Errorf("%s (-there +back):\n%s", c.path, diff)
		}
	}
	if p := b.get("/payouts?after=0-P00000000001"); !p.says("There is nothing further") || p.find(".empty a[href=/payouts]") == nil {
		t.Errorf("beyond the end: %s", p.text("main"))
	}
}

// The sums on the page are those of its rows, in each currency, mode and state, and all states are all payouts.
func TestHistoryTotals(t *testing.T) {
	s := newPast(t, 150)
	b := s.signIn(maritMail)
	for _, query := range []string{"", "state=open", "state=review", "currency=EUR", "store=" + string(s.lantern.ID), "mode=live&from=2026-11-10"} {
		ids := b.through("/payouts?"+query, "Older")
		sums, counts := map[string]int64{}, map[string]int{}
		var count int
		for _, p := range s.all {
			if !slices.Contains(ids, string(p.ID)) {
				continue
			}
			key := fmt.Sprint(p.Content.Amount.Currency, p.Content.Live, p.State)
			sums[key] += p.Content.Amount.Minor
			counts[key]++
			count++
		}
		p := b.get("/payouts/totals?" + query)
		checkPage(t, p)
		gotSums, gotCounts := map[string]int64{}, map[string]int{}
		for _, tr := range findAll(p.root, "#totals tbody tr") {
			badge := find(tr, "[data-state]")
			if badge == nil {
				continue
			}
			a := shownAmount(t, words(find(tr, ".table__b")))
			key := fmt.Sprint(a.amount.Currency, a.live, attr(badge, "data-state"))
			gotSums[key] += a.amount.Minor
			gotCounts[key] += number(t, words(find(tr, "[data-label=Payouts]")))
		}
		if diff := cmp.Diff(sums, gotSums); diff != "" {
			t.Errorf("%q: sums (-rows +page):\n%s", query, diff)
		}
		if diff := cmp.Diff(counts, gotCounts); diff != "" {
			t.Errorf("%q: counts (-rows +page):\n%s", query, diff)
		}
		if got := number(t, p.text("#totals tfoot .table__b")); got != count || !p.says(fmt.Sprintf("%d payouts", count)) {
			t.Errorf("%q: got %d payouts in all states, want %d", query, got, count)
		}
	}
}

// shown is an amount as a page writes it.
type shownMoney struct {
	amount money.Amount
	live   bool
}

func shownAmount(t *testing.T, text string) shownMoney {
	t.Helper()
	parts := strings.Fields(text)
	if len(parts) < 2 {
		return shownMoney{} // a draft has none
	}
	live := parts[len(parts)-1] != "test"
	if !live {
		parts = parts[:len(parts)-1]
	}
	a, err := money.Parse(strings.Join(parts[:len(parts)-1], ""), "en", parts[len(parts)-1])
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return shownMoney{a, live}
}

func number(t *testing.T, text string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(strings.ReplaceAll(text, ",", ""), &n); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return n
}

// What says nothing to us is left out and told; it never breaks the page.
func TestHistoryLeavesOutWhatItDoesNotKnow(t *testing.T) {
	s := newPast(t, 30)
	b := s.signIn(maritMail)
	all := rows(b.get("/payouts"))
	for query, says := range map[string]string{
		"from=2026-13-01":                    "From: “2026-13-01” is no day",
		"to=yesterday":                       "To: “yesterday” is no day",
		"state=lost,foo":                     "State: there is no “lost,foo”",
		"store=" + string(s.foreign.ID):      "no store that you can see",
		"provider=nobody":                    "not among the providers",
		"mode=maybe":                         "neither live nor test",
		"sort=amount":                        "is no order",
		"currency=doubloon":                  "nobody here knows “doubloon”",
		"min=5":                              "says nothing without a currency",
		"currency=XOF&max=1.5":               "is no amount of this currency",
		"after=!":                            "leads nowhere",
		"before=%00%ff-x%27%22":              "leads nowhere",
		"from=2026-11-01%00":                 "is no day",
		"state=" + strings.Repeat("x", 9000): "there is no",
	} {
		p := b.get("/payouts?" + query)
		if p.status != http.StatusOK || !p.says(says) {
			t.Errorf("%.60s: got %d, want it to say %q: %s", query, p.status, says, p.text(".banner"))
		}
		if got := rows(p); !strings.Contains(query, "currency=XOF") && !slices.Equal(got, all) {
			t.Errorf("%.60s: got %d rows, want the part left out", query, len(got))
		}
		checkPage(t, p)
	}
	for _, query := range []string{"q=%00", "q=%22*%27", "q=" + strings.Repeat("9", 5000), "x=1&y[]=2", "q=a&q=b", "after=0-P00000000001", "method=%3Cscript%3E"} {
		if p := b.get("/payouts?" + query); p.status != http.StatusOK {
			t.Errorf("%.40s: got %d", query, p.status)
		}
	}
}

// A chip takes its part of the filter away and keeps the rest; a view keeps everything but the state.
func TestHistoryChipsAndViews(t *testing.T) {
	s := newPast(t, 60)
	b := s.signIn(maritMail)
	p := b.get("/payouts?currency=EUR&state=paid&q=Somebody&store=" + string(s.kora.ID))
	want := map[string]string{"EUR": "currency", "Paid": "state", "“Somebody”": "q", "Kora Market": "store"}
	chips := p.all(".chip")
	if len(chips) != len(want) {
		t.Errorf("got %d chips, want %d", len(chips), len(want))
	}
	for _, chip := range chips {
		u, err := url.Parse(attr(chip, "href"))
		if err != nil {
			t.Fatal(err)
		}
		name := want[strings.TrimSpace(words(chip))]
		if name == "" || u.Query().Has(name) || len(u.Query()) != 3 {
			t.Errorf("chip %q leads to %s", words(chip), u)
		}
	}
	if p.text(".menu summary") != "Kora Market" || attr(p.find("select[name=state]"), "name") == "" || chosen(p.find("select[name=state]")) != "paid" {
		t.Errorf("the filter's values are not kept: %q", p.text(".menu summary"))
	}
	for _, tab := range p.all(".tabs__item") {
		u, err := url.Parse(attr(tab, "href"))
		if err != nil {
			t.Fatal(err)
		}
		if u.Query().Get("currency") != "EUR" || u.Query().Get("q") != "Somebody" {
			t.Errorf("view %q leads to %s", words(tab), u)
		}
	}
}

// A script gets the part of the page, and the address without what was left empty.
func TestHistoryPart(t *testing.T) {
	s := newPast(t, 30)
	b := s.signIn(maritMail)
	b.header.Set("HX-Request", "true")
	p := b.get("/payouts?q=&state=paid&store=")
	if p.find("header") != nil || p.find("#history") == nil || p.header.Get("HX-Push-Url") != "/payouts?state=paid" || p.header.Get("Vary") == "" {
		t.Errorf("got %q, header %v", p.header.Get("HX-Push-Url"), p.find("header"))
	}
	b.header.Set("HX-History-Restore-Request", "true")
	if p := b.get("/payouts"); p.find("header") == nil {
		t.Error("going back does not give the whole page")
	}
}

// What people typed is shown as they typed it and does nothing.
func TestHistoryHostileNames(t *testing.T) {
	s := newPast(t, 0)
	bad := `<script>alert(1)</script>"><img src=x onerror=alert(1)>`
	for i, name := range []string{bad, "ليلى بن يوسف المنصوري", "\u202eevil\u202c", "{{.Name}} \ue0000\ue001", strings.Repeat("W", 300)} {
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("H%011d", i)), Store: s.kora.ID, State: payout.Failed, Version: 1, Author: s.byEmail(lanMail).ID,
			Reason: name, CreatedAt: s.clock.Now(), UpdatedAt: s.clock.Now(), SubmittedAt: s.clock.Now(),
			Content: payout.Content{Account: "a1", Provider: "moneroo", Company: "Moneroo", Live: true, Method: "m", MethodName: name, Description: name,
				Amount: money.Amount{Minor: 5, Currency: "XOF"}, Details: []payout.Detail{{Name: "name", Value: name, Role: providers.RoleName}}}}
		s.insert(p)
		b := s.signIn(maritMail)
		for _, path := range []string{"/payouts", "/payouts?q=" + url.QueryEscape(name), "/payouts/" + string(p.ID), "/"} {
			page := b.get(path)
			if page.status != http.StatusOK || strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "<img") {
				t.Errorf("%s: got %d, %q not escaped", path, page.status, name)
			}
		}
		if got := b.get("/payouts/" + string(p.ID)).text("h1 bdi"); got != strings.Join(strings.Fields(name), " ") && !strings.Contains(name, "\ue000") {
			t.Errorf("got %q, want %q within bdi", got, name)
		}
	}
}

func TestHistoryWhyFound(t *testing.T) {
	s := newPast(t, 40)
	b := s.signIn(lanMail)
	i := slices.IndexFunc(s.all, func(p *payout.Payout) bool { return p.State == payout.Paid && p.Store == s.kora.ID && p.Content.Live })
	p := s.all[i]
	for q, says := range map[string]string{
		p.ID.Number(): "Found by its number", p.Reference(): "Found by our reference", p.RemoteID(): "Found by the provider’s number",
		p.Content.AccountNumber(): "Found by the account’s number", p.Content.Amount.Decimal(): "Found by its amount",
	} {
		if page := b.get("/payouts?q=" + url.QueryEscape(q)); !slices.Contains(rows(page), string(p.ID)) || !page.says(says) {
			t.Errorf("%s: got %v, want it to say %q: %s", q, rows(page), says, page.text("tbody"))
		}
	}
}

func TestHistoryEmpty(t *testing.T) {
	s := newPast(t, 0)
	if p := s.signIn(lanMail).get("/payouts"); !p.says("No payouts yet") || p.find(".empty a[href=/payouts/new]") == nil {
		t.Errorf("nothing at all: %s", p.text("main"))
	}
	p := s.signIn(maritMail).get("/payouts")
	if checkPage(t, p); !p.says("No payouts yet") || p.find("a[href=/payouts/new]") != nil {
		t.Errorf("nothing at all, for who only reads: %s", p.text("main"))
	}
	p = s.get("/payouts?q=nobody")
	if checkPage(t, p); !p.says("Nothing fits this filter") || p.find(".empty a[href=/payouts]") == nil {
		t.Errorf("nothing fits: %s", p.text("main"))
	}
}

func TestHistoryInFrench(t *testing.T) {
	s := newPast(t, 60)
	b := s.signIn(maritMail)
	b.header.Set("Accept-Language", "fr")
	p := b.get("/payouts?currency=EUR&min=1+000,50&from=2026-11-01")
	checkPage(t, p)
	if attr(p.find("html"), "lang") != "fr" || !p.says("Versements") || !p.says("Au moins 1\u202f000,50\u00a0EUR") && !p.says("Au moins 1 000,50 EUR") {
		t.Errorf("got %s", p.text(".filter__on"))
	}
	if diff := cmp.Diff(s.fits(false, func(p *payout.Payout) bool {
		return p.Content.Amount.Currency == "EUR" && p.Content.Amount.Minor >= 100050 && !p.CreatedAt.Before(time.Date(2026, 10, 31, 23, 0, 0, 0, time.UTC))
	}), b.through("/payouts?currency=EUR&min=1+000,50&from=2026-11-01", "Plus anciens")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
