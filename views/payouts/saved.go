package payouts

import (
	"context"
	"net/url"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// Naming is the form that gives a filter a name, as it was sent.
type Naming struct {
	Name, Error string
	Shared      bool
}

// Encoded is the query as a view keeps it: without the place in the list.
func (q Query) Encoded() string { return q.With("", "").values.Encode() }

// Named is the query as it is given a name, "" if it narrows nothing.
func (q Query) Named() string {
	if !q.Set() {
		return ""
	}
	return q.Encoded()
}

// OfView is the query of a view, "" cut to what a history understands.
func OfView(v payout.View) Query {
	values, err := url.ParseQuery(v.Query)
	if err != nil {
		return Query{url.Values{}}
	}
	return ReadQuery(values)
}

func viewHref(ctx context.Context, v payout.View) string { return OfView(v).Href(ctx) }

// current reports whether a view is what is on screen.
func (l List) current(v payout.View) bool { return OfView(v).Encoded() == l.Query.Encoded() }

// viewName is a view as it is listed: one that somebody else shares bears that name too.
func viewName(ctx context.Context, v payout.View) string {
	if v.Owner == views.From(ctx).Person.ID {
		return v.Name
	}
	return ui.T(ctx, "payouts.view_by", "View", v.Name, "Name", v.OwnerName)
}

func (l List) naming(ctx context.Context) ui.Field {
	return ui.Field{Name: "name", ID: "view-name", Label: ui.T(ctx, "payouts.view_name"), Value: l.Naming.Name, Error: l.Naming.Error, Autocomplete: "off"}
}

func (l List) sharing(ctx context.Context) ui.Field {
	return ui.Field{Name: "shared", ID: "view-shared", Label: ui.T(ctx, "payouts.view_share")}
}

func mayRemove(ctx context.Context, v payout.View) bool {
	who := views.From(ctx).Person
	return v.Owner == who.ID || who.IsSuper()
}

func removeView(ctx context.Context, v payout.View) string {
	return link.PayoutView(ctx, v.ID, "remove")
}

// nameable reports whether there is a filter to give a name, or an attempt at it to mend.
func (l List) nameable() bool { return l.Query.Set() || l.Naming.Error != "" }

func (l List) viewsTitle(ctx context.Context) string {
	if len(l.Views) == 0 {
		return ui.T(ctx, "payouts.view_save")
	}
	return ui.N(ctx, "payouts.views_n", len(l.Views))
}
