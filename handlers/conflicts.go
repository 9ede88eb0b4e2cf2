package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/review"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func (h *Handlers) conflictRoutes() []route {
	return []route{
		{"POST /payouts/{id}/conflicts/{no}/finding", h.recordFinding, access.ReviewPayouts},
		{"POST /payouts/{id}/conflicts/{no}/close", h.askClose, access.ApprovePayouts},
		{"GET /payouts/{id}/conflicts/{no}/confirm", h.showClose, access.ApprovePayouts},
		{"POST /payouts/{id}/conflicts/{no}/confirm", h.confirmClose, access.ApprovePayouts},
	}
}

// conflictOf is the payout of a request and the number of the contradiction it is about.
func (h *Handlers) conflictOf(r *http.Request) (*payout.Payout, int, error) {
	p, err := h.payoutOf(r)
	if err != nil {
		return nil, 0, err
	}
	no, err := strconv.Atoi(r.PathValue("no"))
	if err != nil || p.ConflictNo(no) == nil {
		return nil, 0, payout.ErrNotFound
	}
	return p, no, nil
}

// closeBars says of each open contradiction why the person may not confirm what was found, "" if nothing bars.
func (h *Handlers) closeBars(r *http.Request, p *payout.Payout, onePerson bool) map[int]string {
	bars := map[int]string{}
	for i := range p.Conflicts {
		if e, ok := errors.AsType[*payout.Error](h.Payouts.MayClose(p, i+1, person(r), onePerson)); ok {
			bars[i+1] = e.Code
		}
	}
	return bars
}

// recordFinding takes in what the first person found out about a contradiction.
func (h *Handlers) recordFinding(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Version int    `form:"version"`
		Outcome string `form:"outcome" validate:"required,oneof=stands returned moved"`
		Text    string `form:"text" validate:"required,max=2000"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, no, err := h.conflictOf(r)
	if err != nil {
		return err
	}
	c := review.Case{Found: review.Found{No: no, Outcome: in.Outcome, Text: in.Text, Wrong: map[string]string{}}}
	for name := range wrong {
		c.Found.Wrong[name] = text(r, wrong, name)
	}
	if len(wrong) > 0 {
		return h.casePage(w, r, p, http.StatusUnprocessableEntity, c)
	}
	p, err = h.Payouts.FindOut(r.Context(), person(r), p.ID, in.Version, no, payout.Finding{Outcome: payout.Outcome(in.Outcome), Text: in.Text})
	if err != nil {
		return h.notTaken(w, r, p, c, c.Found.Wrong, err)
	}
	h.Log.InfoContext(r.Context(), "finding recorded", "payout", p.ID, "by", person(r).ID, "conflict", no, "outcome", in.Outcome)
	h.say(w, r, views.Good, "review.done.recorded")
	return h.redirect(w, r, link.PayoutReview(r.Context(), string(p.ID)))
}

// askClose asks the second person to confirm exactly the finding that was on screen.
func (h *Handlers) askClose(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Digest string `form:"digest"`
	}
	if _, err := h.decode(r, &in); err != nil {
		return err
	}
	p, no, err := h.conflictOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notClosable(w, r, p, no); done || err != nil {
		return err
	}
	if in.Digest != p.FindingDigest(no) {
		return h.casePage(w, r, p, http.StatusConflict, review.Case{Notice: "review.changed"})
	}
	c, err := h.Access.Ask(r.Context(), person(r), purposeClose, closeSubject(p, no), p.FindingDigest(no))
	if errors.Is(err, access.ErrNoMeans) {
		return h.saidPage(w, r, p, http.StatusConflict, approvals.Said{Key: "approvals.no_means", SetUp: true})
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.PayoutConflictAsked(r.Context(), string(p.ID), no, c.ID))
}

func closeSubject(p *payout.Payout, no int) string { return string(p.ID) + " " + strconv.Itoa(no) }

// notClosable answers with the page that says why, if there is nothing to confirm or somebody else has to.
func (h *Handlers) notClosable(w http.ResponseWriter, r *http.Request, p *payout.Payout, no int) (bool, error) {
	if !p.ConflictNo(no).Waiting() {
		return true, h.closedPage(w, r, p)
	}
	onePerson, err := h.onePerson(r.Context())
	if err != nil {
		return true, err
	}
	if h.Payouts.MayClose(p, no, person(r), onePerson) != nil {
		return true, h.casePage(w, r, p, http.StatusForbidden, review.Case{})
	}
	return false, nil
}

func (h *Handlers) showClose(w http.ResponseWriter, r *http.Request) error {
	p, no, err := h.conflictOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notClosable(w, r, p, no); done || err != nil {
		return err
	}
	c, err := h.asked(r, r.URL.Query().Get("c"), purposeClose, closeSubject(p, no), p.FindingDigest(no))
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	return h.closePage(w, r, p, no, http.StatusOK, c, "")
}

func (h *Handlers) closePage(w http.ResponseWriter, r *http.Request, p *payout.Payout, no, status int, c access.Challenge, problem string) error {
	shown, err := h.caseOf(r, p, review.Case{})
	if err != nil {
		return err
	}
	s := review.Closing{No: no}
	if s.Confirmation, err = h.confirmation(r, c, problem); err != nil {
		return err
	}
	return h.render(w, aboutPayout(r, p, p.Content.Live), status, review.ClosePage(shown, s), nil)
}

func (h *Handlers) confirmClose(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Challenge string `form:"c"`
		Code      string `form:"code" validate:"required,max=8192"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, no, err := h.conflictOf(r)
	if err != nil {
		return err
	}
	if p.ConflictNo(no).ClosedBy == person(r).ID { // a second click
		return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
	}
	if done, err := h.notClosable(w, r, p, no); done || err != nil {
		return err
	}
	c, err := h.asked(r, in.Challenge, purposeClose, closeSubject(p, no), p.FindingDigest(no))
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	if problem := text(r, wrong, "code"); problem != "" {
		return h.closePage(w, r, p, no, http.StatusUnprocessableEntity, c, problem)
	}
	proof, err := h.Access.Verify(r.Context(), person(r), c.ID, in.Code)
	if errors.Is(err, access.ErrSignIn) {
		c, problem, err := h.tryAgain(r, c.ID)
		if err != nil {
			return h.askSettleAgain(w, r, p, err)
		}
		return h.closePage(w, r, p, no, http.StatusUnprocessableEntity, c, problem)
	}
	if err != nil {
		return h.askSettleAgain(w, r, p, err)
	}
	return h.closeConflict(w, r, p, no, proof)
}

func (h *Handlers) closeConflict(w http.ResponseWriter, r *http.Request, p *payout.Payout, no int, proof access.StepUp) error {
	p, err := h.Payouts.CloseConflict(r.Context(), person(r), p.ID, no, proof)
	if e, ok := errors.AsType[*payout.Error](err); ok && p != nil {
		h.Log.InfoContext(r.Context(), "finding not confirmed", "payout", p.ID, "by", person(r).ID, "code", e.Code)
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
	outcome := p.ConflictNo(no).Finding.Outcome
	h.Log.InfoContext(r.Context(), "contradiction closed", "payout", p.ID, "by", person(r).ID, "conflict", no, "outcome", outcome, "state", p.State)
	h.say(w, r, views.Good, "review.done.closed_"+string(outcome))
	return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
}
