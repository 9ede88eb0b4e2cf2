package payout

import (
	"time"

	"github.com/paywicket/paywicket/web/audit"
)

// What the tests see of the rules without a database.

func (p *Payout) Apply(e Evidence, now time.Time) (Effect, error) { return p.apply(e, now) }

func (p *Payout) Move(to State, now time.Time) error { return p.move(to, now) }

func (p *Payout) Entries() []audit.Entry { return p.entries }
