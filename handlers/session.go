package handlers

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/session"
	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) sessionRoutes() []route {
	return []route{
		{"GET /login", h.showLogin, access.Anyone},
		{"POST /login", h.signIn, access.Anyone},
		{"GET /logout", h.showLogout, access.SignedIn},
		{"POST /logout", h.signOut, access.SignedIn},
		{"GET /setup", h.showSetup, access.Anyone},
		{"POST /setup", h.finishSetup, access.Anyone},
		{"GET /invite/{token}", h.showInvite, access.Anyone},
		{"POST /invite/{token}", h.join, access.Anyone},
		{"GET /display", h.showDisplay, access.Anyone},
		{"POST /display", h.saveDisplay, access.Anyone},
	}
}

// door is what pages for visitors share. They keep the language links for pages that can be asked for again.
func (h *Handlers) door(r *http.Request) session.Door {
	if isUnsafe(r.Method) {
		return session.Door{}
	}
	return session.Door{Languages: h.Bundle.Languages(), Back: r.URL.RequestURI()}
}

func (h *Handlers) showLogin(w http.ResponseWriter, r *http.Request) error {
	next := h.local(r.URL.Query().Get("next"))
	if person(r).ID != "" {
		return h.redirect(w, r, orHome(r, next))
	}
	if h.Options.Identify != nil {
		return h.page(w, r, session.Host(h.door(r)))
	}
	done, err := h.isSetUp(r)
	if err != nil {
		return err
	}
	if !done {
		return h.redirect(w, r, link.Setup(r.Context()))
	}
	return h.page(w, r, session.SignIn(session.SignInForm{Door: h.door(r), Next: next}))
}

func orHome(r *http.Request, next string) string {
	if next == "" {
		return link.Home(r.Context())
	}
	return next
}

// signInForm is the form of the sign-in page. What a person typed before their session ended comes along.
type signInForm struct {
	Email      string `form:"email" validate:"required,max=254"`
	Password   string `form:"password" validate:"required,max=1000"`
	Code       string `form:"code" validate:"max=40"`
	Next       string `form:"next"`
	ResumePath string `form:"resume_path"`
	ResumeForm string `form:"resume_form"`
}

func (h *Handlers) signIn(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return h.page(w, r, session.Host(h.door(r)))
	}
	var in signInForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if person(r).ID != "" { // in another tab, meanwhile
		return h.goOn(w, r, in)
	}
	if len(wrong) > 0 {
		return h.signInAgain(w, r, in, http.StatusUnprocessableEntity, session.SignInForm{
			EmailError: text(r, wrong, "email"), PasswordError: text(r, wrong, "password"), CodeError: text(r, wrong, "code")})
	}
	r, err = h.enter(r, access.SignIn{Email: in.Email, Password: in.Password, Code: in.Code})
	if err != nil {
		return h.refuse(w, r, in, err)
	}
	return h.goOn(w, r, in)
}

// enter signs somebody in. The request it returns is theirs.
func (h *Handlers) enter(r *http.Request, in access.SignIn) (*http.Request, error) {
	in.Address, in.Agent = h.address(r), r.UserAgent()
	l, p, err := h.Access.SignIn(r.Context(), in)
	if err != nil {
		return r, err
	}
	if old := login(r); old != "" {
		if err := h.Access.SignOut(r.Context(), person(r), old); err != nil {
			return r, err
		}
	}
	if err := h.Sessions.RenewToken(r.Context()); err != nil {
		return r, err
	}
	h.Sessions.Put(r.Context(), loginName, l.ID)
	return h.known(r, h.visitor(r, p), l.ID)
}

// goOn leads to where a person wanted to be, with what they typed before.
func (h *Handlers) goOn(w http.ResponseWriter, r *http.Request, in signInForm) error {
	if values := unpack(in.ResumeForm); len(values) > 0 && h.mayResume(in.ResumePath) {
		return h.page(w, r, session.Resume(in.ResumePath, values))
	}
	return h.redirect(w, r, orHome(r, h.local(in.Next)))
}

// refuse says the same whatever part did not fit.
func (h *Handlers) refuse(w http.ResponseWriter, r *http.Request, in signInForm, err error) error {
	if t, ok := errors.AsType[*access.ThrottledError](err); ok {
		wait := max(time.Second, time.Duration(math.Ceil(t.Wait.Seconds()))*time.Second)
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())))
		return h.signInAgain(w, r, in, http.StatusTooManyRequests, session.SignInForm{
			Error: views.From(r.Context()).Localizer.T("login.throttled", "Wait", wait)})
	}
	if !errors.Is(err, access.ErrSignIn) {
		return err
	}
	return h.signInAgain(w, r, in, http.StatusUnprocessableEntity, session.SignInForm{
		Error: views.From(r.Context()).Localizer.T("login.wrong")})
}

func (h *Handlers) signInAgain(w http.ResponseWriter, r *http.Request, in signInForm, status int, f session.SignInForm) error {
	f.Door, f.Email, f.Next = h.door(r), in.Email, h.local(in.Next)
	if h.mayResume(in.ResumePath) {
		f.Ended, f.ResumePath, f.ResumeForm = true, in.ResumePath, in.ResumeForm
	}
	return h.render(w, r, status, session.SignIn(f), nil)
}

func (h *Handlers) showLogout(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return errNotFound
	}
	return h.page(w, r, session.SignOut())
}

func (h *Handlers) signOut(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return errNotFound
	}
	if err := h.Access.SignOut(r.Context(), person(r), login(r)); err != nil {
		return err
	}
	if err := h.Sessions.Destroy(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	h.say(w, r, "", "logout.done")
	return h.redirect(w, r, link.Login(r.Context()))
}

func (h *Handlers) isSetUp(r *http.Request) (bool, error) {
	setup, err := h.Access.Setup(r.Context())
	return setup.Done, err
}

// local returns a path of this console to go on to, "" for anything else and for the pages that only lead on.
func (h *Handlers) local(to string) string {
	at, _, _ := strings.Cut(h.within(to), "?")
	for _, area := range []string{"/login", "/logout", "/setup", "/invite"} {
		if at == "" || link.Within(at, h.Options.Base+area) {
			return ""
		}
	}
	return to
}

// within returns a path of this console with its query, "" for an address that leads elsewhere or that browsers read
// otherwise than we do.
func (h *Handlers) within(to string) string {
	bad := func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsFunc(to, bad) || len(to) > 2000 {
		return ""
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.ContainsFunc(u.Path, bad) {
		return ""
	}
	clean, base := path.Clean(u.Path), h.Options.Base
	straight := clean == u.Path || clean == strings.TrimSuffix(u.Path, "/")
	if !straight || (base != "" && !link.Within(clean, base)) {
		return ""
	}
	return to
}
