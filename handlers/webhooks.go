package handlers

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/webhooks"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

func (h *Handlers) webhookRoutes() []route {
	return []route{
		{"GET /webhooks", h.listWebhooks, access.ViewWebhooks},
		{"GET /webhooks/replay", h.showReplay, access.ViewWebhooks},
		{"POST /webhooks/replay", h.replayWebhooks, access.ApprovePayouts},
		{"GET /webhooks/{id}", h.showWebhook, access.ViewWebhooks},
		{"POST /webhooks/{id}/older", h.compareWebhook, access.ViewWebhooks},
	}
}

func webhookScope(r *http.Request) payout.Scope {
	return payout.ScopeOf(person(r), access.ViewWebhooks)
}

// listWebhooks shows the inbox. What says nothing to us in its address is left out of the filter and told.
func (h *Handlers) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	q := webhooks.ReadQuery(r.URL.Query())
	list, err := h.inboxOf(r, q)
	if err != nil {
		return err
	}
	if q.Get("view") != webhooks.Floods {
		if list.Page, err = h.Hooks.List(r.Context(), webhookScope(r), list.Filter); err != nil {
			return err
		}
	}
	if wantsPart(r) {
		w.Header().Set("HX-Push-Url", q.Href(r.Context()))
	}
	return h.render(w, r, http.StatusOK, webhooks.ListPage(list), webhooks.Inbox(list, true))
}

// inboxOf is the inbox with its filter, without its rows.
func (h *Handlers) inboxOf(r *http.Request, q webhooks.Query) (webhooks.List, error) {
	list := webhooks.List{Query: q, Catalog: h.Stores.Catalog}
	list.Filter, list.Wrong = h.readHookFilter(r, q)
	var err error
	if list.Accounts, err = h.Stores.Accounts(r.Context(), person(r), access.ViewWebhooks); err != nil {
		return list, err
	}
	plain := !q.Set() && q.Get("after")+q.Get("before") == ""
	if plain {
		if list.Radar, err = h.Inbox.Radar(r.Context(), person(r)); err != nil {
			return list, err
		}
	}
	if access.ReachOf(person(r), access.ViewWebhooks).All {
		list.Floods, err = h.floods(r, q, plain)
	}
	return list, err
}

// How many floods are listed, and of how long, above the list and in their own view.
const (
	fewFloods  = 3
	lateFloods = 24 * time.Hour
	manyFloods = 100
	oldFloods  = 90 * 24 * time.Hour
)

func (h *Handlers) floods(r *http.Request, q webhooks.Query, plain bool) ([]inbox.Flood, error) {
	if q.Get("view") == webhooks.Floods {
		return h.Hooks.Floods(r.Context(), h.Now().Add(-oldFloods), manyFloods)
	}
	if !plain {
		return nil, nil
	}
	return h.Hooks.Floods(r.Context(), h.Now().Add(-lateFloods), fewFloods)
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
	if show.Acts, err = h.Hooks.Acts(r.Context(), webhookScope(r), hook.ID); err != nil {
		return err
	}
	return h.page(w, r, webhooks.ShowPage(show))
}

// compareWebhook holds a message against the older secrets of its account. What comes of it is a line on its page.
func (h *Handlers) compareWebhook(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := h.decode(r, &struct{}{}); err != nil {
		return err
	}
	fits, err := h.Inbox.Compare(r.Context(), person(r), id)
	switch {
	case errors.Is(err, inbox.ErrNotWhole):
		h.say(w, r, views.Warn, "webhooks.not_whole")
	case err != nil:
		return err
	case slices.ContainsFunc(fits, func(f inbox.Fit) bool { return f.Fits }):
		h.say(w, r, views.Good, "webhooks.older_fits")
	default:
		h.say(w, r, views.Warn, "webhooks.older_none")
	}
	return h.redirect(w, r, link.Webhook(r.Context(), id))
}
