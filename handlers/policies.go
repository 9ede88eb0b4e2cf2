package handlers

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/policies"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
)

func (h *Handlers) policyRoutes() []route {
	return []route{
		{"GET /policies", h.showPolicies, access.ManageSettings},
		{"GET /policies/edit", h.editPolicies, access.ManageSettings},
		{"POST /policies/edit", h.draftPolicies, access.ManageSettings},
		{"GET /policies/{id}", h.showPolicy, access.ManageSettings},
		{"POST /policies/{id}", h.askPolicy, access.ManageSettings},
		{"POST /policies/{id}/drop", h.dropPolicy, access.ManageSettings},
		{"GET /policies/{id}/confirm", h.showPolicyConfirm, access.ManageSettings},
		{"POST /policies/{id}/confirm", h.confirmPolicy, access.ManageSettings},
	}
}

// maxVersions is how many earlier rules the page lists.
const maxVersions = 50

func (h *Handlers) showPolicies(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var p policies.Page
	var err error
	if p.Current, err = h.Policies.Repo.Current(ctx); err != nil {
		return err
	}
	if p.Waiting, err = h.Policies.Repo.Waiting(ctx); err != nil {
		return err
	}
	if p.Held, err = h.Policies.Repo.Held(ctx, maxVersions); err != nil {
		return err
	}
	supers, err := h.Policies.Repo.Supers(ctx)
	if err != nil {
		return err
	}
	p.Locked, p.Tight = policy.LockedOut(p.Current.Rules, supers), policy.Tight(p.Current.Rules, supers)
	names, err := h.names(r)
	p.Names = names
	if err != nil {
		return err
	}
	return h.page(w, r, policies.List(p))
}

// rulebook is what rules may speak of, for checks and for the form.
func (h *Handlers) rulebook(r *http.Request) (policies.Edit, policy.Known, error) {
	var e policies.Edit
	var k policy.Known
	var err error
	if k.Supers, err = h.Policies.Repo.Supers(r.Context()); err != nil {
		return e, k, err
	}
	everybody, err := h.Access.People(r.Context())
	if err != nil {
		return e, k, err
	}
	e.Names = policies.Names{}
	for _, p := range everybody {
		e.Names[p.ID] = p.Name
		if slices.Contains(k.Supers, p.ID) {
			e.Supers = append(e.Supers, p)
		}
	}
	for _, s := range views.From(r.Context()).Stores {
		k.Stores = append(k.Stores, s.ID)
		e.Stores = append(e.Stores, ui.Option{Value: string(s.ID), Label: s.Name})
	}
	for _, d := range h.Stores.Catalog.Definitions() {
		k.Providers = append(k.Providers, d.ID)
		e.Firms = append(e.Firms, ui.Option{Value: d.ID, Label: d.Name})
	}
	return e, k, nil
}

func (h *Handlers) editPolicies(w http.ResponseWriter, r *http.Request) error {
	e, _, err := h.rulebook(r)
	if err != nil {
		return err
	}
	current, err := h.Policies.Repo.Current(r.Context())
	if err != nil {
		return err
	}
	e.Rules, e.Adding = current.Rules, policies.Adding{Kind: "approvals", Approvals: "2", Per: string(policy.PerPayout)}
	return h.page(w, r, policies.EditPage(e))
}

// ruleForm is a rule as typed, and the rules it is added to.
type ruleForm struct {
	Do            string `form:"do"`
	Rules         string `form:"rules" validate:"max=60000"`
	Kind          string `form:"kind"`
	Store         string `form:"store"`
	Provider      string `form:"provider"`
	Method        string `form:"method" validate:"max=100"`
	Country       string `form:"country" validate:"max=10"`
	Currency      string `form:"currency" validate:"max=10"`
	From          string `form:"from" validate:"max=40"`
	New           string `form:"new"`
	Approvals     string `form:"approvals" validate:"max=10"`
	Per           string `form:"per"`
	Limit         string `form:"limit" validate:"max=40"`
	LimitCurrency string `form:"limit_currency" validate:"max=10"`
}

