package inbox

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// DefaultKeepDays is how long headers and bodies are kept where nobody has said otherwise.
const DefaultKeepDays = 400

// KeepChoices lists for how many days headers and bodies may be kept; 0 is for ever. Digest, size and verdict always are.
func KeepChoices() []int { return []int{30, 90, 180, DefaultKeepDays, 730, 3650, 0} }

// ErrDays is returned for a number of days that is no choice.
var ErrDays = errors.New("webhooks are not kept for that long")

// SetKeepDays sets for how long headers and bodies are kept. What is older is emptied within a day.
func (s *Service) SetKeepDays(ctx context.Context, by access.Person, days int) error {
	if !access.Can(by, access.ManageSettings, "") {
		return access.ErrNotFound
	}
	if !slices.Contains(KeepChoices(), days) {
		return ErrDays
	}
	was, err := s.Repo.KeepDays(ctx)
	if err != nil || was == days {
		return err
	}
	return s.Repo.SetKeepDays(ctx, days, s.entry(by, "", audit.SettingsChanged, "hook_days", map[string]any{"hook_days": days, "was": was}))
}

// forgetAtOnce is how many webhooks are emptied in one commit, so that nobody waits long for it.
const forgetAtOnce = 100

// Forget empties headers and bodies that are older than they are kept for, a few at a time, and reports how many; with none it is
// done.
func (s *Service) Forget(ctx context.Context) (int, error) {
	days, err := s.Repo.KeepDays(ctx)
	if err != nil || days == 0 {
		return 0, err
	}
	return s.Repo.Forget(ctx, s.Now().Add(-time.Duration(days)*24*time.Hour), forgetAtOnce)
}
