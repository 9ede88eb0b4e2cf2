// Package session is the pages for visitors: signing in and out, the first set-up, what an invitation leads to.
//
// The package makes no promise of compatibility.
package session

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/ui"
)

// Door is what every page for visitors has: the languages to choose from, and the page to come back to.
type Door struct {
	Languages []i18n.Language // none: nothing to choose
	Back      string
}

// SignInForm is the sign-in page. It never carries a password or a code.
type SignInForm struct {
	Door
	Email string
	Next  string

	Error         string // about the whole
	EmailError    string
	PasswordError string
	CodeError     string

	Ended      bool   // a session ended while somebody was at work
	ResumePath string // where what they typed goes on to, empty: it is not kept
	ResumeForm string // what they typed
}

func (f SignInForm) email(ctx context.Context) ui.Field {
	return ui.Field{Name: "email", Label: ui.T(ctx, "field.email"), Type: "email", Autocomplete: "username", Value: f.Email,
		Error: f.EmailError, Focus: f.Email == ""}
}

func (f SignInForm) password(ctx context.Context) ui.Field {
	return ui.Field{Name: "password", Label: ui.T(ctx, "field.password"), Type: "password", Autocomplete: "current-password",
		Error: f.PasswordError, Focus: f.Email != ""}
}

func (f SignInForm) code(ctx context.Context) ui.Field {
	return ui.Field{Name: "code", Label: ui.T(ctx, "login.code"), Help: ui.T(ctx, "login.code_help"), Autocomplete: "one-time-code",
		InputMode: "numeric", Code: true, Error: f.CodeError}
}

func (f SignInForm) problems(ctx context.Context) []ui.FieldError {
	all := ui.Problems(f.email(ctx), f.password(ctx), f.code(ctx))
	if f.Error != "" {
		all = append(all, ui.FieldError{Text: f.Error})
	}
	return all
}

// kept says what becomes of what somebody typed before their session ended.
func (f SignInForm) kept(ctx context.Context) string {
	if f.ResumePath == "" {
		return ui.T(ctx, "login.ended_lost")
	}
	return ui.T(ctx, "login.ended_kept")
}

// Value is one thing that was typed before a session ended.
type Value struct{ Name, Text string }

// SetupForm is the first set-up.
type SetupForm struct {
	Door
	Token string
	Name  string
	Email string
	Mode  string // "two", "one"
	Least int    // characters of a password

	NameError     string
	EmailError    string
	PasswordError string
	ModeError     string
}

func (f SetupForm) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "auth.name"), Autocomplete: "name", Free: true, Value: f.Name, Error: f.NameError}
}

func (f SetupForm) email(ctx context.Context) ui.Field {
	return ui.Field{Name: "email", Label: ui.T(ctx, "field.email"), Help: ui.T(ctx, "setup.email_help"), Type: "email",
		Autocomplete: "username", Value: f.Email, Error: f.EmailError}
}

func (f SetupForm) password(ctx context.Context) ui.Field {
	return newPassword(ctx, "password", ui.T(ctx, "field.password"), f.Least, f.PasswordError)
}

func (f SetupForm) mode(ctx context.Context) ui.Field {
	return ui.Field{Name: "mode", Label: ui.T(ctx, "setup.mode"), Value: f.Mode, Error: f.ModeError, Options: []ui.Option{
		{Value: "two", Label: ui.T(ctx, "mode.two"), Note: ui.T(ctx, "mode.two_note")},
		{Value: "one", Label: ui.T(ctx, "mode.one"), Note: ui.T(ctx, "mode.one_note")},
	}}
}

func (f SetupForm) problems(ctx context.Context) []ui.FieldError {
	return ui.Problems(f.name(ctx), f.email(ctx), f.password(ctx), f.mode(ctx))
}

// newPassword is the control for a password that is made now.
func newPassword(ctx context.Context, name, label string, least int, problem string) ui.Field {
	return ui.Field{Name: name, Label: label, Help: ui.T(ctx, "password.help", "Min", least), Type: "password",
		Autocomplete: "new-password", Error: problem}
}

// InviteForm is what an invitation leads to: joining, or with Reset a new password for somebody who is in.
type InviteForm struct {
	Door
	Token   string
	Email   string
	By      string   // who invited
	Roles   []string // what the person may do, a line each
	Name    string
	Least   int
	Reset   bool
	Expires time.Time

	NameError     string
	PasswordError string
}

func (f InviteForm) title(ctx context.Context) string {
	if f.Reset {
		return ui.T(ctx, "invite.reset_title")
	}
	return ui.T(ctx, "invite.title")
}

func (f InviteForm) lead(ctx context.Context) string {
	if f.Reset {
		return ui.T(ctx, "invite.reset_lead", "By", f.By)
	}
	return ui.T(ctx, "invite.lead", "By", f.By)
}

func (f InviteForm) verb(ctx context.Context) string {
	if f.Reset {
		return ui.T(ctx, "invite.reset_do")
	}
	return ui.T(ctx, "invite.do")
}

func (f InviteForm) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "auth.name"), Help: ui.T(ctx, "invite.name_help"), Autocomplete: "name", Free: true,
		Value: f.Name, Error: f.NameError}
}

// email is shown so that a password manager knows whose password this is. It is not sent.
func (f InviteForm) email(ctx context.Context) ui.Field {
	return ui.Field{ID: "f-email", Label: ui.T(ctx, "field.email"), Type: "email", Autocomplete: "username", Value: f.Email, ReadOnly: true}
}

func (f InviteForm) password(ctx context.Context) ui.Field {
	label := ui.T(ctx, "auth.your_password")
	if f.Reset {
		label = ui.T(ctx, "auth.new_password")
	}
	return newPassword(ctx, "password", label, f.Least, f.PasswordError)
}

func (f InviteForm) problems(ctx context.Context) []ui.FieldError {
	if f.Reset {
		return ui.Problems(f.password(ctx))
	}
	return ui.Problems(f.name(ctx), f.password(ctx))
}

// host is where the console is, as a person knows it: "pay.example/desk".
func host(ctx context.Context) string {
	u, err := url.Parse(views.From(ctx).Public)
	if err != nil {
		return ""
	}
	return u.Host + strings.TrimSuffix(u.Path, "/")
}

// others are the languages a visitor may change to.
func (d Door) others(ctx context.Context) []i18n.Language {
	var all []i18n.Language
	for _, l := range d.Languages {
		if l.Tag != views.From(ctx).Language {
			all = append(all, l)
		}
	}
	return all
}

// noSetup says why there is nothing to set up.
func noSetup(ctx context.Context, wrong, done bool) (string, string) {
	switch {
	case done:
		return ui.T(ctx, "setup.done_title"), ui.T(ctx, "setup.done_text")
	case wrong:
		return ui.T(ctx, "setup.wrong_title"), ui.T(ctx, "setup.wrong_text")
	default:
		return ui.T(ctx, "setup.missing_title"), ui.T(ctx, "setup.missing_text")
	}
}

// noInvite says why an invitation leads nowhere.
func noInvite(ctx context.Context, waits bool) (string, string) {
	if waits {
		return ui.T(ctx, "invite.waits_title"), ui.T(ctx, "invite.waits_text")
	}
	return ui.T(ctx, "invite.none_title"), ui.T(ctx, "invite.none_text")
}
