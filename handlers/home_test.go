package handlers_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

// The steps of the set-up are ticked one by one, and the list goes once nothing is missing.
func TestHomeSteps(t *testing.T) {
	s := newPast(t, 0)
	steps := func() map[string]bool {
		got := map[string]bool{}
		for _, li := range s.get("/").all("section[aria-labelledby=steps] li") {
			got[words(find(li, "b"))] = find(li, "a") == nil
		}
		return got
	}
	want := map[string]bool{"Open a store": true, "Connect an account at a provider": false, "Invite a second super admin": false,
		"Set up an authenticator app": false, "Draft the first payout": false}
	if diff := cmp.Diff(want, steps()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	checkPage(t, s.page)
	s.person("Tomás Arriagada", tomasMail, super())
	s.ofEachState()
	want["Invite a second super admin"], want["Draft the first payout"] = true, true
	if diff := cmp.Diff(want, steps()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHomeIsTidyWhenAllIsDone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.waiting(d.lan, "10.00")
	page := d.get("/")
	if page.find("#steps") != nil || !page.says("Set up an authenticator app") {
		t.Errorf("got %s", page.text("main"))
	}
	d.authenticator(d.ifeoma)
	if page = d.get("/"); page.says("Set up an authenticator app") {
		t.Error("it still asks for an authenticator")
	}
	checkPage(t, page)
}

// Each role finds what it has to do.
func TestHomeByRole(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.waiting(d.lan, "8,200.00")
	own := d.waiting(d.ifeoma, "20.00")
	if _, err := d.app.Payouts().Draft(t.Context(), d.lan, d.st.ID, payout.Input{Description: "Half-written"}, ""); err != nil {
		t.Fatal(err)
	}
	unknown := d.unknown()
	for _, c := range []struct {
		mail  string
		has   []string
		links []string
		lacks []string
	}{
		{ifeomaMail, []string{"Waiting for you", "Never paid before", "1 more is your own work", "Kiosk left open whether it paid"},
			[]string{"/approvals/" + string(p.ID), "/payouts/" + string(unknown.ID) + "/review", "/payouts/new", "/payouts/" + string(own.ID)}, []string{"Find a payout from any scrap"}},
		{lanMail, []string{"Yours", "Half-written", "New payout", "Kiosk left open whether it paid"}, []string{"/payouts/" + string(p.ID), "/payouts/new"},
			[]string{"Waiting for you", "Webhooks, last 24 hours"}},
		{maritMail, []string{"Find a payout from any scrap", "Webhooks, last 24 hours", "Bad signature", "Kiosk left open whether it paid"}, []string{"/payouts"},
			[]string{"Waiting for you", "New payout", "Yours", "Connect an account"}},
	} {
		page := d.signIn(c.mail).get("/")
		checkPage(t, page)
		for _, text := range c.has {
			if !page.says(text) {
				t.Errorf("%s: the page does not say %q:\n%s", c.mail, text, page.text("main"))
			}
		}
		for _, text := range c.lacks {
			if strings.Contains(page.text("main"), text) {
				t.Errorf("%s: the page says %q", c.mail, text)
			}
		}
		for _, href := range c.links {
			if page.find("main a[href="+href+"]") == nil {
				t.Errorf("%s: no way to %s", c.mail, href)
			}
		}
		if !page.says("Kiosk Hanoi") || !page.says("1,000 .00 EUR") {
			t.Errorf("%s: the account and its balance are missing", c.mail)
		}
	}
}

// Stopped accounts and forged webhooks come before everything ordinary.
func TestHomeShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.admin.Stores.Freeze(t.Context(), d.ifeoma, d.account, "The bank called"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		res, err := http.Post(d.url+"/hooks/nobody", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	page := d.get("/")
	for _, text := range []string{"Sending is stopped: Kiosk Hanoi", "The bank called", "3 webhooks to an address nobody has", "Sending stopped"} {
		if !page.says(text) {
			t.Errorf("the page does not say %q:\n%s", text, page.text("main"))
		}
	}
	if page = d.signIn(maritMail).get("/"); page.says("3 webhooks") {
		t.Error("who sees one store is told of what belongs to none")
	}
}

func TestHomeWithoutARole(t *testing.T) {
	s := newPast(t, 0)
	nobody := s.person("Nobody Yet", "nobody@kora.example", merchant(s.kora))
	if err := s.admin.Access.TakeRole(t.Context(), s.super, nobody.ID, merchant(s.kora)); err != nil {
		t.Fatal(err)
	}
	page := s.signIn("nobody@kora.example").get("/")
	checkPage(t, page)
	if page.status != http.StatusOK || !page.says("Ask a super admin to give you a role") || page.find("main a") != nil {
		t.Errorf("got %d: %s", page.status, page.text("main"))
	}
}

// The two weeks on the first page are those of the history, day by day, no currency added to another, no test money.
func TestHomeVolume(t *testing.T) {
	s := newPast(t, 0)
	lan := s.byEmail(lanMail)
	sums, days, lost := map[string]int64{}, map[string]int{}, 0
	zone := s.kora.Location()
	for i := range 200 {
		at := s.clock.Now().Add(-time.Duration(i*157) * time.Minute)
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("V%011d", i)), Store: s.kora.ID, State: []payout.State{payout.Paid, payout.Failed, payout.Submitted}[i%3],
			Version: 1, Author: lan.ID, CreatedAt: at, UpdatedAt: at, Content: payout.Content{Account: "a1", Provider: "moneroo", Company: "Moneroo", Live: i%5 > 0, Method: "m",
				Amount:  money.Amount{Minor: int64(1000 + i), Currency: []string{"XOF", "EUR"}[i%2]},
				Details: []payout.Detail{{Name: "name", Value: "Koffi", Role: providers.RoleName}}}}
		s.insert(p)
		now := s.clock.Now().In(zone)
		first := time.Date(now.Year(), now.Month(), now.Day()-13, 0, 0, 0, 0, zone)
		if at.Before(first) || !p.Content.Live {
			continue
		}
		switch p.State {
		case payout.Paid:
			sums[p.Content.Amount.Currency] += p.Content.Amount.Minor
			days[at.In(zone).Format("2 Jan")]++
		case payout.Failed:
			lost++
		}
	}
	b := s.signIn(maritMail)
	page := b.get("/")
	checkPage(t, page)
	if !page.says("Test payouts are left out.") {
		t.Error("it does not say that test payouts are left out")
	}
	got := map[string]int64{}
	var links []string
	for _, stat := range page.all(".stat") {
		a := shownAmount(t, words(find(stat, ".money")))
		got[a.amount.Currency] = a.amount.Minor
		links = append(links, attr(find(stat, "a"), "href"))
	}
	if diff := cmp.Diff(sums, got); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	gotDays := map[string]int{}
	for _, tr := range page.all(".fold tbody tr") {
		if n := number(t, words(findAll(tr, "td")[0])); n > 0 {
			gotDays[words(find(tr, "th"))] = n
		}
	}
	if diff := cmp.Diff(days, gotDays); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	if foot := page.all(".fold tfoot td"); number(t, words(foot[1])) != lost {
		t.Errorf("got %s that did not go through, want %d", words(foot[1]), lost)
	}
	for _, href := range links {
		if a := shownAmount(t, b.get(href).text(".totals .money")); a.amount.Minor != sums[a.amount.Currency] {
			t.Errorf("%s: the history says %d, want %d", href, a.amount.Minor, sums[a.amount.Currency])
		}
	}
}

func TestHomeInFrench(t *testing.T) {
	s := newPast(t, 40)
	b := s.signIn(lanMail)
	b.header.Set("Accept-Language", "fr")
	page := b.get("/")
	checkPage(t, page)
	for _, text := range []string{"Ce qui vous attend", "Nouveau versement", "N’ont pas abouti", "Versements par jour"} {
		if !page.says(text) && !strings.Contains(strings.ToLower(page.text("main")), strings.ToLower(text)) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

// An invitation that waits for a second super admin stands on the page of every other one.
func TestHomeInvitations(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, _, err := d.admin.Access.Invite(t.Context(), d.tomas, "new@kora.example", "Nia New", []access.Grant{super()}); err != nil {
		t.Fatal(err)
	}
	if page := d.get("/"); !page.says("Nia New is to be let in") || page.find("main a[href=/people]") == nil {
		t.Errorf("got %s", page.text("main"))
	}
	if page := d.signIn(tomasMail).get("/"); page.says("Nia New is to be let in") {
		t.Error("who asked is told to agree")
	}
}

// Where sending is stopped at many accounts, that is one line and not many.
func TestHomeTellsManyStoppedInOneLine(t *testing.T) {
	s := newPast(t, 0)
	for n := 1; n <= 5; n++ {
		s.raw(`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by, frozen_at, frozen_by, frozen_why)
			values ($1, $2, 'moneroo', $3, 1, 'default', $1, 1, 0, '', $4, 'Marit', 'The bank called')`, fmt.Sprint("stopped", n), string(s.kora.ID), fmt.Sprint("Till ", n), s.clock.Now().UnixMilli()+int64(n))
		page := s.get("/")
		one, many := page.says("Sending is stopped: Till 1"), page.says(fmt.Sprintf("Sending is stopped at %d accounts", n))
		if one != (n <= 3) || many != (n > 3) || many != page.says(fmt.Sprintf("The latest: Till %d.", n)) {
			t.Errorf("%d: got %s", n, page.text("main"))
		}
	}
}
