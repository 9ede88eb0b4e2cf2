// Package review is the pages about outcomes nobody knows: what is known of each, what to look for at the provider, and
// the evidence that two people agree on.
//
// The package makes no promise of compatibility.
package review

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Item is a payout that needs people, with what is known of it.
type Item struct {
	Row    payout.Row
	Payout *payout.Payout
	Stage  Stage
}

// List is all of them.
type List struct {
	Items   []Item
	Store   store.ID // only of this store, "" for all
	Largest bool     // by amount instead of by age
	Cut     bool     // there are more
}

// Stage says where a send broke off. The sentence is in the catalogs under Key.
type Stage struct {
	Key    string
	Status int    // of the answer, 0 for none
	Words  string // the provider's
}

// StageOf works out where the latest send broke off, from what was said to the provider and what it answered.
func StageOf(p *payout.Payout, exchanges []payout.Exchange) Stage {
	s := Stage{Key: "review.stage.nothing", Words: p.Reason}
	a := p.Current()
	if a == nil {
		return s
	}
	for _, e := range slices.Backward(exchanges) {
		if e.Attempt != a.No || e.Purpose != "send" {
			continue
		}
		s.Key, s.Status = stageKey(p, e), e.Status
		return s
	}
	return s
}

// stageKey is how far one call of a send got.
func stageKey(p *payout.Payout, e payout.Exchange) string {
	fromAnswer := func(c payout.Conflict) bool { return c.Source == payout.FromAnswer }
	switch {
	case e.Status == 0 && !e.Written:
		return "review.stage.not_written"
	case e.Status == 0:
		return "review.stage.no_answer"
	case slices.ContainsFunc(p.Conflicts, fromAnswer):
		return "review.stage.contradicts"
	case e.Status >= 200 && e.Status < 300:
		return "review.stage.unreadable"
	}
	return "review.stage.answered"
}

func (s Stage) text(ctx context.Context, company string) string {
	return ui.T(ctx, s.Key, "Company", company, "Status", strconv.Itoa(s.Status))
}

// Since is when a payout began to need people.
func Since(p *payout.Payout) time.Time {
	if a := p.Current(); p.State.InFlight() && a != nil {
		if a.EndedAt.IsZero() || p.State != payout.Unknown {
			return a.StartedAt
		}
		return a.EndedAt
	}
	if c := p.OpenConflict(); c != nil {
		return c.At
	}
	return p.UpdatedAt
}

// Sort puts the ones that need people longest first, or the largest amount of each currency.
func (l *List) Sort() {
	slices.SortStableFunc(l.Items, func(a, b Item) int {
		if l.Largest {
			return cmp.Or(strings.Compare(a.Row.Amount.Currency, b.Row.Amount.Currency), cmp.Compare(b.Row.Amount.Minor, a.Row.Amount.Minor))
		}
		return Since(a.Payout).Compare(Since(b.Payout))
	})
}

// totals adds up the real money that needs people. Test payouts are no money.
func (l List) totals(ctx context.Context) []ui.TotalOf {
	sums, counts := map[string]money.Amount{}, map[string]int{}
	var order []string
	for _, i := range l.Items {
		currency := i.Row.Amount.Currency
		if !i.Row.Live {
			continue
		}
		if counts[currency] == 0 {
			order = append(order, currency)
			sums[currency] = money.Amount{Currency: currency}
		}
		if sum, err := sums[currency].Add(i.Row.Amount); err == nil {
			sums[currency] = sum
		}
		counts[currency]++
	}
	var all []ui.TotalOf
	for _, currency := range slices.Sorted(slices.Values(order)) {
		all = append(all, ui.TotalOf{Sum: sums[currency], Note: ui.N(ctx, "review.at_stake", counts[currency])})
	}
	return all
}

func (l List) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{
		{Text: ui.T(ctx, "review.by_age"), Href: l.href(ctx, l.Store, false), Current: !l.Largest},
		{Text: ui.T(ctx, "review.by_amount"), Href: l.href(ctx, l.Store, true), Current: l.Largest},
	}
}

// href is the list of a store in an order.
func (l List) href(ctx context.Context, st store.ID, largest bool) string {
	q := url.Values{}
	if st != "" {
		q.Set("store", string(st))
	}
	if largest {
		q.Set("sort", "amount")
	}
	return link.ReviewQuery(ctx, q)
}

// stores are the stores to choose from, none if the person sees only one.
func (l List) stores(ctx context.Context) []ui.Tab {
	all := views.From(ctx).Stores
	if len(all) < 2 {
		return nil
	}
	tabs := []ui.Tab{{Text: ui.T(ctx, "stores.all"), Href: l.href(ctx, "", l.Largest), Current: l.Store == ""}}
	for _, s := range all {
		tabs = append(tabs, ui.Tab{Text: s.Name, Href: l.href(ctx, s.ID, l.Largest), Current: l.Store == s.ID})
	}
	return tabs
}

