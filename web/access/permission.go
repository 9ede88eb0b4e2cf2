package access

import "slices"

// Permission is one thing a person may do.
type Permission string

// The permissions. Anyone and SignedIn are for routes that need no role.
const (
	Anyone         Permission = "anyone"          // also without a sign-in
	SignedIn       Permission = "signed-in"       // own sign-in, language, sessions
	ViewPayouts    Permission = "view-payouts"    // history, detail, totals
	DraftPayouts   Permission = "draft-payouts"   // draft, edit, submit, withdraw, discard
	ApprovePayouts Permission = "approve-payouts" // approve and send, reject, confirm what happened to an unknown one
	ReviewPayouts  Permission = "review-payouts"  // record evidence about an unknown payout
	ViewWebhooks   Permission = "view-webhooks"
	ViewAccounts   Permission = "view-accounts"   // which accounts there are, their balances and methods
	ManageAccounts Permission = "manage-accounts" // connect, replace keys, test
	FreezeSending  Permission = "freeze-sending"  // stop an account from sending, and let it send again
	ManageStores   Permission = "manage-stores"   // open a store, rename it
	ManagePeople   Permission = "manage-people"   // invite, change, disable
	ViewAudit      Permission = "view-audit"
	Reconcile      Permission = "reconcile"       // hold the books against the provider's record, explain what differs
	CloseMonths    Permission = "close-months"    // lock a month of the books
	ManageSettings Permission = "manage-settings" // one person or two, and what else holds for the installation
)

// rule is a row of the permission table.
type rule struct {
	permission Permission
	roles      []Role
}

// table says who may do what. The server's checks, the pages and docs/permissions.md are made from it.
func table() []rule {
	return []rule{
		{ViewPayouts, []Role{Accountant, MerchantAdmin, SuperAdmin}},
		{DraftPayouts, []Role{MerchantAdmin, SuperAdmin}},
		{ApprovePayouts, []Role{SuperAdmin}},
		{ReviewPayouts, []Role{Accountant, MerchantAdmin, SuperAdmin}},
		{ViewWebhooks, []Role{Accountant, MerchantAdmin, SuperAdmin}},
		{ViewAccounts, []Role{Accountant, MerchantAdmin, SuperAdmin}},
		{ManageAccounts, []Role{MerchantAdmin, SuperAdmin}},
		{FreezeSending, []Role{SuperAdmin}},
		{ManageStores, []Role{MerchantAdmin, SuperAdmin}},
		{ManagePeople, []Role{SuperAdmin}},
		{ViewAudit, []Role{Accountant, SuperAdmin}},
		{Reconcile, []Role{Accountant, SuperAdmin}},
		{CloseMonths, []Role{Accountant, SuperAdmin}},
		{ManageSettings, []Role{SuperAdmin}},
	}
}

// Permissions lists the permissions that need a role, in the order of the table.
func Permissions() []Permission {
	var all []Permission
	for _, r := range table() {
		all = append(all, r.permission)
	}
	return all
}

// Allows reports whether a role carries a permission.
func Allows(role Role, perm Permission) bool {
	return slices.ContainsFunc(table(), func(r rule) bool {
		return r.permission == perm && slices.Contains(r.roles, role)
	})
}

// Can reports whether p may do perm in a store. A disabled person may do nothing.
func Can(p Person, perm Permission, store StoreID) bool {
	return reach(p, perm).Has(store)
}

// CanSomewhere reports whether p may do perm in any store at all: it decides what a menu shows and which routes open.
func CanSomewhere(p Person, perm Permission) bool {
	switch perm {
	case Anyone:
		return true
	case SignedIn:
		return p.ID != "" && !p.Disabled
	}
	r := reach(p, perm)
	return r.All || len(r.IDs) > 0
}

// ReachOf is the set of stores in which p may do perm.
func ReachOf(p Person, perm Permission) Reach { return reach(p, perm) }

func reach(p Person, perm Permission) Reach {
	var r Reach
	if p.ID == "" || p.Disabled {
		return r
	}
	for _, g := range p.Grants {
		switch {
		case !Allows(g.Role, perm):
		case g.Role == SuperAdmin:
			return Reach{All: true}
		case g.Store != "":
			r.IDs = append(r.IDs, g.Store)
		}
	}
	slices.Sort(r.IDs)
	r.IDs = slices.Compact(r.IDs)
	return r
}
