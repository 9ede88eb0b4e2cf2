package link

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/views"
)

func under(base string) context.Context {
	return views.With(context.Background(), views.Request{Base: base, Public: "https://shop.example" + base})
}

func TestLinks(t *testing.T) {
	ctx := under("/desk")
	for _, c := range []struct{ got, want string }{
		{Home(ctx), "/desk/"},
		{Home(under("")), "/"},
		{Payouts(under("")), "/payouts"},
		{Payout(ctx, "p1"), "/desk/payouts/p1"},
		{Payout(ctx, "../a b?c#d"), "/desk/payouts/..%2Fa%20b%3Fc%23d"},
		{PayoutApprove(ctx, "p1"), "/desk/payouts/p1/approve"},
		{PayoutConfirmAsked(ctx, "p1", "c1"), "/desk/payouts/p1/confirm?c=c1"},
		{PayoutSettleAsked(ctx, "p1", "c1"), "/desk/payouts/p1/settle/confirm?c=c1"},
		{PayoutsQuery(ctx, url.Values{"store": {"a&b"}}), "/desk/payouts?store=a%26b"},
		{PayoutsQuery(ctx, nil), "/desk/payouts"},
		{NewAccount(ctx, ""), "/desk/accounts/new"},
		{NewAccount(ctx, "s1"), "/desk/accounts/new?store=s1"},
		{LoginNext(ctx, "/desk/approvals"), "/desk/login?next=%2Fdesk%2Fapprovals"},
		{HookAbsolute(ctx, "t0k"), "https://shop.example/desk/hooks/t0k"},
		{InviteAbsolute(under(""), "t0k"), "https://shop.example/invite/t0k"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestStatic(t *testing.T) {
	got := Static(under("/desk"), "css/app.css")
	if !strings.HasPrefix(got, "/desk/static/css/app.") || got == "/desk/static/css/app.css" {
		t.Errorf("got %q, want a name with a hash below the prefix", got)
	}
}

func TestWithin(t *testing.T) {
	for path, want := range map[string]bool{
		"/payouts": true, "/payouts/p1": true, "/payouts.csv": false, "/": false, "/payoutsx": false,
	} {
		if got := Within(path, "/payouts"); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
}
