package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// Every line of the timeline has its time in the store's zone with UTC beside it, who or what did it, and what is kept of it; the
// account number is masked in all of it, for everybody.
func TestTimelineShowsWhatIsKept(t *testing.T) {
	d := journey(t)
	p := d.pay("85,000")
	d.settle(p.ID)
	page := d.signIn(maritMail).get("/payouts/" + string(p.ID))
	checkPage(t, page)
	items := page.all(".timeline__item")
	if len(items) < 7 {
		t.Fatalf("got %d lines", len(items))
	}
	var folds []string
	for _, li := range items {
		at := find(li, "time.timeline__time")
		when, err := time.Parse(time.RFC3339, attr(at, "datetime"))
		if err != nil || !strings.HasSuffix(attr(at, "title"), " UTC") {
			t.Errorf("time: %v, title %q", err, attr(at, "title"))
		}
		if shown := when.In(d.st.Location()).Format("15:04:05"); words(at) != shown {
			t.Errorf("time: got %s, want %s as in %s", words(at), shown, d.st.Zone)
		}
		if find(li, ".timeline__mark svg") == nil || words(find(li, ".timeline__kind")) == "" && find(li, ".timeline .timeline__item") == nil {
			t.Errorf("%q has no icon or says not who did it", words(li))
		}
		if find(li, "details pre") == nil {
			t.Errorf("%q shows nothing raw", words(find(li, ".timeline__what")))
		}
		for _, s := range findAll(li, "details summary") {
			folds = append(folds, words(s))
		}
	}
	for _, want := range []string{"Request", "Answer", "Message", "Proof", "Record"} {
		if !slices.Contains(folds, want) {
			t.Errorf("no fold %q among %q", want, folds)
		}
	}
	for _, number := range []string{"22997000926", "97000926"} {
		if strings.Contains(page.body, number) {
			t.Errorf("the page holds %s", number)
		}
	}
	if page = d.signIn(lanMail).get("/payouts/" + string(p.ID)); page.says("Proof") && page.find("details.fold--kept pre[aria-label=Proof]") != nil {
		t.Error("a proof is shown to somebody who may not read the audit log")
	}
}

// From the page of a payout the whole number is shown to whoever says why; the timeline tells who looked, and why.
func TestRevealFromTimeline(t *testing.T) {
	d := journey(t)
	p := d.pay("85,000")
	d.settle(p.ID)
	path := "/payouts/" + string(p.ID)
	marit := d.signIn(maritMail)
	marit.get(path)
	shown := marit.submit("form.form[action="+path+"/reveal]", url.Values{"reason": {"The bank asks for it"}})
	if shown.status != http.StatusOK || !strings.Contains(shown.body, "22997000926") {
		t.Errorf("got %d: %s", shown.status, shown.text("main"))
	}
	page := marit.get(path)
	if !page.says("Marit de Graaf looked at the whole account number") || !page.says("The bank asks for it") || strings.Contains(page.body, "22997000926") {
		t.Errorf("timeline: %s", page.text(".timeline"))
	}
}

// What a company wrote is masked wherever it holds the number, also as part of an address; corrections stand in the timeline.
func TestTimelineMasksAndCorrects(t *testing.T) {
	s := newPast(t, 0)
	s.odd(func(p *payout.Payout) {
		p.State, p.Reason = payout.Failed, "no"
		p.Content.Details[1].Value = "+229 97 00 09 26"
	})
	first := s.all[0]
	for i, raw := range []string{`{"to":"+22997000926"}`, `to=%2B22997000926&x=1`, `to=%2B229+97+00+09+26`, `{"to":"22997000926"}`, `{"to":"+229 97 00 09 26"}`, `{"to":"0022997000926"}`} {
		s.exec(`insert into exchanges (id, account, payout, purpose, at, took, method, url, status, request, answer, written, err)
			values ($1, 'a1', $2, 'lookup', 1, 1, 'GET', 'https://provider.example/' || $3, 200, $3, $3, 1, '')`, string(first.ID)+string(rune('a'+i)), string(first.ID), raw)
	}
	s.odd(func(p *payout.Payout) { p.Follows, p.State = first.ID, payout.Submitted })
	page := s.signIn(maritMail).get("/payouts/" + string(first.ID))
	for _, number := range []string{"22997000926", "97 00 09 26", "97+00+09+26"} {
		if strings.Contains(page.body, number) {
			t.Errorf("the page holds %s", number)
		}
	}
	if strings.Count(page.body, "··0926") < 12 && strings.Count(page.body, "··") < 12 {
		t.Errorf("masked %d times", strings.Count(page.body, "··"))
	}
	if !page.says("made another payout in its place") || page.find(".timeline a[href=/payouts/"+string(s.all[1].ID)+"]") == nil {
		t.Errorf("no correction: %s", page.text(".timeline"))
	}
}
