package handlers

import (
	"context"
	"net/http"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/people"
	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) peopleRoutes() []route {
	all := []route{
		{"GET /people/new", h.newPerson, access.ManagePeople},
		{"POST /people", h.invite, access.ManagePeople},
		{"GET /people/{id}", h.showPerson, access.ManagePeople},
		{"GET /people/{id}/roles", h.toPerson, access.ManagePeople},
		{"POST /people/{id}/roles", h.offerRole, access.ManagePeople},
		{"POST /people/{id}/roles/take", h.takeRole, access.ManagePeople},
		{"POST /people/{id}/password", h.offerPassword, access.ManagePeople},
		{"GET /people/{id}/disable", h.askDisable, access.ManagePeople},
		{"POST /people/{id}/disable", h.disable, access.ManagePeople},
		{"GET /invitations/{hash}", h.showInvitation, access.ManagePeople},
		{"POST /invitations/{hash}/confirm", h.confirmInvitation, access.ManagePeople},
		{"POST /invitations/{hash}/revoke", h.revokeInvitation, access.ManagePeople},
	}
	if h.Options.Identify != nil {
		all = nil // the host program says who may do what
	}
	return append(all, route{"GET /people", h.listPeople, access.ManagePeople})
}

// toPerson leads from the address of a form that was refused to the page it is on.
func (h *Handlers) toPerson(w http.ResponseWriter, r *http.Request) error {
	return h.redirect(w, r, link.Person(r.Context(), r.PathValue("id")))
}

func (h *Handlers) listPeople(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Access.People(r.Context())
	if err != nil {
		return err
	}
	l := people.List{Host: h.Options.Identify != nil}
	for _, p := range all {
		row := people.Row{Person: p}
		if row.Roles, err = h.roleLines(r.Context(), p.Grants); err != nil {
			return err
		}
		l.People = append(l.People, row)
	}
	if l.Invitations, err = h.openInvitations(r); err != nil {
		return err
	}
	setup, err := h.Access.Setup(r.Context())
	if err != nil {
		return err
	}
	l.OnePerson = setup.OnePerson
	return h.page(w, r, people.Everyone(l))
}

// openInvitations are those that still can be used or confirmed, with what this person may do about each.
func (h *Handlers) openInvitations(r *http.Request) ([]people.Invitation, error) {
	all, err := h.Access.Invitations(r.Context())
	if err != nil {
		return nil, err
	}
	var shown []people.Invitation
	for _, i := range all {
		one, err := h.invitation(r, i)
		if err != nil {
			return nil, err
		}
		shown = append(shown, one)
	}
	return shown, nil
}

func (h *Handlers) invitation(r *http.Request, i access.Invitation) (people.Invitation, error) {
	roles, err := h.grantWords(r.Context(), i.Grants)
	by := person(r).ID
	return people.Invitation{Invitation: i, Roles: roles, MayConfirm: i.Waiting() && i.By != by && i.Person != by}, err
}

// situation is what decides about changes to people: how many super admins there are, and in which mode.
type situation struct {
	supers    []access.PersonID
	onePerson bool
}

func (h *Handlers) situation(ctx context.Context) (situation, error) {
	all, err := h.Access.People(ctx)
	if err != nil {
		return situation{}, err
	}
	var s situation
	for _, p := range all {
		if p.IsSuper() {
			s.supers = append(s.supers, p.ID)
		}
	}
	setup, err := h.Access.Setup(ctx)
	s.onePerson = setup.OnePerson
	return s, err
}

// needsSecond reports whether giving a right waits for another super admin.
func (s situation) needsSecond() bool { return !s.onePerson && len(s.supers) >= 2 }

// hasSecond reports whether there is one who may confirm what by asks about a person.
func (s situation) hasSecond(by, about access.PersonID) bool {
	return slices.ContainsFunc(s.supers, func(id access.PersonID) bool { return id != by && id != about })
}

func (h *Handlers) showPerson(w http.ResponseWriter, r *http.Request) error {
	return h.personPage(w, r, http.StatusOK, people.RoleForm{})
}

// personPage draws somebody's page with what stands in the form for a further role.
func (h *Handlers) personPage(w http.ResponseWriter, r *http.Request, status int, f people.RoleForm) error {
	p, err := h.Access.Person(r.Context(), access.PersonID(r.PathValue("id")))
	if err != nil {
		return err
	}
	s, err := h.situation(r.Context())
	if err != nil {
		return err
	}
	by := person(r).ID
	v := people.View{Person: p, Self: p.ID == by, NeedsSecond: s.needsSecond(), HasSecond: s.hasSecond(by, p.ID),
		LastSuper: p.IsSuper() && len(s.supers) == 1, Form: f}
	v.Form.Stores = views.From(r.Context()).Stores
	if v.Held, err = h.held(r.Context(), p.Grants); err != nil {
		return err
	}
	all, err := h.openInvitations(r)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Person == p.ID {
			v.Open = append(v.Open, i)
		}
	}
	return h.render(w, r, status, people.Person(v), nil)
}

// held is each grant of somebody with its words.
func (h *Handlers) held(ctx context.Context, grants []access.Grant) ([]people.Held, error) {
	var all []people.Held
	for _, g := range grants {
		words, err := h.grantWords(ctx, []access.Grant{g})
		if err != nil {
			return nil, err
		}
		for _, word := range words {
			all = append(all, people.Held{Grant: g, Words: word})
		}
	}
	return all, nil
}

// roleLines is what roles somebody has, the most first, with the names of the stores; none for the whole installation.
func (h *Handlers) roleLines(ctx context.Context, grants []access.Grant) ([]people.Role, error) {
	stores, err := h.Stores.Stores(ctx, access.Person{ID: "?", Grants: grants})
	if err != nil {
		return nil, err
	}
	l := views.From(ctx).Localizer
	var lines []people.Role
	for _, role := range slices.Backward(access.Roles()) {
		line := people.Role{Role: role, All: slices.Contains(grants, access.Grant{Role: role}), Word: capital(l.T("role." + string(role)))}
		for _, st := range stores {
			if slices.Contains(grants, access.Grant{Role: role, Store: st.ID}) {
				line.Stores = append(line.Stores, st.Name)
			}
		}
		if line.All || len(line.Stores) > 0 {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// grantWords says what roles somebody has and where, a sentence for each role.
func (h *Handlers) grantWords(ctx context.Context, grants []access.Grant) ([]string, error) {
	lines, err := h.roleLines(ctx, grants)
	l := views.From(ctx).Localizer
	var words []string
	for _, line := range lines {
		if line.All {
			words = append(words, l.T("grant.all", "Role", line.Word))
			continue
		}
		words = append(words, l.T("grant.in", "Role", line.Word, "Stores", l.List(line.Stores...)))
	}
	return words, err
}

// capital writes a word as the first of a line.
func capital(word string) string {
	first, size := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(first)) + word[size:]
}
