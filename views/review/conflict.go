package review

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Found is what a person found out about a contradiction, as typed, with what is wrong with it by input name.
type Found struct {
	No      int // of the conflict the form is about
	Outcome string
	Text    string
	Wrong   map[string]string
}

// Waiting is a note to keep waiting, as typed, with what is wrong with it by input name.
type Waiting struct {
	Text  string
	Hours string
	Wrong map[string]string
}

// Near is a webhook of the account that may be about this payout but moved nothing, and why it is shown.
type Near struct {
	inbox.Hook
	Why string // "reference", "remote_id", "amount"
}

// WaitHours are how long nobody may be reminded, to choose from.
func WaitHours() []int { return []int{1, 4, 24, 72} }

// numbered is a conflict with its number on the page and in addresses.
type numbered struct {
	No int
	payout.Conflict
}

// contradictions lists the conflicts that are open, or closed by people.
func contradictions(p *payout.Payout, open bool) []numbered {
	var all []numbered
	for i, c := range p.Conflicts {
		if c.ClosedAt.IsZero() == open && (open || c.Finding != nil) {
			all = append(all, numbered{i + 1, c})
		}
	}
	return all
}

func (c Case) mayFind(by access.Person) bool {
	return access.Can(by, access.ReviewPayouts, c.Payout.Store)
}

// found is the form as typed if it is about this conflict, else an empty one.
func (c Case) found(no int) Found {
	if c.Found.No == no {
		return c.Found
	}
	return Found{No: no}
}

func (c Case) outcomes(ctx context.Context, f Found) ui.Field {
	field := ui.Field{Name: "outcome", ID: formID("outcome", f.No), Label: ui.T(ctx, "review.outcome", "Company", c.company()), Value: f.Outcome, Error: f.Wrong["outcome"]}
	for _, o := range c.Payout.Outcomes() {
		field.Options = append(field.Options, ui.Option{Value: string(o), Label: ui.T(ctx, "review.outcome."+string(o)),
			Note: ui.T(ctx, "review.outcome."+string(o)+"_note", "State", ui.T(ctx, "state."+string(c.Payout.State)))})
	}
	return field
}

func (f Found) words(ctx context.Context) ui.Field {
	return ui.Field{Name: "text", ID: formID("finding", f.No), Label: ui.T(ctx, "review.text"), Help: ui.T(ctx, "review.text_help"), Value: f.Text, Error: f.Wrong["text"], Rows: 3, Free: true}
}

func formID(name string, no int) string { return "f-" + name + "-" + strconv.Itoa(no) }

func (c Case) waitWords(ctx context.Context) ui.Field {
	return ui.Field{Name: "text", ID: "f-wait", Label: ui.T(ctx, "review.wait.text"), Help: ui.T(ctx, "review.wait.text_help"), Value: c.Waiting.Text,
		Error: c.Waiting.Wrong["text"], Rows: 2, Free: true}
}

func (c Case) waitHours(ctx context.Context) ui.Field {
	f := ui.Field{Name: "hours", Label: ui.T(ctx, "review.wait.hours"), Value: c.Waiting.Hours, Error: c.Waiting.Wrong["hours"]}
	if f.Value == "" {
		f.Value = strconv.Itoa(WaitHours()[1])
	}
	for _, h := range WaitHours() {
		f.Options = append(f.Options, ui.Option{Value: strconv.Itoa(h), Label: ui.L(ctx).Age(time.Duration(h) * time.Hour)})
	}
	return f
}

// mayWait reports whether an open outcome may be left open with a note.
func (c Case) mayWait(by access.Person) bool { return c.Payout.State.InFlight() && c.mayFind(by) }

// consoleText says what to check in the company's own console: in the company's terms where its adapter knows them.
func (c Case) consoleText(ctx context.Context) string {
	general := ui.T(ctx, "review.look.console_text", "Mode", ui.T(ctx, "mode."+approvals.Mode(c.Payout.Content.Live)))
	if c.Portal.English == "" {
		return general
	}
	return ui.Then(ctx, ui.Words(ctx, c.Portal), general)
}

// request and answer are one call as it was, with secrets and account numbers masked.
func (c Case) request(x payout.Exchange) string {
	return c.masked(strings.TrimSpace(x.Method + " " + x.URL + "\n" + x.Request))
}

func (c Case) answer(x payout.Exchange) string {
	if x.Status == 0 {
		if x.Err == "" {
			return "–"
		}
		return c.masked(x.Err)
	}
	return c.masked(strings.TrimSpace("HTTP " + strconv.Itoa(x.Status) + "\n" + x.Answer))
}

// masked hides the recipient's whole number: showing it takes a reason.
func (c Case) masked(text string) string {
	if number := c.Payout.Content.AccountNumber(); len(number) > 4 {
		return strings.ReplaceAll(text, number, providers.Mask(number))
	}
	return text
}

// calls lists what was said to the company: the send, or the look-ups.
func (c Case) calls(sends bool) []payout.Exchange {
	var all []payout.Exchange
	for _, x := range c.Exchanges {
		if (x.Purpose == "send") == sends && (!sends || (c.Payout.Current() != nil && x.Attempt == c.Payout.Current().No)) {
			all = append(all, x)
		}
	}
	return all
}

// maxLooks is how many look-ups the page shows: the latest. All stand on the payout's page.
const maxLooks = 8

func (c Case) lookUps() []payout.Exchange {
	all := c.calls(false)
	return all[max(0, len(all)-maxLooks):]
}

func callTitle(ctx context.Context, x payout.Exchange) string {
	if x.Status == 0 {
		return ui.T(ctx, "review.call_none", "Method", x.Method)
	}
	return ui.T(ctx, "review.call", "Method", x.Method, "Status", strconv.Itoa(x.Status))
}

// Closing is the confirmation of a finding.
type Closing struct {
	approvals.Confirmation
	No int
}

func (c Case) conflict(no int) numbered { return numbered{no, *c.Payout.ConflictNo(no)} }

func overdue(ctx context.Context, p *payout.Payout) bool { return p.Overdue(views.From(ctx).Now) }

func quiet(ctx context.Context, p *payout.Payout) bool { return p.Wait.Quiet(views.From(ctx).Now) }

func until(ctx context.Context, w *payout.Wait) string {
	return ui.L(ctx).DateTime(w.Until.In(views.From(ctx).Zone))
}
