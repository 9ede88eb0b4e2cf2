// Package settings is the page for what holds in the whole installation.
//
// The package makes no promise of compatibility.
package settings

import (
	"context"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
)

// Page is the settings. Nothing in it is secret.
type Page struct {
	Mode      string // "two", "one": as it stands in the form
	ModeError string
	OnePerson bool // what holds
	Supers    int  // how many super admins there are

	Host      bool // the host program signs people in
	Ancestors string
	Proxies   []string
	Languages []string
	HookDays  int      // how long webhooks are kept whole, 0 for ever
	NotReady  []string // why nothing is sent, nothing if all is well
}

// mode offers one person only while nobody else could be the second.
func (p Page) mode(ctx context.Context) ui.Field {
	refused := p.Supers > 1 && !p.OnePerson
	one := ui.Option{Value: "one", Label: ui.T(ctx, "mode.one"), Note: ui.T(ctx, "mode.one_note"), Disabled: refused}
	f := ui.Field{Name: "mode", Label: ui.T(ctx, "setup.mode"), Value: p.Mode, Error: p.ModeError, Options: []ui.Option{
		{Value: "two", Label: ui.T(ctx, "mode.two"), Note: ui.T(ctx, "mode.two_note")}, one}}
	if refused {
		f.Help = ui.T(ctx, "access.two_exist")
	}
	return f
}

// hookDays are the times for which webhooks may be kept whole.
func (p Page) hookDays(ctx context.Context) ui.Field {
	f := ui.Field{Name: "days", Label: ui.T(ctx, "settings.hook_days"), Help: ui.T(ctx, "settings.hook_days_help"), Value: strconv.Itoa(p.HookDays)}
	for _, days := range inbox.KeepChoices() {
		text := ui.N(ctx, "settings.days", days)
		if days == 0 {
			text = ui.T(ctx, "settings.for_ever")
		}
		f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(days), Label: text})
	}
	return f
}

// note says what saving does from here.
func (p Page) note(ctx context.Context) string {
	if p.OnePerson {
		return ui.T(ctx, "settings.to_two")
	}
	return ui.T(ctx, "settings.to_one")
}

// changes reports whether there is another mode to choose.
func (p Page) changes() bool { return p.OnePerson || p.Supers <= 1 }

func (p Page) lead(ctx context.Context) string {
	if p.OnePerson {
		return ui.T(ctx, "people.lead_one")
	}
	return ui.T(ctx, "people.lead_two")
}

func (p Page) signIn(ctx context.Context) string {
	if p.Host {
		return ui.T(ctx, "settings.sign_in_host")
	}
	return ui.T(ctx, "settings.sign_in_own")
}

// frames says who may show the console in a frame.
func (p Page) frames(ctx context.Context) string {
	if p.Ancestors == "" || p.Ancestors == "'none'" {
		return ui.T(ctx, "settings.nobody")
	}
	return p.Ancestors
}

func (p Page) proxies(ctx context.Context) string {
	if len(p.Proxies) == 0 {
		return ui.T(ctx, "settings.nobody")
	}
	return strings.Join(p.Proxies, ", ")
}

// sending says whether approved payouts go out.
func (p Page) sending(ctx context.Context) string {
	if len(p.NotReady) > 0 {
		return ui.T(ctx, "settings.sending_no")
	}
	return ui.T(ctx, "settings.sending_yes")
}
