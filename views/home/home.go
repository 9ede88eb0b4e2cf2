// Package home is the first page: what needs the reader, what waits, how the last two weeks went and how the providers do.
//
// The package makes no promise of compatibility.
package home

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Home is everything on the first page. What the reader may not see is empty.
type Home struct {
	Review      []payout.Row // outcomes nobody knows, contradictions
	Lost        []payout.Row // did not go through lately, and nothing took their place
	Invitations []access.Invitation
	Waiting     []approvals.Waiting // for this person's decision, oldest first
	Elsewhere   int                 // with somebody else
	Drafts      []payout.Row        // this person's own
	Asked       []payout.Row        // this person's own, not paid yet
	Accounts    []Account
	Hooks       map[inbox.Verdict]int // in the last 24 hours
	Steps       []Step

	Standings []Standing
	Since     time.Time      // when the months of the standings begin
	Now       []payout.Total // what is on its way
	Paces     []Pace
	Radar     []inbox.Silence
	Months    []books.Status    // past ones that are not closed
	Companies map[string]string // names of providers by id

	First time.Time // the first of the days
	Volume
}

// Account is one account and how it does.
type Account struct {
	store.Account
	Company string
	Frozen  string    // why nothing is sent, "" if it is
	Changed time.Time // when what it offers changed lately, zero if it did not
}

// Step is one thing to set up. Its words are in the catalogs under "home.step.<code>".
type Step struct {
	Code string
	Done bool
}

// matter is one thing that needs a person.
type matter struct {
	tone  views.Tone
	icon  string
	title string
	href  string
	text  string
	row   *payout.Row // whose amount stands at the end
	since time.Time
}

// matters lists what needs a person now, the gravest first.
func (h Home) matters(ctx context.Context) []matter {
	var all []matter
	for i := range h.Review {
		all = append(all, reviewMatter(ctx, &h.Review[i]))
	}
	all = append(all, h.stopped(ctx)...)
	for _, a := range h.Accounts {
		all = append(all, a.matters(ctx)...)
	}
	for i := range h.Lost {
		r := &h.Lost[i]
		all = append(all, matter{tone: views.Bad, icon: "failed", title: ui.T(ctx, "home.lost", "State", ui.T(ctx, "state."+string(r.State)),
			"Recipient", payouts.Recipient(ctx, *r)), href: link.Payout(ctx, string(r.ID)), text: lostText(ctx, *r), row: r, since: r.UpdatedAt})
	}
	all = append(all, h.hookMatters(ctx)...)
	for _, i := range h.Invitations {
		all = append(all, matter{tone: views.Warn, icon: "key", title: ui.T(ctx, "home.invitation", "Name", i.Name),
			href: link.People(ctx), text: ui.T(ctx, "home.invitation_text", "Name", i.ByName), since: i.CreatedAt})
	}
	if h.onlyTOTP() {
		all = append(all, matter{icon: "lock", title: ui.T(ctx, "home.step.totp"), href: link.MeTOTP(ctx), text: ui.T(ctx, "home.step.totp_text")})
	}
	return all
}

func reviewMatter(ctx context.Context, r *payout.Row) matter {
	m := matter{tone: views.Odd, title: ui.T(ctx, "home.unknown", "Company", r.Company, "Recipient", payouts.Recipient(ctx, *r)),
		text: ui.T(ctx, "home.unknown_text"), href: link.PayoutReview(ctx, string(r.ID)), row: r, since: r.SentAt}
	if r.State == payout.Sending || r.State == payout.Accepted {
		m.tone, m.icon = views.Warn, "clock"
		m.title, m.text = ui.T(ctx, "home.overdue", "Company", r.Company, "Recipient", payouts.Recipient(ctx, *r)), ui.T(ctx, "home.overdue_text")
	}
	if r.Conflict {
		m.tone, m.icon = views.Bad, "warn"
		m.title = ui.T(ctx, "home.conflict", "Company", r.Company, "Recipient", payouts.Recipient(ctx, *r))
		m.text = ui.T(ctx, "home.conflict_text")
	}
	return m
}