// draftPolicies adds a rule, takes one away, or goes on to what the rules would mean.
func (h *Handlers) draftPolicies(w http.ResponseWriter, r *http.Request) error {
	var in ruleForm
	wrong, err := h.decode(r, &in, "among[")
	if err != nil {
		return err
	}
	e, known, err := h.rulebook(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(in.Rules), &e.Rules); err != nil || wrong["rules"].key != "" {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	e.Adding = policies.Adding{Kind: "approvals", Approvals: "2", Per: string(policy.PerPayout)}
	status := http.StatusOK
	switch at, remove := strings.CutPrefix(in.Do, "remove-"); {
	case remove:
		if i, err := strconv.Atoi(at); err == nil && i >= 0 && i < len(e.Rules) {
			e.Rules = slices.Delete(e.Rules, i, i+1)
		}
	case in.Do == "add":
		rule, adding := readRule(r, in, wrong)
		for _, p := range rule.Check(e.Rules, known) {
			if adding.Errors[p.Field] == "" {
				adding.Errors[p.Field] = views.From(r.Context()).Localizer.T("policies.error." + p.Code)
			}
		}
		if len(adding.Errors) > 0 {
			e.Adding, status = adding, http.StatusUnprocessableEntity
		} else {
			e.Rules = append(e.Rules, rule)
		}
	default:
		return h.previewPolicies(w, r, e, known)
	}
	return h.render(w, r, status, policies.EditPage(e), nil)
}

// readRule reads a rule as typed. What cannot be read is said beside its field.
func readRule(r *http.Request, in ruleForm, wrong map[string]problem) (policy.Rule, policies.Adding) {
	v := views.From(r.Context())
	a := policies.Adding{Kind: in.Kind, Store: in.Store, Provider: in.Provider, Method: strings.TrimSpace(in.Method),
		Country: strings.ToUpper(strings.TrimSpace(in.Country)), Currency: strings.ToUpper(strings.TrimSpace(in.Currency)), From: in.From,
		New: in.New != "", Approvals: in.Approvals, Among: mapped(r, "among"), Per: in.Per, Limit: in.Limit,
		LimitCurrency: strings.ToUpper(strings.TrimSpace(in.LimitCurrency)), Errors: map[string]string{}}
	for name := range wrong {
		a.Errors[name] = text(r, wrong, name)
	}
	amount := func(field, typed, currency string) money.Amount {
		got, err := money.Parse(typed, v.Language, currency)
		if e, ok := errors.AsType[*money.ParseError](err); ok {
			a.Errors[field] = v.Localizer.T("amount."+e.Code, "Currency", e.Currency, "Digits", e.Digits)
		} else if err != nil {
			a.Errors[field] = v.Localizer.T("policies.error." + field)
		}
		return got
	}
	rule := policy.Rule{When: policy.Condition{Store: access.StoreID(a.Store), Provider: a.Provider, Method: a.Method, Country: a.Country,
		Currency: a.Currency, New: a.New}}
	if strings.TrimSpace(a.From) != "" {
		rule.When.From = amount("from", a.From, a.Currency).Minor
	}
	if a.Kind == "limit" {
		rule.Per, rule.Limit = policy.Per(a.Per), amount("limit", a.Limit, a.LimitCurrency)
		return rule, a
	}
	n, err := strconv.Atoi(strings.TrimSpace(a.Approvals))
	if err != nil {
		a.Errors["approvals"] = v.Localizer.T("policies.error.approvals")
	}
	rule.Approvals = n
	for id := range a.Among {
		rule.Among = append(rule.Among, access.PersonID(id))
	}
	slices.Sort(rule.Among)
	return rule, a
}

// previewPolicies keeps the rules as a proposal that nothing holds by yet, and leads to what they would mean.
func (h *Handlers) previewPolicies(w http.ResponseWriter, r *http.Request, e policies.Edit, known policy.Known) error {
	l := views.From(r.Context()).Localizer
	for i, rule := range e.Rules {
		others := slices.Delete(slices.Clone(e.Rules), i, i+1)
		if wrong := rule.Check(others, known); len(wrong) > 0 && wrong[0].Code != "too_many" { // that is what the next page is for
			e.Problem = l.T("policies.error." + wrong[0].Code)
			e.Adding = policies.Adding{Kind: "approvals", Approvals: "2", Per: string(policy.PerPayout)}
			return h.render(w, r, http.StatusUnprocessableEntity, policies.EditPage(e), nil)
		}
	}
	p, err := h.Policies.Draft(r.Context(), person(r), e.Rules)
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.Policy(r.Context(), p.ID))
}

func (h *Handlers) proposal(r *http.Request) (policies.Preview, error) {
	ctx := r.Context()
	var p policies.Preview
	var err error
	if p.Proposal, err = h.Policies.Repo.Proposal(ctx, r.PathValue("id")); errors.Is(err, policy.ErrNotFound) {
		return p, errNotFound
	}
	if err != nil {
		return p, err
	}
	if p.Current, err = h.Policies.Repo.Current(ctx); err != nil {
		return p, err
	}
	supers, err := h.Policies.Repo.Supers(ctx)
	if err != nil {
		return p, err
	}
	onePerson, err := h.onePerson(ctx)
	if err != nil {
		return p, err
	}
	names, err := h.names(r)
	p.Names, p.Own = names, p.Proposal.By == person(r).ID
	p.Locked, p.Tight = policy.LockedOut(p.Proposal.Rules, supers), policy.Tight(p.Proposal.Rules, supers)
	p.Second = p.Proposal.Loosens && len(supers) > 1 && !onePerson
	p.Stale = p.Current.Version != p.Proposal.Base
	if !p.Proposal.HeldAt.IsZero() { // then what it is held against is what it became
		p.Current, p.Locked, p.Tight = policy.Set{Rules: p.Proposal.Rules}, nil, nil
	}
	return p, err
}

func (h *Handlers) showPolicy(w http.ResponseWriter, r *http.Request) error {
	p, err := h.proposal(r)
	if err != nil {
		return err
	}
	return h.policyPage(w, r, http.StatusOK, p)
}

