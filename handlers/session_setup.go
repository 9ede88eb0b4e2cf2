package handlers

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/session"
	"github.com/paywicket/paywicket/web/access"
)

// The words of the form for how many people a payout takes.
const (
	twoPeople = "two"
	onePerson = "one"
)

func (h *Handlers) showSetup(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return h.page(w, r, session.Host(h.door(r)))
	}
	token := r.URL.Query().Get("token")
	fits, err := h.setupFits(r, token)
	if err != nil {
		return err
	}
	if !fits {
		return h.noSetup(w, r, token)
	}
	return h.page(w, r, session.Setup(session.SetupForm{Door: h.door(r), Token: token, Mode: twoPeople, Least: leastPassword(founder("", ""))}))
}

// setupFits tries the token on an empty set-up, which is refused before anything happens: as not found if the token is
// not the one that was printed, for what it lacks if it is.
func (h *Handlers) setupFits(r *http.Request, token string) (bool, error) {
	_, err := h.Access.FinishSetup(r.Context(), access.First{Token: token})
	if _, incomplete := errors.AsType[*access.InputError](err); incomplete {
		return true, nil
	}
	if errors.Is(err, access.ErrNotFound) {
		return false, nil
	}
	return false, err
}

// noSetup says why there is nothing to set up with this link.
func (h *Handlers) noSetup(w http.ResponseWriter, r *http.Request, token string) error {
	done, err := h.isSetUp(r)
	if err != nil {
		return err
	}
	if done && token == "" {
		return h.redirect(w, r, link.Login(r.Context()))
	}
	status := http.StatusOK
	if token != "" {
		status = http.StatusNotFound
	}
	return h.render(w, r, status, session.NoSetup(h.door(r), token != "", done), nil)
}

type setupForm struct {
	Token    string `form:"token"`
	Name     string `form:"name" validate:"required,max=120"`
	Email    string `form:"email" validate:"required"`
	Password string `form:"password" validate:"required"`
	Mode     string `form:"mode" validate:"required,oneof=two one"`
}

// founder is the first super admin, as far as the form says.
func founder(name, email string) access.Person {
	return access.Person{Name: name, Email: email, Grants: []access.Grant{{Role: access.SuperAdmin}}}
}

func (h *Handlers) finishSetup(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return errNotFound
	}
	var in setupForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	fits, err := h.setupFits(r, in.Token)
	if err != nil {
		return err
	}
	if !fits {
		return h.noSetup(w, r, in.Token)
	}
	checkWho(wrong, in.Name, in.Email)
	checkNew(wrong, in.Password, founder(in.Name, in.Email))
	if len(wrong) == 0 {
		_, err = h.Access.FinishSetup(r.Context(), access.First{Token: in.Token, Name: in.Name, Email: in.Email,
			Password: in.Password, OnePerson: in.Mode == onePerson})
		if err = refused(wrong, err); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return h.render(w, r, http.StatusUnprocessableEntity, session.Setup(setupAgain(r, in, wrong)), nil)
	}
	return h.enterNew(w, r, strings.TrimSpace(in.Email), in.Password, "setup.done")
}

func setupAgain(r *http.Request, in setupForm, wrong map[string]problem) session.SetupForm {
	return session.SetupForm{Token: in.Token, Name: in.Name, Email: in.Email, Mode: in.Mode,
		Least: leastPassword(founder(in.Name, in.Email)), NameError: text(r, wrong, "name"), EmailError: text(r, wrong, "email"),
		PasswordError: text(r, wrong, "password"), ModeError: text(r, wrong, "mode")}
}

// enterNew signs somebody in who has just made their password. If that takes more, they go through the door themselves.
func (h *Handlers) enterNew(w http.ResponseWriter, r *http.Request, email, password, say string) error {
	theirs, err := h.enter(r, access.SignIn{Email: email, Password: password})
	if err != nil {
		h.say(w, r, "", "login.go_on")
		return h.redirect(w, r, link.Login(r.Context()))
	}
	h.say(w, theirs, "", say, "Name", person(theirs).Name)
	return h.redirect(w, theirs, link.Home(r.Context()))
}

// checkWho adds what is wrong with a name and an address.
func checkWho(wrong map[string]problem, name, email string) {
	if _, lacks := wrong["name"]; !lacks && !access.CheckName(strings.TrimSpace(name)) {
		wrong["name"] = problem{key: "access.name"}
	}
	if _, lacks := wrong["email"]; !lacks && !access.CheckEmail(strings.TrimSpace(email)) {
		wrong["email"] = problem{key: "access.email"}
	}
}

