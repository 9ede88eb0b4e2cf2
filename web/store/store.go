package store

import (
	"sync"
	"time"

	"github.com/paywicket/paywicket/web/access"
)

// ID names a store.
type ID = access.StoreID

// AccountID names an account of a store at a provider.
type AccountID string

// Store is a merchant's shop. It owns accounts and payouts.
type Store struct {
	ID        ID
	Name      string
	Zone      string // IANA time zone in which its days begin and its times are shown
	CreatedAt time.Time
	Frozen    Freeze // nothing is sent from any of its accounts
}

// zones keeps the time zones that stores have: reading one takes as long as drawing a row of a list.
var zones sync.Map //nolint:gochecknoglobals // time zones are the same for everybody

// Location returns the store's time zone, UTC if it is not known on this machine.
func (s Store) Location() *time.Location {
	if kept, ok := zones.Load(s.Zone); ok {
		return kept.(*time.Location) //nolint:forcetypeassert // there is nothing else in it
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	zones.Store(s.Zone, loc)
	return loc
}
