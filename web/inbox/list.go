package inbox

import (
	"time"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Filter narrows the list of webhooks.
type Filter struct {
	Verdicts []Verdict // any of these
	Late     bool      // only those that came late
	Store    store.ID
	Provider string
	Account  store.AccountID
	Payout   payout.ID
	Address  string    // who posted it
	From, To time.Time // [From, To) by arrival; zero: open
	Text     string    // words of event, references, header and body, as typed
	Lean     bool      // header and body are left out, unless something is searched in them
	After    Cursor
	Before   Cursor
	Limit    int
}

// Cursor is a place in the list.
type Cursor struct {
	At  time.Time
	ID  string
	Seq int64 // instead of At and ID where a text is searched
}

// IsZero reports whether it is no place.
func (c Cursor) IsZero() bool { return c.ID == "" && c.Seq == 0 }

// Page is one page of the list, newest first.
type Page struct {
	Hooks      []Hook
	Next, Prev Cursor
	// Until is how far back was looked when that ended before the page was full: what is older is one step further. Zero
	// if the page is full, or nothing is older.
	Until time.Time
}

// Flood is what was not kept of one address in one hour.
type Flood struct {
	Address string
	Hour    time.Time
	Count   int
}
