package handlers

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/review"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// How far around a send webhooks are looked at that may be about it, and how many of them.
const (
	nearBefore = time.Hour
	nearAfter  = 7 * 24 * time.Hour
	maxNear    = 200
	minNumber  = 6 // shorter ones stand in any message by chance
)

// near lists webhooks of the account that moved nothing but name the payout's reference, number or amount. Forged ones are
// left out: they prove nothing.
func (h *Handlers) near(r *http.Request, p *payout.Payout) ([]review.Near, error) {
	a := p.Current()
	if a == nil {
		return nil, nil
	}
	f := inbox.Filter{Account: p.Content.Account, Store: p.Store, From: a.StartedAt.Add(-nearBefore), To: a.StartedAt.Add(nearAfter), Limit: maxNear}
	var found []review.Near
	for _, verdicts := range [][]inbox.Verdict{{inbox.Confirming}, {inbox.Unmatched, inbox.Unconfirmed, inbox.Conflicting, inbox.Ignored}} { // the second have an index
		f.Verdicts = verdicts
		page, err := h.Hooks.List(r.Context(), payout.ScopeOf(person(r), access.ViewWebhooks), f)
		if err != nil {
			return nil, err
		}
		for _, hook := range page.Hooks {
			if why := resembles(p, hook); why != "" {
				found = append(found, review.Near{Hook: hook, Why: why})
			}
		}
	}
	return found, nil
}

// resembles says by what a webhook may be about a payout, "" if by nothing.
func resembles(p *payout.Payout, hook inbox.Hook) string {
	body := string(hook.Body)
	for _, a := range p.Attempts {
		switch {
		case hook.Result.Attempt.Reference == a.Reference || strings.Contains(body, a.Reference):
			return "reference"
		case a.RemoteID != "" && (hook.Result.Attempt.RemoteID == a.RemoteID || (len(a.RemoteID) >= minNumber && strings.Contains(body, a.RemoteID))):
			return "remote_id"
		}
	}
	if hook.Payout == "" && hook.Result.Amount == p.Content.Amount {
		return "amount"
	}
	return ""
}

// keepWaiting takes in that somebody leaves an open outcome open for now.
func (h *Handlers) keepWaiting(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Version int    `form:"version"`
		Text    string `form:"text" validate:"required,max=2000"`
		Hours   string `form:"hours" validate:"required,oneof=1 4 24 72"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	c := review.Case{Waiting: review.Waiting{Text: in.Text, Hours: in.Hours, Wrong: map[string]string{}}}
	for name := range wrong {
		c.Waiting.Wrong[name] = text(r, wrong, name)
	}
	if len(wrong) > 0 {
		return h.casePage(w, r, p, http.StatusUnprocessableEntity, c)
	}
	hours, _ := strconv.Atoi(in.Hours) // one of the four
	p, err = h.Payouts.KeepWaiting(r.Context(), person(r), p.ID, in.Version, in.Text, time.Duration(hours)*time.Hour)
	if err != nil {
		return h.notTaken(w, r, p, c, c.Waiting.Wrong, err)
	}
	h.Log.InfoContext(r.Context(), "outcome left open", "payout", p.ID, "by", person(r).ID, "hours", hours)
	h.say(w, r, views.Good, "review.done.waits")
	return h.redirect(w, r, link.PayoutReview(r.Context(), string(p.ID)))
}

// notTaken shows why the core did not take what a form said, beside the input where it is about one.
func (h *Handlers) notTaken(w http.ResponseWriter, r *http.Request, p *payout.Payout, c review.Case, wrong map[string]string, err error) error {
	e, ok := errors.AsType[*payout.Error](err)
	switch {
	case !ok || p == nil:
		return err
	case e.Field != "":
		wrong[e.Field] = words(r).T("review.error." + e.Code)
		return h.casePage(w, r, p, http.StatusUnprocessableEntity, c)
	case e.Code == payout.CodeChanged, e.Code == payout.CodeState:
		c.Notice = "review.changed"
		return h.casePage(w, r, p, http.StatusConflict, c)
	}
	return err
}

// revealPayout shows what the company is told, whole, to somebody who says why. Only this answer shows it.
func (h *Handlers) revealPayout(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Reason string `form:"reason" validate:"required,max=500"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	problem := text(r, wrong, "reason")
	if problem == "" {
		var shown *payout.Payout
		shown, err = h.Payouts.Reveal(r.Context(), person(r), p.ID, in.Reason)
		if e, ok := errors.AsType[*payout.Error](err); ok && e.Field == "reason" {
			problem = words(r).T("review.error.reveal")
		} else if err != nil {
			return err
		} else {
			p = shown
			h.Log.InfoContext(r.Context(), "account number shown", "payout", p.ID, "by", person(r).ID)
		}
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return h.render(w, aboutPayout(r, p, p.Content.Live), status, review.RevealPage(p, in.Reason, problem), nil)
}
