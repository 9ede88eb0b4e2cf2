package drafts

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// The names of the parts that are swapped.
const (
	formID   = "payout"
	statusID = "draft-status"
	whichID  = "draft-which"
	effectID = "draft-effect"
	foundID  = "draft-found"
	waitID   = "draft-wait"
)

// base is a field with its name, words, value and problem.
func (s *Sheet) base(ctx context.Context, name, label, value string) ui.Field {
	f := ui.Field{Name: name, Label: label, Value: value, Autocomplete: "off"}
	if p := s.problem(name); p != nil {
		f.Error = ui.L(ctx).Say(p.Key, p.Args)
	}
	return f
}

// choice is a select that has the rest of the form drawn anew.
func (s *Sheet) choice(ctx context.Context, name, label, value string, options []ui.Option) ui.Field {
	f := s.base(ctx, name, label, value)
	f.Options = options
	if value == "" {
		f.Blank = ui.T(ctx, "form.choose")
	}
	f.Attrs = templ.Attributes{"hx-post": link.PayoutFields(ctx), "hx-trigger": "change", "hx-target": "body", "hx-swap": "innerHTML",
		"hx-indicator": "#" + waitID, "data-failed": ui.T(ctx, "drafts.not_redrawn"), "data-ended": ui.T(ctx, "drafts.ended")}
	return f
}

func (s *Sheet) storeField(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, st := range s.Stores {
		all = append(all, ui.Option{Value: string(st.ID), Label: st.Name})
	}
	return s.choice(ctx, "store", ui.T(ctx, "field.store"), string(s.Store), all)
}

func (s *Sheet) accountField(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, a := range s.Accounts {
		all = append(all, ui.Option{Value: string(a.ID), Label: a.name(ctx)})
	}
	return s.choice(ctx, "account", ui.T(ctx, "field.account"), string(s.In.Account), all)
}

// name is company, label and mode: "GoldenPay: Brazil, live".
func (a Account) name(ctx context.Context) string {
	mode := "drafts.account_test"
	if a.Live {
		mode = "drafts.account_live"
	}
	return ui.T(ctx, mode, "Account", label(ctx, a.Company, a.Label))
}

// label is what people call an account, with its company where that does not say it.
func label(ctx context.Context, company, name string) string {
	if strings.Contains(strings.ToLower(name), strings.ToLower(company)) {
		return name
	}
	return ui.T(ctx, "drafts.company_label", "Company", company, "Label", name)
}

func (s *Sheet) countryField(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, code := range s.Countries {
		all = append(all, ui.Option{Value: code, Label: countryName(ctx, code)})
	}
	slices.SortStableFunc(all, func(a, b ui.Option) int {
		if a.Value == Anywhere || b.Value == Anywhere {
			return map[bool]int{true: 1, false: -1}[a.Value == Anywhere]
		}
		return strings.Compare(plain(a.Label), plain(b.Label))
	})
	return s.choice(ctx, "country", ui.T(ctx, "field.country"), s.In.Country, all)
}

func countryName(ctx context.Context, code string) string {
	if code == Anywhere {
		return ui.T(ctx, "drafts.anywhere")
	}
	return ui.L(ctx).Country(code)
}

func (s *Sheet) methodField(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, m := range s.Methods {
		all = append(all, ui.Option{Value: m.ID, Label: s.methodName(ctx, m)})
	}
	f := s.choice(ctx, "method", ui.T(ctx, "field.method"), s.In.Method, all)
	if s.Method != nil {
		f.Help = ui.Words(ctx, s.Method.Note)
	}
	return f
}

// methodName says the currency where methods of several are offered beside each other.
func (s *Sheet) methodName(ctx context.Context, m providers.Method) string {
	for _, other := range s.Methods {
		if other.Currency != m.Currency {
			return ui.T(ctx, "drafts.method_currency", "Method", m.Name, "Currency", m.Currency)
		}
	}
	return m.Name
}

// asked is one field of the company as the page draws it.
type asked struct {
	field providers.Field
	ui    ui.Field
	shown bool
}

// asks are the company's fields, in its order. Several may share a name if never more than one of them is shown.
func (s *Sheet) asks(ctx context.Context) []asked {
	shown := providers.Shown(s.Fields, s.In.Details)
	seen := map[string]int{}
	var all []asked
	for _, p := range s.Fields {
		a := asked{field: p, shown: len(shown) > 0 && same(shown[0], p)}
		var value, problem string
		if a.shown {
			shown = shown[1:]
			value = s.In.Details[p.Name]
			problem = s.said(ctx, ui.MapName("fields", p.Name))
		}
		a.ui = ui.ProviderField(ctx, "fields", p, value, problem)
		a.ui.Value = value // as it was typed
		if seen[p.Name]++; seen[p.Name] > 1 {
			a.ui.ID = a.ui.Anchor() + "-" + strconv.Itoa(seen[p.Name])
		}
		a.ui.Hints = p.Type == providers.Phone || p.Type == providers.Bank
		a.ui.Hint, a.ui.Told = hint(ctx, p, value), p.Type == providers.Bank
		all = append(all, a)
	}
	return all
}

