package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/sim"
)

// hookURL is where webhooks are addressed to. Nothing answers there: they are collected.
const hookURL = "https://pay.example.com/hooks/hook-of-the-test"

// begin is when the clock of every bench starts.
const begin = 1777860600 // 2026-05-04 02:10:00 UTC

// setup says how a bench differs from the usual one.
type setup struct {
	base     string            // instead of the simulator's address
	settings map[string]string // what the account is opened with; nil: the case's
	broken   error             // what Checkpoint returns
}

// bench is one account of the company: its simulator behind faults, the client, the adapter.
type bench struct {
	t        *testing.T
	c        Case
	setup    setup
	server   *httptest.Server
	faults   *sim.Faults
	swap     swap
	client   *httpx.Client
	provider providers.Provider
	log      buffer

	mu        sync.Mutex
	ticks     int64
	nonces    int
	later     []func()
	hooks     []hook
	exchanges []httpx.Exchange
	executed  []providers.Execution
	describes map[string]bool // requests that moved money or described an order, by method and path
	moves     map[string]bool // those that moved money
	stored    []providers.Found
	said      []string // all that was said outside: errors, results
}

// hook is a webhook as the simulator sent it.
type hook struct {
	header http.Header
	body   []byte
}

func newBench(t *testing.T, c Case, s setup) *bench {
	t.Helper()
	b := &bench{t: t, c: c, setup: s, moves: map[string]bool{}, describes: map[string]bool{}}
	b.faults = sim.NewFaults(c.Definition.Simulator(providers.SimulatorConfig{
		Settings: maps.Clone(c.Settings), WebhookURLs: func() []string { return []string{hookURL} },
		Now: b.now, After: b.after, Deliver: b.deliver, Executed: b.execute,
	}))
	b.swap.next = b.faults
	b.server = httptest.NewServer(&b.swap)
	t.Cleanup(b.server.Close)
	b.open()
	t.Cleanup(b.wantSecretsKept)
	return b
}

// open opens the account as the program does.
func (b *bench) open() {
	b.t.Helper()
	settings, base := b.c.Settings, b.server.URL
	if b.setup.settings != nil {
		settings = b.setup.settings
	}
	if b.setup.base != "" {
		base = b.setup.base
	}
	client, err := httpx.New(httpx.Options{
		BaseURL: base, Named: true, Secrets: secrets(b.c.Definition, settings), Record: b.record, Now: b.now,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := b.c.Definition.Open(b.config(settings, base, client.HTTP()))
	if err != nil {
		b.t.Fatalf("open: %v", err)
	}
	b.client, b.provider = client, p
	client.Bind(watched{p, b})
}

func (b *bench) config(settings map[string]string, base string, client *http.Client) providers.Config {
	return providers.Config{
		Settings: providers.NewSettings(maps.Clone(settings)), Live: b.c.Live, Simulator: true, BaseURL: base, HTTP: client,
		Log: slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: b.now, Nonce: b.nonce,
	}
}

// watched tells the bench which requests move money, as the adapter itself reads them back.
type watched struct {
	providers.Provider
	bench *bench
}

// ReadBack asks the adapter and takes note of what it says.
func (w watched) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	rb, err := w.Provider.ReadBack(r, body)
	w.bench.mu.Lock()
	defer w.bench.mu.Unlock()
	w.bench.moves[nameOf(r)] = rb.Moves && err == nil
	w.bench.describes[nameOf(r)] = rb.Order != nil && err == nil
	return rb, err
}

func nameOf(r *http.Request) string { return r.Method + " " + r.URL.Path }

// isMoving matches the request that moves money. The client reads a request back before it sends it, so the answer is
// there when the simulator asks.
func (b *bench) isMoving(r *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.moves[nameOf(r)]
}

// isFirstStep matches a request that describes an order and does not move money.
func (b *bench) isFirstStep(r *http.Request) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.describes[nameOf(r)] && !b.moves[nameOf(r)]
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ticks++
	return time.Unix(begin, 0).UTC().Add(time.Duration(b.ticks) * time.Millisecond)
}

func (b *bench) nonce(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nonces++
	return sim.ID(fmt.Sprint("nonce", b.nonces), n)
}

func (b *bench) after(_ time.Duration, f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.later = append(b.later, f)
}

// deliver collects a webhook and answers as the adapter would have it, so that the simulator does not repeat it.
func (b *bench) deliver(r *http.Request) (providers.Reply, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return providers.Reply{}, fmt.Errorf("read the webhook: %w", err)
	}
	b.mu.Lock()
	b.hooks = append(b.hooks, hook{r.Header.Clone(), body})
	b.mu.Unlock()
	reader, ok := b.provider.(providers.WebhookReader)
	if !ok {
		return providers.Reply{Status: http.StatusOK}, nil
	}
	event, err := reader.ReadWebhook(r.Context(), providers.Webhook{Header: r.Header.Clone(), Body: slices.Clone(body), Find: b.find})
	if err != nil || event.Reply.Status == 0 {
		return providers.Reply{Status: http.StatusOK, Body: event.Reply.Body}, nil
	}
	return event.Reply, nil
}

func (b *bench) execute(e providers.Execution) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.executed = append(b.executed, e)
}

// sendKey finds the count of the send that a request belongs to.
type sendKey struct{}

func (b *bench) record(ctx context.Context, x httpx.Exchange) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exchanges = append(b.exchanges, x)
	if moved, ok := ctx.Value(sendKey{}).(*int); ok && x.Moves && x.Written {
		*moved++
	}
}

