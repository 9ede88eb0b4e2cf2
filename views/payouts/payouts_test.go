package payouts

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

func localizer(t *testing.T, lang string) *i18n.Localizer {
	t.Helper()
	b, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return b.Localizer(lang)
}

// Whatever can happen to a payout is told in words, in every language.
func TestEverythingIsTold(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		l := localizer(t, lang)
		ctx := views.With(t.Context(), views.Request{Localizer: l, Language: lang, Zone: time.UTC})
		p := &payout.Payout{ID: "P00000000001", Content: payout.Content{Company: "Acme"}}
		for _, a := range audit.Actions() {
			if !strings.HasPrefix(string(a), "payout.") && !strings.HasPrefix(string(a), "conflict.") {
				continue
			}
			told := (One{Payout: p, Entries: []audit.Entry{{Action: a, ActorName: "Ifeoma", Details: `{"state":"paid","code":"amount","digest":"00"}`}}}).story(ctx)
			if len(told) != 1 || len(told[0].events) != 1 {
				t.Fatalf("%s: %s: got %v", lang, a, told)
			}
			var b strings.Builder
			if err := told[0].events[0].what.Render(ctx, &b); err != nil || strings.Contains(b.String(), "story.") || strings.Contains(b.String(), string(a)) {
				t.Errorf("%s: %s is told as %q, %v", lang, a, b.String(), err)
			}
		}
		for _, v := range inbox.Verdicts() {
			if !l.Has("story.hook." + string(v)) {
				t.Errorf("%s: no words for the verdict %s", lang, v)
			}
		}
		for _, code := range []string{payout.NoneKnown, payout.NoneNotUnderstood, payout.NoneUnproven, payout.NoneOlder, payout.NoneLate, payout.NoneNothingFound} {
			if !l.Has("story.none." + code) {
				t.Errorf("%s: no words for %s", lang, code)
			}
		}
		for _, code := range []string{payout.CodeOwnWork, payout.CodeNotAllowed, payout.CodeState, payout.CodeChanged, payout.CodeStepUp, payout.CodeFields,
			payout.CodeExpired, payout.CodeConflict, payout.CodeCredentials, payout.CodeFrozen, payout.CodeApprover, payout.CodeSnapshot, payout.CodeSender,
			payout.CodeReason, payout.CodeAccount, payout.CodeAmount, payout.CodeTwice, "prepare", "verdict", "evidence", "remote_id"} {
			for _, part := range []string{".title", ".text"} {
				if !l.Has("payout.error." + code + part) {
					t.Errorf("%s: no words for the refusal %s%s", lang, code, part)
				}
			}
		}
	}
}

func minute(n int) time.Time { return time.Date(2026, 11, 20, 12, n, 0, 0, time.UTC) }

// What was done keeps its order; what was said stands where it was said, before what it led to.
func TestWeave(t *testing.T) {
	done := []event{{at: minute(1), by: "sent"}, {at: minute(1), by: "accepted"}, {at: minute(5), by: "paid", led: true}, {at: minute(4), by: "clock went back"}}
	said := []event{{at: minute(2), by: "webhook"}, {at: minute(5), by: "look-up"}, {at: minute(9), by: "late webhook"}}
	var got []string
	for _, e := range weave(done, said) {
		got = append(got, e.by)
	}
	if diff := cmp.Diff([]string{"sent", "accepted", "webhook", "look-up", "paid", "clock went back", "late webhook"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Many look-ups that changed nothing are folded, and none is lost.
func TestFewer(t *testing.T) {
	var all []event
	for i := range 9 {
		all = append(all, event{at: minute(2 * i), quiet: true}, event{at: minute(2*i + 1), quiet: true, looked: true, lines: []string{"nothing"}})
	}
	all = append(all, event{at: minute(30), by: "paid"}, event{at: minute(31), quiet: true})
	list := fewer(joinLooks(all))
	if len(list) != 4 || len(list[0].hidden) != 8 || len(list[1].lines) != 1 || list[2].by != "paid" || !list[3].quiet {
		t.Errorf("got %+v", list)
	}
}

// Sums never mix currencies or modes, and lose nothing.
func TestSums(t *testing.T) {
	xof := func(live bool, s payout.State, n int, minor int64) payout.Total {
		return payout.Total{Currency: "XOF", Live: live, State: s, Count: n, Amount: money.Amount{Minor: minor, Currency: "XOF"}, Fee: money.Amount{Currency: "XOF"}}
	}
	list := sums([]payout.Total{{State: payout.Draft, Count: 4}, xof(false, payout.Paid, 1, 7), xof(true, payout.Failed, 2, 30), xof(true, payout.Paid, 3, 100)})
	if len(list) != 3 || !list[0].live || list[1].live || list[2].currency != "" {
		t.Fatalf("got %+v", list)
	}
	if s := list[0]; s.paid.Minor != 100 || s.all.Minor != 130 || s.nPaid != 3 || s.nOther != 2 || s.states[0].State != payout.Paid {
		t.Errorf("got %+v", s)
	}
	if list[1].paid.Minor != 7 || list[2].count() != 4 {
		t.Errorf("got %+v", list[1:])
	}
}

func TestMatch(t *testing.T) {
	l := localizer(t, "en")
	ctx := views.With(t.Context(), views.Request{Localizer: l, Language: "en"})
	r := payout.Row{ID: "7F3K20M9X4QD", Reference: "REFABC", RemoteID: "po_8f2k19xw", Number: "22997000926", Recipient: "Koffi", Description: "Rent, November",
		Amount: money.Amount{Minor: 120450, Currency: "EUR"}}
	for typed, want := range map[string]string{"PW-7F3K-20M9-X4QD": "number", "7f3k": "number", "refa": "ours", "PO_8F2K": "theirs", "0926": "account",
		"1,204.50": "amount", "1 204": "amount", "november": "reason", "koffi": "", "x": "", "": ""} {
		got := match(ctx, r, typed)
		if (want == "") != (got == "") || want != "" && got != l.T("payouts.match."+want, "Reason", r.Description) {
			t.Errorf("%q: got %q, want %s", typed, got, want)
		}
	}
}
