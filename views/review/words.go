package review

import (
	"context"
	"strconv"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func version(p *payout.Payout) string { return strconv.Itoa(p.Version) }

func self(ctx context.Context) access.PersonID { return views.From(ctx).Person.ID }

// rule is the key of who has to agree.
func rule(c Case) string {
	if c.OnePerson {
		return "review.rule_one"
	}
	return "review.rule_two"
}

// ruleOfConflict is the key of who has to agree on a contradiction.
func ruleOfConflict(c Case) string {
	if c.OnePerson {
		return "review.rule_one"
	}
	return "review.rule_conflict"
}
