// Package seed makes up a history: stores, accounts, payouts and webhooks that look like years of business, the same for the same
// seed. It is for benchmarks and screenshots. No person, company account or number in it is real. It is not promised to stay
// compatible.
package seed

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Author is who asks for all of it, Approver who approves it. Both are made up and cannot sign in.
const (
	Author   access.PersonID = "seedauthor"
	Approver access.PersonID = "seedapprover"
)

// Names of the two.
const (
	AuthorName   = "Made-up merchant"
	ApproverName = "Made-up approver"
)

// span is how far back the history goes.
const span = 3 * 365 * 24 * time.Hour

// History is a made-up history that ends at a time.
type History struct {
	Stores   []store.Store
	Accounts []store.Account

	payouts int
	end     time.Time
	seed    uint64
	ways    map[store.AccountID][]way
}

// New lays out stores with five accounts each.
func New(payouts, stores int, seed uint64, end time.Time) *History {
	h := &History{payouts: payouts, end: end, seed: seed, ways: map[store.AccountID][]way{}}
	for i := range stores {
		st := store.Store{ID: store.ID(fmt.Sprintf("seed%022d", i)), Name: storeName(i), Zone: zones()[i%len(zones())], CreatedAt: end.Add(-span)}
		h.Stores = append(h.Stores, st)
		for _, c := range companies() {
			a := store.Account{ID: store.AccountID(fmt.Sprintf("seed%s%014d", c.id[:4], i)) + "made", Store: st.ID, Provider: c.id,
				Label: c.name + " " + st.Name, Live: i%10 != 9, Version: 1, CreatedAt: st.CreatedAt}
			h.Accounts = append(h.Accounts, a)
			h.ways[a.ID] = c.ways
		}
	}
	return h
}

func storeName(i int) string {
	name := storeNames()[i%len(storeNames())]
	if n := i / len(storeNames()); n > 0 {
		return fmt.Sprintf("%s %d", name, n+1)
	}
	return name
}

// Payouts yields the payouts, oldest first. Each is a new one; the last few are still on their way.
func (h *History) Payouts() iter.Seq[*payout.Payout] {
	return func(yield func(*payout.Payout) bool) {
		r := rand.New(rand.NewPCG(h.seed, 1)) //nolint:gosec // the same for the same seed is what it is for
		step := span / time.Duration(max(h.payouts, 1))
		for i := range h.payouts {
			at := h.end.Add(-span + time.Duration(i)*step + time.Duration(r.Int64N(int64(step)+1)))
			if !yield(h.payout(r, i, at.Truncate(time.Millisecond))) {
				return
			}
		}
	}
}

func (h *History) payout(r *rand.Rand, i int, at time.Time) *payout.Payout {
	a := h.Accounts[r.IntN(len(h.Accounts))]
	w := h.ways[a.ID][r.IntN(len(h.ways[a.ID]))]
	who := h.person(r, w)
	p := &payout.Payout{ID: idOf(r, i), Store: a.Store, State: h.state(r, i), Version: 1, Author: Author, Editors: []access.PersonID{Author},
		CreatedAt: at, UpdatedAt: at, SubmittedAt: at.Add(time.Duration(r.IntN(900)) * time.Second)}
	p.Content = payout.Content{Account: a.ID, Provider: a.Provider, Company: w.company, Live: a.Live, Credential: 1, Method: w.method, MethodName: w.name,
		Country: w.country, Amount: w.amount(r), Description: reasons()[r.IntN(len(reasons()))] + fmt.Sprintf(" %d", 1000+r.IntN(9000)),
		Details: []payout.Detail{
			{Name: "name", Label: providers.Text{English: "Name"}, Value: who.name, Role: providers.RoleName},
			{Name: "account", Label: providers.Text{English: "Account"}, Value: who.number, Role: w.role},
		}}
	h.send(r, p)
	return p
}

// state is where a payout has come to: nearly all are paid, and only the latest are still on their way.
func (h *History) state(r *rand.Rand, i int) payout.State {
	if left := h.payouts - i; left <= 40 {
		return []payout.State{payout.Accepted, payout.Paid, payout.Unknown, payout.Paid, payout.Draft, payout.Paid, payout.Failed, payout.Paid}[left%8]
	}
	n := r.IntN(1000)
	for _, s := range shares() {
		if n -= s.of1000; n < 0 {
			return s.state
		}
	}
	return payout.Paid
}

type share struct {
	state  payout.State
	of1000 int
}

func shares() []share {
	return []share{{payout.Failed, 30}, {payout.Refused, 15}, {payout.Rejected, 12}, {payout.Returned, 6}, {payout.Withdrawn, 5}, {payout.Cancelled, 4},
		{payout.NotSent, 3}, {payout.Discarded, 3}, {payout.NotExecuted, 2}}
}

// send fills in what sending left behind.
func (h *History) send(r *rand.Rand, p *payout.Payout) {
	switch p.State {
	case payout.Draft, payout.Discarded:
		p.SubmittedAt = time.Time{}
		return
	case payout.Rejected, payout.Withdrawn:
		p.EndedAt = p.SubmittedAt.Add(time.Hour)
		p.UpdatedAt = p.EndedAt
		return
	default:
	}
	a := payout.Attempt{No: 1, Decision: 1, Reference: "S" + string(p.ID) + letters(r, 7), Outcome: payout.Accepted, Epoch: 1,
		StartedAt: p.SubmittedAt.Add(time.Duration(60+r.IntN(7200)) * time.Second)}
	a.EndedAt = a.StartedAt.Add(time.Second)
	p.Decisions = 1
	p.UpdatedAt = a.EndedAt
	switch p.State {
	case payout.NotSent:
		a.Outcome = payout.NotSent
	case payout.Refused:
		a.Outcome, p.Reason = payout.Refused, "The account number does not exist"
	case payout.Unknown, payout.NotExecuted:
		a.Outcome = payout.Unknown
	default:
		a.RemoteID = "po_" + strings.ToLower(letters(r, 14))
	}
	p.Attempts = []payout.Attempt{a}
	if p.State == payout.Accepted || p.State == payout.Unknown {
		return
	}
	p.EndedAt = a.StartedAt.Add(time.Duration(20+r.ExpFloat64()*600) * time.Second)
	p.UpdatedAt = p.EndedAt
	switch p.State {
	case payout.Failed:
		p.Reason = failures()[r.IntN(len(failures()))]
	case payout.Paid, payout.Returned:
		p.Fee = money.Amount{Minor: p.Content.Amount.Minor / 100, Currency: p.Content.Amount.Currency}
	default:
	}
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func letters(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// idOf makes ids that grow, so that the tables they are the key of are written from front to back.
func idOf(r *rand.Rand, i int) payout.ID {
	b := []byte("00000000")
	for k := len(b) - 1; i > 0; k-- {
		b[k] = alphabet[i%len(alphabet)]
		i /= len(alphabet)
	}
	return payout.ID(string(b) + letters(r, 4))
}
