package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// killPayouts is how many payouts one run sends while its sender is killed again and again.
const killPayouts = 80

const killPassword = "a password of the test"

// book counts what the provider carried out, by our reference. It lives in the test's own process and survives every kill.
type book struct {
	mu    sync.Mutex
	times map[string]int
	seen  chan string // a reference for each execution, while it is being answered
}

func (b *book) executed(e providers.Execution) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.times[e.Order.Reference]++
	select {
	case b.seen <- e.Order.Reference:
	default: // nobody waits for it
	}
	time.Sleep(5 * time.Millisecond) // one after the other: each kill meets the rest on their way
}

func (b *book) count(reference string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.times[reference]
}

// installation is a data folder with approved payouts, and the simulator they are sent to.
type installation struct {
	t      *testing.T
	binary string
	data   string
	key    string
	sim    string
	book   *book
	ids    []payout.ID
	person access.Person
	killed int
}

// TestKill kills the real program with SIGKILL while it sends: as the provider books an order, just after the answer, and at
// times unrelated to either. After the last restart nothing is lost and nothing was carried out twice (invariants 1, 2, 17, 18).
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	in := install(t)
	for round := 0; in.unsettled() > 0 && round < 60; round++ {
		in.runUntilKilled(round)
	}
	in.check()
	t.Logf("%d kills, %d payouts, %d executions", in.killed, len(in.ids), len(in.book.times))
	if in.killed < 8 {
		t.Errorf("got %d kills, want at least 8: the test no longer interrupts anything", in.killed)
	}
}

func install(t *testing.T) *installation {
	t.Helper()
	dir := t.TempDir()
	in := &installation{t: t, binary: filepath.Join(dir, "paywicket"), data: filepath.Join(dir, "data"), key: filepath.Join(dir, "key"),
		book: &book{times: map[string]int{}, seen: make(chan string, 1)}}
	if out, err := exec.Command("go", "build", "-o", in.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	def := goldenpay(t)
	sim := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Executed: in.book.executed, Pace: time.Hour}))
	t.Cleanup(sim.Close)
	in.sim = sim.URL
	if _, err := vault.CreateFile(in.key); err != nil {
		t.Fatal(err)
	}
	in.approveMany(def, killPayouts)
	return in
}

func goldenpay(t *testing.T) providers.Definition {
	for _, def := range all.Definitions() {
		if def.ID == "goldenpay" {
			return def
		}
	}
	t.Fatal("goldenpay is not compiled in")
	return providers.Definition{}
}

