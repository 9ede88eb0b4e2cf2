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
)

func (h *Handlers) batchRoutes() []route {
	return []route{
		{"GET /approvals/batch", h.showBatch, access.ApprovePayouts},
		{"POST /approvals/batch", h.askBatch, access.ApprovePayouts},
		{"GET /approvals/batch/confirm", h.showBatchConfirm, access.ApprovePayouts},
		{"POST /approvals/batch/confirm", h.confirmBatch, access.ApprovePayouts},
		{"GET /approvals/batch/done", h.showBatchDone, access.ApprovePayouts},
	}
}

// batchRow gathers what a person reads of one payout among several.
func (h *Handlers) batchRow(r *http.Request, id payout.ID) (approvals.BatchRow, error) {
	p, err := h.Payouts.Find(r.Context(), person(r), id)
	if err != nil {
		return approvals.BatchRow{}, err
	}
	row := approvals.BatchRow{Payout: p}
	if p.State != payout.Submitted {
		return row, nil
	}
	ruling, err := h.Payouts.Ruling(r.Context(), p, person(r))
	if err != nil {
		return row, err
	}
	account, err := h.Stores.AccountOf(r.Context(), p.Store, p.Content.Account)
	if err != nil {
		return row, err
	}
	_, signedErr := p.Signed()
	row.Open = ruling.Open() && account.Version == p.Content.Credential && signedErr == nil
	earlier, err := h.History.Earlier(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), p)
	if err != nil {
		return row, err
	}
	row.Know, row.Facts = earlier.Know(), earlier.Differs(p)
	return row, nil
}

func (h *Handlers) showBatch(w http.ResponseWriter, r *http.Request) error {
	return h.batchPage(w, r, http.StatusOK, nil, "")
}

// batchPage lists what the person may decide about. picked are those ticked; nil: all that are as usual.
func (h *Handlers) batchPage(w http.ResponseWriter, r *http.Request, status int, picked map[string]string, problem string) error {
	all, cut, err := h.queued(r)
	if err != nil {
		return err
	}
	b := approvals.Batch{Cut: cut, Problem: problem}
	for _, waiting := range undecided(all) {
		row, err := h.batchRow(r, waiting.Row.ID)
		if err != nil {
			return err
		}
		if row.Open {
			_, ticked := picked[string(row.Payout.ID)]
			row.Ticked = ticked || picked == nil && !row.Odd()
			b.Rows = append(b.Rows, row)
		}
	}
	b.Rows, b.Besides = oneMode(b.Rows)
	return h.render(w, r, status, approvals.BatchPage(b), nil)
}

// oneMode leaves live payouts if there are any, and says how many in test mode it left out: their sums are never mixed.
func oneMode(rows []approvals.BatchRow) ([]approvals.BatchRow, int) {
	isTest := func(row approvals.BatchRow) bool { return !row.Payout.Content.Live }
	live := slices.DeleteFunc(slices.Clone(rows), isTest)
	if len(live) == 0 {
		return rows, 0
	}
	return live, len(rows) - len(live)
}

// askBatch holds the rows that were ticked against what is there and asks for one confirmation of exactly those.
func (h *Handlers) askBatch(w http.ResponseWriter, r *http.Request) error {
	var in struct{}
	if _, err := h.decode(r, &in, "pick["); err != nil {
		return err
	}
	picked := mapped(r, "pick")
	l := views.From(r.Context()).Localizer
	if len(picked) == 0 || len(picked) > maxQueue {
		return h.batchPage(w, r, http.StatusUnprocessableEntity, picked, l.T("approvals.batch.none"))
	}
	all, left, err := h.stillAsShown(r, picked)
	if err != nil {
		return err
	}
	if left > 0 {
		h.say(w, r, views.Warn, "approvals.batch.left_out", "Count", left)
	}
	if len(all) == 0 {
		return h.redirect(w, r, link.Batch(r.Context()))
	}
	if slices.ContainsFunc(all, func(p *payout.Payout) bool { return p.Content.Live != all[0].Content.Live }) {
		return h.batchPage(w, r, http.StatusUnprocessableEntity, picked, l.T("approvals.batch.mixed"))
	}
	intent, err := h.Payouts.Intent(r.Context(), all...)
	if err != nil {
		return err
	}
	c, err := h.Access.AskAbout(r.Context(), person(r), intent)
	if errors.Is(err, access.ErrNoMeans) {
		return h.saidPage(w, r, all[0], http.StatusConflict, approvals.Said{Key: "approvals.no_means", SetUp: true})
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.BatchConfirm(r.Context(), c.ID))
}

// stillAsShown finds the payouts that are as they were on screen, by their digests, and says how many are not.
func (h *Handlers) stillAsShown(r *http.Request, picked map[string]string) ([]*payout.Payout, int, error) {
	var all []*payout.Payout
	left := 0
	for id, digest := range picked {
		row, err := h.batchRow(r, payout.ID(id))
		switch {
		case errors.Is(err, payout.ErrNotFound):
			left++
		case err != nil:
			return nil, 0, err
		case !row.Open || row.Payout.Digest != digest:
			left++
		default:
			all = append(all, row.Payout)
		}
	}
	slices.SortFunc(all, func(a, b *payout.Payout) int {
		if c := a.SubmittedAt.Compare(b.SubmittedAt); c != 0 {
			return c
		}
		return compareIDs(a.ID, b.ID)
	})
	return all, left, nil
}

