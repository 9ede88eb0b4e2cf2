package access

import (
	"slices"
	"time"
)

// PersonID names a person. It is never reused, also not after the person is disabled and invited again.
type PersonID string

// Role is what a person is in a store, or, for a super admin, in the whole installation.
type Role string

// The roles.
const (
	MerchantAdmin Role = "merchant-admin"
	Accountant    Role = "accountant"
	SuperAdmin    Role = "super-admin"
)

// Roles lists every role, the least first.
func Roles() []Role { return []Role{Accountant, MerchantAdmin, SuperAdmin} }

// StoreID names a store; store.ID is the same type. It stands here because package store builds on this one.
type StoreID string

// Grant is one role in one store. A super admin's grant has no store.
type Grant struct {
	Role  Role
	Store StoreID
}

// Person is somebody who signs in, or whom a host program vouches for.
type Person struct {
	ID         PersonID
	Email      string
	Name       string
	Language   string // BCP 47, empty: the browser's
	Theme      string // "light", "dark", empty: the system's
	Grants     []Grant
	Disabled   bool
	External   bool // signs in through the host program
	HasPasskey bool // confirms decisions with a passkey that works at the address the console has now
	HasTOTP    bool // confirms decisions with an authenticator code
	HasPass    bool // has a password here
	SeenAt     time.Time
	MadeAt     time.Time
}

// IsSuper reports whether p is a super admin who is not disabled.
func (p Person) IsSuper() bool {
	return !p.Disabled && slices.ContainsFunc(p.Grants, func(g Grant) bool { return g.Role == SuperAdmin })
}

// Stores lists the stores p has a role in. All is true for a super admin, who sees every store.
func (p Person) Stores() Reach {
	if p.Disabled {
		return Reach{}
	}
	if p.IsSuper() {
		return Reach{All: true}
	}
	var r Reach
	for _, g := range p.Grants {
		r.IDs = append(r.IDs, g.Store)
	}
	slices.Sort(r.IDs)
	r.IDs = slices.Compact(r.IDs)
	return r
}

// Reach is a set of stores. The zero value is empty.
type Reach struct {
	All bool
	IDs []StoreID
}

// Has reports whether the store is in the set.
func (r Reach) Has(id StoreID) bool { return r.All || slices.Contains(r.IDs, id) }
