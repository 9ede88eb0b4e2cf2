// Package people is the pages about everybody: who they are, what they may do, how they get in and out.
//
// The package makes no promise of compatibility.
package people

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// List is everybody.
type List struct {
	People      []Row
	Invitations []Invitation
	OnePerson   bool
	Host        bool // the host program says who may do what
}

// Row is somebody in the list.
type Row struct {
	access.Person
	Roles []Role
}

// Role is a role of somebody: in the whole installation, or in stores.
type Role struct {
	Role   access.Role
	Word   string // as the first of a line
	All    bool
	Stores []string
}

// Invitation is an open one.
type Invitation struct {
	access.Invitation
	Roles      []string // what it gives, a line each; none for a new password
	MayConfirm bool     // this person may
	HasSecond  bool     // somebody may
	Token      string   // only on the page after it was made
}

// InviteForm lets somebody in.
type InviteForm struct {
	Name        string
	Email       string
	Role        RoleForm
	NeedsSecond bool

	NameError  string
	EmailError string
}

// RoleForm is a role and the stores it is for.
type RoleForm struct {
	Role   string
	Chosen []string // ids of stores
	Stores []store.Store

	RoleError  string
	StoreError string
}

// View is somebody's page.
type View struct {
	Person      access.Person
	Held        []Held
	Open        []Invitation // about this person
	Self        bool         // whoever looks
	NeedsSecond bool         // giving a right waits for another super admin
	HasSecond   bool         // and there is one
	LastSuper   bool
	Form        RoleForm
}

// Held is a role somebody has, with its words.
type Held struct {
	access.Grant
	Words string
}

func (l List) lead(ctx context.Context) string {
	switch {
	case l.Host:
		return ui.T(ctx, "people.lead_host")
	case l.OnePerson:
		return ui.T(ctx, "people.lead_one")
	}
	return ui.T(ctx, "people.lead_two")
}

func (l List) verbs() templ.Component {
	if l.Host {
		return nil
	}
	return inviteButton()
}

// roles are the words of the roles somebody has.
func (r Row) roles(ctx context.Context) string {
	var all []string
	for _, role := range r.Roles {
		all = append(all, ui.T(ctx, "role."+string(role.Role)))
	}
	if len(all) == 0 {
		return "–"
	}
	return capital(ui.L(ctx).List(all...))
}

// where is the stores of each role, with the role if there are several.
func (r Row) where(ctx context.Context) string {
	var all []string
	for _, role := range r.Roles {
		stores := ui.L(ctx).List(role.Stores...)
		if role.All {
			stores = ui.T(ctx, "people.everywhere")
		}
		if len(r.Roles) > 1 {
			stores = ui.T(ctx, "grant.in", "Role", role.Word, "Stores", stores)
		}
		all = append(all, stores)
	}
	return strings.Join(all, " · ")
}

// signsIn says how somebody proves who they are.
func signsIn(ctx context.Context, p access.Person) string {
	switch {
	case p.Disabled:
		return "–"
	case p.External && p.HasTOTP:
		return ui.T(ctx, "people.by_host_code")
	case p.External:
		return ui.T(ctx, "people.by_host")
	case p.HasTOTP:
		return ui.T(ctx, "people.by_code")
	case p.HasPass:
		return ui.T(ctx, "people.by_password")
	}
	return "–"
}

// May is what a permission lets somebody do, as a line of its own.
func May(ctx context.Context, perm access.Permission) string {
	return capital(ui.T(ctx, "permission."+string(perm)))
}

func roleWord(ctx context.Context, role access.Role) string {
	return capital(ui.T(ctx, "role."+string(role)))
}

// capital writes words as the first of a line.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// roleNote is what a role may do, in one sentence made from the permission table. Of a super admin it says what only they
// may.
func roleNote(ctx context.Context, role access.Role) string {
	var all []string
	for _, perm := range access.Permissions() {
		others := access.Allows(access.MerchantAdmin, perm) || access.Allows(access.Accountant, perm)
		if access.Allows(role, perm) && (role != access.SuperAdmin || !others) {
			all = append(all, ui.T(ctx, "permission."+string(perm)))
		}
	}
	if role == access.SuperAdmin {
		return ui.T(ctx, "people.may_all", "What", ui.L(ctx).List(all...))
	}
	return ui.T(ctx, "people.may", "What", ui.L(ctx).List(all...))
}

func (f InviteForm) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "field.name"), Autocomplete: "off", Free: true, Value: f.Name, Error: f.NameError}
}

func (f InviteForm) email(ctx context.Context) ui.Field {
	return ui.Field{Name: "email", Label: ui.T(ctx, "field.email"), Help: ui.T(ctx, "people.email_help"), Type: "email", Autocomplete: "off",
		Value: f.Email, Error: f.EmailError}
}

func (f InviteForm) problems(ctx context.Context) []ui.FieldError {
	return append(ui.Problems(f.name(ctx), f.email(ctx)), f.Role.problems(ctx)...)
}

func (f InviteForm) note(ctx context.Context) string {
	if f.NeedsSecond {
		return ui.T(ctx, "people.invite_second")
	}
	return ui.T(ctx, "people.invite_note")
}

