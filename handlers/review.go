package handlers

import (
	"errors"
	"net/http"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/review"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) reviewRoutes() []route {
	return []route{
		{"GET /review", h.listReview, access.ReviewPayouts},
		{"GET /payouts/{id}/review", h.showReview, access.ReviewPayouts},
		{"POST /payouts/{id}/review", h.recordEvidence, access.ReviewPayouts},
		{"POST /payouts/{id}/settle", h.askSettle, access.ApprovePayouts},
		{"GET /payouts/{id}/settle/confirm", h.showSettle, access.ApprovePayouts},
		{"POST /payouts/{id}/settle/confirm", h.confirmSettle, access.ApprovePayouts},
		{"POST /payouts/{id}/lookup", h.lookUpPayout, access.ReviewPayouts},
		{"POST /payouts/{id}/wait", h.keepWaiting, access.ReviewPayouts},
		{"POST /payouts/{id}/reveal", h.revealPayout, access.ReviewPayouts},
	}
}

// maxReview is how many payouts the list of what needs people shows.
const maxReview = 100

func (h *Handlers) listReview(w http.ResponseWriter, r *http.Request) error {
	scope := payout.ScopeOf(person(r), access.ReviewPayouts)
	st := store.ID(r.URL.Query().Get("store"))
	page, err := h.History.List(r.Context(), scope, payout.Filter{Review: true, Store: st, Sort: payout.Oldest, Limit: maxReview})
	if err != nil {
		return err
	}
	list := review.List{Store: st, Largest: r.URL.Query().Get("sort") == "amount", Cut: !page.Next.IsZero()}
	for _, row := range page.Rows {
		item := review.Item{Row: row}
		if item.Payout, err = h.Payouts.Find(r.Context(), person(r), row.ID); err != nil {
			return err
		}
		if item.Stage, err = h.stageOf(r, item.Payout); err != nil {
			return err
		}
		list.Items = append(list.Items, item)
	}
	list.Sort()
	return h.page(w, r, review.ListPage(list))
}

func (h *Handlers) stageOf(r *http.Request, p *payout.Payout) (review.Stage, error) {
	exchanges, err := h.History.Exchanges(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), p.ID)
	return review.StageOf(p, exchanges), err
}

func (h *Handlers) showReview(w http.ResponseWriter, r *http.Request) error {
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	return h.casePage(w, r, p, http.StatusOK, review.Case{})
}

// casePage fills in what is known of a payout and shows it. c holds what a form has to say.
func (h *Handlers) casePage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int, c review.Case) error {
	c, err := h.caseOf(r, p, c)
	if err != nil {
		return err
	}
	return h.render(w, aboutPayout(r, p, p.Content.Live), status, review.CasePage(c), nil)
}

func (h *Handlers) caseOf(r *http.Request, p *payout.Payout, c review.Case) (review.Case, error) {
	c.Payout = p
	var err error
	if p.Content.Account == "" { // a draft: nothing of it was ever sent
		return c, payout.ErrNotFound
	}
	if c.Account, err = h.Stores.AccountOf(r.Context(), p.Store, p.Content.Account); err != nil {
		return c, err
	}
	def, _ := h.Stores.Catalog.Definition(p.Content.Provider)
	c.CannotAsk, c.Portal = def.CannotAsk, def.Portal
	if c.Exchanges, err = h.History.Exchanges(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), p.ID); err != nil {
		return c, err
	}
	c.Stage = review.StageOf(p, c.Exchanges)
	if c.Near, err = h.near(r, p); err != nil {
		return c, err
	}
	if c.OnePerson, err = h.onePerson(r.Context()); err != nil {
		return c, err
	}
	if e, ok := errors.AsType[*payout.Error](h.Payouts.MaySettle(p, person(r), c.OnePerson)); ok {
		c.Bar = e.Code
	}
	c.CloseBars = h.closeBars(r, p, c.OnePerson)
	return c, nil
}

