package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// A filter is given a name, found again under it, shared or not, and taken away by its owner or a super admin.
func TestViews(t *testing.T) {
	s := newPast(t, 60)
	s.person("Tomás Arriagada", tomasMail, super())
	owner, other, chief := s.signIn(lanMail), s.signIn(maritMail), s.signIn(tomasMail)
	save := func(name, query, shared string) *page {
		owner.get("/payouts?" + query)
		return owner.post("/payouts/views", url.Values{"name": {name}, "query": {query}, "shared": {shared}})
	}
	if p := save("Lost in euro", "currency=EUR&state=lost&after=0-P1", ""); !p.says("“Lost in euro” is saved") || !slices.Equal(rows(p), rows(owner.get("/payouts?currency=EUR&state=lost"))) {
		t.Errorf("saved: %s %s", p.path, p.text("main"))
	}
	save("Everybody's euros", "currency=EUR", "1")
	names := func(b *browser) []string {
		var all []string
		for _, a := range findAll(b.get("/payouts").root, "#views li a") {
			all = append(all, words(a))
		}
		return all
	}
	if got := names(owner); !slices.Equal(got, []string{"Everybody's euros", "Lost in euro"}) {
		t.Errorf("own: got %q", got)
	}
	if got := names(other); len(got) != 1 || !strings.HasPrefix(got[0], "Everybody's euros, shared by ") {
		t.Errorf("another's: got %q", got)
	}
	want := rows(owner.get("/payouts?currency=EUR&state=lost"))
	href := attr(findAll(owner.get("/payouts").root, "#views li a")[1], "href")
	if got := rows(owner.get(href)); !slices.Equal(got, want) {
		t.Errorf("through the view: got %v, want %v", got, want)
	}
	for name, c := range map[string]struct{ name, query, say string }{
		"no name":   {" ", "currency=EUR", "Give the view a name"},
		"long name": {strings.Repeat("é", 61), "currency=EUR", "At most 60"},
		"no filter": {"Nothing", "sort=oldest&nonsense=1", "Filter the list first"},
	} {
		p := save(c.name, c.query, "")
		if p.status != http.StatusUnprocessableEntity || !p.says(c.say) {
			t.Errorf("%s: got %d %s", name, p.status, p.text("#views"))
		}
		if kept := attr(p.find("#view-name"), "value"); kept != c.name {
			t.Errorf("%s: got %q kept", name, kept)
		}
	}
	remove := func(b *browser, id string) *page { return b.post("/payouts/views/"+id+"/remove", url.Values{}) }
	views := map[string]string{}
	for _, li := range findAll(owner.get("/payouts").root, "#views li") {
		views[words(find(li, "a"))] = strings.TrimSuffix(strings.TrimPrefix(attr(find(li, "form"), "action"), owner.base()+"/payouts/views/"), "/remove")
	}
	if p := remove(other, views["Everybody's euros"]); p.status != http.StatusNotFound {
		t.Errorf("another removes it: got %d", p.status)
	}
	if p := remove(chief, views["Lost in euro"]); p.status != http.StatusNotFound {
		t.Errorf("a super admin removes what is not shared: got %d", p.status)
	}
	if p := remove(chief, views["Everybody's euros"]); !p.says("is gone") {
		t.Errorf("a super admin removes what is shared: got %d", p.status)
	}
	if p := remove(owner, views["Lost in euro"]); !p.says("is gone") || len(names(owner)) != 0 {
		t.Errorf("its owner removes it: got %d and %v left", p.status, names(owner))
	}
	if p := chief.get("/audit"); !p.says("saved a view of the history") || !p.says("removed a view of the history") {
		t.Error("the log does not tell of the views")
	}
}

// Sets of columns show the same rows with other things about them.
func TestColumns(t *testing.T) {
	s := newPast(t, 60)
	b := s.signIn(maritMail)
	usual := rows(b.get("/payouts"))
	for set, say := range map[string]string{"books": "Booked in", "ids": "Our reference"} {
		p := b.get("/payouts?cols=" + set)
		checkPage(t, p)
		if got := rows(p); !slices.Equal(got, usual) || !strings.Contains(p.text("thead"), say) {
			t.Errorf("%s: got %v and %q", set, got, p.text("thead"))
		}
	}
	if p := b.get("/payouts?cols=x"); !p.says("there is no set of columns") || !slices.Equal(rows(p), usual) {
		t.Errorf("no such set: %s", p.text("main"))
	}
}

// The totals of a filter that are added up by themselves are those of the list.
func TestTotalsAlone(t *testing.T) {
	s := newPast(t, 150)
	b := s.signIn(maritMail)
	for _, query := range []string{"q=somebody", "currency=EUR&min=1", "state=paid&method=goldenpay_m"} {
		list, alone := b.get("/payouts?"+query), b.get("/payouts/totals?"+query)
		checkPage(t, alone)
		if n := alone.text("#totals tfoot .table__b"); n == "0" || !strings.Contains(list.text(".filter__on"), n+" payouts") {
			t.Errorf("%s: got %q on the list, and %q alone", query, list.text(".filter__on"), n)
		}
	}
}
