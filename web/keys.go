package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

// ErrRunning is returned by what needs the database for itself while another process has the sender role.
var ErrRunning = errors.New("another process is sending from this database: stop it first")

// KeyStatus is which keys an installation has and how much is sealed under each.
type KeyStatus struct {
	Master string    `json:"master"` // id of the master key
	Keys   []DataKey `json:"keys"`   // the one that seals first
}

// DataKey is one key that seals values.
type DataKey struct {
	ID     uint32 `json:"id"`
	Seals  bool   `json:"seals"`
	Values int    `json:"values"`
}

// KeyStatus counts what is sealed under which key.
func (a *App) KeyStatus(ctx context.Context) (KeyStatus, error) {
	counts, err := a.db.SealedUnder(ctx)
	if err != nil {
		return KeyStatus{}, err
	}
	s := KeyStatus{Master: a.vault.MasterID()}
	for i, id := range a.vault.DataKeys() {
		s.Keys = append(s.Keys, DataKey{ID: id, Seals: i == 0, Values: counts[id]})
	}
	return s, nil
}

// alone runs what needs the database for itself.
func (a *App) alone(f func() error) error {
	got, err := a.runner.Lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock database: %w", err)
	}
	if !got {
		return ErrRunning
	}
	return errors.Join(f(), a.runner.Lock.Unlock())
}

// DamagedError names sealed values that do not open. They are left as they are, and so is the key they may need.
type DamagedError struct{ Values []string }

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%d sealed values do not open; the old key is kept because of them", len(e.Values))
}

// RotateData makes a new data key, seals every value anew under it and then destroys the old one. It may be killed at any time:
// called again it goes on. tell hears after each commit how many values are done and how many there are. A *DamagedError
// comes with everything else done.
func (a *App) RotateData(ctx context.Context, tell func(done, all int)) error {
	return a.alone(func() error {
		v, err := vault.AddDataKey(ctx, a.config.MasterKey, a.db.Keysets())
		if err != nil {
			return err
		}
		a.vault = v
		a.db.UseVault(v)
		if err := a.noteKeys(ctx, "begun"); err != nil {
			return err
		}
		if err := a.reseal(ctx, tell); err != nil {
			return err
		}
		if v, err = vault.DropDataKeys(ctx, a.config.MasterKey, a.db.Keysets()); err != nil {
			return err
		}
		a.vault = v
		a.db.UseVault(v)
		return a.noteKeys(ctx, "done")
	})
}

func (a *App) reseal(ctx context.Context, tell func(done, all int)) error {
	status, err := a.KeyStatus(ctx)
	if err != nil {
		return err
	}
	all, done := 0, 0
	for _, k := range status.Keys {
		all += k.Values
		if k.Seals {
			done = k.Values
		}
	}
	var damaged []string
	tell(done, all)
	err = a.db.Reseal(ctx, func(r db.Resealed) {
		damaged = append(damaged, r.Damaged...)
		done += r.Done
		tell(done, all)
	})
	if err != nil {
		return err
	}
	counts, err := a.db.SealedUnder(ctx)
	if err != nil {
		return err
	}
	for id := range counts {
		if id != a.vault.DataKeys()[0] && len(damaged) == 0 {
			damaged = append(damaged, fmt.Sprintf("%d under key %d", counts[id], id))
		}
	}
	if len(damaged) > 0 {
		slices.Sort(damaged)
		return &DamagedError{damaged}
	}
	return nil
}

// RotateMaster wraps the keys with another master key, in one commit. From then on the app needs that one.
func (a *App) RotateMaster(ctx context.Context, to vault.KeySource) error {
	return a.alone(func() error {
		v, err := vault.Rewrap(ctx, a.config.MasterKey, to, a.db.Keysets())
		if err != nil {
			return err
		}
		a.config.MasterKey, a.vault = to, v
		return a.noteKeys(ctx, "master")
	})
}

func (a *App) noteKeys(ctx context.Context, what string) error {
	details, err := json.Marshal(map[string]any{"what": what, "master": a.vault.MasterID(), "keys": a.vault.DataKeys()})
	if err != nil {
		return fmt.Errorf("encode audit row: %w", err)
	}
	return a.db.Note(ctx, audit.Entry{At: a.config.Now(), Actor: audit.System, ActorName: "Paywicket", Action: audit.KeysRotated, Details: string(details)})
}
