package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// fill makes the demo's past: people, stores, accounts, payouts and webhooks.
func (d *Demo) fill(ctx context.Context, dead string) error {
	d.clock.goBack(15 * 24 * time.Hour)
	w := &world{people: map[string]access.Person{}, stores: map[string]store.Store{}, accounts: map[string]store.Account{}}
	if err := d.makePeople(ctx, w); err != nil {
		return err
	}
	if err := d.connect(ctx, w, dead); err != nil {
		return err
	}
	for _, s := range samples() {
		if _, ok := w.accounts[s.account]; !ok {
			continue // a provider that is not compiled in
		}
		if err := d.play(ctx, w, s); err != nil {
			return fmt.Errorf("payout of %s to %v: %w", s.amount, s.details, err)
		}
	}
	if err := d.strangers(ctx, w); err != nil {
		return err
	}
	d.clock.arrive()
	boss := w.people[ifeoma]
	d.boss.Store(&boss)
	d.App.Admin().Runner.Wake()
	return d.refresh(ctx, w)
}

// refresh tests the accounts again, so that what is known of them is as old as the demo and not as its past.
func (d *Demo) refresh(ctx context.Context, w *world) error {
	for _, a := range w.accounts {
		if a.Label == deadLabel {
			continue
		}
		if _, err := d.App.Admin().Companies.Check(ctx, w.people["adjoa@paywicket.example"], a); err != nil {
			return fmt.Errorf("test %s: %w", a.Label, err)
		}
	}
	return nil
}

// connect makes the accounts, tests each as a person would, and tells the simulators where to report.
func (d *Demo) connect(ctx context.Context, w *world, dead string) error {
	by := w.people["adjoa@paywicket.example"]
	admin := d.App.Admin()
	for _, a := range accounts(dead) {
		settings := d.sample(a.provider)
		if settings == nil {
			continue
		}
		made, err := admin.Stores.Connect(ctx, by, store.Connection{Store: w.stores[a.store].ID, Provider: a.provider, Live: a.live,
			Address: a.address, Label: a.label, Settings: settings})
		if err != nil {
			return fmt.Errorf("connect %s: %w", a.label, err)
		}
		w.accounts[a.label] = made
		if a.address == "" {
			if _, err := admin.Companies.Check(ctx, by, made); err != nil {
				return fmt.Errorf("test %s: %w", a.label, err)
			}
			d.report(a.provider, d.App.HookLink(made))
		}
	}
	return nil
}

func (d *Demo) report(provider, hook string) {
	for _, s := range d.sims {
		if s.def.ID == provider {
			hooks := append(append([]string{}, *s.hooks.Load()...), hook)
			s.hooks.Store(&hooks)
		}
	}
}

// play takes one payout as far as its sample says, at the time it says.
func (d *Demo) play(ctx context.Context, w *world, s sample) error {
	d.clock.goBack(s.ago)
	by := w.people[s.by]
	account := w.accounts[s.account]
	in := payout.Input{Account: account.ID, Method: s.method, Amount: s.amount, Language: "en", Description: s.reason, Details: s.details}
	payouts := d.App.Payouts()
	p, err := payouts.Draft(ctx, by, account.Store, in, "")
	if err != nil || s.then == keepDraft {
		return err
	}
	if s.then == discard {
		_, err = payouts.Discard(ctx, by, p.ID)
		return err
	}
	form, err := d.App.Admin().Companies.Form(ctx, account, s.method)
	if err != nil {
		return err
	}
	if p, err = payouts.Submit(ctx, by, p.ID, form); err != nil {
		return problem(err)
	}
	d.clock.goBack(s.ago - 9*time.Minute)
	return d.decide(ctx, w, p, s)
}

func problem(err error) error {
	if wrong, ok := errors.AsType[payout.FieldErrors](err); ok {
		return fmt.Errorf("%w: %v", err, []payout.FieldProblem(wrong))
	}
	return err
}