func lostText(ctx context.Context, r payout.Row) string {
	if r.Reason == "" {
		return ui.T(ctx, "home.lost_text")
	}
	return ui.T(ctx, "home.lost_words", "Company", r.Company, "Words", ui.L(ctx).Quote(r.Reason))
}

// fewStopped is how many stopped accounts are told one by one.
const fewStopped = 3

// stopped tells where sending is stopped: of each account, or of many in one line.
func (h Home) stopped(ctx context.Context) []matter {
	all := slices.DeleteFunc(slices.Clone(h.Accounts), func(a Account) bool { return a.Frozen == "" })
	if len(all) > fewStopped {
		latest := slices.MaxFunc(all, func(a, b Account) int { return a.Account.Frozen.At.Compare(b.Account.Frozen.At) })
		return []matter{{tone: views.Bad, icon: "freeze", title: ui.N(ctx, "home.frozen_many", len(all)), href: link.Accounts(ctx),
			text: ui.T(ctx, "home.frozen_latest", "Account", latest.Label, "Words", latest.Frozen), since: latest.Account.Frozen.At}}
	}
	var told []matter
	for _, a := range all {
		told = append(told, matter{tone: views.Bad, icon: "freeze", title: ui.T(ctx, "home.frozen", "Account", a.Label), href: link.Account(ctx, string(a.ID)),
			text: a.Frozen, since: a.Account.Frozen.At})
	}
	return told
}

func (a Account) matters(ctx context.Context) []matter {
	switch {
	case a.Frozen != "":
		return nil // see stopped
	case a.CheckErr != "":
		_, said := a.CheckSaid()
		return []matter{{tone: views.Warn, title: ui.T(ctx, "home.check", "Account", a.Label), href: link.Account(ctx, string(a.ID)),
			text: ui.L(ctx).Quote(said), since: a.CheckedAt}}
	case !a.Changed.IsZero():
		return []matter{{tone: views.Warn, icon: "note", title: ui.T(ctx, "home.offer", "Company", a.Company, "Account", a.Label),
			href: link.AccountOffer(ctx, string(a.ID)), text: ui.T(ctx, "home.offer_text"), since: a.Changed}}
	}
	return nil
}

func (h Home) hookMatters(ctx context.Context) []matter {
	var all []matter
	for _, v := range []inbox.Verdict{inbox.Conflicting, inbox.Forged, inbox.Unmatched, inbox.Unconfirmed, inbox.Misaddressed, inbox.Failed} {
		if n := h.Hooks[v]; n > 0 {
			all = append(all, matter{tone: views.Warn, icon: "in", title: ui.N(ctx, "home.hooks."+string(v), n),
				href: hooksOf(ctx, v), text: ui.T(ctx, "home.hooks_text."+string(v))})
		}
	}
	return all
}

func hooksOf(ctx context.Context, v inbox.Verdict) string {
	return link.WebhooksQuery(ctx, url.Values{"verdict": {string(v)}})
}

// open lists the steps that are shown: all of them until what cannot be done without is done.
func (h Home) openSteps() bool {
	return slices.ContainsFunc(h.Steps, func(s Step) bool { return !s.Done && s.Code != "totp" })
}

// onlyTOTP reports whether an authenticator is all that is missing.
func (h Home) onlyTOTP() bool {
	return !h.openSteps() && slices.ContainsFunc(h.Steps, func(s Step) bool { return !s.Done })
}

func (s Step) href(ctx context.Context) string {
	if s.Done {
		return ""
	}
	switch s.Code {
	case "store":
		return link.NewStore(ctx)
	case "account":
		return link.NewAccount(ctx, "")
	case "people":
		return link.NewPerson(ctx)
	case "totp":
		return link.MeTOTP(ctx)
	default:
		return link.NewPayout(ctx)
	}
}

