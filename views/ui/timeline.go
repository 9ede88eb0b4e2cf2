package ui

import (
	"time"

	"github.com/paywicket/paywicket/views"
)

// ItemOpts says when something happened and what kind of thing it was. Icons: "person", "approved", "out" (to the
// provider), "in" (webhook), "ask" (look-up), "accepted", "failed", "unknown", "note".
type ItemOpts struct {
	At   time.Time
	Tone views.Tone
	Icon string // empty: that of the tone
}

func (i ItemOpts) icon() string {
	if i.Icon != "" {
		return i.Icon
	}
	return toneIcon(i.Tone)
}
