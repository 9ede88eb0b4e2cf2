package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) approvalRoutes() []route {
	return []route{
		{"GET /approvals", h.listApprovals, access.ApprovePayouts},
		{"GET /approvals/{id}", h.showDecision, access.ApprovePayouts},
		{"POST /payouts/{id}/approve", h.askApproval, access.ApprovePayouts},
		{"GET /payouts/{id}/confirm", h.showConfirm, access.ApprovePayouts},
		{"POST /payouts/{id}/confirm", h.confirmApproval, access.ApprovePayouts},
		{"POST /payouts/{id}/reject", h.rejectPayout, access.ApprovePayouts},
	}
}

// maxQueue is how many waiting payouts a page lists: more than anybody decides about in one go.
const maxQueue = 200

// queued is what waits in the stores where the person may approve, oldest first, with whether they may decide about it.
func (h *Handlers) queued(r *http.Request) ([]approvals.Waiting, bool, error) {
	by := person(r)
	page, err := h.History.List(r.Context(), payout.ScopeOf(by, access.ApprovePayouts),
		payout.Filter{States: []payout.State{payout.Submitted}, Sort: payout.Oldest, Limit: maxQueue})
	if err != nil {
		return nil, false, err
	}
	var all []approvals.Waiting
	for _, row := range page.Rows {
		p, err := h.Payouts.Find(r.Context(), by, row.ID) // a row does not say who edited it
		if err != nil {
			return nil, false, err
		}
		ruling, err := h.Payouts.Ruling(r.Context(), p, by)
		if err != nil {
			return nil, false, err
		}
		all = append(all, approvals.Waiting{Row: row, Own: ruling.Bar != policy.None, Marked: ruling.Marked})
	}
	return all, !page.Next.IsZero(), nil
}

// undecided leaves those the person may decide about.
func undecided(all []approvals.Waiting) []approvals.Waiting {
	return slices.DeleteFunc(slices.Clone(all), func(w approvals.Waiting) bool { return w.Own })
}

func (h *Handlers) onePerson(ctx context.Context) (bool, error) {
	setup, err := h.Access.Setup(ctx)
	return setup.OnePerson, err
}

func (h *Handlers) listApprovals(w http.ResponseWriter, r *http.Request) error {
	all, cut, err := h.queued(r)
	if err != nil {
		return err
	}
	list := approvals.List{Cut: cut}
	for _, one := range all {
		if err := h.compare(r, &one); err != nil {
			return err
		}
		if one.Own {
			list.Others = append(list.Others, one)
		} else {
			list.Mine = append(list.Mine, one)
		}
	}
	return h.page(w, r, approvals.ListPage(list))
}

// compare looks up how well the recipient is known and whether the payout looks like another one.
func (h *Handlers) compare(r *http.Request, one *approvals.Waiting) error {
	p, err := h.Payouts.Find(r.Context(), person(r), one.Row.ID)
	if err != nil {
		return err
	}
	earlier, err := h.History.Earlier(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), p)
	if err != nil {
		return err
	}
	one.Know = earlier.Know()
	for _, f := range earlier.Differs(p) {
		if f.Code == "duplicate" {
			one.Twin = &f
			break
		}
	}
	return nil
}

// aboutPayout limits what surrounds a page to its payout: the store, the store's time, the mode.
func aboutPayout(r *http.Request, p *payout.Payout, live bool) *http.Request {
	v := views.From(r.Context())
	v.Store, v.Mode = p.Store, approvals.Mode(live)
	if i := slices.IndexFunc(v.Stores, func(s store.Store) bool { return s.ID == p.Store }); i >= 0 {
		v.Zone = v.Stores[i].Location()
	}
	return r.WithContext(views.With(r.Context(), v))
}

func (h *Handlers) payoutOf(r *http.Request) (*payout.Payout, error) {
	return h.Payouts.Find(r.Context(), person(r), payout.ParseID(r.PathValue("id")))
}

func (h *Handlers) showDecision(w http.ResponseWriter, r *http.Request) error {
	p, err := h.payoutOf(r)
	if err != nil {
		return err
	}
	return h.decisionPage(w, r, p, http.StatusOK, decisionNotes{})
}

// decisionNotes is what the page says besides the payout itself.
type decisionNotes struct {
	notice      string
	reason      string
	reasonError string
}

// decisionPage shows a payout that waits, or what was decided about it.
func (h *Handlers) decisionPage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int, n decisionNotes) error {
	if p.State != payout.Submitted {
		return h.decidedPage(w, r, p, status)
	}
	d, err := h.decisionOf(r, p)
	if e, ok := errors.AsType[*payout.Error](err); ok && e.Code == payout.CodeSnapshot {
		h.Log.ErrorContext(r.Context(), "snapshot does not fit its payout", "payout", p.ID, "err", err)
		return h.saidPage(w, r, p, http.StatusConflict, approvals.Said{Key: "approvals.snapshot"})
	}
	if err != nil {
		return err
	}
	d.Notice, d.Reason, d.ReasonError = n.notice, n.reason, n.reasonError
	r = aboutPayout(r, p, d.Content.Live)
	return h.render(w, r, status, approvals.DecisionPage(d), nil)
}

