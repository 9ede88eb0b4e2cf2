package runner

import (
	"time"

	"github.com/paywicket/paywicket/web/store"
)

// OfferDue is how old an account's offer may get.
func OfferDue(id store.AccountID) time.Duration { return offerDue(id) }
