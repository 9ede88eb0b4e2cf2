package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/webhooks"
)

// showReplay says what a replay would change: of the webhooks that are named, or of all that a filter finds. It changes nothing.
func (h *Handlers) showReplay(w http.ResponseWriter, r *http.Request) error {
	given := r.URL.Query()
	page := webhooks.Replay{Query: webhooks.ReadQuery(given), Catalog: h.Stores.Catalog}
	ids := slices.Clone(given["hook"])
	slices.Reverse(ids) // a page lists the newest first; what came first is judged first
	var err error
	if given.Get("all") != "" {
		f, _ := h.readHookFilter(r, page.Query)
		if ids, page.More, err = h.Inbox.Choose(r.Context(), person(r), f); err != nil {
			return err
		}
	}
	if page.Outcomes, err = h.Inbox.Preview(r.Context(), person(r), unique(ids)); err != nil {
		return err
	}
	return h.page(w, r, webhooks.ReplayPage(page))
}

// unique leaves each once, in the order given.
func unique(ids []string) []string {
	var all []string
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] && id != "" {
			all = append(all, id)
		}
		seen[id] = true
	}
	return all
}

type replayForm struct {
	IDs string `form:"ids" validate:"required,max=40000"`
}

// replayWebhooks judges webhooks anew and takes in what that changes.
func (h *Handlers) replayWebhooks(w http.ResponseWriter, r *http.Request) error {
	var in replayForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return &formError{status: http.StatusUnprocessableEntity, key: "error.form"}
	}
	done, err := h.Inbox.Replay(r.Context(), person(r), unique(strings.Split(in.IDs, ",")))
	if err != nil {
		return err
	}
	changed := 0
	for _, o := range done {
		if o.Changes() {
			changed++
		}
	}
	h.say(w, r, views.Good, "webhooks.replay.done", "Changed", changed, "Of", len(done))
	if len(done) == 1 {
		return h.redirect(w, r, link.Webhook(r.Context(), done[0].Hook.ID))
	}
	return h.redirect(w, r, link.Webhooks(r.Context()))
}