// recordEvidence takes in what the first person found out.
func (h *Handlers) recordEvidence(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Version  int    `form:"version"`
		Verdict  string `form:"verdict" validate:"required,oneof=executed not_executed"`
		Text     string `form:"text" validate:"required,max=2000"`
		RemoteID string `form:"remote_id" validate:"max=200"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	c := review.Case{Evidence: review.Evidence{Verdict: in.Verdict, Text: in.Text, RemoteID: in.RemoteID, Wrong: map[string]string{}}}
	for name := range wrong {
		c.Evidence.Wrong[name] = text(r, wrong, name)
	}
	if len(wrong) > 0 {
		return h.casePage(w, r, p, http.StatusUnprocessableEntity, c)
	}
	p, err = h.Payouts.Testify(r.Context(), person(r), p.ID, in.Version,
		payout.Review{Verdict: payout.Verdict(in.Verdict), Text: in.Text, RemoteID: in.RemoteID})
	if err != nil {
		return h.evidenceRefused(w, r, p, c, err)
	}
	h.Log.InfoContext(r.Context(), "evidence recorded", "payout", p.ID, "by", person(r).ID, "verdict", in.Verdict)
	h.say(w, r, views.Good, "review.done.recorded")
	return h.redirect(w, r, link.PayoutReview(r.Context(), string(p.ID)))
}

// evidenceRefused shows why the core did not take the evidence, beside the input where it is about one.
func (h *Handlers) evidenceRefused(w http.ResponseWriter, r *http.Request, p *payout.Payout, c review.Case, err error) error {
	e, ok := errors.AsType[*payout.Error](err)
	if !ok || p == nil {
		return err
	}
	switch {
	case e.Field != "":
		c.Evidence.Wrong[e.Field] = views.From(r.Context()).Localizer.T("review.error." + e.Code)
		return h.casePage(w, r, p, http.StatusUnprocessableEntity, c)
	case e.Code == payout.CodeChanged && p.State == payout.Unknown:
		c.Notice = "review.changed"
		return h.casePage(w, r, p, http.StatusConflict, c)
	case e.Code == payout.CodeState, e.Code == payout.CodeChanged:
		return h.closedPage(w, r, p)
	}
	return err
}

func (h *Handlers) closedPage(w http.ResponseWriter, r *http.Request, p *payout.Payout) error {
	return h.render(w, aboutPayout(r, p, p.Content.Live), http.StatusConflict, review.ClosedPage(p), nil)
}

// askSettle asks the second person to confirm exactly the evidence that was on screen.
func (h *Handlers) askSettle(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Digest string `form:"digest"`
	}
	if _, err := h.decode(r, &in); err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notSettleable(w, r, p); done || err != nil {
		return err
	}
	if in.Digest != p.ReviewDigest() {
		return h.casePage(w, r, p, http.StatusConflict, review.Case{Notice: "review.changed"})
	}
	c, err := h.Access.Ask(r.Context(), person(r), purposeSettle, string(p.ID), p.ReviewDigest())
	if errors.Is(err, access.ErrNoMeans) {
		return h.saidPage(w, r, p, http.StatusConflict, approvals.Said{Key: "approvals.no_means", SetUp: true})
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.PayoutSettleAsked(r.Context(), string(p.ID), c.ID))
}

// notSettleable answers with the page that says why, if there is nothing to confirm or somebody else has to.
func (h *Handlers) notSettleable(w http.ResponseWriter, r *http.Request, p *payout.Payout) (bool, error) {
	if p.State != payout.Unknown || !p.Review.Waiting() {
		return true, h.closedPage(w, r, p)
	}
	onePerson, err := h.onePerson(r.Context())
	if err != nil {
		return true, err
	}
	if h.Payouts.MaySettle(p, person(r), onePerson) != nil {
		return true, h.casePage(w, r, p, http.StatusForbidden, review.Case{})
	}
	return false, nil
}

func (h *Handlers) showSettle(w http.ResponseWriter, r *http.Request) error {
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notSettleable(w, r, p); done || err != nil {
		return err
	}
	c, err := h.asked(r, r.URL.Query().Get("c"), purposeSettle, string(p.ID), p.ReviewDigest())
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	return h.settlePage(w, r, p, http.StatusOK, c, review.Settling{})
}

func (h *Handlers) settlePage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int, c access.Challenge, s review.Settling) error {
	shown, err := h.caseOf(r, p, review.Case{})
	if err != nil {
		return err
	}
	if s.Confirmation, err = h.confirmation(r, c, s.Error); err != nil {
		return err
	}
	return h.render(w, aboutPayout(r, p, p.Content.Live), status, review.SettlePage(shown, s), nil)
}

func (h *Handlers) askSettleAgain(w http.ResponseWriter, r *http.Request, p *payout.Payout, err error) error {
	if !errors.Is(err, access.ErrStepUp) {
		return err
	}
	h.say(w, r, views.Warn, "approvals.stale")
	return h.redirect(w, r, link.PayoutReview(r.Context(), string(p.ID)))
}

// settling is the form of the second person.
type settling struct {
	Challenge string `form:"c"`
	Amount    string `form:"amount" validate:"required,max=60"`
	Code      string `form:"code" validate:"required,max=8192"`
}

func (h *Handlers) confirmSettle(w http.ResponseWriter, r *http.Request) error {
	var in settling
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if p.Review != nil && p.Review.SettledBy == person(r).ID { // a second click
		return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
	}
	if done, err := h.notSettleable(w, r, p); done || err != nil {
		return err
	}
	c, err := h.asked(r, in.Challenge, purposeSettle, string(p.ID), p.ReviewDigest())
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	s := review.Settling{Typed: in.Amount, AmountError: text(r, wrong, "amount")}
	s.Error = text(r, wrong, "code")
	var typed money.Amount
	if s.AmountError == "" {
		typed, s.AmountError = typedAmount(r, in.Amount, p.Content.Amount)
	}
	if s.AmountError != "" || s.Error != "" {
		return h.settlePage(w, r, p, http.StatusUnprocessableEntity, c, s)
	}
	proof, err := h.Access.Verify(r.Context(), person(r), c.ID, in.Code)
	if err != nil {
		return h.settleNotVerified(w, r, p, c.ID, s, err)
	}
	return h.settle(w, r, p, typed, proof)
}

// typedAmount reads the amount that was typed again, as people write it in their language, and holds it against the
// payout's; the sentence says what is wrong.
func typedAmount(r *http.Request, typed string, want money.Amount) (money.Amount, string) {
	v := views.From(r.Context())
	a, err := money.Parse(typed, v.Language, want.Currency)
	if e, ok := errors.AsType[*money.ParseError](err); ok {
		return a, v.Localizer.T("amount."+e.Code, "Currency", e.Currency, "Digits", e.Digits)
	}
	if err != nil || a != want {
		return a, v.Localizer.T("review.error.amount_typed")
	}
	return a, ""
}

func (h *Handlers) settleNotVerified(w http.ResponseWriter, r *http.Request, p *payout.Payout, challenge string, s review.Settling, cause error) error {
	if !errors.Is(cause, access.ErrSignIn) {
		return h.askSettleAgain(w, r, p, cause)
	}
	c, problem, err := h.tryAgain(r, challenge)
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	s.Error = problem
	return h.settlePage(w, r, p, http.StatusUnprocessableEntity, c, s)
}

func (h *Handlers) settle(w http.ResponseWriter, r *http.Request, p *payout.Payout, typed money.Amount, proof access.StepUp) error {
	p, err := h.Payouts.Settle(r.Context(), person(r), p.ID, typed.Decimal(), proof)
	if e, ok := errors.AsType[*payout.Error](err); ok && p != nil {
		h.Log.InfoContext(r.Context(), "evidence not confirmed", "payout", p.ID, "by", person(r).ID, "code", e.Code)
		switch e.Code {
		case payout.CodeStepUp:
			return h.askSettleAgain(w, r, p, access.ErrStepUp)
		case payout.CodeState:
			return h.closedPage(w, r, p)
		case payout.CodeOwnWork, payout.CodeNotAllowed, payout.CodeTwice:
			return h.casePage(w, r, p, http.StatusForbidden, review.Case{})
		}
	}
	if err != nil {
		return err
	}
	h.Log.InfoContext(r.Context(), "evidence confirmed", "payout", p.ID, "by", person(r).ID, "state", p.State)
	h.say(w, r, views.Good, "review.done."+string(p.State))
	return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
}

// lookUpPayout has the provider asked at once.
func (h *Handlers) lookUpPayout(w http.ResponseWriter, r *http.Request) error {
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	to := link.Payout(r.Context(), string(p.ID))
	p, err = h.Payouts.LookNow(r.Context(), person(r), p.ID)
	if e, ok := errors.AsType[*payout.Error](err); ok && e.Code == payout.CodeState && p != nil {
		l := views.From(r.Context()).Localizer
		h.flash(w, r, views.Flash{Tone: views.Warn, Text: l.T("review.done.known", "State", l.T("state."+string(p.State)))})
		return h.redirect(w, r, to)
	}
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "review.done.asking", "Company", p.Content.Company)
	return h.redirect(w, r, to)
}