// checkNew adds what is wrong with a new password to what is wrong already.
func checkNew(wrong map[string]problem, password string, p access.Person) {
	if _, already := wrong["password"]; !already {
		_ = refused(wrong, access.CheckPassword(password, p)) // it returns only what refused knows
	}
}

// refused adds what the core refuses to what is wrong, under the name of its input. Any other error comes back.
func refused(wrong map[string]problem, err error) error {
	if e, ok := errors.AsType[*access.PasswordError](err); ok {
		wrong["password"] = problem{key: "password." + e.Code, args: []any{"Min", e.Min}}
		return nil
	}
	if e, ok := errors.AsType[*access.InputError](err); ok {
		wrong[e.Field] = problem{key: "access." + e.Code}
		return nil
	}
	if errors.Is(err, access.ErrTaken) {
		wrong["email"] = problem{key: "access.taken"}
		return nil
	}
	return err
}

// leastPassword is how many characters a person's password takes.
func leastPassword(p access.Person) int {
	if e, ok := errors.AsType[*access.PasswordError](access.CheckPassword("", p)); ok {
		return e.Min
	}
	return 0
}

// inviteForm is the form behind an invitation. There is no name for somebody who is in already.
type inviteForm struct {
	Name     string `form:"name" validate:"max=120"`
	Password string `form:"password" validate:"required"`
}

func (h *Handlers) showInvite(w http.ResponseWriter, r *http.Request) error {
	i, err := h.Access.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.noInvite(w, r, i, err)
	}
	return h.inviteForm(w, r, i, http.StatusOK, inviteForm{Name: i.Name}, nil)
}

// noInvite says that a link does not work, or not yet.
func (h *Handlers) noInvite(w http.ResponseWriter, r *http.Request, i access.Invitation, err error) error {
	if !errors.Is(err, access.ErrNotFound) {
		return err
	}
	now := h.Now()
	waits := i.TokenHash != "" && i.Waiting() && i.UsedAt.IsZero() && i.RevokedAt.IsZero() && !now.After(i.ExpiresAt)
	return h.render(w, r, http.StatusNotFound, session.NoInvite(h.door(r), waits), nil)
}

func (h *Handlers) inviteForm(w http.ResponseWriter, r *http.Request, i access.Invitation, status int, in inviteForm, wrong map[string]problem) error {
	roles, err := h.grantWords(r.Context(), i.Grants)
	if err != nil {
		return err
	}
	p, err := h.invited(r.Context(), i, in.Name)
	if err != nil {
		return err
	}
	f := session.InviteForm{Door: h.door(r), Token: r.PathValue("token"), Email: i.Email, By: i.ByName, Roles: roles, Name: in.Name,
		Least: leastPassword(p), Reset: i.Person != "", Expires: i.ExpiresAt,
		NameError: text(r, wrong, "name"), PasswordError: text(r, wrong, "password")}
	return h.render(w, r, status, session.Invite(f), nil)
}

// invited is whom an invitation is about: somebody who is in, or the person it will make.
func (h *Handlers) invited(ctx context.Context, i access.Invitation, name string) (access.Person, error) {
	if i.Person != "" {
		return h.Access.Person(ctx, i.Person)
	}
	return access.Person{Email: i.Email, Name: name, Grants: i.Grants}, nil
}

func (h *Handlers) join(w http.ResponseWriter, r *http.Request) error {
	i, err := h.Access.Invited(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.noInvite(w, r, i, err)
	}
	var in inviteForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	p, err := h.invited(r.Context(), i, in.Name)
	if err != nil {
		return err
	}
	if in.Name == "" && i.Person == "" {
		wrong["name"] = problem{key: "check.required"}
	}
	checkNew(wrong, in.Password, p)
	if len(wrong) == 0 {
		p, err = h.Access.Join(r.Context(), r.PathValue("token"), in.Name, in.Password)
		if errors.Is(err, access.ErrNotFound) {
			return h.noInvite(w, r, access.Invitation{}, err)
		}
		if err = refused(wrong, err); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return h.inviteForm(w, r, i, http.StatusUnprocessableEntity, in, wrong)
	}
	return h.letIn(w, r, p, in.Password)
}

// letIn signs in who came by an invitation. A new password does not stand in for the authenticator's code.
func (h *Handlers) letIn(w http.ResponseWriter, r *http.Request, p access.Person, password string) error {
	if p.HasTOTP {
		h.say(w, r, views.Good, "invite.now_sign_in")
		return h.redirect(w, r, link.Login(r.Context()))
	}
	return h.enterNew(w, r, p.Email, password, "invite.done")
}
