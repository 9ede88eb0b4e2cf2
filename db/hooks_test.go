package db_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// hook keeps a webhook that came some minutes after the beginning.
func (o *office) hook(id string, minutes int, bend func(*inbox.Hook)) inbox.Hook {
	o.t.Helper()
	h := inbox.Hook{ID: id, Account: "a1", Store: "s1", Provider: "toy", Token: "t", Address: "192.0.2.1", ReceivedAt: o.at.Add(time.Duration(minutes) * time.Minute),
		Header: http.Header{"Sig": {"x", "y"}}, Body: []byte("body"), Size: 4, Digest: "d-" + id, Verdict: inbox.Received}
	if bend != nil {
		bend(&h)
	}
	if h.Account != "" {
		o.must(o.past(`insert or ignore into stores (id, name, zone, created_at) values ($1, '', 'UTC', 0)`, string(h.Store)))
		o.must(o.past(`insert or ignore into accounts (id, store, provider, label, live, address, token, version, created_at, created_by)
			values ($1, $2, $3, '', 1, '', $1, 1, 0, '')`, string(h.Account), string(h.Store), h.Provider))
	}
	o.must(o.Hooks().Keep(o.t.Context(), h))
	o.must(o.Hooks().Save(o.t.Context(), h))
	return h
}

