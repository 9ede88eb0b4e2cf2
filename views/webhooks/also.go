package webhooks

import (
	"context"
	"net/url"

	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
)

// Also is the webhooks that hold what was searched among payouts, about payouts that the search did not find by themselves.
type Also struct {
	Hooks           []inbox.Hook
	Typed           string
	Store, Provider string // the search was limited to
}

// query is the inbox with all webhooks that hold the same.
func (a Also) query() Query {
	return ReadQuery(url.Values{"q": {a.Typed}, "store": {a.Store}, "provider": {a.Provider}})
}

// whyFound says where in a webhook a search found something, "" if that is not plain to see.
func whyFound(ctx context.Context, h inbox.Hook, typed string) string {
	m := h.Match(typed)
	if m.Field == "" {
		return ""
	}
	return ui.T(ctx, "webhooks.match."+m.Field, "Text", m.Text)
}
