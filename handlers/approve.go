package handlers

import (
	"errors"
	"net/http"
	"slices"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
)

// What a confirmation may be about.
const (
	purposeApprove = payout.PurposeApprove
	purposeSettle  = "settle"
	purposeClose   = "close"
	purposeFreeze  = "freeze"
)

// askApproval is the first half of an approval: it holds what was on screen against what is there and asks for a
// confirmation of exactly that.
func (h *Handlers) askApproval(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Version int    `form:"version"`
		Digest  string `form:"digest"`
	}
	if _, err := h.decode(r, &in); err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notOpen(w, r, p); done || err != nil {
		return err
	}
	if in.Version != p.Version || in.Digest != p.Digest {
		return h.decisionPage(w, r, p, http.StatusConflict, decisionNotes{notice: "approvals.changed"})
	}
	intent, err := h.Payouts.Intent(r.Context(), p)
	if err != nil {
		return err
	}
	c, err := h.Access.AskAbout(r.Context(), person(r), intent)
	if errors.Is(err, access.ErrNoMeans) {
		return h.saidPage(w, r, p, http.StatusConflict, approvals.Said{Key: "approvals.no_means", SetUp: true})
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.PayoutConfirmAsked(r.Context(), string(p.ID), c.ID))
}

// notOpen answers with the page that says why, if a payout does not wait or waits for somebody else.
func (h *Handlers) notOpen(w http.ResponseWriter, r *http.Request, p *payout.Payout) (bool, error) {
	if p.State != payout.Submitted {
		return true, h.decidedPage(w, r, p, http.StatusConflict)
	}
	ruling, err := h.Payouts.Ruling(r.Context(), p, person(r))
	if err != nil {
		return true, err
	}
	if !ruling.Open() {
		return true, h.decisionPage(w, r, p, http.StatusForbidden, decisionNotes{})
	}
	account, err := h.Stores.AccountOf(r.Context(), p.Store, p.Content.Account)
	if err != nil {
		return true, err
	}
	if account.Version != p.Content.Credential {
		return true, h.decisionPage(w, r, p, http.StatusConflict, decisionNotes{})
	}
	return false, nil
}

// asked finds an open confirmation of this person about this thing as it stands.
func (h *Handlers) asked(r *http.Request, id, purpose, subject, digest string) (access.Challenge, error) {
	c, err := h.Access.Asked(r.Context(), person(r), id)
	if errors.Is(err, access.ErrNotFound) {
		return c, access.ErrStepUp
	}
	if err == nil && (c.Purpose != purpose || c.Subject != subject || c.Digest != digest) {
		return c, access.ErrStepUp
	}
	return c, err
}

func (h *Handlers) showConfirm(w http.ResponseWriter, r *http.Request) error {
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if done, err := h.notOpen(w, r, p); done || err != nil {
		return err
	}
	c, err := h.asked(r, r.URL.Query().Get("c"), purposeApprove, string(p.ID), p.Digest)
	if err != nil {
		return h.askAnew(w, r, p, err)
	}
	return h.confirmPage(w, r, p, http.StatusOK, c, "")
}

func (h *Handlers) confirmPage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int, c access.Challenge, problem string) error {
	d, err := h.decisionOf(r, p)
	if err != nil {
		return err
	}
	r = aboutPayout(r, p, d.Content.Live)
	confirmation, err := h.confirmation(r, c, problem)
	if err != nil {
		return err
	}
	return h.render(w, r, status, approvals.ConfirmPage(d, confirmation), nil)
}

// confirmation is what a person is asked for, with what their browser needs to let a passkey sign.
func (h *Handlers) confirmation(r *http.Request, c access.Challenge, problem string) (approvals.Confirmation, error) {
	p := person(r)
	sign, err := h.Access.AssertionOptions(r.Context(), p, c)
	return approvals.Confirmation{Challenge: c, Means: access.Means(p), Sign: string(sign), Fallback: p.HasTOTP, Error: problem}, err
}

// askAnew leads back to the decision when a confirmation is stale, used or about something else.
func (h *Handlers) askAnew(w http.ResponseWriter, r *http.Request, p *payout.Payout, err error) error {
	if !errors.Is(err, access.ErrStepUp) {
		return err
	}
	h.say(w, r, views.Warn, "approvals.stale")
	return h.redirect(w, r, link.Approval(r.Context(), string(p.ID)))
}

// confirmApproval is the second half: what was typed is checked, and the approval is stored together with its use.
func (h *Handlers) confirmApproval(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Challenge string `form:"c"`
		Code      string `form:"code" validate:"required,max=8192"` // a passkey's signature is long
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	if approvedWith(p, person(r), in.Challenge) {
		return h.approved(w, r, p)
	}
	if done, err := h.notOpen(w, r, p); done || err != nil {
		return err
	}
	c, err := h.asked(r, in.Challenge, purposeApprove, string(p.ID), p.Digest)
	if err != nil {
		return h.askAnew(w, r, p, err)
	}
	if problem := text(r, wrong, "code"); problem != "" {
		return h.confirmPage(w, r, p, http.StatusUnprocessableEntity, c, problem)
	}
	proof, err := h.Access.Verify(r.Context(), person(r), c.ID, in.Code)
	if err != nil {
		return h.notVerified(w, r, p, c.ID, err)
	}
	return h.approve(w, r, p, proof)
}

