// Package views is what every page knows about the request it answers. Pages themselves are in the packages below it:
// layout (the shell), ui (the parts), link (every URL), i18n (every text), and one package an area.
//
// The package makes no promise of compatibility.
package views

//go:generate go tool -modfile=../tools.mod templ generate

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// Request is what pages know about a request besides their own values. The zero value is a signed-out visitor who reads
// English at UTC.
type Request struct {
	Base      string // mount prefix, "/payouts", without a slash at its end; empty at the root
	Public    string // public address with the mount prefix, "https://pay.example/payouts": for absolute addresses
	Path      string // of the request, with the prefix
	RequestID string

	Language  string // tag of the catalog in use, "fr"
	Localizer *i18n.Localizer
	Zone      *time.Location // in which times are written unless a page says otherwise
	Theme     string         // "light", "dark", empty: the system's
	Now       time.Time

	Person   access.Person
	SignedIn bool
	CSRF     string  // token of the session, a field of every form
	Flash    []Flash // messages to show once

	Stores []store.Store // those the person may see, for the store menu
	Store  store.ID      // the one the page is limited to, empty: all

	Mode      string   // "live" or "test" if everything on the page is of that mode, else empty
	Demo      bool     // the providers are simulators
	Frozen    string   // why and since when sending is frozen, a whole sentence; empty: it is not
	Stopped   []string // what else is stopped, a whole sentence for each store
	Waiting   int      // payouts this person could approve
	Review    int      // unknown payouts that need people
	SetupDone bool
	Version   string

	Workbooks bool // exports can be workbooks
	Receipts  bool // there are receipts
}

// Flash is a message shown once, on the next page.
type Flash struct {
	Tone Tone
	Text string
	Href string // where it leads, with Link as its words; empty: nowhere
	Link string
}

// Tone is how something stands out. The zero value does not.
type Tone string

// The tones. Odd is for unknown outcomes and nothing else.
const (
	Good Tone = "good"
	Warn Tone = "warn"
	Bad  Tone = "bad"
	Odd  Tone = "odd"
)

// The modes of a page.
const (
	Live = "live"
	Test = "test"
)

// key is the type of the context key, so that no other package can collide with it.
type key struct{}

// With returns a context that carries r.
func With(ctx context.Context, r Request) context.Context { return context.WithValue(ctx, key{}, r) }

// From returns the request of a context, usable also if the context carries none.
func From(ctx context.Context) Request {
	r, _ := ctx.Value(key{}).(Request)
	if r.Localizer == nil {
		r.Localizer = &i18n.Localizer{}
	}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	if r.Language == "" {
		r.Language = r.Localizer.Tag()
	}
	return r
}

// Can reports whether the person may do perm in any store: what is not allowed is not shown.
func (r Request) Can(perm access.Permission) bool { return access.CanSomewhere(r.Person, perm) }

// StoreName names a store the person may see, its id if it is not among them.
func (r Request) StoreName(id store.ID) string {
	for _, s := range r.Stores {
		if s.ID == id {
			return s.Name
		}
	}
	return string(id)
}
