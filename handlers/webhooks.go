package handlers

import (
	"net/http"
	"slices"

	"github.com/paywicket/paywicket/views/webhooks"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) webhookRoutes() []route {
	return []route{
		{"GET /webhooks", h.listWebhooks, access.ViewWebhooks},
		{"GET /webhooks/{id}", h.showWebhook, access.ViewWebhooks},
	}
}

func webhookScope(r *http.Request) payout.Scope {
	return payout.ScopeOf(person(r), access.ViewWebhooks)
}

// listWebhooks shows the inbox. A filter nobody understands narrows nothing.
func (h *Handlers) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := inbox.Filter{Store: store.ID(q.Get("store")), Provider: q.Get("provider"), Payout: payout.ID(q.Get("payout")), Limit: 25}
	if v := inbox.Verdict(q.Get("verdict")); slices.Contains(inbox.Verdicts(), v) {
		f.Verdict = v
	}
	f.After, f.Before = webhooks.ReadCursor(q.Get("after")), webhooks.ReadCursor(q.Get("before"))
	page, err := h.Hooks.List(r.Context(), webhookScope(r), f)
	if err != nil {
		return err
	}
	list := webhooks.List{Page: page, Filter: f, Catalog: h.Stores.Catalog}
	return h.render(w, r, http.StatusOK, webhooks.ListPage(list), webhooks.Table(list))
}

func (h *Handlers) showWebhook(w http.ResponseWriter, r *http.Request) error {
	hook, err := h.Hooks.Hook(r.Context(), webhookScope(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	show := webhooks.Show{Hook: hook, Catalog: h.Stores.Catalog}
	if hook.Account != "" {
		if show.Account, err = h.Stores.Account(r.Context(), person(r), access.ViewWebhooks, hook.Account); err != nil {
			return err
		}
		r = h.inMode(r, show.Account.Live, hook.Store)
	}
	return h.page(w, r, webhooks.ShowPage(show))
}