// approvedWith reports whether a confirmation was used up to approve the payout.
func approvedWith(p *payout.Payout, by access.Person, challenge string) bool {
	return slices.ContainsFunc(p.Approvals, func(a payout.Approval) bool { return a.Person == by.ID && a.By(challenge) })
}

// notVerified draws the confirmation again with what was wrong. Of two clicks at once the second finds the code used up
// by the first: then the payout itself says what happened.
func (h *Handlers) notVerified(w http.ResponseWriter, r *http.Request, p *payout.Payout, challenge string, cause error) error {
	p, err := h.Payouts.Find(r.Context(), person(r), p.ID)
	if err != nil {
		return err
	}
	if approvedWith(p, person(r), challenge) {
		return h.approved(w, r, p)
	}
	if !errors.Is(cause, access.ErrSignIn) {
		return h.askAnew(w, r, p, cause)
	}
	c, problem, err := h.tryAgain(r, challenge)
	if err != nil {
		return h.askAnew(w, r, p, err)
	}
	return h.confirmPage(w, r, p, http.StatusUnprocessableEntity, c, problem)
}

// tryAgain is the sentence about a code that does not fit; ErrStepUp once there were too many.
func (h *Handlers) tryAgain(r *http.Request, challenge string) (access.Challenge, string, error) {
	c, err := h.Access.Asked(r.Context(), person(r), challenge)
	if err != nil {
		return c, "", err
	}
	return c, views.From(r.Context()).Localizer.N("approvals.confirm.wrong."+access.Means(person(r)), c.TriesLeft()), nil
}

func (h *Handlers) approve(w http.ResponseWriter, r *http.Request, p *payout.Payout, proof access.StepUp) error {
	p, err := h.Payouts.Approve(r.Context(), person(r), p.ID, proof)
	if err != nil {
		return h.refused(w, r, p, err, decisionNotes{})
	}
	h.Log.InfoContext(r.Context(), "payout approved", "payout", p.ID, "by", person(r).ID, "state", p.State, "means", proof.Means)
	return h.approved(w, r, p)
}

// refused shows why the core did not take a decision. p is the payout as it stands.
func (h *Handlers) refused(w http.ResponseWriter, r *http.Request, p *payout.Payout, err error, n decisionNotes) error {
	e, ok := errors.AsType[*payout.Error](err)
	if !ok || p == nil {
		return err
	}
	h.Log.InfoContext(r.Context(), "decision refused", "payout", p.ID, "by", person(r).ID, "code", e.Code)
	switch e.Code {
	case payout.CodeStepUp:
		return h.askAnew(w, r, p, access.ErrStepUp)
	case payout.CodeChanged:
		n.notice = "approvals.changed"
		return h.decisionPage(w, r, p, http.StatusConflict, n)
	case payout.CodeOwnWork, payout.CodeNotAllowed, payout.CodeTwice, payout.CodeLimit, payout.CodeConflict, string(policy.NotAmong):
		return h.decisionPage(w, r, p, http.StatusForbidden, n)
	case payout.CodeState, payout.CodeCredentials, payout.CodeSnapshot:
		return h.decisionPage(w, r, p, http.StatusConflict, n)
	}
	return err
}

// approved says so on the payout's page, with the way to the next one.
func (h *Handlers) approved(w http.ResponseWriter, r *http.Request, p *payout.Payout) error {
	key := "approvals.done.approved"
	account, err := h.Stores.AccountOf(r.Context(), p.Store, p.Content.Account)
	switch {
	case err != nil:
		return err
	case p.State == payout.Submitted:
		key = "approvals.done.one_of"
	case account.Stopped().On() || views.From(r.Context()).Frozen != "":
		key = "approvals.done.halted"
	}
	return h.decided(w, r, p, key)
}

// decided leads to the payout's page, with a word about what was decided and the way to the next one.
func (h *Handlers) decided(w http.ResponseWriter, r *http.Request, p *payout.Payout, key string) error {
	l := views.From(r.Context()).Localizer
	f := views.Flash{Tone: views.Good, Text: l.T(key)}
	next, err := h.nextWaiting(r, p.ID)
	if err != nil {
		return err
	}
	if next != nil {
		f.Href, f.Link = link.Approval(r.Context(), string(next.Row.ID)), l.T("approvals.next")
	}
	h.flash(w, r, f)
	return h.redirect(w, r, link.Payout(r.Context(), string(p.ID)))
}

func (h *Handlers) rejectPayout(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Version int    `form:"version"`
		Reason  string `form:"reason" validate:"required,max=1000"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	n := decisionNotes{reason: in.Reason, reasonError: text(r, wrong, "reason")}
	if n.reasonError != "" {
		return h.decisionPage(w, r, p, http.StatusUnprocessableEntity, n)
	}
	p, err = h.Payouts.Reject(r.Context(), person(r), p.ID, in.Version, in.Reason)
	if e, ok := errors.AsType[*payout.Error](err); ok && e.Code == payout.CodeReason {
		n.reasonError = views.From(r.Context()).Localizer.T("approvals.reason_bad")
		return h.decisionPage(w, r, p, http.StatusUnprocessableEntity, n)
	}
	if err != nil {
		return h.refused(w, r, p, err, n)
	}
	h.Log.InfoContext(r.Context(), "payout rejected", "payout", p.ID, "by", person(r).ID)
	return h.decided(w, r, p, "approvals.done.rejected")
}