func (in *installation) open() *web.App {
	in.t.Helper()
	app, err := web.New(in.t.Context(), web.Config{Database: filepath.Join(in.data, "paywicket.db"), MasterKey: vault.FromFile(in.key),
		Providers: all.Definitions(), PublicURL: "http://localhost:8080", ProviderURLs: []string{"goldenpay=" + in.sim},
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		in.t.Fatal(err)
	}
	return app
}

// approveMany makes people, an account and approved payouts, without a sender.
func (in *installation) approveMany(def providers.Definition, n int) {
	app, ctx := in.open(), in.t.Context()
	defer app.Close()
	admin := app.Admin()
	maker := must(admin.Access.AddDirect(ctx, superAdmin("maker"), killPassword))
	in.person = must(admin.Access.AddDirect(ctx, superAdmin("checker"), killPassword))
	st := must(admin.Stores.OpenStore(ctx, maker, "Shop", "UTC"))
	a := must(admin.Stores.Connect(ctx, maker, store.Connection{Store: st.ID, Provider: def.ID, Live: true, Label: "GoldenPay", Settings: demo.Settings(def)}))
	form := must(admin.Companies.Form(ctx, a, "vn_bank"))
	for i := range n {
		p := must(app.Payouts().Draft(ctx, maker, st.ID, payout.Input{Account: a.ID, Method: "vn_bank", Amount: fmt.Sprint(1_000_000 + 100*i), Language: "en",
			Description: "kill test", Details: map[string]string{"account_no": "19036512345678", "account_name": "NGUYEN VAN A", "bank": "970407 TECHCOMBANK"}}, ""))
		p = must(app.Payouts().Submit(ctx, maker, p.ID, form))
		c := must(admin.Access.Ask(ctx, in.person, "approve", string(p.ID), p.Digest))
		proof := must(admin.Access.Verify(ctx, in.person, c.ID, killPassword))
		must(app.Payouts().Approve(ctx, in.person, p.ID, proof))
		in.ids = append(in.ids, p.ID)
	}
}

func superAdmin(name string) access.Person {
	return access.Person{Email: name + "@paywicket.example", Name: name, Grants: []access.Grant{{Role: access.SuperAdmin}}}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// runUntilKilled starts the program and kills it at a moment that differs from round to round.
func (in *installation) runUntilKilled(round int) {
	ctx, cancel := context.WithCancel(in.t.Context())
	defer cancel()
	cmd := exec.CommandContext(ctx, in.binary, "serve", "-data", in.data, "-master-key-file", in.key, "-addr", "127.0.0.1:0", "-provider-url", "goldenpay="+in.sim)
	log := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = log, log
	select {
	case <-in.book.seen:
	default: // drop what an earlier round left
	}
	if err := cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	patience := time.After(3 * time.Second)
	switch round % 3 {
	case 0: // as the provider books an order, before its answer is read
		select {
		case <-in.book.seen:
		case <-patience:
		}
	case 1: // a little after an order was booked: around the answer and its record
		select {
		case <-in.book.seen:
			time.Sleep(time.Duration(round%11) * 700 * time.Microsecond)
		case <-patience:
		}
	default: // at a time of its own: start-up, taking the role, claims
		time.Sleep(time.Duration(20+13*(round%17)) * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Kill); err == nil {
		in.killed++
	}
	_ = cmd.Wait() // it was killed
	if strings.Contains(log.String(), "panic:") {
		in.t.Fatalf("round %d: %s", round, log)
	}
}

// unsettled counts payouts that are still to be sent, or in sending.
func (in *installation) unsettled() int {
	n := 0
	for _, p := range in.payouts() {
		if p.State == payout.Approved || p.State == payout.Sending {
			n++
		}
	}
	return n
}

func (in *installation) payouts() []*payout.Payout {
	app := in.open()
	defer app.Close()
	var all []*payout.Payout
	for _, id := range in.ids {
		all = append(all, must(app.Payouts().Find(in.t.Context(), in.person, id)))
	}
	return all
}

// check lets a last sender finish and holds our records against the provider's book.
func (in *installation) check() {
	app := in.open()
	defer app.Close()
	ctx, stop := context.WithTimeout(in.t.Context(), 4*time.Second)
	defer stop()
	if err := app.Run(ctx); err != nil {
		in.t.Fatal(err)
	}
	for _, id := range in.ids {
		p := must(app.Payouts().Find(in.t.Context(), in.person, id))
		in.checkOne(p)
	}
	if found := must(app.Verify(in.t.Context())); !found.OK() {
		in.t.Errorf("verify after the kills: %+v", found)
	}
	for reference, n := range in.book.times {
		if n != 1 {
			in.t.Errorf("reference %s: carried out %d times", reference, n)
		}
	}
}

func (in *installation) checkOne(p *payout.Payout) {
	if len(p.Attempts) != 1 {
		in.t.Errorf("payout %s: got %d attempts, want 1", p.ID, len(p.Attempts))
		return
	}
	done := in.book.count(p.Reference())
	switch p.State {
	case payout.Accepted, payout.Paid:
		if done != 1 {
			in.t.Errorf("payout %s is %s, but the provider carried it out %d times", p.ID, p.State, done)
		}
	case payout.Unknown: // may or may not have been carried out; people or the next look-up will tell
	default:
		in.t.Errorf("payout %s: got state %s after the last restart", p.ID, p.State)
	}
}
