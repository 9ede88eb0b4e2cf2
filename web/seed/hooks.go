package seed

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Hooks makes webhooks about payouts: Of is asked for each payout, in their order.
type Hooks struct {
	h     *History
	r     *rand.Rand
	all   int
	asked int // payouts
	made  int
}

// Hooks makes n webhooks in all.
func (h *History) Hooks(n int) *Hooks {
	return &Hooks{h: h, r: rand.New(rand.NewPCG(h.seed, 2)), all: n} //nolint:gosec // as above
}

// Of makes the webhooks that came about a payout.
func (k *Hooks) Of(p *payout.Payout) []inbox.Hook {
	k.asked++
	var all []inbox.Hook
	for k.made < k.asked*k.all/k.h.payouts {
		all = append(all, k.one(p, len(all)))
	}
	return all
}

func (k *Hooks) one(p *payout.Payout, nth int) inbox.Hook {
	k.made++
	at := p.UpdatedAt.Add(time.Duration(nth*40) * time.Second)
	status := "processing"
	if !p.EndedAt.IsZero() {
		status = string(p.State)
	}
	body := fmt.Appendf(nil, `{"event":"payout.%s","data":{"id":%q,"reference":%q,"amount":%q,"currency":%q,"status":%q}}`,
		status, p.RemoteID(), p.Reference(), p.Content.Amount.Decimal(), p.Content.Amount.Currency, status)
	hook := inbox.Hook{ID: fmt.Sprintf("seedhook%018d", k.made), Account: p.Content.Account, Store: p.Store, Provider: p.Content.Provider,
		Token: "made-up", Address: fmt.Sprintf("192.0.2.%d", 1+k.r.IntN(250)), ReceivedAt: at, Body: body, Size: len(body),
		Header:  http.Header{"Content-Type": {"application/json"}, "X-Signature": {fmt.Sprintf("%064x", k.r.Uint64())}},
		Verdict: inbox.Applied, Event: "payout." + status, Payout: p.ID, From: payout.Accepted, To: p.State, Reply: http.StatusOK, DoneAt: at}
	switch p.State {
	case payout.Paid, payout.Failed, payout.Cancelled, payout.Returned:
		hook.Result = providers.Result{Attempt: providers.Attempt{Reference: p.Reference(), RemoteID: p.RemoteID()}, Status: providers.Status(p.State), Word: status, Amount: p.Content.Amount}
	default:
	}
	switch n := k.r.IntN(100); {
	case p.RemoteID() == "":
		hook.Verdict, hook.Payout, hook.From, hook.To = inbox.Unmatched, "", "", ""
	case nth > 0:
		hook.Verdict, hook.From, hook.To = inbox.Duplicate, p.State, p.State
	case n < 2:
		hook.Verdict, hook.Code, hook.Payout, hook.From, hook.To, hook.Reply = inbox.Forged, "signature", "", "", "", http.StatusBadRequest
		hook.Result = providers.Result{}
	}
	return hook
}