// looks says how often the provider was asked and when it is asked next.
func looks(ctx context.Context, p *payout.Payout, company string) string {
	text := ui.N(ctx, "review.looks", p.Looks)
	switch {
	case !p.State.InFlight():
		return text
	case p.DueAt.IsZero():
		return ui.Then(ctx, text, ui.T(ctx, "review.looks_never", "Company", company))
	case !p.DueAt.After(views.From(ctx).Now):
		return ui.Then(ctx, text, ui.T(ctx, "review.looks_now"))
	}
	return ui.Then(ctx, text, ui.T(ctx, "review.looks_next", "Time", ui.L(ctx).Time(p.DueAt.In(views.From(ctx).Zone))))
}

// openConflicts lists the contradictions nobody has closed.
func openConflicts(p *payout.Payout) []payout.Conflict {
	return slices.DeleteFunc(slices.Clone(p.Conflicts), func(c payout.Conflict) bool { return !c.ClosedAt.IsZero() })
}

// side is one side of a contradiction; a state is said in its words.
func side(ctx context.Context, c payout.Conflict, value string) string {
	if c.Code != "final" && c.Code != "older_attempt" {
		return value
	}
	if key := "state." + value; ui.L(ctx).Has(key) {
		return ui.T(ctx, key)
	}
	return value
}

// Case is everything on the page of one outcome nobody knows.
type Case struct {
	Payout    *payout.Payout
	Account   store.Account
	Stage     Stage
	OnePerson bool
	CannotAsk bool   // the company cannot be asked where the payout stands
	Bar       string // why the person may not confirm the evidence, a key below "review.bar"; "" if nothing bars
	Notice    string // a key with title and text about what just happened

	Evidence  Evidence
	Found     Found
	Waiting   Waiting
	CloseBars map[int]string // why the person may not close a conflict, by its number; "" if nothing bars

	Exchanges []payout.Exchange
	Near      []Near
	Portal    providers.Text // what to check in the company's own console
}

// Evidence is what a person found out, as typed, with what is wrong with it by input name.
type Evidence struct {
	Verdict  string
	Text     string
	RemoteID string
	Wrong    map[string]string
}

func (c Case) id() string      { return string(c.Payout.ID) }
func (c Case) company() string { return c.Payout.Content.Company }
func (c Case) unknown() bool   { return c.Payout.State == payout.Unknown }

func (c Case) title(ctx context.Context) string {
	return ui.T(ctx, "review.title", "Amount", ui.MoneyText(ctx, c.Payout.Content.Amount), "Recipient", c.recipient(ctx))
}

func (c Case) recipient(ctx context.Context) string {
	content := c.Payout.Content
	if name := content.Value(providers.RoleName); name != "" {
		return name
	}
	return approvals.Recipient(ctx, providers.Mask(content.AccountNumber()))
}

// mayRecord reports whether the person may say what they found out.
func (c Case) mayRecord(by access.Person) bool {
	return c.unknown() && access.Can(by, access.ReviewPayouts, c.Payout.Store)
}

func (c Case) verdicts(ctx context.Context) ui.Field {
	return ui.Field{Name: "verdict", Label: ui.T(ctx, "review.verdict", "Company", c.company()), Value: c.Evidence.Verdict, Error: c.Evidence.Wrong["verdict"],
		Options: []ui.Option{
			{Value: string(payout.Executed), Label: ui.T(ctx, "review.verdict.executed"), Note: ui.T(ctx, "review.verdict.executed_note", "Company", c.company())},
			{Value: string(payout.Missing), Label: ui.T(ctx, "review.verdict.not_executed"), Note: ui.T(ctx, "review.verdict.not_executed_note")},
		}}
}

func (c Case) words(ctx context.Context) ui.Field {
	return ui.Field{Name: "text", Label: ui.T(ctx, "review.text"), Help: ui.T(ctx, "review.text_help"), Value: c.Evidence.Text,
		Error: c.Evidence.Wrong["text"], Rows: 4, Free: true}
}

func (c Case) number(ctx context.Context) ui.Field {
	return ui.Field{Name: "remote_id", Label: ui.T(ctx, "review.number", "Company", c.company()), Help: ui.T(ctx, "review.number_help"),
		Value: c.Evidence.RemoteID, Error: c.Evidence.Wrong["remote_id"], Optional: true, Code: true, Autocomplete: "off"}
}

// next says what the evidence leads to once a second person agrees.
func next(ctx context.Context, r *payout.Review) string {
	return ui.T(ctx, "review.next."+string(r.Verdict))
}

// verb names what the second person confirms.
func verb(ctx context.Context, r *payout.Review) string {
	return ui.T(ctx, "review.confirm."+string(r.Verdict))
}

// Settling is the confirmation of evidence: the amount, typed again, and a code or password.
type Settling struct {
	approvals.Confirmation
	Typed       string
	AmountError string
}

func (s Settling) amount(ctx context.Context, currency string) ui.Field {
	return ui.Field{Name: "amount", Label: ui.T(ctx, "review.type_amount"), Help: ui.T(ctx, "review.type_amount_help"), Value: s.Typed,
		Error: s.AmountError, Suffix: currency, Focus: s.AmountError != "" && s.Error == ""}
}