// same reports whether a field of the shown ones is this one; they are in the same order.
func same(a, b providers.Field) bool {
	if a.Name != b.Name || a.Type != b.Type || len(a.When) != len(b.When) {
		return false
	}
	for name, values := range a.When {
		if !slices.Equal(values, b.When[name]) {
			return false
		}
	}
	return true
}

func (s *Sheet) said(ctx context.Context, name string) string {
	if p := s.problem(name); p != nil {
		return ui.L(ctx).Say(p.Key, p.Args)
	}
	return ""
}

// hint is what is unusual about a value, or which bank a code stands for.
func hint(ctx context.Context, p providers.Field, value string) string {
	value = p.Clean(value)
	if w := p.Warn(value); w != nil {
		return ui.L(ctx).Say("check."+w.Code, w.Args)
	}
	if p.Type != providers.Bank {
		return ""
	}
	for _, o := range p.Options {
		if o.Value == value {
			return ui.Words(ctx, o.Label)
		}
	}
	return ""
}

// row is one field over the whole width, or several beside each other.
type row []asked

// rows puts neighbours beside each other. Names and fields with a condition take the whole width.
func (s *Sheet) rows(ctx context.Context) []row {
	var all []row
	var beside row
	for _, a := range s.asks(ctx) {
		if len(a.field.When) > 0 || a.field.Role == providers.RoleName {
			all = append(all, beside, row{a})
			beside = nil
			continue
		}
		beside = append(beside, a)
	}
	all = append(all, beside)
	return slices.DeleteFunc(all, func(r row) bool { return len(r) == 0 })
}

func (s *Sheet) amountField(ctx context.Context) ui.Field {
	f := s.base(ctx, "amount", ui.T(ctx, "field.amount"), s.In.Amount)
	if s.Method == nil {
		return f
	}
	f.Suffix = s.Method.Currency
	f.Example = ui.L(ctx).Money(money.Amount{Minor: 123450, Currency: f.Suffix}).Figure()
	if s.Mode() == views.Test {
		f.Suffix += " " + ui.T(ctx, "mode.word")
	}
	return f
}

func (s *Sheet) reasonField(ctx context.Context) ui.Field {
	f := s.base(ctx, "description", ui.T(ctx, "field.reason"), s.In.Description)
	f.Free = true
	f.Help = ui.T(ctx, "drafts.reason_help")
	if s.Company != "" {
		f.Help = ui.T(ctx, "drafts.reason_help_company", "Company", s.Company)
	}
	return f
}

// errors are the lines of the summary, in the order of the form.
func (s *Sheet) errors(ctx context.Context) []ui.FieldError {
	fields := []ui.Field{s.storeField(ctx), s.accountField(ctx), s.countryField(ctx), s.methodField(ctx)}
	for _, a := range s.asks(ctx) {
		fields = append(fields, a.ui)
	}
	all := ui.Problems(append(fields, s.amountField(ctx), s.reasonField(ctx))...)
	return append(all, s.homeless(ctx, fields)...)
}

// homeless are problems of inputs that are not on the page.
func (s *Sheet) homeless(ctx context.Context, fields []ui.Field) []ui.FieldError {
	var all []ui.FieldError
	for _, p := range s.Problems {
		has := slices.ContainsFunc(fields, func(f ui.Field) bool { return f.Name == p.Field && f.Error != "" })
		if has || p.Field == "amount" || p.Field == "description" {
			continue
		}
		all = append(all, ui.FieldError{Text: ui.L(ctx).Say(p.Key, p.Args)})
	}
	return all
}

// loose are values that have no field on the page and must not be lost.
func (s *Sheet) loose() []string {
	if s.Known {
		return nil
	}
	var names []string
	for name, value := range s.In.Details {
		if value != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// action is where the form goes.
func (s *Sheet) action(ctx context.Context) string {
	if s.ID == "" {
		return link.Payouts(ctx)
	}
	return link.PayoutEdit(ctx, string(s.ID))
}

// autosave is where the form saves itself.
func (s *Sheet) autosave(ctx context.Context) string {
	if s.ID == "" {
		return link.PayoutDraft(ctx, "new")
	}
	return link.PayoutDraft(ctx, string(s.ID))
}

// here is the page itself.
func (s *Sheet) here(ctx context.Context) string {
	if s.ID == "" {
		return link.NewPayout(ctx)
	}
	return link.PayoutEdit(ctx, string(s.ID))
}

// Again is the page as it stands, to be asked for once more.
func (s *Sheet) Again(ctx context.Context) string {
	if s.ID != "" {
		return link.PayoutEdit(ctx, string(s.ID))
	}
	q := url.Values{}
	for name, value := range map[string]string{"store": string(s.Store), "account": string(s.In.Account), "country": s.In.Country, "method": s.In.Method} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return link.NewPayoutQuery(ctx, q)
}

func (s *Sheet) title(ctx context.Context) string {
	switch {
	case s.ID == "" && s.Follows != "":
		return ui.T(ctx, "drafts.correct_title", "Payout", s.Follows.Number())
	case s.ID == "":
		return ui.T(ctx, "drafts.new_title")
	case s.State == payout.Draft:
		return ui.T(ctx, "drafts.draft_title", "Payout", s.ID.Number())
	}
	return ui.T(ctx, "drafts.edit_title", "Payout", s.ID.Number())
}
