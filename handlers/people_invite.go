package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/people"
	"github.com/paywicket/paywicket/web/access"
)

// linkName is where the token of a new invitation waits, sealed, for the one page that shows it.
const linkName = "invitation"

// storePrefix begins the names of the boxes for stores: "store[id]".
const storePrefix = "store"

func (h *Handlers) newPerson(w http.ResponseWriter, r *http.Request) error {
	return h.invitePage(w, r, http.StatusOK, people.InviteForm{})
}

func (h *Handlers) invitePage(w http.ResponseWriter, r *http.Request, status int, f people.InviteForm) error {
	s, err := h.situation(r.Context())
	if err != nil {
		return err
	}
	f.NeedsSecond, f.Role.Stores = s.needsSecond(), views.From(r.Context()).Stores
	return h.render(w, r, status, people.Invite(f), nil)
}

type personForm struct {
	Name  string `form:"name" validate:"required"`
	Email string `form:"email" validate:"required"`
	Role  string `form:"role" validate:"required"`
}

func (h *Handlers) invite(w http.ResponseWriter, r *http.Request) error {
	var in personForm
	wrong, err := h.decode(r, &in, storePrefix+"[")
	if err != nil {
		return err
	}
	checkWho(wrong, in.Name, in.Email)
	grants := grantsOf(r, in.Role)
	checkGrants(wrong, in.Role, grants)
	var token string
	var i access.Invitation
	if len(wrong) == 0 {
		token, i, err = h.Access.Invite(r.Context(), person(r), in.Email, in.Name, grants)
		if err = refused(wrong, err); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return h.invitePage(w, r, http.StatusUnprocessableEntity, people.InviteForm{Name: in.Name, Email: in.Email, Role: roleForm(r, wrong),
			NameError: text(r, wrong, "name"), EmailError: text(r, wrong, "email")})
	}
	return h.toLink(w, r, token, i)
}

// grantsOf are the roles a form asks for: one role in each store that is ticked.
func grantsOf(r *http.Request, role string) []access.Grant {
	if access.Role(role) == access.SuperAdmin {
		return []access.Grant{{Role: access.SuperAdmin}}
	}
	var all []access.Grant
	for _, st := range views.From(r.Context()).Stores {
		if _, ticked := mapped(r, storePrefix)[string(st.ID)]; ticked {
			all = append(all, access.Grant{Role: access.Role(role), Store: st.ID})
		}
	}
	return all
}

// checkGrants adds what is wrong with role and stores.
func checkGrants(wrong map[string]problem, role string, grants []access.Grant) {
	switch {
	case role == "":
		wrong["role"] = problem{key: "check.required"}
	case !slices.Contains(access.Roles(), access.Role(role)):
		wrong["role"] = problem{key: "check.unknown_option"}
	case len(grants) == 0:
		wrong["store"] = problem{key: "people.store_missing"}
	}
}

// roleForm is role and stores as they were chosen.
func roleForm(r *http.Request, wrong map[string]problem) people.RoleForm {
	f := people.RoleForm{Role: r.PostForm.Get("role"), RoleError: text(r, wrong, "role"), StoreError: text(r, wrong, "store")}
	for id := range mapped(r, storePrefix) {
		f.Chosen = append(f.Chosen, id)
	}
	return f
}

// toLink leads to the page of a new invitation, which shows its link once.
func (h *Handlers) toLink(w http.ResponseWriter, r *http.Request, token string, i access.Invitation) error {
	if err := h.setCookieValue(w, r, linkName, i.TokenHash+" "+token); err != nil {
		return err
	}
	return h.redirect(w, r, link.Invitation(r.Context(), i.TokenHash))
}

func (h *Handlers) showInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := h.openInvitation(r)
	if err != nil {
		return err
	}
	shown, err := h.invitation(r, i)
	if err != nil {
		return err
	}
	s, err := h.situation(r.Context())
	if err != nil {
		return err
	}
	shown.HasSecond = s.hasSecond(i.By, i.Person)
	hash, token, _ := strings.Cut(h.cookieValue(r, linkName), " ")
	if hash == i.TokenHash {
		shown.Token = token
		if err := h.setCookieValue(w, r, linkName, ""); err != nil {
			return err
		}
	}
	return h.page(w, below(r, link.People(r.Context())), people.OneInvitation(shown))
}

// below has the menu show a page as part of an area that its address is not below.
func below(r *http.Request, area string) *http.Request {
	v := views.From(r.Context())
	v.Path = area
	return r.WithContext(views.With(r.Context(), v))
}

func (h *Handlers) openInvitation(r *http.Request) (access.Invitation, error) {
	all, err := h.Access.Invitations(r.Context())
	if err != nil {
		return access.Invitation{}, err
	}
	at := slices.IndexFunc(all, func(i access.Invitation) bool { return i.TokenHash == r.PathValue("hash") })
	if at < 0 {
		return access.Invitation{}, errNotFound
	}
	return all[at], nil
}

func (h *Handlers) confirmInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := h.openInvitation(r)
	if err != nil {
		return err
	}
	wrong := map[string]problem{}
	if err := refused(wrong, h.Access.ConfirmInvitation(r.Context(), person(r), i.TokenHash)); err != nil {
		return err
	}
	if len(wrong) > 0 {
		h.say(w, r, views.Bad, "access.second")
		return h.redirect(w, r, link.Invitation(r.Context(), i.TokenHash))
	}
	h.say(w, r, "", "people.confirmed", "Name", i.Name)
	return h.redirect(w, r, link.People(r.Context()))
}

func (h *Handlers) revokeInvitation(w http.ResponseWriter, r *http.Request) error {
	i, err := h.openInvitation(r)
	if err != nil {
		return err
	}
	if err := h.Access.RevokeInvitation(r.Context(), person(r), i.TokenHash); err != nil {
		return err
	}
	h.say(w, r, "", "people.revoked", "Name", i.Name)
	return h.redirect(w, r, link.People(r.Context()))
}
