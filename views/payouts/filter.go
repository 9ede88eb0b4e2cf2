package payouts

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// historyID is the part of the page that a new filter draws anew.
const historyID = "history"

// fields are those of the filter.
func (l List) fields() ui.FilterFields { return ui.FilterFields{Area: "payouts", Get: l.Query.Get} }

func (l List) bound(ctx context.Context, name string) ui.Field {
	f := l.fields().Field(ctx, name)
	f.InputMode, f.Autocomplete, f.Suffix = "decimal", "off", l.Filter.Currency
	return f
}

func (l List) choice(ctx context.Context, name string, options []ui.Option) ui.Field {
	return l.fields().Choice(ctx, name, options, func(value string) string { return value })
}

func (l List) providers(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, p := range l.Names {
		all = append(all, ui.Option{Value: p.ID, Label: p.Name})
	}
	return l.choice(ctx, "provider", all)
}

func (l List) states(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, word := range []string{Open, Review, Lost} {
		all = append(all, ui.Option{Value: word, Label: stateWords(ctx, word)})
	}
	for _, s := range payout.States() {
		all = append(all, ui.Option{Value: string(s), Label: ui.T(ctx, "state."+string(s))})
	}
	f := l.choice(ctx, "state", all)
	if words := stateWords(ctx, f.Value); strings.Contains(f.Value, ",") && words != "" {
		f.Options[len(f.Options)-1].Label = words
	}
	return f
}

func (l List) currencies(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, c := range l.Used.Currencies {
		all = append(all, ui.Option{Value: c, Label: c})
	}
	return l.choice(ctx, "currency", all)
}

func (l List) methods(ctx context.Context) ui.Field {
	var all []ui.Option
	for _, m := range l.Used.Methods {
		all = append(all, ui.Option{Value: m.ID, Label: ui.Comma(ctx, m.Name, m.Company)})
	}
	return l.choice(ctx, "method", all)
}

func (l List) modes(ctx context.Context) ui.Field {
	return l.choice(ctx, "mode", []ui.Option{
		{Value: views.Live, Label: ui.T(ctx, "mode.live")}, {Value: views.Test, Label: ui.T(ctx, "mode.test")},
	})
}

func (l List) order(ctx context.Context) ui.Field {
	f := l.fields().Field(ctx, "sort")
	f.Options = []ui.Option{{Value: "", Label: ui.T(ctx, "payouts.sort.newest")}, {Value: string(payout.Oldest), Label: ui.T(ctx, "payouts.sort.oldest")}}
	return f
}

func (l List) columns(ctx context.Context) ui.Field {
	f := l.fields().Field(ctx, "cols")
	for _, set := range columnSets() {
		f.Options = append(f.Options, ui.Option{Value: set, Label: ui.T(ctx, "payouts.cols."+cmp.Or(set, "usual"))})
	}
	return f
}

// more reports whether one of the fields that are folded away is set.
func (l List) more() bool {
	return slices.ContainsFunc([]string{"method", "min", "max"}, func(name string) bool { return l.Query.Get(name) != "" })
}

// chips are the parts of the filter that are set and understood, each with the list without it.
func (l List) chips(ctx context.Context) []ui.Chip {
	var all []ui.Chip
	for _, name := range names() {
		value := l.Query.Get(name)
		if value == "" || l.isWrong(name) || name == "sort" || name == "cols" || name == "after" || name == "before" {
			continue
		}
		all = append(all, ui.Chip{Text: ui.T(ctx, "payouts.chip."+name, "Value", l.say(ctx, name, value)), Href: l.Query.With(name, "").Href(ctx)})
	}
	return all
}

// say is a value of the filter in words.
func (l List) say(ctx context.Context, name, value string) string {
	switch name {
	case "q":
		return ui.L(ctx).Quote(value)
	case "store":
		return views.From(ctx).StoreName(store.ID(value))
	case "provider":
		if i := slices.IndexFunc(l.Names, func(p ProviderName) bool { return p.ID == value }); i >= 0 {
			return l.Names[i].Name
		}
	case "method":
		if i := slices.IndexFunc(l.Used.Methods, func(m payout.UsedMethod) bool { return m.ID == value }); i >= 0 {
			return l.Used.Methods[i].Name
		}
	case "state":
		return stateWords(ctx, value)
	case "mode":
		return ui.T(ctx, "mode."+value)
	case "from", "to":
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			return ui.L(ctx).Date(day)
		}
	case "min":
		return l.amount(ctx, l.Filter.Min)
	case "max":
		return l.amount(ctx, l.Filter.Max)
	}
	return value
}

func (l List) amount(ctx context.Context, decimal string) string {
	a, err := money.ParseDecimal(decimal, l.Filter.Currency)
	if err != nil {
		return decimal
	}
	return ui.MoneyText(ctx, a)
}

// isWrong reports whether a part of the address was left out.
func (l List) isWrong(name string) bool {
	return slices.ContainsFunc(l.Wrong, func(w Wrong) bool { return w.Name == name })
}

// wrong says what is wrong with a part of the address.
func (l List) wrong(ctx context.Context, w Wrong) string {
	return ui.T(ctx, w.Key, "Name", ui.T(ctx, "payouts.filter."+w.Name), "Value", ui.Shorten(w.Value))
}
