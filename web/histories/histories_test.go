package histories_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

var (
	seeds = flag.Int("seeds", 150, "how many histories")
	one   = flag.Uint64("seed", 0, "this history alone, printed")
)

// kept are seeds that once found something.
var kept = []uint64{}

const steps = 60

type history struct {
	*world
	rng    *rand.Rand
	seed   uint64
	check  *checker
	lines  []string
	faults map[string]int
	n      int
	frozen bool
	old    [][]byte
}

func (h *history) say(format string, args ...any) {
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

// TestHistories runs one history a seed and adds up what happened in them.
func TestHistories(t *testing.T) {
	total, ran, violations := map[string]int{}, 0, 0
	list := slices.Clone(kept)
	for s := range *seeds {
		list = append(list, uint64(s)+1)
	}
	if *one != 0 {
		list = []uint64{*one}
	}
	for _, seed := range list {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := play(t, seed)
			for k, n := range h.faults {
				total[k] += n
			}
			ran++
			violations += len(h.check.bad)
			if len(h.check.bad) > 0 || *one != 0 {
				t.Logf("seed %d\n%s", seed, strings.Join(h.lines, "\n"))
			}
			for _, bad := range h.check.bad[:min(len(h.check.bad), 5)] {
				t.Errorf("seed %d: %s", seed, bad)
			}
		})
	}
	var counts []string
	for k, n := range total {
		counts = append(counts, fmt.Sprintf("%s=%d", k, n))
	}
	slices.Sort(counts)
	t.Logf("seeds %d, steps %d, violations %d, %d kinds of faults: %s", ran, ran*steps, violations, len(total), strings.Join(counts, " "))
	if *one == 0 && *seeds >= 100 {
		for _, kind := range append(slices.Clone(answers), others...) {
			if total[kind] == 0 {
				t.Errorf("fault %s never happened", kind)
			}
		}
	}
}

func play(t *testing.T, seed uint64) *history {
	h := &history{world: newWorld(t), rng: rand.New(rand.NewPCG(seed, 7)), seed: seed, faults: map[string]int{}}
	h.check = &checker{path: h.path, bank: h.bank, ends: map[string]string{}}
	h.must(h.runner.Take(h.ctx))
	h.bank.seed, h.bank.faults = seed, true
	for i := range steps {
		h.say("step %d at %s", i, h.clock.now().Format(time.DateTime))
		h.step()
		h.check.during()
	}
	h.calm()
	h.check.during()
	h.check.after()
	report, err := audit.Verify(h.db.Audit().All(context.Background()), h.vault.AuditMAC(), nil)
	if err != nil || !report.OK() {
		h.check.fail("invariant 14: %+v %v", report, err)
	}
	for k, n := range h.bank.counts {
		h.faults[k] += n
	}
	_ = h.runner.Leave()
	h.must(h.db.Close())
	return h
}

// calm ends the faults and lets time pass.
func (h *history) calm() {
	h.repo.before.Store(0)
	h.repo.after.Store(0)
	h.bank.change(func(b *bank) { b.faults = false })
	h.thaw()
	h.reopen()
	for range 8 {
		h.tick()
		h.clock.add(2 * time.Hour)
	}
	h.clock.add(40 * 24 * time.Hour) // clocks that were set back are past every date by then
	h.tick()
}

func (h *history) tick() {
	if err := h.runner.Step(h.ctx); err != nil {
		h.say("  step: %v", err)
	}
	h.runner.Wait()
}

func (h *history) fault(kind string) { h.faults[kind]++; h.say("  fault %s", kind) }

func (h *history) all() []*payout.Payout {
	page, err := h.db.Payouts().List(h.ctx, h.scope(), payout.Filter{Limit: 100})
	h.must(err)
	var all []*payout.Payout
	for _, r := range page.Rows {
		p, err := h.db.Payouts().Find(h.ctx, h.scope(), r.ID)
		h.must(err)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *payout.Payout) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return all
}

