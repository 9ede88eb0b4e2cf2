// Package me is a person's own pages: who they are here, how they sign in and confirm, where they are signed in.
//
// The package makes no promise of compatibility.
package me

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/people"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
)

// Page is a person's own page.
type Page struct {
	Person    access.Person
	You       *You // as it stands in the form
	Languages []i18n.Language
	Roles     []string // what the person is and where, a line each
	Logins    []access.Login
	Passkeys  []Passkey
	Codes     int    // recovery codes left
	Login     string // the one of this browser, "" through a host program
	Least     int    // characters of a password

	OldError string
	NewError string
}

// You is the name and the display, as typed.
type You struct {
	Name     string
	Language string
	Theme    string

	NameError     string
	LanguageError string
	ThemeError    string
}

// DisplayForm is the page for language and theme alone.
type DisplayForm struct {
	You
	Languages []i18n.Language
	Back      string
}

// TOTPForm is the page of the authenticator app. Password and code never come back.
type TOTPForm struct {
	Person  access.Person
	Seed    string
	Seal    string // binds the seed to the person
	Address string // otpauth: for an app on the same device
	Picture string // data: the same to point a camera at

	Error         string // about the whole
	PasswordError string
	CodeError     string
}

func (y You) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "auth.name"), Help: ui.T(ctx, "invite.name_help"), Autocomplete: "name", Free: true,
		Value: y.Name, Error: y.NameError}
}

func (y You) language(ctx context.Context, languages []i18n.Language) ui.Field {
	f := ui.Field{Name: "language", Label: ui.T(ctx, "me.language"), Value: y.Language, Error: y.LanguageError, Blank: ui.T(ctx, "display.browser")}
	for _, l := range languages {
		f.Options = append(f.Options, ui.Option{Value: l.Tag, Label: l.Name})
	}
	return f
}

func (y You) theme(ctx context.Context) ui.Field {
	return ui.Field{Name: "theme", Label: ui.T(ctx, "me.theme"), Value: y.Theme, Error: y.ThemeError, Blank: ui.T(ctx, "theme.system"),
		Options: []ui.Option{{Value: "light", Label: ui.T(ctx, "theme.light")}, {Value: "dark", Label: ui.T(ctx, "theme.dark")}}}
}

func (p Page) youProblems(ctx context.Context) []ui.FieldError {
	return ui.Problems(p.You.name(ctx), p.You.language(ctx, p.Languages), p.You.theme(ctx))
}

func (p Page) old(ctx context.Context) ui.Field {
	return ui.Field{Name: "old", Label: ui.T(ctx, "me.old"), Type: "password", Autocomplete: "current-password", Error: p.OldError}
}

func (p Page) fresh(ctx context.Context) ui.Field {
	return ui.Field{Name: "new", Label: ui.T(ctx, "auth.new_password"), Help: ui.T(ctx, "password.help", "Min", p.Least), Type: "password",
		Autocomplete: "new-password", Error: p.NewError}
}

// may lists what a person may do, in the order of the permission table.
func (p Page) may(ctx context.Context) []string {
	var all []string
	for _, perm := range access.Permissions() {
		if access.CanSomewhere(p.Person, perm) {
			all = append(all, people.May(ctx, perm))
		}
	}
	return all
}

// lead says how the person comes in.
func (p Page) lead(ctx context.Context) string {
	if p.Person.External {
		return ui.T(ctx, "me.lead_host")
	}
	return p.Person.Email
}

// others reports whether the person is signed in elsewhere.
func (p Page) others() bool { return len(p.Logins) > 1 }

func (f TOTPForm) password(ctx context.Context) ui.Field {
	return ui.Field{Name: "password", Label: ui.T(ctx, "me.old"), Type: "password", Autocomplete: "current-password", Error: f.PasswordError}
}

func (f TOTPForm) code(ctx context.Context) ui.Field {
	return ui.Field{Name: "code", Label: ui.T(ctx, "me.code"), Help: ui.T(ctx, "me.code_help"), Autocomplete: "one-time-code",
		InputMode: "numeric", Code: true, Error: f.CodeError}
}

func (f TOTPForm) problems(ctx context.Context) []ui.FieldError {
	all := ui.Problems(f.code(ctx), f.password(ctx))
	if f.Error != "" {
		all = append(all, ui.FieldError{Text: f.Error})
	}
	return all
}

// app is the address that an authenticator app on the same device opens. The server made all of it.
func (f TOTPForm) app() templ.SafeURL { return templ.SafeURL(f.Address) }

func way(ctx context.Context, href string) []ui.Crumb {
	return []ui.Crumb{{Text: ui.T(ctx, "me.title"), Href: href}}
}

// device names a browser in words, as far as it says what it is.
func device(ctx context.Context, agent string) string {
	browser, system := first(agent, browsers()), first(agent, systems())
	switch {
	case browser != "" && system != "":
		return ui.T(ctx, "me.device", "Browser", browser, "System", system)
	case browser+system != "":
		return browser + system
	}
	return ui.T(ctx, "me.device_unknown")
}

type mark struct{ in, name string }

// browsers are told by the first mark that is found: most claim to be others too.
func browsers() []mark {
	return []mark{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}}
}

func systems() []mark {
	return []mark{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
}

func first(agent string, marks []mark) string {
	for _, m := range marks {
		if strings.Contains(agent, m.in) {
			return m.name
		}
	}
	return ""
}
