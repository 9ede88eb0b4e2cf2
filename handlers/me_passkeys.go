package handlers

import (
	"errors"
	"net/http"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/me"
	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) passkeyRoutes() []route {
	return []route{
		{"GET /me/passkeys", h.toMe, access.SignedIn},
		{"POST /me/passkeys", h.addPasskey, access.SignedIn},
		{"GET /me/passkeys/new", h.showNewPasskey, access.SignedIn},
		{"POST /me/passkeys/new", h.newPasskey, access.SignedIn},
		{"GET /me/passkeys/make", h.showMakePasskey, access.SignedIn},
		{"GET /me/passkeys/{id}", h.showRemovePasskey, access.SignedIn},
		{"POST /me/passkeys/{id}", h.removePasskey, access.SignedIn},
		{"GET /me/recovery", h.showRecovery, access.SignedIn},
		{"POST /me/recovery", h.makeRecovery, access.SignedIn},
	}
}

// factorPage asks a person to confirm before what they confirm with is changed. id is an open challenge to ask again after
// something that did not fit, "" for a new one.
func (h *Handlers) factorPage(w http.ResponseWriter, r *http.Request, f me.Factor, id, problem string) error {
	p := person(r)
	var c access.Challenge
	var err error
	if f.None = p.External && access.Means(p) == ""; !f.None {
		if c, err = h.factorChallenge(r, id); errors.Is(err, access.ErrNoMeans) {
			return h.redirect(w, r, link.Me(r.Context()))
		}
		if err != nil {
			return err
		}
		if f.Confirmation, err = h.confirmation(r, c, problem); err != nil {
			return err
		}
		f.Confirmation.Fallback, f.Confirmation.Recovery = true, true
	}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusUnprocessableEntity
	}
	return h.render(w, r, status, me.ConfirmFactor(f), nil)
}

func (h *Handlers) factorChallenge(r *http.Request, id string) (access.Challenge, error) {
	if id != "" {
		c, err := h.Access.Asked(r.Context(), person(r), id)
		if err == nil || !errors.Is(err, access.ErrStepUp) {
			return c, err
		}
	}
	return h.Access.AskFactor(r.Context(), person(r))
}

// factorForm is the answer to a confirmation.
type factorForm struct {
	Challenge string `form:"c"`
	Code      string `form:"code" validate:"max=8192"`
}

func (h *Handlers) confirmedBy(r *http.Request) (access.Confirmed, error) {
	var in factorForm
	if _, err := h.decode(r, &in); err != nil {
		return access.Confirmed{}, err
	}
	return access.Confirmed{Challenge: in.Challenge, Typed: in.Code, KeepLogin: login(r)}, nil
}

// factorRefused asks again with what was wrong, or passes an error on that is not about the confirmation.
func (h *Handlers) factorRefused(w http.ResponseWriter, r *http.Request, f me.Factor, by access.Confirmed, err error) error {
	l := views.From(r.Context()).Localizer
	switch {
	case errors.Is(err, access.ErrStepUp):
		return h.factorPage(w, r, f, "", l.T("approvals.stale"))
	case errors.Is(err, access.ErrTaken):
		return h.factorPage(w, r, f, "", l.T("me.passkey_enough"))
	}
	if problem := refusal(r, err); problem != "" {
		return h.factorPage(w, r, f, by.Challenge, problem)
	}
	return err
}

func (h *Handlers) newPasskeyFactor(r *http.Request) me.Factor {
	l := views.From(r.Context()).Localizer
	return me.Factor{Title: l.T("me.passkey_add"), Lead: l.T("me.passkey_add_lead"), Action: link.MePasskeyNew(r.Context()), Verb: l.T("do.continue")}
}

func (h *Handlers) showNewPasskey(w http.ResponseWriter, r *http.Request) error {
	return h.factorPage(w, r, h.newPasskeyFactor(r), "", "")
}

func (h *Handlers) newPasskey(w http.ResponseWriter, r *http.Request) error {
	by, err := h.confirmedBy(r)
	if err != nil {
		return err
	}
	c, err := h.Access.NewPasskey(r.Context(), person(r), by.Challenge, by.Typed)
	if err != nil {
		return h.factorRefused(w, r, h.newPasskeyFactor(r), by, err)
	}
	return h.redirect(w, r, link.MePasskeyMake(r.Context(), c.ID))
}

func (h *Handlers) showMakePasskey(w http.ResponseWriter, r *http.Request) error {
	return h.makePasskeyPage(w, r, http.StatusOK, r.URL.Query().Get("c"), me.Making{Name: me.Device(r.Context(), r.UserAgent())})
}

