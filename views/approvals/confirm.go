package approvals

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
)

// Confirmation is a challenge that somebody answers with what they have.
type Confirmation struct {
	Challenge access.Challenge
	Means     string // "passkey", "totp", "password"
	Sign      string // what the browser needs to let a passkey sign, as JSON; "" without one
	Fallback  bool   // an authenticator code will do too
	Recovery  bool   // and so will a recovery code
	Error     string // what was wrong with what was typed
}

// signs reports whether a passkey answers.
func (c Confirmation) signs() bool { return c.Sign != "" }

// Intent is what is said yes to, laid out for reading. What is signed is the same without the layout.
func (c Confirmation) Intent() string {
	var b bytes.Buffer
	if err := json.Indent(&b, c.Challenge.Intent, "", "  "); err != nil {
		return ""
	}
	return b.String()
}

// otherwise names what will do instead of a passkey.
func (c Confirmation) otherwise(ctx context.Context) string {
	if c.Recovery {
		return ui.T(ctx, "approvals.confirm.passkey_else_recovery")
	}
	return ui.T(ctx, "approvals.confirm.passkey_else")
}

// sum is the digest that is signed.
func (c Confirmation) sum() string { return access.IntentDigest(c.Challenge.Intent) }

// until is when it runs out.
func (c Confirmation) until() time.Time { return c.Challenge.AskedAt.Add(access.StepUpLife) }

// Field is the one input of a confirmation.
func (c Confirmation) Field(ctx context.Context) ui.Field {
	means := c.Means
	if means == "passkey" {
		means = "totp"
	}
	f := ui.Field{Name: "code", Label: ui.T(ctx, "approvals.confirm."+means), Help: ui.T(ctx, "approvals.confirm."+means+"_help"),
		Error: c.Error, Focus: c.Error != ""}
	if c.signs() {
		f.Error, f.Focus = "", false // said above, where the passkey is asked for
	}
	if c.Recovery && means == "totp" {
		f.Label, f.Help = ui.T(ctx, "approvals.confirm.recovery"), ui.T(ctx, "approvals.confirm.recovery_help")
		f.Autocomplete, f.Code = "one-time-code", true
		return f
	}
	if means == "totp" {
		f.InputMode, f.Autocomplete, f.Code = "numeric", "one-time-code", true
		return f
	}
	f.Type, f.Autocomplete = "password", "current-password"
	return f
}

// batchWay leads back to what waits.
func batchWay(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{{Text: ui.T(ctx, "nav.approvals"), Href: link.Approvals(ctx)}}
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