func TestHooksComeBackAsTheyWere(t *testing.T) {
	o := newOffice(t)
	kept := inbox.Hook{ID: "h", Account: "a1", Store: "s1", Provider: "toy", Token: "t", Address: "192.0.2.1", ReceivedAt: o.at,
		Header: http.Header{"Sig": {"x", "y"}, "Empty": {""}}, Body: []byte{0, 0xff, '\n'}, Size: 3, Digest: "d", Verdict: inbox.Received, DueAt: o.at.Add(time.Minute)}
	o.must(o.Hooks().Keep(t.Context(), kept))
	got, err := o.Hooks().Hook(t.Context(), payout.Everywhere(), "h")
	o.must(err)
	if diff := cmp.Diff(kept, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	live := true
	saved := kept
	saved.Body, saved.Verdict, saved.Code, saved.Event, saved.Payout = []byte{0}, inbox.Applied, "known", "payout.paid", "P"
	saved.Steps = []providers.Step{{Name: "signature", OK: true, Note: "Sig"}}
	saved.Result = providers.Result{Attempt: providers.Attempt{Reference: "R", RemoteID: "r", Kept: map[string]string{"token": "CANARY"}}, Status: providers.Paid, Word: "60",
		Amount: money.Amount{Minor: 5, Currency: "EUR"}, Live: &live, Details: map[string]string{"a": "b"}}
	saved.From, saved.To, saved.DuplicateOf, saved.Reply, saved.Tries = payout.Accepted, payout.Paid, "other", 200, 3
	saved.DueAt, saved.DoneAt = time.Time{}, o.at.Add(time.Second)
	o.must(o.Hooks().Save(t.Context(), saved))
	got, err = o.Hooks().Hook(t.Context(), payout.Everywhere(), "h")
	o.must(err)
	saved.Result.Attempt.Kept = nil
	if diff := cmp.Diff(saved, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	if o.readable("CANARY") {
		t.Error("a secret of the order is readable in the file (invariant 15)")
	}
	if !saved.Moved() {
		t.Error("it did not move")
	}
}

// TestHooksAreNeverDeleted: not by mistake, and not by hand.
func TestHooksAreNeverDeleted(t *testing.T) {
	o := newOffice(t)
	o.hook("h", 0, nil)
	if err := o.past(`delete from hooks`); err == nil {
		t.Error("deleted")
	}
	if err := o.past(`insert into hooks (id, token, address, received_at, header, body, size, digest, verdict) values ('h', '', '', 0, '', x'', 0, '', '')`); err == nil {
		t.Error("kept twice under one id")
	}
}

// TestHooksWalls is invariant 13: a store sees its own; what no account has the address of is for who sees every store.
func TestHooksWalls(t *testing.T) {
	o := newOffice(t)
	o.hook("one", 0, nil)
	o.hook("two", 1, func(h *inbox.Hook) { h.Store, h.Account = "s2", "a2" })
	o.hook("lost", 2, func(h *inbox.Hook) { h.Store, h.Account = "", "" })
	both := access.Person{ID: "p", Grants: []access.Grant{{Role: access.Accountant, Store: "s1"}, {Role: access.Accountant, Store: "s2"}}}
	for name, tt := range map[string]struct {
		scope payout.Scope
		want  []string
	}{
		"store one":  {payout.InStore("s1"), []string{"one"}},
		"store two":  {payout.InStore("s2"), []string{"two"}},
		"both":       {payout.ScopeOf(both, access.ViewWebhooks), []string{"two", "one"}},
		"everything": {payout.Everywhere(), []string{"lost", "two", "one"}},
		"nothing":    {payout.Scope{}, nil},
		"no store":   {payout.InStore(""), []string{"lost"}},
	} {
		page, err := o.Hooks().List(t.Context(), tt.scope, inbox.Filter{})
		o.must(err)
		if name == "no store" {
			continue // nobody has this scope: a store's id is never empty
		}
		if got := ids(page); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
		for _, id := range []string{"one", "two", "lost", "no-such"} {
			_, err := o.Hooks().Hook(t.Context(), tt.scope, id)
			if want := slices.Contains(tt.want, id); (err == nil) != want || (err != nil && !errors.Is(err, inbox.ErrNotFound)) {
				t.Errorf("%s, %s: got %v, want found %v", name, id, err, want)
			}
		}
		if page, err := o.Hooks().List(t.Context(), tt.scope, inbox.Filter{Store: "s2"}); err != nil || len(page.Hooks) > 0 != slices.Contains(tt.want, "two") {
			t.Errorf("%s, asked for store two: got %v, %v", name, ids(page), err)
		}
	}
}

func ids(p inbox.Page) []string {
	var all []string
	for _, h := range p.Hooks {
		all = append(all, h.ID)
	}
	return all
}

func TestHooksList(t *testing.T) {
	o := newOffice(t)
	for i := range 7 {
		o.hook(fmt.Sprint("h", i), i/2, func(h *inbox.Hook) { // two in each minute
			if i%3 == 0 {
				h.Verdict, h.Provider, h.Account, h.Payout = inbox.Forged, "other", "a9", "P"
			}
		})
	}
	page := func(f inbox.Filter) inbox.Page {
		t.Helper()
		p, err := o.Hooks().List(t.Context(), payout.Everywhere(), f)
		o.must(err)
		return p
	}
	// Forwards and back again, three at a time.
	first := page(inbox.Filter{Limit: 3})
	second := page(inbox.Filter{Limit: 3, After: first.Next})
	third := page(inbox.Filter{Limit: 3, After: second.Next})
	for i, tt := range []struct {
		got        inbox.Page
		want       []string
		next, prev bool
	}{
		{first, []string{"h6", "h5", "h4"}, true, false},
		{second, []string{"h3", "h2", "h1"}, true, true},
		{third, []string{"h0"}, false, true},
		{page(inbox.Filter{Limit: 3, Before: third.Prev}), []string{"h3", "h2", "h1"}, true, true},
		{page(inbox.Filter{Limit: 3, Before: second.Prev}), []string{"h6", "h5", "h4"}, true, false},
	} {
		if !slices.Equal(ids(tt.got), tt.want) || (tt.got.Next.ID != "") != tt.next || (tt.got.Prev.ID != "") != tt.prev {
			t.Errorf("page %d: got %v, next %v, prev %v", i, ids(tt.got), tt.got.Next, tt.got.Prev)
		}
	}
	for name, tt := range map[string]struct {
		f    inbox.Filter
		want []string
	}{
		"verdict":  {inbox.Filter{Verdicts: []inbox.Verdict{inbox.Forged}}, []string{"h6", "h3", "h0"}},
		"provider": {inbox.Filter{Provider: "other"}, []string{"h6", "h3", "h0"}},
		"payout":   {inbox.Filter{Payout: "P"}, []string{"h6", "h3", "h0"}},
		"nothing":  {inbox.Filter{Provider: "' or 1=1 --"}, nil},
	} {
		if got := ids(page(tt.f)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestHooksDue(t *testing.T) {
	o := newOffice(t)
	for id, in := range map[string]time.Duration{"now": 0, "late": -time.Hour, "soon": time.Minute} {
		o.hook(id, 0, func(h *inbox.Hook) { h.DueAt = o.at.Add(in) })
	}
	o.hook("never", 0, nil)
	due := func(at time.Time, limit int) []string {
		t.Helper()
		all, err := o.Hooks().Due(t.Context(), at, limit)
		o.must(err)
		return ids(inbox.Page{Hooks: all})
	}
	if got := due(o.at, 10); !slices.Equal(got, []string{"late", "now"}) {
		t.Errorf("got %v, want the longest overdue first", got)
	}
	if got := due(o.at.Add(time.Hour), 2); !slices.Equal(got, []string{"late", "now"}) {
		t.Errorf("got %v, want two", got)
	}
	if got := due(o.at.Add(time.Hour), 10); len(got) != 3 {
		t.Errorf("got %v, want three", got)
	}
}

// TestHooksSame: only a genuine message of the same account that was taken in is a first one.
func TestHooksSame(t *testing.T) {
	o := newOffice(t)
	for i, v := range inbox.Verdicts() {
		digest := fmt.Sprint("digest ", i)
		id := "first-" + string(v)
		o.hook(id, i, func(h *inbox.Hook) { h.Digest, h.Verdict = digest, v })
		want := slices.Contains([]inbox.Verdict{inbox.Applied, inbox.Confirming, inbox.Unconfirmed, inbox.Conflicting}, v)
		for name, tt := range map[string]struct {
			account store.AccountID
			digest  string
			except  string
			want    bool
		}{
			"same":            {"a1", digest, "x", want},
			"itself":          {"a1", digest, id, false},
			"another account": {"a2", digest, "x", false},
			"another body":    {"a1", "other", "x", false},
		} {
			got, err := o.Hooks().Same(t.Context(), tt.account, tt.digest, tt.except)
			if (err == nil) != tt.want || (tt.want && got.ID != id) || (!tt.want && !errors.Is(err, inbox.ErrNotFound)) {
				t.Errorf("%s, %s: got %q, %v, want %v", v, name, got.ID, err, tt.want)
			}
		}
	}
}

func TestHooksRefusedAndFlood(t *testing.T) {
	o := newOffice(t)
	for i, v := range inbox.Verdicts() {
		o.hook(string(v), i, func(h *inbox.Hook) { h.Verdict = v })
		o.hook("far-"+string(v), i, func(h *inbox.Hook) { h.Verdict, h.Address = v, "198.51.100.7" })
	}
	if n, err := o.Hooks().Refused(t.Context(), "192.0.2.1", o.at.Add(-time.Second)); err != nil || n != 3 {
		t.Errorf("got %d, %v, want forged, misaddressed and failed", n, err)
	}
	if n, err := o.Hooks().Refused(t.Context(), "192.0.2.1", o.at.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("later: got %d, %v, want none", n, err)
	}
	for i := range 3 {
		if n, err := o.Hooks().CountFlood(t.Context(), "192.0.2.1", o.at.Add(time.Duration(i)*time.Minute)); err != nil || n != i+1 {
			t.Errorf("got %d, %v, want %d", n, err, i+1)
		}
	}
	for name, tt := range map[string]struct {
		address string
		at      time.Time
	}{"another hour": {"192.0.2.1", o.at.Add(time.Hour)}, "another address": {"192.0.2.2", o.at}} {
		if n, err := o.Hooks().CountFlood(t.Context(), tt.address, tt.at); err != nil || n != 1 {
			t.Errorf("%s: got %d, %v, want 1", name, n, err)
		}
	}
}
