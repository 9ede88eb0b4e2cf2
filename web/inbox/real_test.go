package inbox_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/goldenpay"
	"github.com/paywicket/paywicket/providers/moneroo"
	"github.com/paywicket/paywicket/providers/sim"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/runner"
)

// shipped is a company as we ship it, with an order its simulator takes. Two digits are added to the amount, to choose what
// the simulator plays.
type shipped struct {
	def      providers.Definition
	settings map[string]string
	method   string
	amount   string
	details  map[string]string
}

func companies() []shipped {
	return []shipped{
		{goldenpay.Definition(), map[string]string{"mch_id": "10001", "api_key": "CANARY-gp", "channel_brl": "pix", "channel_inr": "imps"}, "vn_bank", "2500",
			map[string]string{"bank": "970407 TECHCOMBANK", "account_no": "19036512345678", "account_name": "NGUYEN VAN A"}},
		{moneroo.Definition(), map[string]string{"secret_key": "pvk_CANARY|01HHJYSA4VCBVKN4KTYF76J002", "webhook_secret": "CANARY-moneroo"}, "mtn_bj", "50",
			map[string]string{"msisdn": "22951345020", "first_name": "Ama", "last_name": "Owusu", "email": "ama@example.com"}},
	}
}

// street is a simulator of a company and the road its webhooks take to us.
type street struct {
	*world
	runner *runner.Runner
	server *httptest.Server

	mu       sync.Mutex
	later    []errand
	booked   map[string]int // executions by reference
	tamper   bool           // every message is posted a second time with one bit changed
	answered map[int]int    // by status
}

type errand struct {
	at time.Time
	do func()
}

func newStreet(t *testing.T, s shipped) *street {
	t.Helper()
	st := &street{booked: map[string]int{}, answered: map[int]int{}}
	var handler http.Handler
	st.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(st.server.Close)
	st.world = worldOf(t, &company{}, s.def, s.def.ID+"="+st.server.URL)
	st.maker, st.one = st.store("One", "maker", s.settings)
	handler = s.def.Simulator(providers.SimulatorConfig{Settings: s.settings, Now: st.clock.now, Deliver: st.deliver, After: st.after, Pace: 3 * time.Second,
		Executed:    func(e providers.Execution) { st.book(e.Order.Reference) },
		WebhookURLs: func() []string { return []string{"https://desk.example/hooks/" + st.one.Token} }})
	log := slog.New(slog.NewTextHandler(&locked{b: st.log}, nil))
	open := runner.NewOpener(st.Stores, runner.OpenerOptions{Now: st.clock.now, Log: log, Timeout: time.Second,
		Nonce: func(n int) string { return strings.Repeat("n", n) }})
	st.Open = open
	st.runner = &runner.Runner{Queue: st.db.Queue(), Repo: st.db.Payouts(), Payouts: st.Payouts, Stores: st.Stores, Inbox: st.Service, Hooks: st.db.Hooks(),
		Open: open, Companies: runner.NewCompanies(open, st.Stores, st.clock.now), Lock: free{}, Holder: "test",
		Callback: func(token string) string { return "https://desk.example/hooks/" + token }, Now: st.clock.now, Log: log}
	st.must(st.runner.Take(st.ctx))
	return st
}

type free struct{}

func (free) TryLock() (bool, error) { return true, nil }
func (free) Unlock() error          { return nil }

func (st *street) book(reference string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.booked[reference]++
}

func (st *street) after(d time.Duration, f func()) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.later = append(st.later, errand{st.clock.now().Add(d), f})
}

// deliver is the road: what is posted reaches our door, and, if somebody tampers, once more with one bit changed.
func (st *street) deliver(r *http.Request) (providers.Reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return providers.Reply{}, err
	}
	token := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if st.tamper {
		bad := bytes.Clone(body)
		bad[len(bad)/2] ^= 1
		if _, err := st.Receive(st.ctx, inbox.Incoming{Token: token, Address: "203.0.113.9", Header: r.Header, Body: bad, Size: len(bad)}); err != nil {
			return providers.Reply{}, err
		}
	}
	reply, err := st.Receive(st.ctx, inbox.Incoming{Token: token, Address: sender, Header: r.Header, Body: body, Size: len(body)})
	st.mu.Lock()
	defer st.mu.Unlock()
	st.answered[reply.Status]++
	return reply, err
}

// pass lets time go by: the company's errands, and the runner's rounds.
func (st *street) pass(d, step time.Duration) {
	st.t.Helper()
	for end := st.clock.now().Add(d); st.clock.now().Before(end); st.clock.add(step) {
		for _, e := range st.due() {
			e.do()
		}
		st.must(st.runner.Step(st.ctx))
		st.runner.Wait()
	}
}

func (st *street) due() []errand {
	st.mu.Lock()
	defer st.mu.Unlock()
	var due, rest []errand
	for _, e := range st.later {
		if e.at.After(st.clock.now()) {
			rest = append(rest, e)
		} else {
			due = append(due, e)
		}
	}
	st.later = rest
	return due
}

