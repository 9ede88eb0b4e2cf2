package demo_test

import (
	"fmt"
	"testing"
)

// stop is one page of the tour.
type stop struct {
	name, path string
	find       string // a link to follow from path instead: CSS
}

func supersTour() []stop {
	return []stop{
		{"home", "/", ""},
		{"approvals", "/approvals", ""},
		{"decision", "/approvals", `a[href*="/approvals/"].table__link`},
		{"history", "/payouts", ""},
		{"payout", "/payouts?state=paid&provider=moneroo", `td a.table__link`},
		{"payout-refused", "/payouts?state=refused", `td a.table__link`},
		{"review", "/review", ""},
		{"payout-unknown", "/payouts?state=unknown", `td a.table__link`},
		{"webhooks", "/webhooks", ""},
		{"webhook", "/webhooks", `a[href*="/webhooks/"].table__link`},
		{"webhooks-search", "/webhooks?q=success", ""},
		{"webhooks-replay", "/webhooks/replay?all=1", ""},
		{"webhook-forged", "/webhooks?verdict=forged", `a[href*="/webhooks/"].table__link`},
		{"stores", "/stores", ""},
		{"store", "/stores", `td a.table__link`},
		{"accounts", "/accounts", ""},
		{"account", "/accounts", `td a.table__link`},
		{"payout-own", "/payouts?provider=yabandpay&state=accepted", `td a.table__link`},
		{"payout-etpay", "/payouts?provider=etpay&state=paid", `td a.table__link`},
		{"people", "/people", ""},
		{"invite", "/people/new", ""},
		{"audit", "/audit", ""},
		{"settings", "/settings", ""},
		{"policies", "/policies", ""},
		{"policies-edit", "/policies/edit", ""},
		{"batch-list", "/approvals/batch", ""},
		{"passkey-confirm-self", "/me/passkeys/new", ""},
		{"freeze", "/freeze", ""},
		{"me", "/me", ""},
		{"totp", "/me/totp", ""},
		{"not-found", "/payouts/000000000000", ""},
	}
}

func makersTour() []stop {
	return []stop{
		{"home-merchant", "/", ""},
		{"new-payout", "/payouts/new", ""},
		{"connect", "/accounts/new", ""},
		{"connect-account", "/accounts/new?provider=goldenpay", ""},
		{"draft", "/payouts?state=draft", `td a.table__link`},
	}
}

// TestTour looks at every page as the people who use it: two widths, two themes.
func TestTour(t *testing.T) {
	d, ctx := newDemo(t)
	visitor := tab(ctx, t, d)
	visitor.each("sign-in", func() { visitor.open("/login") })
	for email, stops := range map[string][]stop{"ifeoma@paywicket.example": supersTour(), "adjoa@paywicket.example": makersTour(),
		"marit@paywicket.example": {{"home-accountant", "/", ""}}} {
		b := tab(ctx, t, d)
		b.signIn(email)
		for _, s := range stops {
			b.each(s.name, func() { b.visit(s) })
		}
	}
}

func (b *browser) visit(s stop) {
	b.t.Helper()
	b.open(s.path)
	if s.find == "" {
		return
	}
	href := eval[string](b, fmt.Sprintf(`(document.querySelector(%q) || {}).href || ""`, s.find))
	if href == "" {
		b.t.Errorf("%s: nothing to follow on %s", s.name, s.path)
		return
	}
	b.open(href[len(b.public):])
}

// each shows a page in every look. Short runs take one light and one dark look.
func (b *browser) each(name string, show func()) {
	b.t.Helper()
	for _, look := range []struct {
		width int64
		theme string
		short bool
	}{{1280, "light", true}, {1280, "dark", false}, {390, "light", false}, {390, "dark", true}} {
		if testing.Short() && !look.short {
			continue
		}
		b.look(look.width, look.theme)
		show()
		as := fmt.Sprintf("%s-%d-%s", name, look.width, look.theme)
		b.checkPage(as)
		b.shot(as)
	}
}
