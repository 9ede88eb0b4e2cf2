package handlers

import (
	"errors"
	"net/http"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/people"
	"github.com/paywicket/paywicket/web/access"
)

// another finds whom a change is about. Nobody changes what they may do themselves.
func (h *Handlers) another(r *http.Request) (access.Person, error) {
	p, err := h.Access.Person(r.Context(), access.PersonID(r.PathValue("id")))
	if err != nil {
		return p, err
	}
	if p.ID == person(r).ID || p.Disabled || p.External {
		return p, errForbidden
	}
	return p, nil
}

type roleOffer struct {
	Role string `form:"role"`
}

func (h *Handlers) offerRole(w http.ResponseWriter, r *http.Request) error {
	p, err := h.another(r)
	if err != nil {
		return err
	}
	var in roleOffer
	wrong, err := h.decode(r, &in, storePrefix+"[")
	if err != nil {
		return err
	}
	grants := grantsOf(r, in.Role)
	checkGrants(wrong, in.Role, grants)
	var i access.Invitation
	if len(wrong) == 0 {
		i, err = h.Access.OfferRole(r.Context(), person(r), p.ID, grants)
		if err = refused(wrong, err); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return h.personPage(w, r, http.StatusUnprocessableEntity, roleForm(r, wrong))
	}
	if i.Waiting() {
		h.say(w, r, views.Warn, "people.role_waits", "Name", p.Name)
	} else {
		h.say(w, r, "", "people.role_given", "Name", p.Name)
	}
	return h.redirect(w, r, link.Person(r.Context(), string(p.ID)))
}

type roleTake struct {
	Role  string `form:"role" validate:"required"`
	Store string `form:"store"`
}

func (h *Handlers) takeRole(w http.ResponseWriter, r *http.Request) error {
	p, err := h.another(r)
	if err != nil {
		return err
	}
	var in roleTake
	if wrong, err := h.decode(r, &in); err != nil {
		return err
	} else if len(wrong) > 0 {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	g := access.Grant{Role: access.Role(in.Role), Store: access.StoreID(in.Store)}
	err = h.Access.TakeRole(r.Context(), person(r), p.ID, g)
	switch {
	case errors.Is(err, access.ErrLastSuper):
		h.say(w, r, views.Bad, "people.last_super", "Name", p.Name)
	case err != nil:
		return err
	default:
		h.say(w, r, "", "people.role_taken", "Name", p.Name)
	}
	return h.redirect(w, r, link.Person(r.Context(), string(p.ID)))
}

func (h *Handlers) offerPassword(w http.ResponseWriter, r *http.Request) error {
	p, err := h.another(r)
	if err != nil {
		return err
	}
	token, i, err := h.Access.OfferPassword(r.Context(), person(r), p.ID)
	if err != nil {
		return err
	}
	return h.toLink(w, r, token, i)
}

func (h *Handlers) askDisable(w http.ResponseWriter, r *http.Request) error {
	p, err := h.another(r)
	if err != nil {
		return err
	}
	s, err := h.situation(r.Context())
	if err != nil {
		return err
	}
	return h.page(w, r, people.Disable(p, len(s.supers)))
}

func (h *Handlers) disable(w http.ResponseWriter, r *http.Request) error {
	p, err := h.another(r)
	if err != nil {
		return err
	}
	err = h.Access.Disable(r.Context(), person(r), p.ID)
	switch {
	case errors.Is(err, access.ErrLastSuper):
		h.say(w, r, views.Bad, "people.last_super", "Name", p.Name)
	case err != nil:
		return err
	default:
		h.say(w, r, "", "people.disabled_done", "Name", p.Name)
	}
	return h.redirect(w, r, link.Person(r.Context(), string(p.ID)))
}