func (h *Handlers) policyPage(w http.ResponseWriter, r *http.Request, status int, p policies.Preview) error {
	var err error
	if p.Proposal.HeldAt.IsZero() {
		if p.Replay, err = h.Policies.Compare(r.Context(), p.Proposal.Rules); err != nil {
			return err
		}
	}
	return h.render(w, r, status, policies.PreviewPage(p), nil)
}

// askPolicy asks for a confirmation of a proposal as it stands.
func (h *Handlers) askPolicy(w http.ResponseWriter, r *http.Request) error {
	p, err := h.proposal(r)
	if err != nil {
		return err
	}
	digest, err := p.Proposal.Digest()
	if err != nil {
		return err
	}
	if len(p.Locked) > 0 || p.Stale {
		return h.policyPage(w, r, http.StatusConflict, p)
	}
	c, err := h.Access.Ask(r.Context(), person(r), policy.PurposePolicy, p.Proposal.ID, digest)
	if errors.Is(err, access.ErrNoMeans) {
		p.Problem = views.From(r.Context()).Localizer.T("approvals.no_means.text")
		return h.policyPage(w, r, http.StatusConflict, p)
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.PolicyConfirmAsked(r.Context(), p.Proposal.ID, c.ID))
}

func (h *Handlers) showPolicyConfirm(w http.ResponseWriter, r *http.Request) error {
	return h.policyConfirmPage(w, r, http.StatusOK, r.URL.Query().Get("c"), "")
}

func (h *Handlers) policyConfirmPage(w http.ResponseWriter, r *http.Request, status int, challenge, problem string) error {
	p, err := h.proposal(r)
	if err != nil {
		return err
	}
	digest, err := p.Proposal.Digest()
	if err != nil {
		return err
	}
	c, err := h.asked(r, challenge, policy.PurposePolicy, p.Proposal.ID, digest)
	if err != nil {
		return h.policyStale(w, r, err)
	}
	if p.Confirmation, err = h.confirmation(r, c, problem); err != nil {
		return err
	}
	return h.render(w, r, status, policies.ConfirmPage(p), nil)
}

func (h *Handlers) policyStale(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, access.ErrStepUp) {
		return err
	}
	h.say(w, r, views.Warn, "approvals.stale")
	return h.redirect(w, r, link.Policy(r.Context(), r.PathValue("id")))
}

func (h *Handlers) confirmPolicy(w http.ResponseWriter, r *http.Request) error {
	by, err := h.confirmedBy(r)
	if err != nil {
		return err
	}
	if by.Typed == "" {
		return h.policyConfirmPage(w, r, http.StatusUnprocessableEntity, by.Challenge, views.From(r.Context()).Localizer.T("check.required"))
	}
	proof, err := h.Access.Verify(r.Context(), person(r), by.Challenge, by.Typed)
	if errors.Is(err, access.ErrSignIn) {
		_, problem, err := h.tryAgain(r, by.Challenge)
		if err != nil {
			return h.policyStale(w, r, err)
		}
		return h.policyConfirmPage(w, r, http.StatusUnprocessableEntity, by.Challenge, problem)
	}
	if err != nil {
		return h.policyStale(w, r, err)
	}
	return h.takePolicy(w, r, proof)
}

// takePolicy saves one's own proposal, or confirms another's.
func (h *Handlers) takePolicy(w http.ResponseWriter, r *http.Request, proof access.StepUp) error {
	id, say := r.PathValue("id"), "policies.saved"
	p, err := h.Policies.Repo.Proposal(r.Context(), id)
	switch {
	case err != nil:
	case p.By == person(r).ID:
		if p, err = h.Policies.Save(r.Context(), person(r), id, proof); err == nil && p.HeldAt.IsZero() {
			say = "policies.proposed_done"
		}
	default:
		err = h.Policies.Confirm(r.Context(), person(r), id, proof)
	}
	switch {
	case errors.Is(err, policy.ErrNotFound):
		return errNotFound
	case errors.Is(err, access.ErrStepUp):
		return h.policyStale(w, r, err)
	case errors.Is(err, policy.ErrChanged), errors.Is(err, policy.ErrLockedOut), errors.Is(err, policy.ErrOwn):
		return h.redirect(w, r, link.Policy(r.Context(), id)) // the page says why
	case err != nil:
		return err
	}
	h.Log.InfoContext(r.Context(), "approval rules saved", "proposal", id, "by", person(r).ID, "held", say == "policies.saved")
	h.say(w, r, views.Good, say)
	return h.redirect(w, r, link.Policies(r.Context()))
}

func (h *Handlers) dropPolicy(w http.ResponseWriter, r *http.Request) error {
	if err := h.Policies.Drop(r.Context(), person(r), r.PathValue("id")); errors.Is(err, policy.ErrNotFound) {
		return errNotFound
	} else if err != nil {
		return err
	}
	h.say(w, r, "", "policies.dropped")
	return h.redirect(w, r, link.Policies(r.Context()))
}