// makePasskeyPage has the browser make a passkey, as long as what was confirmed counts.
func (h *Handlers) makePasskeyPage(w http.ResponseWriter, r *http.Request, status int, challenge string, m me.Making) error {
	options, err := h.Access.CreationOptions(r.Context(), person(r), challenge)
	if errors.Is(err, access.ErrStepUp) || errors.Is(err, access.ErrNotFound) {
		h.say(w, r, views.Warn, "me.passkey_late")
		return h.redirect(w, r, link.Me(r.Context()))
	}
	if err != nil {
		return err
	}
	m.Challenge, m.Options = challenge, string(options)
	return h.render(w, r, status, me.MakePasskey(m), nil)
}

func (h *Handlers) addPasskey(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Challenge string `form:"c"`
		Name      string `form:"name" validate:"required,max=120"`
		Code      string `form:"code" validate:"max=8192"`
	}
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	m := me.Making{Name: in.Name, NameError: text(r, wrong, "name")}
	if len(wrong) == 0 {
		err = h.Access.AddPasskey(r.Context(), person(r), in.Name, access.Confirmed{Challenge: in.Challenge, Typed: in.Code, KeepLogin: login(r)})
		l := views.From(r.Context()).Localizer
		switch {
		case err == nil:
			return h.factorChanged(w, r, "me.passkey_added")
		case errors.Is(err, access.ErrSignIn):
			m.Error = l.T("me.passkey_unfit")
		case errors.Is(err, access.ErrStepUp): // said by the page
		default:
			if err = refused(wrong, err); err != nil {
				return err
			}
			m.NameError = text(r, wrong, "name")
		}
	}
	return h.makePasskeyPage(w, r, http.StatusUnprocessableEntity, in.Challenge, m)
}

// passkeyFactor asks about taking a passkey away; false if the person has none such.
func (h *Handlers) passkeyFactor(r *http.Request) (me.Factor, bool, error) {
	keys, err := h.Access.Passkeys(r.Context(), person(r))
	if err != nil {
		return me.Factor{}, false, err
	}
	l := views.From(r.Context()).Localizer
	for _, k := range keys {
		if k.ID == r.PathValue("id") {
			return me.Factor{Title: l.T("me.passkey_remove", "Name", k.Name), Lead: l.T("me.passkey_remove_lead"),
				Action: link.MePasskey(r.Context(), k.ID), Verb: l.T("me.passkey_remove_do"), Danger: true}, true, nil
		}
	}
	return me.Factor{}, false, nil
}

func (h *Handlers) showRemovePasskey(w http.ResponseWriter, r *http.Request) error {
	f, found, err := h.passkeyFactor(r)
	if err != nil || !found {
		return errors.Join(err, notFoundUnless(found))
	}
	return h.factorPage(w, r, f, "", "")
}

func (h *Handlers) removePasskey(w http.ResponseWriter, r *http.Request) error {
	f, found, err := h.passkeyFactor(r)
	if err != nil || !found {
		return errors.Join(err, notFoundUnless(found))
	}
	by, err := h.confirmedBy(r)
	if err != nil {
		return err
	}
	if err := h.Access.RemovePasskey(r.Context(), person(r), r.PathValue("id"), by); err != nil {
		return h.factorRefused(w, r, f, by, err)
	}
	return h.factorChanged(w, r, "me.passkey_removed")
}

func notFoundUnless(found bool) error {
	if found {
		return nil
	}
	return errNotFound
}

func recoveryFactor(r *http.Request) me.Factor {
	l := views.From(r.Context()).Localizer
	return me.Factor{Title: l.T("me.recovery_make"), Lead: l.T("me.recovery_lead"), Action: link.MeRecovery(r.Context()), Verb: l.T("me.recovery_do")}
}

func (h *Handlers) showRecovery(w http.ResponseWriter, r *http.Request) error {
	return h.factorPage(w, r, recoveryFactor(r), "", "")
}

// makeRecovery shows new codes in its own answer: they are kept nowhere, so no other page could.
func (h *Handlers) makeRecovery(w http.ResponseWriter, r *http.Request) error {
	by, err := h.confirmedBy(r)
	if err != nil {
		return err
	}
	codes, err := h.Access.NewRecovery(r.Context(), person(r), by)
	if err != nil {
		return h.factorRefused(w, r, recoveryFactor(r), by, err)
	}
	return h.page(w, r, me.Recovery(codes))
}
