package handlers

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/freeze"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) freezeRoutes() []route {
	return []route{
		{"GET /freeze", h.showFreeze, access.FreezeSending},
		{"POST /freeze", h.askFreeze, access.FreezeSending},
		{"GET /freeze/confirm", h.showFreezeConfirm, access.FreezeSending},
		{"POST /freeze/confirm", h.confirmFreeze, access.FreezeSending},
	}
}

// Kinds of what can be stopped.
const (
	allStores  = "all"
	oneStore   = "store"
	oneAccount = "account"
)

// freezeOrder is one change to what may send, as it is asked for and signed.
type freezeOrder struct {
	Stop   bool   `json:"stop"`
	What   string `json:"what"`
	Reason string `json:"reason"`
	Since  int64  `json:"since"` // of the freeze that is lifted: a later one is another
}

func (o freezeOrder) subject() string {
	text, _ := json.Marshal(o) // strings, a number and a flag
	return string(text)
}

func (o freezeOrder) digest() string {
	sum := sha256.Sum256([]byte("freeze\x00" + o.subject()))
	return hex.EncodeToString(sum[:])
}

// targets lists what can be stopped: everything, each store, each account.
func (h *Handlers) targets(r *http.Request) ([]freeze.Target, error) {
	setup, err := h.Access.Setup(r.Context())
	if err != nil {
		return nil, err
	}
	all := []freeze.Target{{What: allStores, Kind: allStores, Frozen: setup.Halted != "", At: setup.HaltedAt, By: setup.HaltedBy, Why: setup.Halted}}
	for _, s := range views.From(r.Context()).Stores {
		all = append(all, h.target(r, freeze.Target{What: oneStore + ":" + string(s.ID), Kind: oneStore, Name: s.Name}, s.Frozen, s.Frozen.Reason))
	}
	accounts, err := h.Stores.Accounts(r.Context(), person(r), access.FreezeSending)
	for _, a := range accounts {
		name := views.From(r.Context()).Localizer.Comma(a.Label, views.From(r.Context()).StoreName(a.Store))
		why := ""
		if a.Frozen.On() {
			why = h.frozenWords(r, a)
		}
		all = append(all, h.target(r, freeze.Target{What: oneAccount + ":" + string(a.ID), Kind: oneAccount, Name: name}, a.Frozen, why))
	}
	return all, err
}

func (h *Handlers) target(r *http.Request, t freeze.Target, f store.Freeze, why string) freeze.Target {
	t.Frozen, t.At, t.Why = f.On(), f.At, why
	if f.By != "" {
		t.By = string(f.By)
		if who, err := h.Access.Person(r.Context(), f.By); err == nil { // else it was somebody on the command line
			t.By = who.Name
		}
	}
	return t
}

func (h *Handlers) findTarget(r *http.Request, what string) (freeze.Target, error) {
	all, err := h.targets(r)
	if err != nil {
		return freeze.Target{}, err
	}
	i := slices.IndexFunc(all, func(t freeze.Target) bool { return t.What == what })
	if i < 0 {
		return freeze.Target{}, store.ErrNotFound
	}
	return all[i], nil
}

// moving adds up what of a target is on its way and what waits to be sent.
func (h *Handlers) moving(r *http.Request, what string) (flight, waits []payout.Total, err error) { //nolint:nonamedreturns // two lists of one type
	kind, id, _ := strings.Cut(what, ":")
	f := payout.Filter{States: []payout.State{payout.Sending, payout.Accepted, payout.Unknown}}
	switch kind {
	case oneStore:
		f.Store = store.ID(id)
	case oneAccount:
		f.Account = store.AccountID(id)
	}
	scope := payout.ScopeOf(person(r), access.FreezeSending)
	if flight, err = h.History.Totals(r.Context(), scope, f); err != nil {
		return nil, nil, err
	}
	f.States = []payout.State{payout.Approved}
	waits, err = h.History.Totals(r.Context(), scope, f)
	return flight, waits, err
}

func (h *Handlers) showFreeze(w http.ResponseWriter, r *http.Request) error {
	return h.freezePage(w, r, http.StatusOK, freeze.Page{})
}

func (h *Handlers) freezePage(w http.ResponseWriter, r *http.Request, status int, p freeze.Page) error {
	var err error
	if p.Targets, err = h.targets(r); err != nil {
		return err
	}
	if p.Flight, p.Waits, err = h.moving(r, allStores); err != nil {
		return err
	}
	return h.render(w, r, status, freeze.ShowPage(p), nil)
}

