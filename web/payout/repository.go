package payout

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// Repository keeps payouts. db.Payouts is the only implementation; tests use it on a temporary file.
type Repository interface {
	// Insert stores a new payout with its audit entries in one commit.
	Insert(ctx context.Context, p *Payout) error

	// Find returns ErrNotFound for what is missing and for what lies outside s.
	Find(ctx context.Context, s Scope, id ID) (*Payout, error)

	// Update loads a payout inside an immediate transaction, lets change alter it, and commits what changed together
	// with its audit entries and exchanges. change must be quick and must not do I/O. If change refuses, nothing is
	// written and the payout is returned as it stands, with the error. An error wrapped in Keep is returned after
	// the commit.
	Update(ctx context.Context, s Scope, id ID, change func(*Payout, World) error) (*Payout, error)

	// Look lets look read what rules look at, as it stands at one moment.
	Look(ctx context.Context, look func(World) error) error
}

// World is what rules look at besides the payout, read inside the same transaction as the change.
type World interface {
	Person(access.PersonID) (access.Person, error) // a missing person is the zero Person
	Account(store.AccountID) (store.Account, error)
	OnePerson() (bool, error)
	Epoch() (int64, error)       // of the process that holds the sender role now
	Halted() (string, error)     // why the whole database must not send, "" if it may
	Policy() (policy.Set, error) // the rules that hold
	// Known reports whether a store has paid an account before, by the key of the recipient.
	Known(store.ID, string) (bool, error)
	// Spent adds up what was approved and is not known to have come to nothing: one currency, from a moment on, without
	// the payout itself, in live or in test mode.
	Spent(Spending) (int64, error)
	Zone(store.ID) (*time.Location, error)
	UseStepUp(access.StepUp) error // uses up a confirmation; refuses one that is stale, used or another's
}

// Spending says what a limit counts.
type Spending struct {
	Store    store.ID        // "": of every store
	Approver access.PersonID // "": whoever approved it
	Currency string
	Live     bool
	Since    time.Time
	Except   ID
}

// Scope is the set of stores a caller may see. Every method takes one; the zero Scope sees nothing.
type Scope struct{ reach access.Reach }

// ScopeOf is what a person may see or do with a permission.
func ScopeOf(by access.Person, perm access.Permission) Scope {
	return Scope{access.ReachOf(by, perm)}
}

// InStore is the scope of one store, for jobs and webhooks that belong to it.
func InStore(id store.ID) Scope { return Scope{access.Reach{IDs: []access.StoreID{id}}} }

// Everywhere is the scope of what concerns the whole database: taking over the sender role, and checking sums.
func Everywhere() Scope { return Scope{access.Reach{All: true}} }

// Reach is the set of stores.
func (s Scope) Reach() access.Reach { return s.reach }

// Due is a payout whose time has come: to be sent, or to be looked up.
type Due struct {
	ID    ID
	Store store.ID
	State State
}

// keep marks an error that must not undo the change.
type keep struct{ error }

func (k keep) Unwrap() error { return k.error }

// Keep wraps a refusal that leaves a trace: the change is committed and the error returned.
func Keep(err error) error { return keep{err} }

// Kept reports whether err came with a change that must be committed, and unwraps it.
func Kept(err error) (bool, error) {
	if k, ok := err.(keep); ok { //nolint:errorlint // only the outermost wrapping says so
		return true, k.error
	}
	return false, err
}