// decisionOf gathers everything the approver reads.
func (h *Handlers) decisionOf(r *http.Request, p *payout.Payout) (approvals.Decision, error) {
	d := approvals.Decision{Payout: p, By: person(r).ID}
	var err error
	if d.Content, err = p.Signed(); err != nil {
		return d, err
	}
	for _, gather := range []func(*http.Request, *approvals.Decision) error{
		h.addAccount, h.addPeople, h.addRules, h.addHistory,
	} {
		if err := gather(r, &d); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (h *Handlers) addAccount(r *http.Request, d *approvals.Decision) error {
	var err error
	if d.Account, err = h.Stores.AccountOf(r.Context(), d.Payout.Store, d.Content.Account); err != nil {
		return err
	}
	for _, a := range h.Stores.Catalog.Addresses(d.Content.Provider, d.Content.Live) {
		if a.Name == d.Content.Address {
			d.Simulated = a.Simulator
		}
	}
	def, _ := h.Stores.Catalog.Definition(d.Content.Provider)
	d.Approves, d.CannotAsk = def.Approves, def.CannotAsk
	d.Stale = d.Account.Version != d.Content.Credential
	d.MayEdit = access.Can(person(r), access.DraftPayouts, d.Payout.Store)
	d.Halted = d.Account.Stopped().On() || views.From(r.Context()).Frozen != ""
	if d.Drift, err = h.drift(r, d.Payout); err != nil {
		return err
	}
	reserved, err := h.reserved(r, d)
	d.Balance = approvals.Left(d.Account, d.Content.Amount, reserved)
	return err
}

// reserved is what leaves the same account in the same currency as soon as it is sent; the provider cannot know of it.
func (h *Handlers) reserved(r *http.Request, d *approvals.Decision) (money.Amount, error) {
	totals, err := h.History.Totals(r.Context(), payout.InStore(d.Payout.Store), payout.Filter{Account: d.Content.Account,
		Currency: d.Content.Amount.Currency, States: []payout.State{payout.Approved, payout.Sending}})
	var sum money.Amount
	for _, t := range totals {
		if sum.Currency == "" {
			sum = t.Amount
		} else if sum, err = sum.Add(t.Amount); err != nil {
			return sum, err
		}
	}
	return sum, err
}

func (h *Handlers) addPeople(r *http.Request, d *approvals.Decision) error {
	find := func(id access.PersonID) (access.Person, error) {
		p, err := h.Access.Person(r.Context(), id)
		if errors.Is(err, access.ErrNotFound) {
			return access.Person{ID: id, Name: string(id)}, nil
		}
		return p, err
	}
	var err error
	if d.Author, err = find(d.Payout.Author); err != nil {
		return err
	}
	for _, id := range d.Payout.Editors {
		if id == d.Payout.Author {
			continue
		}
		p, err := find(id)
		if err != nil {
			return err
		}
		d.Editors = append(d.Editors, p)
	}
	return nil
}

func (h *Handlers) addRules(r *http.Request, d *approvals.Decision) error {
	var err error
	if d.Ruling, err = h.Payouts.Ruling(r.Context(), d.Payout, person(r)); err != nil {
		return err
	}
	if d.Payout.HasMoved() {
		d.Bar = policy.Bar(payout.CodeConflict)
	}
	d.Names, err = h.names(r)
	return err
}

// names is what everybody is called.
func (h *Handlers) names(r *http.Request) (map[access.PersonID]string, error) {
	everybody, err := h.Access.People(r.Context())
	names := make(map[access.PersonID]string, len(everybody))
	for _, p := range everybody {
		names[p.ID] = p.Name
	}
	return names, err
}

func (h *Handlers) addHistory(r *http.Request, d *approvals.Decision) error {
	all, _, err := h.queued(r)
	if err != nil {
		return err
	}
	d.Queue = undecided(all)
	d.Earlier, err = h.History.Earlier(r.Context(), payout.ScopeOf(person(r), access.ViewPayouts), d.Payout)
	return err
}

// decidedPage says who decided what about a payout that does not wait any more.
func (h *Handlers) decidedPage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int) error {
	last, err := h.lastDecision(r, p)
	if err != nil {
		return err
	}
	key := "approvals.decided.other"
	switch last.Action {
	case audit.PayoutApproved:
		key = "approvals.decided.approved"
	case audit.PayoutRejected:
		key = "approvals.decided.rejected"
	case audit.PayoutWithdrawn:
		key = "approvals.decided.withdrawn"
	case audit.PayoutEdited:
		key = "approvals.decided.edited"
	}
	r = aboutPayout(r, p, p.Content.Live)
	v := views.From(r.Context())
	return h.saidPage(w, r, p, status, approvals.Said{Key: key, Args: []any{"Name", last.ActorName, "At", v.Localizer.DateTime(last.At.In(v.Zone)),
		"State", v.Localizer.T("state." + string(p.State)), "Reason", v.Localizer.Quote(p.Reason)}})
}

// lastDecision is the latest thing people decided about a payout. Who rejected or withdrew one is only in the audit log.
func (h *Handlers) lastDecision(r *http.Request, p *payout.Payout) (audit.Entry, error) {
	entries, err := h.Audit.Of(r.Context(), payout.InStore(p.Store), string(p.ID))
	for _, e := range slices.Backward(entries) {
		switch e.Action {
		case audit.PayoutApproved, audit.PayoutRejected, audit.PayoutWithdrawn, audit.PayoutEdited:
			return e, err
		}
	}
	return audit.Entry{}, err
}

func (h *Handlers) saidPage(w http.ResponseWriter, r *http.Request, p *payout.Payout, status int, s approvals.Said) error {
	s.Number, s.Payout = p.ID.Number(), string(p.ID)
	next, err := h.nextWaiting(r, p.ID)
	if err != nil {
		return err
	}
	s.NextOne = next
	return h.render(w, r, status, approvals.SaidPage(s), nil)
}

// nextWaiting is the oldest other payout the person may decide about, nil if there is none.
func (h *Handlers) nextWaiting(r *http.Request, except payout.ID) (*approvals.Waiting, error) {
	all, _, err := h.queued(r)
	for _, w := range undecided(all) {
		if w.Row.ID != except {
			return &w, err
		}
	}
	return nil, err
}
