package webhooks

import (
	"context"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/store"
)

// Replay is what a replay would change, before it is done.
type Replay struct {
	Outcomes []inbox.Outcome
	Query    Query // of the filter they were chosen by, if they were
	More     bool  // the filter finds more than are replayed in one go
	Catalog  store.Catalog
}

// maxOutcomes is how many rows a preview lists; the others are counted.
const maxOutcomes = 100

// changing are those that would change something, the first ones.
func (r Replay) changing() []inbox.Outcome {
	var all []inbox.Outcome
	for _, o := range r.Outcomes {
		if o.Changes() && len(all) < maxOutcomes {
			all = append(all, o)
		}
	}
	return all
}

func (r Replay) count() int {
	n := 0
	for _, o := range r.Outcomes {
		if o.Changes() {
			n++
		}
	}
	return n
}

// ids names what is replayed, in one value.
func (r Replay) ids() string {
	all := make([]string, len(r.Outcomes))
	for i, o := range r.Outcomes {
		all[i] = o.Hook.ID
	}
	return strings.Join(all, ",")
}

// mayDo reports whether the person may replay them: it may move payouts.
func (r Replay) mayDo(ctx context.Context) bool {
	for _, o := range r.Outcomes {
		if !access.Can(views.From(ctx).Person, access.ApprovePayouts, o.Hook.Store) {
			return false
		}
	}
	return len(r.Outcomes) > 0
}

func (r Replay) lead(ctx context.Context) string {
	return ui.T(ctx, "webhooks.replay.count", "Count", len(r.Outcomes), "Changes", r.count())
}

// same is how many would stay as they are, by what they come to.
type same struct {
	text string
	n    int
}

func (r Replay) unchanged(ctx context.Context) []same {
	var all []same
	for _, o := range r.Outcomes {
		if o.Changes() {
			continue
		}
		text, found := sameText(ctx, o), false
		for i := range all {
			if all[i].text == text {
				all[i].n++
				found = true
			}
		}
		if !found {
			all = append(all, same{text, 1})
		}
	}
	return all
}

func sameText(ctx context.Context, o inbox.Outcome) string {
	if o.Bar != "" {
		return ui.T(ctx, "webhooks.bar."+string(o.Bar))
	}
	text := ui.T(ctx, "hook.verdict."+string(o.Verdict))
	if key := "hook.code." + o.Code; o.Code != "" && ui.L(ctx).Has(key) {
		text = ui.T(ctx, "form.error_line", "Field", text, "Error", ui.T(ctx, key))
	}
	return text
}

// outcome is what would change, in words.
func outcome(ctx context.Context, o inbox.Outcome) string {
	switch {
	case o.Asks && o.Moves():
		return ui.T(ctx, "webhooks.replay.asks_moves", "Moved", moved(ctx, o.From, o.To))
	case o.Asks:
		return ui.T(ctx, "webhooks.replay.asks")
	case o.Moves():
		return moved(ctx, o.From, o.To)
	case o.Opens:
		return ui.T(ctx, "webhooks.replay.opens")
	}
	return ui.T(ctx, "webhooks.replay.takes")
}

// tick says which webhook a box picks.
func tick(ctx context.Context, h inbox.Hook) string {
	return ui.T(ctx, "webhooks.replay.tick", "When", ui.L(ctx).DateTime(h.ReceivedAt.In(views.From(ctx).Zone)), "Verdict", ui.T(ctx, "hook.verdict."+string(h.Verdict)))
}

// all is where everything the filter finds is previewed.
func (l List) all(ctx context.Context) string {
	q := l.Query.Values()
	q.Set("all", strconv.Itoa(1))
	return link.ReplayQuery(ctx, q)
}
