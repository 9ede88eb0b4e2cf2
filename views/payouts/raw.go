package payouts

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Happening is something that happened to a payout and that another part of the console tells of, such as reconciliation: its line
// stands among the others by its time.
type Happening struct {
	At         time.Time
	Tone       views.Tone
	Icon       string // see ui.ItemOpts; "": that of the tone
	What       templ.Component
	By         string // who or what did it
	Lines      []string
	Href, Link string // where it leads, and in which words; "": nowhere
	Raw        string // as it is kept, behind a fold; "": nothing. Account numbers in it are masked
}

func (t *teller) happening(h Happening) {
	e := event{at: h.At, tone: h.Tone, icon: h.Icon, what: h.What, by: h.By, lines: h.Lines, href: h.Href, link: h.Link}
	if h.Raw != "" {
		e.folds = []fold{{ui.T(t.ctx, "story.record"), t.masked(h.Raw)}}
	}
	t.add(e)
}

// maxRaw is how much of a message the timeline shows. The whole of it is in the inbox.
const maxRaw = 4 << 10

// message is what a webhook said, for whoever may see webhooks.
func (t *teller) message(h inbox.Hook) []fold {
	if !t.one.may(t.ctx, access.ViewWebhooks) || len(h.Body) == 0 {
		return nil
	}
	text := string(h.Body[:min(len(h.Body), maxRaw)])
	if len(h.Body) > maxRaw {
		text += "…"
	}
	return []fold{{ui.T(t.ctx, "story.message"), t.masked(strings.ToValidUTF8(text, "\ufffd"))}}
}

// record is a row of the audit log as it is kept.
func (t *teller) record(e audit.Entry) fold {
	row := struct {
		Row     int64           `json:"row"`
		At      time.Time       `json:"at"`
		Actor   string          `json:"actor"`
		Name    string          `json:"name"`
		Action  audit.Action    `json:"action"`
		Details json.RawMessage `json:"details,omitempty"`
		MAC     string          `json:"mac"`
	}{e.Seq, e.At.UTC(), e.Actor, e.ActorName, e.Action, json.RawMessage(e.Details), hex.EncodeToString(e.MAC)}
	if !json.Valid(row.Details) {
		row.Details = nil
	}
	return fold{ui.T(t.ctx, "story.record"), t.masked(indented(row))}
}

// proof says by what an approval is proved. The signed words name every payout of a batch, which may lie in other stores: they are for
// those who may read the audit log.
func (t *teller) proof(ev *event, e audit.Entry) {
	i := slices.IndexFunc(t.one.Approvals, func(a payout.Approval) bool { return string(a.Person) == e.Actor && a.At.Equal(e.At) })
	if i < 0 || len(t.one.Approvals[i].Intent) == 0 { // given before intents were kept
		return
	}
	x := payout.ExportOf(t.one.Payout.ID, t.one.Approvals[i])
	switch err := x.Check(); {
	case err != nil:
		ev.tone = views.Bad
		ev.lines = append(ev.lines, ui.T(t.ctx, "story.proof.wrong"))
	case x.Proof != nil:
		ev.lines = append(ev.lines, ui.T(t.ctx, "story.proof.signed"))
	}
	if t.one.may(t.ctx, access.ViewAudit) {
		ev.folds = append(ev.folds, fold{ui.T(t.ctx, "story.proof"), t.masked(indented(x))})
	}
}

func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// masked hides the recipient's whole account number, however it is written: showing it takes a reason.
func (t *teller) masked(text string) string {
	number := t.one.Payout.Content.AccountNumber()
	if len(number) <= 4 {
		return text
	}
	for _, form := range forms(number) {
		text = strings.ReplaceAll(text, form, providers.Mask(number))
	}
	return text
}

// forms lists the ways in which companies write an account number, the longest first.
func forms(number string) []string {
	bare := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, number)
	all := []string{number, bare, "+" + bare, "00" + bare, url.QueryEscape(number), url.PathEscape(number), url.QueryEscape("+" + bare)}
	all = slices.DeleteFunc(all, func(form string) bool { return len(form) <= 4 })
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}