// field is the roles to choose from. Without stores there is only one that makes sense.
func (f RoleForm) field(ctx context.Context) ui.Field {
	all := ui.Field{Name: "role", Label: ui.T(ctx, "people.role"), Value: f.Role, Error: f.RoleError}
	for _, role := range []access.Role{access.MerchantAdmin, access.Accountant, access.SuperAdmin} {
		all.Options = append(all.Options, ui.Option{Value: string(role), Label: roleWord(ctx, role), Note: roleNote(ctx, role),
			Disabled: len(f.Stores) == 0 && role != access.SuperAdmin})
	}
	return all
}

func (f RoleForm) problems(ctx context.Context) []ui.FieldError {
	all := ui.Problems(f.field(ctx))
	if f.StoreError != "" {
		all = append(all, ui.FieldError{Anchor: f.anchor(0), Label: ui.T(ctx, "people.stores"), Text: f.StoreError})
	}
	return all
}

// anchor is the id of the box of a store, by its place.
func (f RoleForm) anchor(n int) string {
	if n >= len(f.Stores) {
		return "f-stores"
	}
	return "f-store-" + string(f.Stores[n].ID)
}

func (f RoleForm) chosen(id store.ID) bool { return slices.Contains(f.Chosen, string(id)) }

// inStores is when stores are asked for.
func inStores() map[string][]string {
	return map[string][]string{"role": {string(access.MerchantAdmin), string(access.Accountant)}}
}

// described ties what is wrong with the stores to their boxes.
func (f RoleForm) described() templ.Attributes {
	if f.StoreError == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": "f-stores-error", "data-invalid": "true"}
}

// title says what an invitation is about.
func (i Invitation) title(ctx context.Context) string {
	switch {
	case i.Person != "" && len(i.Grants) > 0:
		return ui.T(ctx, "people.title_role", "Name", i.Name)
	case i.Person != "":
		return ui.T(ctx, "people.title_password", "Name", i.Name)
	}
	return ui.T(ctx, "people.title_invited", "Name", i.Name)
}

// state says what an invitation waits for.
func (i Invitation) state(ctx context.Context) string {
	if i.Waiting() {
		return ui.T(ctx, "people.waits")
	}
	return ui.T(ctx, "people.unused")
}

// effect says what happens once it is confirmed.
func (i Invitation) effect(ctx context.Context) string {
	switch {
	case !i.Waiting():
		return ""
	case i.Person != "" && len(i.Grants) > 0:
		return ui.T(ctx, "people.effect_role", "Name", i.Name)
	case i.Person != "":
		return ui.T(ctx, "people.effect_password", "Name", i.Name)
	}
	return ui.T(ctx, "people.effect_invite", "Name", i.Name)
}

// hasLink reports whether somebody opens a link: a further role takes none.
func (i Invitation) hasLink() bool { return i.Person == "" || len(i.Grants) == 0 }

func (i Invitation) address(ctx context.Context) string { return link.InviteAbsolute(ctx, i.Token) }

// changes reports whether anything about somebody is changed here: not by themselves, not of who is out, not of whom the
// host program vouches for.
func (v View) changes() bool { return !v.Self && !v.Person.Disabled && !v.Person.External }

// mayGive reports whether a further role can be given: a super admin has everything.
func (v View) mayGive() bool { return v.changes() && !v.Person.IsSuper() }

// mayTake reports whether a role can be taken away.
func (v View) mayTake(g access.Grant) bool {
	return v.changes() && (!v.LastSuper || g.Role != access.SuperAdmin)
}

// mayReset reports whether a link for a new password could ever be used.
func (v View) mayReset() bool { return v.changes() && (!v.NeedsSecond || v.HasSecond) }

func (v View) mayDisable() bool { return v.changes() && !v.LastSuper }

// fixed says why nothing about somebody can be changed, "" if something can.
func (v View) fixed(ctx context.Context) string {
	switch {
	case v.Self:
		return ui.T(ctx, "people.fixed_self")
	case v.Person.Disabled:
		return ui.T(ctx, "people.fixed_disabled")
	case v.Person.External:
		return ui.T(ctx, "people.fixed_host")
	}
	return ""
}

// resetNote says what a link for a new password does, or why there can be none.
func (v View) resetNote(ctx context.Context) string {
	switch {
	case !v.mayReset():
		return ui.T(ctx, "people.reset_nobody", "Name", v.Person.Name)
	case v.NeedsSecond:
		return ui.T(ctx, "people.reset_second")
	}
	return ui.T(ctx, "people.reset_note")
}

// giveNote says when a further role counts.
func (v View) giveNote(ctx context.Context) string {
	if v.NeedsSecond {
		return ui.T(ctx, "people.give_second", "Name", v.Person.Name)
	}
	return ui.T(ctx, "people.give_note", "Name", v.Person.Name)
}

func way(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: ui.T(ctx, "nav.people"), Href: link.People(ctx)}}
}

// invitationTone stands out while somebody has to confirm.
func invitationTone(i Invitation) views.Tone {
	if i.Waiting() {
		return views.Warn
	}
	return ""
}