func (d *Demo) decide(ctx context.Context, w *world, p *payout.Payout, s sample) error {
	payouts := d.App.Payouts()
	var err error
	switch s.then {
	case leaveWaiting:
		return nil
	case withdraw:
		_, err = payouts.Withdraw(ctx, w.people[s.by], p.ID)
		return err
	case reject:
		_, err = payouts.Reject(ctx, w.people["tomas@paywicket.example"], p.ID, p.Version, "Wrong branch: the invoice names another account.")
		return err
	}
	if err := d.approve(ctx, w.people[other(s.by)], p); err != nil {
		return err
	}
	if err := d.settleDown(ctx, w, p.ID, s); err != nil || s.then != resolve {
		return err
	}
	return d.resolve(ctx, w, p.ID)
}

// other is a super admin who did not draft it.
func other(by string) string {
	if by == "ifeoma@paywicket.example" {
		return "tomas@paywicket.example"
	}
	return "ifeoma@paywicket.example"
}

func (d *Demo) confirm(ctx context.Context, by access.Person, purpose string, id payout.ID, digest string) (access.StepUp, error) {
	asked, err := d.App.Admin().Access.Ask(ctx, by, purpose, string(id), digest)
	if err != nil {
		return access.StepUp{}, err
	}
	return d.App.Admin().Access.Verify(ctx, by, asked.ID, password)
}

func (d *Demo) approve(ctx context.Context, by access.Person, p *payout.Payout) error {
	proof, err := d.confirm(ctx, by, "approve", p.ID, p.Digest)
	if err != nil {
		return err
	}
	_, err = d.App.Payouts().Approve(ctx, by, p.ID, proof)
	return err
}

// settleDown waits until the payout is where its sample says, letting the demo's time pass.
func (d *Demo) settleDown(ctx context.Context, w *world, id payout.ID, s sample) error {
	by := w.people["ifeoma@paywicket.example"]
	for i := range 400 {
		p, err := d.App.Payouts().Find(ctx, by, id)
		if err != nil {
			return err
		}
		if p.State == s.end || s.end == payout.Accepted && p.State == payout.Paid {
			return nil // what takes its time may be done sooner on a slow machine
		}
		d.clock.goBack(max(s.ago-9*time.Minute-time.Duration(i)*2*time.Second, 0))
		d.App.Admin().Runner.Wake()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		if i == 399 {
			return fmt.Errorf("it is %s instead of %s", p.State, s.end)
		}
	}
	return nil
}

// resolve has two people say that an unknown one was not executed.
func (d *Demo) resolve(ctx context.Context, w *world, id payout.ID) error {
	accountant, super := w.people["marit@paywicket.example"], w.people["tomas@paywicket.example"]
	p, err := d.App.Payouts().Find(ctx, super, id)
	if err != nil {
		return err
	}
	p, err = d.App.Payouts().Testify(ctx, accountant, id, p.Version, payout.Review{Verdict: payout.Missing,
		Text: "Not in the provider's list of that day, and support confirmed by phone."})
	if err != nil {
		return err
	}
	proof, err := d.confirm(ctx, super, "settle", id, p.ReviewDigest())
	if err != nil {
		return err
	}
	_, err = d.App.Payouts().Settle(ctx, super, id, p.Content.Amount.Decimal(), proof)
	return err
}

// strangers posts what does not belong: a forged message, one to an address nobody has.
func (d *Demo) strangers(ctx context.Context, w *world) error {
	a, ok := w.accounts["Moneroo Benin"]
	if !ok {
		return nil
	}
	body := []byte(`{"event":"payout.success","data":{"id":"po_8f2k19xw7q3z","amount":85000,"currency":"XOF","status":"success"}}`)
	for _, to := range []string{d.App.HookLink(a), d.public + "/hooks/nobodyhasthisaddress"} {
		if _, err := url.Parse(to); err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Moneroo-Signature", "9b1fe0c4a7d20000000000000000000000000000000000000000000000003a77")
		if _, err := Deliver(req); err != nil {
			return err
		}
	}
	return nil
}