// any picks a payout in one of the states, nil if there is none.
func (h *history) any(states ...payout.State) *payout.Payout {
	var fit []*payout.Payout
	for _, p := range h.all() {
		if len(states) == 0 || slices.Contains(states, p.State) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[h.rng.IntN(len(fit))]
}

func (h *history) person() access.Person {
	return []access.Person{h.maker, h.boss, h.second}[h.rng.IntN(3)]
}

func (h *history) did(what string, p *payout.Payout, err error) {
	h.say("  %s %s: %v", what, p.ID, err)
}

func (h *history) step() {
	switch n := h.rng.IntN(100); {
	case n < 16:
		h.create()
	case n < 36:
		if p := h.any(payout.Submitted); p != nil {
			h.did("approve", p, h.approve(h.person(), p))
		}
	case n < 56:
		h.tick()
	case n < 64:
		h.time()
	case n < 78:
		h.hook()
	case n < 84:
		h.acts()
	case n < 90:
		h.review()
	case n < 96:
		h.break_()
	default:
		h.switches()
	}
}

func (h *history) create() {
	h.n++
	by := []access.Person{h.maker, h.boss}[h.rng.IntN(2)]
	in := payout.Input{Account: h.account.ID, Method: "sepa", Amount: fmt.Sprintf("%d.%02d", 10+h.n, h.rng.IntN(100)), Language: "en", Description: "rent",
		Details: map[string]string{"name": "Ama Owusu", "account": fmt.Sprintf("DE%010d", h.n)}}
	p, err := h.payouts.Draft(h.ctx, by, h.account.Store, in, "")
	if err != nil {
		h.say("  draft: %v", err)
		return
	}
	_, err = h.payouts.Submit(h.ctx, by, p.ID, h.form())
	h.did("submit", p, err)
}

func (h *history) acts() {
	p := h.any()
	if p == nil {
		return
	}
	by, err := h.person(), error(nil)
	switch h.rng.IntN(6) {
	case 0:
		_, err = h.payouts.Withdraw(h.ctx, by, p.ID)
	case 1:
		_, err = h.payouts.Reject(h.ctx, by, p.ID, p.Version, "no")
	case 2:
		in := p.Input
		in.Amount = fmt.Sprintf("%d.%02d", 500+h.rng.IntN(100), h.rng.IntN(100))
		_, err = h.payouts.Edit(h.ctx, by, p.ID, p.Version, in)
		if err == nil {
			_, err = h.payouts.Submit(h.ctx, by, p.ID, h.form())
		}
	case 3:
		_, err = h.payouts.Discard(h.ctx, by, p.ID)
	default:
		_, err = h.payouts.Again(h.ctx, by, p.ID)
	}
	h.did("act", p, err)
}

// review has two people look into the bank's own book and say what is in it.
func (h *history) review() {
	p := h.any(payout.Unknown)
	if p == nil {
		return
	}
	v := payout.Review{Verdict: payout.Missing, Text: "looked into the portal"}
	if h.bank.did(p.Attempts[len(p.Attempts)-1].Reference) {
		v.Verdict, v.RemoteID = payout.Executed, "r-"+p.Attempts[len(p.Attempts)-1].Reference
	}
	p, err := h.payouts.Testify(h.ctx, h.maker, p.ID, p.Version, v)
	if err != nil {
		h.say("  testify: %v", err)
		return
	}
	proof, err := h.confirm(h.second, "settle", p, p.ReviewDigest())
	if err == nil {
		_, err = h.payouts.Settle(h.ctx, h.second, p.ID, p.Content.Amount.Decimal(), proof)
	}
	h.did("settle", p, err)
}

func (h *history) time() {
	jump := []time.Duration{time.Minute, 10 * time.Minute, -10 * time.Minute, 24 * time.Hour, -24 * time.Hour, time.Hour}[h.rng.IntN(6)]
	h.clock.add(jump)
	h.fault(fmt.Sprintf("clock %v", jump))
}

func (h *history) thaw() {
	a, err := h.stores.AccountOf(h.ctx, h.account.Store, h.account.ID)
	if err == nil && a.Frozen.On() {
		h.say("  unfreeze: %v", h.stores.Unfreeze(h.ctx, h.boss, a))
	}
}

func (h *history) switches() {
	a, err := h.stores.AccountOf(h.ctx, h.account.Store, h.account.ID)
	h.must(err)
	switch {
	case a.Frozen.On():
		h.thaw()
	case h.rng.IntN(2) == 0:
		h.say("  freeze: %v", h.stores.Freeze(h.ctx, h.boss, a, "drill"))
		h.fault("freeze")
	default:
		_, err := h.stores.ReplaceSettings(h.ctx, h.maker, a.ID, map[string]string{"merchant": "m1", "key": []string{secretKey, otherKey}[h.rng.IntN(2)]})
		h.say("  keys: %v", err)
		h.fault("keys replaced")
	}
}

var others = []string{"restart", "restart after the claim", "second sender", "commit fails", "answer of the commit lost", "freeze", "keys replaced"}

func (h *history) break_() {
	kind := others[h.rng.IntN(5)]
	h.fault(kind)
	switch kind {
	case "restart":
		h.reopen()
	case "restart after the claim":
		if p := h.any(payout.Approved); p != nil {
			d, err := openRaw(h.path)
			h.must(err)
			var epoch int64
			h.must(d.QueryRow(`select epoch from sender`).Scan(&epoch))
			_ = d.Close()
			_, err = h.payouts.Claim(h.ctx, h.scope(), p.ID, epoch)
			h.did("claim", p, err)
		}
		h.reopen()
	case "second sender": // the first one is not told
		first := h.runner
		second := h.newRunner(freely{})
		h.must(second.Take(h.ctx))
		if err := first.Step(h.ctx); err != nil {
			h.say("  first: %v", err)
		}
		first.Wait()
		h.runner = second
	case "commit fails":
		h.repo.before.Store(int64(1 + h.rng.IntN(3)))
		h.tick()
		h.repo.before.Store(0)
	default:
		h.repo.after.Store(int64(1 + h.rng.IntN(3)))
		h.tick()
		h.repo.after.Store(0)
	}
}

var hooks = []string{"hook genuine", "hook forged", "hook wrong amount", "hook wrong store", "hook unknown status", "hook replayed", "hook no JSON"}

func (h *history) hook() {
	o, ok := h.bank.some(h.rng)
	if !ok {
		return
	}
	kind, key, token := hooks[h.rng.IntN(len(hooks))], secretKey, h.account.Token
	o.Status = h.bank.end(o)
	switch kind {
	case "hook forged":
		key, o.Status = "guess", "failed"
	case "hook wrong amount":
		o.Amount = "1.00"
	case "hook wrong store":
		token = "elsewhere"
	case "hook unknown status":
		o.Status = "pondering"
	}
	body, _ := json.Marshal(o)
	if kind == "hook replayed" && len(h.old) > 0 {
		body = h.old[h.rng.IntN(len(h.old))]
	} else if kind == "hook no JSON" {
		body = []byte("<html>")
	} else if kind == "hook genuine" {
		h.old = append(h.old, body)
	}
	h.fault(kind)
	reply, err := h.inbox.Receive(h.ctx, inbox.Incoming{Token: token, Address: "192.0.2.1", Header: http.Header{"Key": {key}}, Body: body, Size: len(body)})
	h.say("  %s %s: %d %v", kind, body, reply.Status, err)
	if err == nil && reply.Status/100 == 2 {
		sum := sha256.Sum256(body)
		h.check.acks = append(h.check.acks, hex.EncodeToString(sum[:]))
	}
}

var _ store.ID