// askFreeze takes in what to stop or let go on, and asks for a confirmation of exactly that.
func (h *Handlers) askFreeze(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Do     string `form:"do" validate:"required,oneof=freeze unfreeze"`
		What   string `form:"what" validate:"required,max=200"`
		Reason string `form:"reason" validate:"max=200"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p := freeze.Page{Chosen: in.What, Reason: in.Reason, Wrong: map[string]string{}}
	for name := range wrong {
		p.Wrong[name] = text(r, wrong, name)
	}
	stop := in.Do == "freeze"
	if stop && strings.TrimSpace(in.Reason) == "" {
		p.Wrong["reason"] = words(r).T("freeze.reason_needed")
	}
	if len(p.Wrong) > 0 {
		return h.freezePage(w, r, http.StatusUnprocessableEntity, p)
	}
	return h.askFreezeOf(w, r, in.What, stop, in.Reason)
}

// askFreezeOf asks for a confirmation of one change.
func (h *Handlers) askFreezeOf(w http.ResponseWriter, r *http.Request, what string, stop bool, reason string) error {
	t, err := h.findTarget(r, what)
	if err != nil {
		return err
	}
	if t.Frozen == stop { // somebody was faster
		h.say(w, r, views.Warn, "freeze.already")
		return h.redirect(w, r, link.Freeze(r.Context()))
	}
	o := freezeOrder{Stop: stop, What: what}
	if stop {
		o.Reason = strings.TrimSpace(reason)
	} else {
		o.Since = t.At.UnixMilli()
	}
	c, err := h.Access.Ask(r.Context(), person(r), purposeFreeze, o.subject(), o.digest())
	if errors.Is(err, access.ErrNoMeans) {
		return h.render(w, r, http.StatusConflict, freeze.NoMeansPage(), nil)
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.FreezeAsked(r.Context(), c.ID))
}

// askedFreeze is the open confirmation of a change, and the change.
func (h *Handlers) askedFreeze(r *http.Request, id string) (access.Challenge, freezeOrder, error) {
	var o freezeOrder
	c, err := h.Access.Asked(r.Context(), person(r), id)
	switch {
	case errors.Is(err, access.ErrNotFound):
		return c, o, access.ErrStepUp
	case err != nil:
		return c, o, err
	case c.Purpose != purposeFreeze || json.Unmarshal([]byte(c.Subject), &o) != nil || o.digest() != c.Digest:
		return c, o, access.ErrStepUp
	}
	return c, o, nil
}

// askFreezeAnew leads back to the beginning if a confirmation does not hold any more.
func (h *Handlers) askFreezeAnew(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, access.ErrStepUp) {
		return err
	}
	h.say(w, r, views.Warn, "approvals.stale")
	return h.redirect(w, r, link.Freeze(r.Context()))
}

func (h *Handlers) showFreezeConfirm(w http.ResponseWriter, r *http.Request) error {
	c, o, err := h.askedFreeze(r, r.URL.Query().Get("c"))
	if err != nil {
		return h.askFreezeAnew(w, r, err)
	}
	return h.freezeConfirmPage(w, r, http.StatusOK, c, o, "")
}

func (h *Handlers) freezeConfirmPage(w http.ResponseWriter, r *http.Request, status int, c access.Challenge, o freezeOrder, problem string) error {
	t, err := h.findTarget(r, o.What)
	if err != nil {
		return err
	}
	page := freeze.Confirm{Target: t, Stop: o.Stop, Reason: o.Reason}
	if page.Confirmation, err = h.confirmation(r, c, problem); err != nil {
		return err
	}
	if page.Flight, page.Waits, err = h.moving(r, o.What); err != nil {
		return err
	}
	return h.render(w, r, status, freeze.ConfirmPage(page), nil)
}

func (h *Handlers) confirmFreeze(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Challenge string `form:"c"`
		Code      string `form:"code" validate:"required,max=8192"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	c, o, err := h.askedFreeze(r, in.Challenge)
	if err != nil {
		return h.askFreezeAnew(w, r, err)
	}
	if problem := text(r, wrong, "code"); problem != "" {
		return h.freezeConfirmPage(w, r, http.StatusUnprocessableEntity, c, o, problem)
	}
	// A confirmation is verified once, so it is used up here.
	_, err = h.Access.Verify(r.Context(), person(r), c.ID, in.Code)
	if errors.Is(err, access.ErrSignIn) {
		c, problem, err := h.tryAgain(r, c.ID)
		if err != nil {
			return h.askFreezeAnew(w, r, err)
		}
		return h.freezeConfirmPage(w, r, http.StatusUnprocessableEntity, c, o, problem)
	}
	if err != nil {
		return h.askFreezeAnew(w, r, err)
	}
	return h.doFreeze(w, r, o)
}

// doFreeze stops or lets go on what was signed.
func (h *Handlers) doFreeze(w http.ResponseWriter, r *http.Request, o freezeOrder) error {
	t, err := h.findTarget(r, o.What)
	if err != nil {
		return err
	}
	if t.Frozen == o.Stop || (!o.Stop && t.At.UnixMilli() != o.Since) {
		h.say(w, r, views.Warn, "freeze.already")
		return h.redirect(w, r, link.Freeze(r.Context()))
	}
	if err := h.setFrozen(r, o); err != nil {
		return err
	}
	tone, key := views.Warn, "freeze.done_stop"
	if !o.Stop {
		tone, key = views.Good, "freeze.done_go_on"
	}
	h.Log.WarnContext(r.Context(), "freeze changed", "what", o.What, "stop", o.Stop, "by", person(r).ID)
	h.say(w, r, tone, key)
	return h.redirect(w, r, link.Freeze(r.Context()))
}

func (h *Handlers) setFrozen(r *http.Request, o freezeOrder) error {
	ctx, by := r.Context(), person(r)
	kind, id, _ := strings.Cut(o.What, ":")
	switch kind {
	case allStores:
		return h.Access.Halt(ctx, by, o.Reason) // "" lets it go on
	case oneStore:
		stores := views.From(ctx).Stores
		i := slices.IndexFunc(stores, func(s store.Store) bool { return string(s.ID) == id })
		if i < 0 {
			return store.ErrNotFound
		}
		if o.Stop {
			return h.Stores.FreezeStore(ctx, by, stores[i], o.Reason)
		}
		return h.Stores.UnfreezeStore(ctx, by, stores[i])
	}
	a, err := h.Stores.Account(ctx, by, access.FreezeSending, store.AccountID(id))
	if err != nil {
		return err
	}
	if o.Stop {
		return h.Stores.Freeze(ctx, by, a, o.Reason)
	}
	return h.Stores.Unfreeze(ctx, by, a)
}