// settle does all that the simulator has planned for later, and what follows from it.
func (b *bench) settle() {
	b.t.Helper()
	for range 1000 {
		b.mu.Lock()
		if len(b.later) == 0 {
			b.mu.Unlock()
			return
		}
		f := b.later[0]
		b.later = b.later[1:]
		b.mu.Unlock()
		f()
	}
	b.t.Fatal("the simulator never comes to an end")
}

// order makes an order as the program makes one from an approved snapshot.
func (b *bench) order(e Example) providers.Order {
	b.t.Helper()
	fields, err := b.provider.Fields(b.t.Context(), e.Method)
	if err != nil {
		b.t.Fatalf("fields of %s: %v", e.Method, err)
	}
	details, wrong := providers.CheckAll(fields, e.Details)
	if len(wrong) > 0 {
		b.t.Fatalf("%s: the example does not pass its fields: %v", e.Method, wrong)
	}
	return providers.Order{
		Reference: reference(b.t.Name(), b.nonce(20)), Method: e.Method, Amount: e.Amount,
		Description: "Invoice 2026-114", Details: details, CallbackURL: hookURL,
	}
}

// sent is what became of one send.
type sent struct {
	order    providers.Order
	result   providers.Result
	err      error
	written  bool                // a byte of the request that moves money left
	kept     []providers.Attempt // what Checkpoint stored
	keptWhen int                 // how many orders were executed when it was first called
	moved    int                 // requests that moved money, as recorded
}

// attempt is what is known about the send afterwards.
func (s sent) attempt() providers.Attempt {
	a := providers.Attempt{Reference: s.order.Reference, RemoteID: s.result.Attempt.RemoteID, Kept: s.result.Attempt.Kept}
	if len(s.kept) > 0 && a.RemoteID == "" {
		a.RemoteID, a.Kept = s.kept[0].RemoteID, s.kept[0].Kept
	}
	return a
}

// send sends as the program does, and checks what must hold of every send.
func (b *bench) send(o providers.Order) sent {
	b.t.Helper()
	return b.sendAs(b.t.Context(), o, o)
}

// sendAs sends an order under the permit for another.
func (b *bench) sendAs(ctx context.Context, approved, o providers.Order) sent {
	b.t.Helper()
	s := sent{order: o}
	if p, ok := b.provider.(providers.Preparer); ok {
		if err := p.Prepare(ctx, o); err != nil {
			b.say(err)
			s.err = err
			return s
		}
	}
	permit := httpx.NewPermit(approved)
	o.Checkpoint = func(_ context.Context, a providers.Attempt) error {
		if len(s.kept) == 0 {
			s.keptWhen = len(b.executions())
		}
		s.kept = append(s.kept, a)
		if b.setup.broken == nil {
			permit.Checkpoint(a)
		}
		return b.setup.broken
	}
	moved := new(int) // of this send; counted under the lock of the bench
	s.result, s.err = b.provider.Send(context.WithValue(httpx.WithPermit(ctx, permit), sendKey{}, moved), o)
	permit.Close()
	b.mu.Lock()
	s.written, s.moved = permit.Written(), *moved
	b.mu.Unlock()
	b.say(s.err, s.result)
	b.store(s)
	b.wantHonest(s)
	return s
}

// wantHonest checks what must hold of every send, however it ended.
func (b *bench) wantHonest(s sent) {
	b.t.Helper()
	kind := providers.KindOf(s.err)
	_, ours := errors.AsType[*providers.Error](s.err)
	switch {
	case s.err != nil && !ours:
		b.t.Errorf("got error %T (%v), want a *providers.Error", s.err, s.err)
	case s.err != nil && kind == providers.NotSent && s.written:
		b.t.Errorf("got %v, though a byte of the request had left", s.err)
	case s.err == nil && !s.written:
		b.t.Errorf("got a result without the request that moves money: %+v", s.result)
	case s.err != nil && s.result.Status != "":
		b.t.Errorf("got status %q together with the error %v", s.result.Status, s.err)
	case s.moved > 1:
		b.t.Errorf("got %d requests that move money, want one", s.moved)
	}
	for _, a := range s.kept {
		if a.RemoteID == "" {
			b.t.Error("Checkpoint was called without an identifier")
		}
	}
}

// store keeps what the program would have stored before and after the send, for webhooks to find.
func (b *bench) store(s sent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := s.order
	o.Checkpoint = nil
	b.stored = append(b.stored, providers.Found{Attempt: s.attempt(), Order: o})
}

// find is Webhook.Find.
func (b *bench) find(_ context.Context, a providers.Attempt) (providers.Found, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.stored {
		if a.RemoteID != "" && f.Attempt.RemoteID == a.RemoteID || a.Reference != "" && f.Attempt.Reference == a.Reference {
			return f, nil
		}
	}
	return providers.Found{}, errors.New("no such attempt")
}

// lookup asks where an attempt stands.
func (b *bench) lookup(a providers.Attempt) (providers.Result, error) {
	r, err := b.provider.Lookup(b.t.Context(), a)
	b.say(err, r)
	return r, err
}

func (b *bench) executions() []providers.Execution {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.executed)
}

func (b *bench) delivered() []hook {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.hooks)
}

// say takes note of what leaves the adapter, for the check that no secret does.
func (b *bench) say(all ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range all {
		b.said = append(b.said, fmt.Sprintf("%v %+v", v, v))
	}
}

// reference makes one of ours: 20 characters A-Z2-7.
func reference(seed ...string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	text := []byte(sim.ID(fmt.Sprint(seed), 40))
	out := make([]byte, 20)
	for i := range out {
		out[i] = alphabet[(int(text[2*i])*36+int(text[2*i+1]))%len(alphabet)]
	}
	return string(out)
}

// buffer is a log that several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
