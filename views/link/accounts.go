package link

import (
	"context"
	"net/url"
)

// Stores is the list of stores.
func Stores(ctx context.Context) string { return to(ctx, "stores") }

// NewStore is where a store is opened.
func NewStore(ctx context.Context) string { return to(ctx, "stores", "new") }

// Store is one store with its accounts.
func Store(ctx context.Context, id string) string { return to(ctx, "stores", id) }

// Accounts is the list of accounts.
func Accounts(ctx context.Context) string { return to(ctx, "accounts") }

// Account is one account.
func Account(ctx context.Context, id string) string { return to(ctx, "accounts", id) }

// AccountTest is where the test call is made.
func AccountTest(ctx context.Context, id string) string { return to(ctx, "accounts", id, "test") }

// AccountKeys is where keys are replaced.
func AccountKeys(ctx context.Context, id string) string { return to(ctx, "accounts", id, "keys") }

// AccountFreeze is where sending of an account is stopped and started.
func AccountFreeze(ctx context.Context, id string) string { return to(ctx, "accounts", id, "freeze") }

// AccountMethods is the ways to be paid that an account offers.
func AccountMethods(ctx context.Context, id string) string { return to(ctx, "accounts", id, "methods") }

// AccountOffer is how what an account offers changed.
func AccountOffer(ctx context.Context, id string) string { return to(ctx, "accounts", id, "offer") }

// AccountMend is where what no longer fits is filled in.
func AccountMend(ctx context.Context, id string) string { return to(ctx, "accounts", id, "mend") }

// NewAccount is where an account is connected; store may be empty.
func NewAccount(ctx context.Context, store string) string {
	path := to(ctx, "accounts", "new")
	if store == "" {
		return path
	}
	return with(path, url.Values{"store": {store}})
}

// NewAccountAt is where an account of a store is connected at one provider.
func NewAccountAt(ctx context.Context, store, provider string) string {
	return with(to(ctx, "accounts", "new"), url.Values{"store": {store}, "provider": {provider}})
}
