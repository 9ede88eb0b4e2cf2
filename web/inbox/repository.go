package inbox

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Repository keeps webhooks. db.Hooks is the only implementation.
type Repository interface {
	// Keep stores a webhook durably before anything is made of it, with the time when it falls due unless Save comes first.
	Keep(ctx context.Context, h Hook) error
	// Save stores what was made of it.
	Save(ctx context.Context, h Hook) error
	Hook(ctx context.Context, s payout.Scope, id string) (Hook, error)
	List(ctx context.Context, s payout.Scope, f Filter) (Page, error)
	Due(ctx context.Context, now time.Time, limit int) ([]Hook, error)
	// Tally counts what came in since a time, by verdict.
	Tally(ctx context.Context, s payout.Scope, since time.Time) (map[Verdict]int, error)
	// Same finds an earlier genuine webhook of an account with the same body: its ID and payout alone.
	Same(ctx context.Context, account store.AccountID, digest, except string) (Hook, error)
	// Refused counts what was not genuine, or could not be looked at, from an address since a time; CountFlood counts one
	// that is not kept.
	Refused(ctx context.Context, address string, since time.Time) (int, error)
	CountFlood(ctx context.Context, address string, at time.Time) (int, error)
	// Floods lists what was counted since a time, the latest hours first.
	Floods(ctx context.Context, since time.Time, limit int) ([]Flood, error)
	// Did writes down what people had done with webhooks, and Acts lists it, the first one first.
	Did(ctx context.Context, acts []Act, entries ...audit.Entry) error
	Acts(ctx context.Context, s payout.Scope, hook string) ([]Act, error)
	// Flying lists payouts that were sent before a time and have not ended, those asked for first first.
	Flying(ctx context.Context, s payout.Scope, before time.Time, limit int) ([]Flight, error)
	// Took is how long the latest payouts took that ended, by what was asked for.
	Took(ctx context.Context, w Way, limit int) ([]time.Duration, error)
	// Ended lists the latest payouts of an account that ended since a time.
	Ended(ctx context.Context, account store.AccountID, since time.Time, limit int) ([]Ending, error)
	// Heard counts the latest webhooks of an account since a time, by verdict.
	Heard(ctx context.Context, account store.AccountID, since time.Time, limit int) (map[Verdict]int, error)
	// KeepDays is for how many days headers and bodies are kept, 0 for ever.
	KeepDays(ctx context.Context) (int, error)
	SetKeepDays(ctx context.Context, days int, entries ...audit.Entry) error
	// Forget empties headers and bodies of some webhooks that came before a time and reports how many.
	Forget(ctx context.Context, before time.Time, limit int) (int, error)
	// AddWords makes the next webhooks findable by their words and reports how many it took.
	AddWords(ctx context.Context, limit int) (int, error)
}