// approved is a payout of an amount, ready to be sent.
func (st *street) approved(s shipped, amount string) *payout.Payout {
	st.t.Helper()
	a, err := st.Stores.AccountOf(st.ctx, st.one.Store, st.one.ID)
	st.must(err)
	form, err := st.runner.Companies.Form(st.ctx, a, s.method)
	st.must(err)
	p, err := st.Payouts.Draft(st.ctx, st.maker, a.Store, payout.Input{Account: a.ID, Country: form.Method.Country, Method: s.method, Amount: amount, Language: "en",
		Description: "rent", Details: s.details}, "")
	st.must(err)
	p, err = st.Payouts.Submit(st.ctx, st.maker, p.ID, form)
	st.must(err)
	st.approve(p)
	return p
}

// TestShippedCompanies plays every scenario of the simulators through runner and inbox. The simulator's book is the judge:
// nothing is carried out twice, nothing that was is said not to be, and where the company tells the end it is known.
func TestShippedCompanies(t *testing.T) {
	for _, s := range companies() {
		for _, row := range append(sim.Table(), sim.Row{Last: 50, Scenario: sim.Normal}) {
			if row.Scenario == sim.Hang {
				continue // takes as long as a deadline
			}
			t.Run(s.def.ID+"/"+string(row.Scenario), func(t *testing.T) {
				t.Parallel()
				st := newStreet(t, s)
				st.tamper = true
				p := st.approved(s, s.amount+string(rune('0'+row.Last/10))+string(rune('0'+row.Last%10)))
				st.pass(2*time.Minute, 5*time.Second)
				st.pass(2*time.Hour, 5*time.Minute)
				p = st.find(p)
				n := st.booked[p.Reference()]
				notExecuted := []payout.State{payout.Refused, payout.NotSent, payout.Submitted, payout.Approved}
				switch {
				case n > 1:
					t.Errorf("carried out %d times (invariant 1)", n)
				case n == 1 && slices.Contains(notExecuted, p.State):
					t.Errorf("got %s of what was carried out (invariant 3)", p.State)
				case n == 0 && p.State == payout.Paid:
					t.Error("got paid of what never was carried out")
				}
				if want := ends(s, row.Scenario); want != "" && p.State != want {
					t.Errorf("got %s, want %s; conflicts %+v", p.State, want, p.Conflicts)
				}
				if forged := st.number(`select count(*) from hooks where verdict = 'forged'`); forged == 0 && st.answered[200] > 0 {
					t.Error("no tampered message was refused")
				}
				if left := st.number(`select count(*) from hooks where verdict in ('received', 'failed') or (address = '203.0.113.9' and verdict <> 'forged')`); left != 0 {
					t.Errorf("got %d messages left or tampered with and believed", left)
				}
			})
		}
	}
}

// ends is where a scenario must end; "" where that depends on more than we want to promise here.
func ends(s shipped, scenario sim.Scenario) payout.State {
	switch scenario {
	case sim.Normal, sim.Slow, sim.AtOnce, sim.Duplicate, sim.ForgedFirst, sim.Early, sim.OutOfOrder, sim.Silent, sim.OddWord:
		return payout.Paid
	case sim.FailsLater:
		return payout.Failed
	case sim.Refused:
		return payout.Refused
	case sim.ServerError, sim.Limited:
		return payout.Unknown
	case sim.Cut, sim.BookedError, sim.HTMLAnswer, sim.NoID:
		return payout.Paid // by our reference, or by the webhook that brings the identifier
	}
	return ""
}

// TestShippedWalls: a real company's message for one store, posted to another store's address, is refused.
func TestShippedWalls(t *testing.T) {
	for _, s := range companies() {
		t.Run(s.def.ID, func(t *testing.T) {
			t.Parallel()
			st := newStreet(t, s)
			other := map[string]string{}
			for name, value := range s.settings {
				other[name] = strings.Replace(value, "CANARY", "OTHER", 1)
			}
			_, st.two = st.store("Two", "other", other)
			var seen []inbox.Incoming
			p := st.approved(s, s.amount+"50")
			st.must(st.runner.Step(st.ctx))
			st.runner.Wait()
			for range 10 {
				st.clock.add(3 * time.Second)
				for _, e := range st.due() {
					e.do()
				}
			}
			page, err := st.Repo.List(st.ctx, payout.Everywhere(), inbox.Filter{})
			st.must(err)
			for _, h := range page.Hooks {
				seen = append(seen, inbox.Incoming{Token: st.two.Token, Address: sender, Header: h.Header, Body: h.Body, Size: h.Size})
			}
			if len(seen) == 0 {
				t.Fatal("no webhook came")
			}
			for _, in := range seen {
				reply, err := st.Receive(st.ctx, in)
				st.must(err)
				if h := st.newest(); h.Verdict != inbox.Forged || reply.Status < 400 || h.Store != st.two.Store {
					t.Errorf("got %s and %d", h.Verdict, reply.Status)
				}
			}
			if got := st.find(p).State; got != payout.Accepted {
				t.Errorf("got %s, want it unmoved until it is confirmed", got)
			}
		})
	}
}
