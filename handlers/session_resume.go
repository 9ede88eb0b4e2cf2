package handlers

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/session"
)

// maxResume is how much of a form is kept over a sign-in, packed: it travels back within the form of the sign-in page.
const maxResume = maxForm / 2

// askToSignIn answers a visitor who asked for something that takes a sign-in. It returns errAnswered once it has.
func (h *Handlers) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if h.Options.Identify != nil {
		return answered(h.render(w, r, http.StatusUnauthorized, session.Host(h.door(r)), nil))
	}
	done, err := h.isSetUp(r)
	if err != nil {
		return err
	}
	switch {
	case !done:
		return answered(h.redirect(w, r, link.Setup(r.Context())))
	case isHTMX(r) && isUnsafe(r.Method) && h.savesItself(r):
		w.WriteHeader(http.StatusUnauthorized) // what is typed stays on the page and goes along with its next button
		return errAnswered
	case isHTMX(r):
		w.Header().Set("HX-Redirect", h.loginFor(r, pathOf(r.Header.Get("HX-Current-URL"))))
		w.WriteHeader(http.StatusUnauthorized)
		return errAnswered
	case !isUnsafe(r.Method) || r.URL.Path == link.Logout(r.Context()):
		return answered(h.redirect(w, r, h.loginFor(r, r.URL.RequestURI())))
	}
	f := session.SignInForm{Ended: true, Next: h.local(pathOf(r.Referer()))}
	if packed := pack(r.PostForm); packed != "" && h.mayResume(r.URL.RequestURI()) {
		f.ResumePath, f.ResumeForm = r.URL.RequestURI(), packed
	}
	return answered(h.render(w, r, http.StatusUnauthorized, session.SignIn(f), nil))
}

func answered(err error) error {
	if err != nil {
		return err
	}
	return errAnswered
}

// loginFor is the sign-in page that leads back. Home is where it leads anyway.
func (h *Handlers) loginFor(r *http.Request, next string) string {
	if next = h.local(next); next == "" || next == link.Home(r.Context()) {
		return link.Login(r.Context())
	}
	return link.LoginNext(r.Context(), next)
}

// pathOf is the path and query of the address of a page.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.RequestURI()
}

// mayResume reports whether a form may be posted to a path after signing in: not those of a sign-in, for what they take
// is never kept.
func (h *Handlers) mayResume(to string) bool {
	at, _, _ := strings.Cut(h.local(to), "?")
	if at == "" {
		return false
	}
	return !slices.ContainsFunc([]string{"/me", "/display", "/hooks"}, func(area string) bool {
		return link.Within(at, h.Options.Base+area)
	})
}

// isPrivate reports whether what was typed under a name is never written to a page: passwords, codes, and the settings of
// an account, among which are its keys.
func isPrivate(name string) bool {
	switch name {
	case csrfName, "password", "old", "new", "code", "resume_path", "resume_form":
		return true
	}
	return strings.HasPrefix(name, "secret[") || strings.HasPrefix(name, "settings[")
}

// pack writes what was typed, without what must not be written, so that it fits into one hidden input.
func pack(form url.Values) string {
	kept := url.Values{}
	for name, values := range form {
		if !isPrivate(name) {
			kept[name] = values
		}
	}
	b, err := json.Marshal(kept)
	if err != nil || len(kept) == 0 || len(b) > maxResume {
		return ""
	}
	return string(b)
}

// unpack reads what pack wrote, in the order of names.
func unpack(packed string) []session.Value {
	var form url.Values
	if packed == "" || json.Unmarshal([]byte(packed), &form) != nil {
		return nil
	}
	var all []session.Value
	for name, values := range form {
		for _, v := range values {
			if !isPrivate(name) {
				all = append(all, session.Value{Name: name, Text: v})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b session.Value) int { return strings.Compare(a.Name, b.Name) })
	return all
}
