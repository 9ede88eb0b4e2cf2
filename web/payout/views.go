package payout

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// View is a filter of the history that somebody gave a name.
type View struct {
	ID        string
	Owner     access.PersonID
	OwnerName string
	Name      string
	Query     string // of the history's address, without a "?"
	Shared    bool   // others see it too; what it finds is limited to what each may see
}

// ViewRepository keeps views. db.Payouts is the only implementation.
type ViewRepository interface {
	// Views lists a person's own views and those that others share, by name.
	Views(ctx context.Context, of access.PersonID) ([]View, error)
	SaveView(ctx context.Context, v View, e audit.Entry) error
	RemoveView(ctx context.Context, id string, e audit.Entry) error
}

// Views is what may be done with views.
type Views struct {
	Repo  ViewRepository
	Now   func() time.Time
	NewID func() string
}

// How much a view may hold, and how many a person may have.
const (
	maxViewName  = 60
	maxViewQuery = 2000
	maxViews     = 50
)

// Of lists a person's own views and those that others share.
func (v *Views) Of(ctx context.Context, by access.Person) ([]View, error) {
	return v.Repo.Views(ctx, by.ID)
}

// Save gives a filter a name. A view of the same name is replaced.
func (v *Views) Save(ctx context.Context, by access.Person, name, query string, shared bool) error {
	if !access.CanSomewhere(by, access.ViewPayouts) {
		return refuse(CodeNotAllowed)
	}
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return FieldErrors{{Field: "name", Key: "view.no_name"}}
	case utf8.RuneCountInString(name) > maxViewName || !utf8.ValidString(name):
		return FieldErrors{{Field: "name", Key: "view.long_name", Args: map[string]any{"Most": maxViewName}}}
	case query == "" || len(query) > maxViewQuery:
		return FieldErrors{{Field: "name", Key: "view.no_filter"}}
	}
	all, err := v.Repo.Views(ctx, by.ID)
	if err != nil {
		return err
	}
	view, own := View{ID: v.NewID(), Owner: by.ID, Name: name, Query: query, Shared: shared}, 0
	for _, one := range all {
		if one.Owner != by.ID {
			continue
		}
		if own++; strings.EqualFold(one.Name, name) {
			view.ID = one.ID
		}
	}
	if own >= maxViews {
		return FieldErrors{{Field: "name", Key: "view.too_many", Args: map[string]any{"Most": maxViews}}}
	}
	return v.Repo.SaveView(ctx, view, v.entry(by, audit.ViewSaved, view))
}

// Remove takes a view away: one's own, or, for a super admin, a shared one.
func (v *Views) Remove(ctx context.Context, by access.Person, id string) (View, error) {
	all, err := v.Repo.Views(ctx, by.ID)
	if err != nil {
		return View{}, err
	}
	for _, one := range all {
		if one.ID == id && (one.Owner == by.ID || by.IsSuper()) {
			return one, v.Repo.RemoveView(ctx, id, v.entry(by, audit.ViewRemoved, one))
		}
	}
	return View{}, ErrNotFound
}

func (v *Views) entry(by access.Person, action audit.Action, view View) audit.Entry {
	e := audit.Entry{At: v.Now(), Actor: string(by.ID), ActorName: by.Name, Action: action, Subject: view.ID, Details: "{}"}
	if b, err := json.Marshal(map[string]any{"name": view.Name, "shared": view.Shared}); err == nil {
		e.Details = string(b)
	}
	return e
}
