package me

import (
	"context"
	"strings"

	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
)

// Passkey is one of a person's passkeys.
type Passkey struct {
	access.Passkey
	Here bool // works at the address the console has now
}

// Factor is the page on which a person confirms before what they confirm with is changed.
type Factor struct {
	Title, Lead  string
	Action, Verb string
	Danger       bool
	None         bool // there is nothing to confirm with yet
	Confirmation approvals.Confirmation
}

func (f Factor) look() ui.Look {
	if f.Danger {
		return ui.LookDanger
	}
	return ui.LookPrimary
}

// Making is the page on which a browser makes a passkey.
type Making struct {
	Challenge string
	Options   string // what the browser is asked, as JSON
	Name      string
	NameError string
	Error     string // what was wrong with what the browser made
}

func (m Making) name(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", Label: ui.T(ctx, "me.passkey_name"), Help: ui.T(ctx, "me.passkey_name_help"), Value: m.Name, Error: m.NameError, Free: true}
}

// Device names a browser in words, as far as it says what it is.
func Device(ctx context.Context, agent string) string { return device(ctx, agent) }

// lines puts codes one below the other.
func lines(codes []string) string { return strings.Join(codes, "\n") }
