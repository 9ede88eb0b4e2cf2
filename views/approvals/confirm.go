package approvals

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
)

// Confirmation is a challenge that somebody answers with what they have.
type Confirmation struct {
	Challenge access.Challenge
	Means     string // "totp", "password"
	Error     string // what was wrong with what was typed
}

// until is when it runs out.
func (c Confirmation) until() time.Time { return c.Challenge.AskedAt.Add(access.StepUpLife) }

// Field is the one input of a confirmation.
func (c Confirmation) Field(ctx context.Context) ui.Field {
	f := ui.Field{Name: "code", Label: ui.T(ctx, "approvals.confirm."+c.Means), Help: ui.T(ctx, "approvals.confirm."+c.Means+"_help"),
		Error: c.Error, Focus: c.Error != ""}
	if c.Means == "totp" {
		f.InputMode, f.Autocomplete, f.Code = "numeric", "one-time-code", true
		return f
	}
	f.Type, f.Autocomplete = "password", "current-password"
	return f
}

// Said is a page that only says something about a payout and leads on.
type Said struct {
	Key     string // with title and text
	Args    []any  // of the text
	Number  string // of the payout, as people read it
	Payout  string // id of the payout, "" for none
	SetUp   bool   // leads to where an authenticator is set up
	NextOne *Waiting
}
