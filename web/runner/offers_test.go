package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/runner"
	"github.com/paywicket/paywicket/web/store"
)

// shop is a company whose offer the test decides. Its fields are asked for by method, as GobiPay's are.
type shop struct {
	toy
	mu      sync.Mutex
	methods []string
	extra   map[string]string                          // a field that a method asks for besides, by method
	fields  func(ctx context.Context, id string) error // nil: fine
	down    error
	asked   map[string]int // by method, "" for the list
	at, max int            // calls for fields under way, and the most there were
}

// toy is what a shop cannot do.
type toy struct{ providers.Provider }

func newShop(methods ...string) *shop {
	return &shop{methods: methods, extra: map[string]string{}, asked: map[string]int{}}
}

func (s *shop) change(f func(*shop)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *shop) Methods(context.Context) ([]providers.Method, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[""]++
	var all []providers.Method
	for _, id := range s.methods {
		all = append(all, providers.Method{ID: id, Name: id, Currency: "XOF"})
	}
	return all, s.down
}

func (s *shop) Fields(ctx context.Context, id string) ([]providers.Field, error) {
	s.mu.Lock()
	s.asked[id]++
	s.at++
	s.max = max(s.max, s.at)
	fields, refuse := []providers.Field{{Name: "name"}}, s.fields
	if extra := s.extra[id]; extra != "" {
		fields = append(fields, providers.Field{Name: extra})
	}
	s.mu.Unlock()
	defer s.change(func(s *shop) { s.at-- })
	if refuse != nil {
		if err := refuse(ctx, id); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// counter is a desk whose accounts are a shop's.
type counter struct {
	*world
	shop *shop
}

func newCounter(t *testing.T, s *shop) *counter {
	t.Helper()
	c := &counter{shop: s}
	b := newBank(t)
	b.shop = s
	c.world = worldOf(t, b)
	return c
}

func ids(methods []providers.Method) []string {
	var all []string
	for _, m := range methods {
		all = append(all, m.ID)
	}
	return all
}

func (c *counter) fieldsOf(method string) []string {
	c.t.Helper()
	fields, err := c.asks.Fields(c.ctx, c.account, method)
	c.must(err)
	var all []string
	for _, f := range fields {
		all = append(all, f.Name)
	}
	return all
}

// TestOneUnreadableMethod: a method whose fields cannot be read takes no other with it. It keeps what it asked for before; one
// that was never read is not offered, because nobody knows what it must be told.
func TestOneUnreadableMethod(t *testing.T) {
	c := newCounter(t, newShop("a", "b"))
	if _, err := c.asks.Renew(c.ctx, c.account); err != nil {
		t.Fatal(err)
	}
	c.shop.change(func(s *shop) {
		s.methods = append(s.methods, "new")
		s.extra["a"] = "purpose"
		s.fields = func(_ context.Context, id string) error {
			if id != "a" {
				return &providers.Error{Code: "unreadable"}
			}
			return nil
		}
	})
	o, err := c.asks.Renew(c.ctx, c.account)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids(o.Methods)); diff != "" {
		t.Errorf("offered (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"name", "purpose"}, c.fieldsOf("a")); diff != "" {
		t.Errorf("the one that could be read (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"name"}, c.fieldsOf("b")); diff != "" {
		t.Errorf("the one that could not (-want +got):\n%s", diff)
	}
	if c.log.has("method=new") == 0 {
		t.Errorf("the log names no method that could not be read: %q", c.log.lines)
	}
}

// TestNothingReadable: where no fields can be read at all, nothing is kept.
func TestNothingReadable(t *testing.T) {
	for name, fields := range map[string]func(context.Context, string) error{
		"all unreadable": func(context.Context, string) error { return &providers.Error{Code: "unreadable"} },
		"keys refused for one": func(_ context.Context, id string) error {
			if id == "b" {
				return &providers.Error{Code: "http_401", Credentials: true}
			}
			return nil
		},
		"panic": func(context.Context, string) error { panic("nil map") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t, newShop("a", "b"))
			c.shop.fields = fields
			if o, err := c.asks.Renew(c.ctx, c.account); err == nil {
				t.Errorf("got %v, want an error", ids(o.Methods))
			}
			if o, err := c.stores.Offer(c.ctx, c.account.ID); err != nil || o.Version != 0 {
				t.Errorf("kept %+v, %v", o, err)
			}
		})
	}
}

// TestManyMethodsAtOnce: a company of many methods is asked about some of them at the same time, so that a page need not wait
// for one after the other.
func TestManyMethodsAtOnce(t *testing.T) {
	c := newCounter(t, newShop())
	const together = 4
	for i := range 10 * together {
		c.shop.methods = append(c.shop.methods, fmt.Sprintf("m%02d", i))
	}
	arrived, four := make(chan struct{}), make(chan struct{})
	go func() { // lets four pass when four are there
		for range 10 {
			for range together {
				<-arrived
			}
			for range together {
				four <- struct{}{}
			}
		}
	}()
	c.shop.fields = func(ctx context.Context, _ string) error {
		arrived <- struct{}{}
		select {
		case <-four:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	methods, err := c.asks.Methods(c.ctx, c.account)
	if err != nil || !slices.Equal(ids(methods), c.shop.methods) {
		t.Errorf("got %v, %v", ids(methods), err)
	}
	if c.shop.max != together {
		t.Errorf("%d calls at the same time, want %d", c.shop.max, together)
	}
}

// TestAskedOnce: pages that need an offer at the same time have the company asked once.
func TestAskedOnce(t *testing.T) {
	c := newCounter(t, newShop("a"))
	gate := make(chan struct{})
	arrived := make(chan struct{}, 8)
	c.shop.fields = func(context.Context, string) error {
		arrived <- struct{}{}
		<-gate
		return nil
	}
	var group, ready sync.WaitGroup
	ready.Add(8)
	for range 8 {
		group.Go(func() {
			ready.Done()
			if methods, err := c.asks.Methods(c.ctx, c.account); err != nil || len(methods) != 1 {
				t.Errorf("got %v, %v", methods, err)
			}
		})
	}
	ready.Wait()
	<-arrived
	close(gate)
	group.Wait()
	if n := c.shop.count(""); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}

func (s *shop) count(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[method]
}

// renew goes once through the accounts, and lists those that failed.
func (c *counter) renew() []store.AccountID {
	c.t.Helper()
	accounts, err := c.stores.AllAccounts(c.ctx)
	c.must(err)
	var failed []store.AccountID
	c.asks.RenewOld(c.ctx, accounts, func(a store.Account, _ error) { failed = append(failed, a.ID) })
	return failed
}

// TestSchedule: each account is read anew within six hours of the last time, not all at once; after a failure soon, but not at
// once; never while it is stopped or cannot be reached.
func TestSchedule(t *testing.T) {
	c := newCounter(t, newShop("a"))
	read := func() int { return c.shop.count("") }
	_, err := c.asks.Renew(c.ctx, c.account)
	c.must(err)
	pass := func(d time.Duration, want int, what string) {
		t.Helper()
		c.clock.add(d)
		c.renew()
		if got := read(); got != want {
			t.Errorf("%s: read %d times, want %d", what, got, want)
		}
	}
	pass(5*time.Hour, 1, "five hours later")
	pass(time.Hour, 2, "six hours later")
	pass(0, 2, "at once again")
	c.shop.change(func(s *shop) { s.down = errors.New("connection refused") })
	pass(6*time.Hour, 3, "it is down")
	pass(29*time.Minute, 3, "half an hour is not over")
	c.shop.change(func(s *shop) { s.down = nil })
	pass(time.Minute, 4, "it is back")
	c.must(c.stores.Freeze(c.ctx, c.boss, c.account, "leaked"))
	pass(7*time.Hour, 4, "stopped")
	c.must(c.stores.Unfreeze(c.ctx, c.boss, c.account))
	c.raw(`update accounts set address = 'gone'`)
	if failed := c.renew(); len(failed) != 0 || read() != 4 {
		t.Errorf("an address nobody knows: read %d times, failed %v", read(), failed)
	}
	c.raw(`update accounts set address = $1`, c.account.Address)
	_, err = c.stores.ReplaceSettings(c.ctx, c.maker, c.account.ID, map[string]string{"merchant": "m1", "key": otherKey})
	c.must(err)
	pass(0, 5, "other keys")
}

// TestScheduleSpreads: accounts read at the same time do not fall due at the same time for ever.
func TestScheduleSpreads(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 20 {
		d := runner.OfferDue(store.AccountID(fmt.Sprintf("account%d", i)))
		if d > 6*time.Hour || d < 5*time.Hour {
			t.Errorf("account %d: due after %v", i, d)
		}
		seen[d] = true
	}
	if len(seen) < 15 {
		t.Errorf("got %d different times for 20 accounts", len(seen))
	}
}

// TestSlowCompanyHoldsNobody: a company that does not answer is given up within a minute, and the next account has its turn.
func TestSlowCompanyHoldsNobody(t *testing.T) {
	c := newCounter(t, newShop("a"))
	second, err := c.stores.Connect(c.ctx, c.maker, store.Connection{Store: c.account.Store, Provider: "toy", Live: true, Label: "Second",
		Settings: map[string]string{"merchant": "m2", "key": secretKey}})
	c.must(err)
	both := []store.AccountID{c.account.ID, second.ID}
	for _, a := range []store.Account{c.account, second} {
		_, err := c.asks.Renew(c.ctx, a)
		c.must(err)
	}
	c.clock.add(6 * time.Hour)
	slow := true
	c.shop.fields = func(ctx context.Context, _ string) error {
		if !slow {
			return nil
		}
		slow = false
		if until, ok := ctx.Deadline(); !ok || time.Until(until) > time.Minute {
			t.Errorf("it may take until %v", until)
		}
		return context.DeadlineExceeded
	}
	failed := c.renew()
	if len(failed) != 1 {
		t.Fatalf("failed: %v, want one", failed)
	}
	for _, id := range both {
		o, err := c.stores.Offer(c.ctx, id)
		c.must(err)
		if read := o.CheckedAt.Equal(c.clock.now()); read == (id == failed[0]) {
			t.Errorf("%s: read %v, failed %v", id, read, failed)
		}
	}
}

// TestPagesDoNotWaitAgain: while a company does not answer, pages are made from what it offered before and ask again after a
// minute; what somebody asks for is asked at once.
func TestPagesDoNotWaitAgain(t *testing.T) {
	c := newCounter(t, newShop("a"))
	_, err := c.asks.Renew(c.ctx, c.account)
	c.must(err)
	c.shop.change(func(s *shop) { s.down = errors.New("connection refused") })
	c.clock.add(11 * time.Minute)
	for i, step := range []struct {
		pass time.Duration
		want int
	}{{0, 2}, {0, 2}, {59 * time.Second, 2}, {time.Second, 3}} {
		c.clock.add(step.pass)
		o, err := c.asks.Offer(c.ctx, c.account)
		if err != nil || len(o.Methods) != 1 || o.Fresh(c.account, c.clock.now()) {
			t.Errorf("step %d: got %+v, %v", i, o, err)
		}
		if n := c.shop.count(""); n != step.want {
			t.Errorf("step %d: asked %d times, want %d", i, n, step.want)
		}
	}
	c.shop.change(func(s *shop) { s.down = nil })
	c.asks.Forget(c.account.ID)
	if o, err := c.asks.Offer(c.ctx, c.account); err != nil || !o.Fresh(c.account, c.clock.now()) {
		t.Errorf("after it was asked for: got %+v, %v", o, err)
	}
}
