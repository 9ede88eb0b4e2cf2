package store

import (
	"context"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// Freeze stops an account from sending. by is nobody when Paywicket does it by itself.
func (s *Service) Freeze(ctx context.Context, by access.Person, a Account, reason string) error {
	if by.ID != "" && !access.Can(by, access.FreezeSending, a.Store) {
		return ErrNotFound
	}
	if a.Frozen.On() {
		return nil
	}
	a.Frozen = Freeze{At: s.now(), By: by.ID, Reason: reason}
	return s.repo.SaveFreeze(ctx, a, s.entry(by, a.Store, audit.AccountFrozen, string(a.ID), map[string]any{"reason": reason}))
}

// Unfreeze lets it send again.
func (s *Service) Unfreeze(ctx context.Context, by access.Person, a Account) error {
	if !access.Can(by, access.FreezeSending, a.Store) {
		return ErrNotFound
	}
	a.Frozen = Freeze{}
	return s.repo.SaveFreeze(ctx, a, s.entry(by, a.Store, audit.AccountUnfrozen, string(a.ID), nil))
}

// FreezeStore stops every account of a store from sending, also those that are connected later.
func (s *Service) FreezeStore(ctx context.Context, by access.Person, st Store, reason string) error {
	if !access.Can(by, access.FreezeSending, st.ID) {
		return ErrNotFound
	}
	if st.Frozen.On() {
		return nil
	}
	st.Frozen = Freeze{At: s.now(), By: by.ID, Reason: reason}
	return s.repo.SaveStoreFreeze(ctx, st, s.entry(by, st.ID, audit.StoreFrozen, string(st.ID), map[string]any{"reason": reason}))
}

// UnfreezeStore lets it send again. Accounts that were stopped by themselves stay so.
func (s *Service) UnfreezeStore(ctx context.Context, by access.Person, st Store) error {
	if !access.Can(by, access.FreezeSending, st.ID) {
		return ErrNotFound
	}
	st.Frozen = Freeze{}
	return s.repo.SaveStoreFreeze(ctx, st, s.entry(by, st.ID, audit.StoreUnfrozen, string(st.ID), nil))
}

// Stopped is the freeze that holds for an account: its own, else its store's.
func (a Account) Stopped() Freeze {
	if a.Frozen.On() {
		return a.Frozen
	}
	return a.StoreFrozen
}