func (s Step) line(ctx context.Context) ui.LineOpts {
	o := ui.LineOpts{Open: true, Icon: "open", Title: ui.T(ctx, "home.step."+s.Code), Text: ui.T(ctx, "home.step."+s.Code+"_text"), Href: s.href(ctx)}
	if s.Done {
		o = ui.LineOpts{Tone: views.Good, Icon: "check", Title: o.Title, End: ui.T(ctx, "home.done")}
	}
	return o
}

func (h Home) stepsDone(ctx context.Context) string {
	n := 0
	for _, s := range h.Steps {
		if s.Done {
			n++
		}
	}
	return ui.T(ctx, "home.steps_done", "Done", n, "Of", len(h.Steps))
}

// lead says in one line when this is and how much waits.
func (h Home) lead(ctx context.Context) string {
	r := views.From(ctx)
	now := r.Now.In(r.Zone)
	text := ui.T(ctx, "home.now", "Date", ui.L(ctx).DateFull(now), "Time", ui.L(ctx).Time(now))
	if len(h.Waiting) > 0 {
		text = ui.Then(ctx, text, ui.N(ctx, "home.n_waiting", len(h.Waiting)))
	}
	if r.Review > 0 {
		text = ui.Then(ctx, text, ui.N(ctx, "home.n_review", r.Review))
	}
	return text
}

func (h Home) waitingShown() []approvals.Waiting { return h.Waiting[:min(len(h.Waiting), 5)] }

func count(ctx context.Context, n int) string { return ui.L(ctx).Number(n) }

// waitTone is how much a waiting payout stands out.
func waitTone(w approvals.Waiting) views.Tone {
	switch {
	case w.Twin != nil:
		return views.Bad
	case w.Row.Number != "" && w.Know.Code != "same":
		return views.Warn
	}
	return ""
}

// waitText says how well the recipient is known, and who asked.
func waitText(ctx context.Context, w approvals.Waiting) (string, string) {
	known := ""
	switch {
	case w.Twin != nil:
		known = ui.T(ctx, "approvals.twin")
	case w.Row.Number != "" && w.Know.Code != "":
		known = ui.T(ctx, "approvals.know."+w.Know.Code, "Was", providers.Mask(w.Know.Was))
	}
	return known, ui.T(ctx, "home.asked_by", "Store", views.From(ctx).StoreName(w.Row.Store), "How", payouts.How(w.Row), "Name", w.Row.AuthorName)
}

// ownHref is where one's own payout leads.
func ownHref(ctx context.Context, r payout.Row) string {
	if r.State == payout.Draft {
		return link.PayoutEdit(ctx, string(r.ID))
	}
	return link.Payout(ctx, string(r.ID))
}

// health is how an account does.
func (a Account) health(ctx context.Context) ui.HealthOpts {
	switch {
	case a.Frozen != "":
		return ui.HealthOpts{Tone: views.Bad, Text: ui.T(ctx, "home.health.frozen")}
	case a.CheckErr != "":
		return ui.HealthOpts{Tone: views.Warn, Text: ui.T(ctx, "home.health.check")}
	case a.GoodAt.IsZero():
		return ui.HealthOpts{Plain: true, Text: ui.T(ctx, "home.health.new")}
	}
	return ui.HealthOpts{Text: ui.T(ctx, "home.health.good")}
}

// tally are the verdicts on webhooks that the page counts, in its order.
func tally() []inbox.Verdict {
	return []inbox.Verdict{inbox.Applied, inbox.Duplicate, inbox.Ignored, inbox.Confirming, inbox.Unconfirmed, inbox.Conflicting,
		inbox.Unmatched, inbox.Forged, inbox.Misaddressed, inbox.Failed, inbox.Received}
}

func (h Home) hookCount() int {
	n := 0
	for _, c := range h.Hooks {
		n += c
	}
	return n
}

func lineTone(t views.Tone) string {
	if t == "" {
		return ""
	}
	return "line--" + string(t)
}

func waitIcon(t views.Tone) string {
	if t == "" {
		return "dot"
	}
	return "warn"
}

// balances are the first few: the rest stand on the account's page.
func (a Account) balances() []store.Balance { return a.Balances[:min(len(a.Balances), 3)] }