func compareIDs(a, b payout.ID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// batchOf is what a person's confirmation is about, as it stands now.
func (h *Handlers) batchOf(r *http.Request, c access.Challenge) (approvals.Batch, error) {
	intent, err := access.ReadIntent(c.Intent)
	if err != nil {
		return approvals.Batch{}, err
	}
	b := approvals.Batch{Totals: intent.Totals}
	for _, thing := range intent.Things {
		row, err := h.batchRow(r, payout.ID(thing.ID))
		if err != nil {
			return b, err
		}
		row.Changed = row.Payout.Digest != thing.Digest
		row.Done = approvedWith(row.Payout, person(r), c.ID)
		b.Rows = append(b.Rows, row)
	}
	return b, nil
}

// askedBatch finds an open confirmation of several payouts.
func (h *Handlers) askedBatch(r *http.Request, id string) (access.Challenge, error) {
	c, err := h.Access.Asked(r.Context(), person(r), id)
	if errors.Is(err, access.ErrNotFound) || err == nil && c.Purpose != purposeApprove {
		return c, access.ErrStepUp
	}
	return c, err
}

func (h *Handlers) showBatchConfirm(w http.ResponseWriter, r *http.Request) error {
	c, err := h.askedBatch(r, r.URL.Query().Get("c"))
	if err != nil {
		return h.batchStale(w, r, err)
	}
	return h.batchConfirmPage(w, r, http.StatusOK, c, "")
}

func (h *Handlers) batchStale(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, access.ErrStepUp) {
		return err
	}
	h.say(w, r, views.Warn, "approvals.stale")
	return h.redirect(w, r, link.Batch(r.Context()))
}

func (h *Handlers) batchConfirmPage(w http.ResponseWriter, r *http.Request, status int, c access.Challenge, problem string) error {
	b, err := h.batchOf(r, c)
	if err != nil {
		return err
	}
	if b.Confirmation, err = h.confirmation(r, c, problem); err != nil {
		return err
	}
	return h.render(w, r, status, approvals.BatchConfirmPage(b), nil)
}

// confirmBatch checks the one confirmation and approves every payout it names. One that was changed meanwhile falls out; the
// others go on.
func (h *Handlers) confirmBatch(w http.ResponseWriter, r *http.Request) error {
	by, err := h.confirmedBy(r)
	if err != nil {
		return err
	}
	c, err := h.askedBatch(r, by.Challenge)
	if err != nil {
		return h.batchStale(w, r, err)
	}
	l := views.From(r.Context()).Localizer
	if by.Typed == "" {
		return h.batchConfirmPage(w, r, http.StatusUnprocessableEntity, c, l.T("check.required"))
	}
	proof, err := h.Access.Verify(r.Context(), person(r), c.ID, by.Typed)
	if errors.Is(err, access.ErrSignIn) {
		c, problem, err := h.tryAgain(r, c.ID)
		if err != nil {
			return h.batchStale(w, r, err)
		}
		return h.batchConfirmPage(w, r, http.StatusUnprocessableEntity, c, problem)
	}
	if err != nil {
		return h.batchStale(w, r, err)
	}
	if err := h.approveAll(r, proof); err != nil {
		return err
	}
	return h.redirect(w, r, link.BatchDone(r.Context(), c.ID))
}

// approveAll approves what a confirmation names, each in its own commit. What is refused is seen on the page after it.
func (h *Handlers) approveAll(r *http.Request, proof access.StepUp) error {
	intent, err := access.ReadIntent(proof.Intent)
	if err != nil {
		return err
	}
	for _, thing := range intent.Things {
		p, err := h.Payouts.Approve(r.Context(), person(r), payout.ID(thing.ID), proof)
		e, refused := errors.AsType[*payout.Error](err)
		switch {
		case err == nil:
			h.Log.InfoContext(r.Context(), "payout approved", "payout", p.ID, "by", person(r).ID, "state", p.State, "means", proof.Means, "batch", proof.ID)
		case refused:
			h.Log.InfoContext(r.Context(), "decision refused", "payout", thing.ID, "by", person(r).ID, "code", e.Code, "batch", proof.ID)
		default:
			return err
		}
	}
	return nil
}

// showBatchDone says what became of each, read anew from what is stored.
func (h *Handlers) showBatchDone(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Access.Mine(r.Context(), person(r), r.URL.Query().Get("c"))
	if err != nil || c.Purpose != purposeApprove {
		return errors.Join(err, errNotFound)
	}
	b, err := h.batchOf(r, c)
	if err != nil {
		return err
	}
	return h.page(w, r, approvals.BatchDonePage(b))
}
