package ui

import (
	"strings"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/web/payout"
)

// stateClass is the class suffix of a state.
func stateClass(s payout.State) string {
	if s == payout.Submitted {
		return "waiting"
	}
	return strings.ReplaceAll(string(s), "_", "-")
}

// stateIcon is the shape of a state. No two states share one.
func stateIcon(s payout.State) string { return stateClass(s) }

// MarkOpts says what a Mark looks like.
type MarkOpts struct {
	Like  string // the look of which state: "paid", "failed", "waiting", "unknown", "cancelled" …
	Icon  string // empty: that state's
	Text  string
	State string // for tests: data-state
	Boxed bool
}

func (m MarkOpts) icon() string {
	if m.Icon != "" {
		return m.Icon
	}
	return m.Like
}

// HealthOpts says how something does. Without a tone all is well.
type HealthOpts struct {
	Tone  views.Tone
	Text  string
	Plain bool // not known, or not used yet
}

func (h HealthOpts) icon() string {
	switch {
	case h.Plain:
		return "open"
	case h.Tone == "", h.Tone == views.Good:
		return "approved"
	default:
		return toneIcon(h.Tone)
	}
}
