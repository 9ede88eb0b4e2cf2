package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
)

// Settings makes up the credentials a simulator accepts, from what the provider asks for.
func Settings(def providers.Definition) map[string]string {
	all := map[string]string{}
	for _, f := range def.Settings {
		all[f.Name] = sampleValue(def.ID, f)
	}
	return all
}

// liveKey has the form of a live key of Moneroo, by which its simulator tells which mode to play. It opens nothing.
const liveKey = "pvk_demo00|01JDEM0DEM0DEM0DEM0DEM0DEM"

func sampleValue(provider string, f providers.Field) string {
	switch {
	case provider == "moneroo" && f.Name == "secret_key":
		return liveKey
	case f.Example != "" && f.Type != providers.Secret:
		return f.Example
	case f.Type == providers.Secret:
		return "demo-" + strings.ReplaceAll(f.Name, "_", "-") + "-of-" + provider
	case f.Type == providers.Digits:
		return "10001"
	case f.Type == providers.Email:
		return "ops@paywicket.example"
	case len(f.Options) > 0:
		return f.Options[0].Value
	}
	return "demo-" + f.Name
}

// Deliver posts a webhook and returns what was answered.
func Deliver(r *http.Request) (providers.Reply, error) {
	client := http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(r) //nolint:gosec // to the address a simulator was told, on this machine
	if err != nil {
		return providers.Reply{}, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	return providers.Reply{Status: res.StatusCode, Type: res.Header.Get("Content-Type"), Body: body}, errors.Join(err, res.Body.Close())
}

func (d *Demo) startSimulator(ctx context.Context, def providers.Definition) (*simulator, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start simulator of %s: %w", def.ID, err)
	}
	s := &simulator{def: def, settings: Settings(def), url: "http://" + l.Addr().String()}
	s.hooks.Store(&[]string{})
	h := def.Simulator(providers.SimulatorConfig{Settings: s.settings, Now: d.clock.Now, After: d.clock.After, Deliver: Deliver,
		Pace: 3 * time.Second, WebhookURLs: func() []string { return d.hooksOf(s) }})
	s.server = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }() // ends with Close
	return s, nil
}

// controls lists the pages on which people decide what the simulated providers do.
func (d *Demo) controls() string {
	var b strings.Builder
	b.WriteString("What becomes of an order, its webhooks and faults are decided on the page of each simulator:\n\n")
	for _, s := range d.sims {
		fmt.Fprintf(&b, "  %-10s %s\n", s.def.Name, s.url+providers.ControlPath)
	}
	return b.String()
}

// hooksOf lists where a simulator posts to: the webhook addresses of all accounts, also of those that somebody connects while
// trying the demo. A real company has to be told.
func (d *Demo) hooksOf(s *simulator) []string {
	boss := d.boss.Load()
	if boss == nil {
		return *s.hooks.Load()
	}
	accounts, err := d.App.Admin().Stores.Accounts(context.Background(), *boss, access.ViewAccounts)
	if err != nil {
		return *s.hooks.Load()
	}
	var all []string
	for _, a := range accounts {
		if a.Provider == s.def.ID && a.Label != deadLabel {
			all = append(all, d.App.HookLink(a))
		}
	}
	return all
}

// clock runs behind the real one while the demo's past is made, and fast.
type clock struct {
	behind atomic.Int64 // nanoseconds
	fast   atomic.Bool
}

func newClock() *clock {
	c := &clock{}
	c.fast.Store(true)
	return c
}

// Now is the demo's time.
func (c *clock) Now() time.Time { return time.Now().Add(-time.Duration(c.behind.Load())) }

// After runs f after d, a thousand times sooner while the past is made.
func (c *clock) After(d time.Duration, f func()) {
	if c.fast.Load() {
		d /= 1000
	}
	time.AfterFunc(d, f)
}

// goBack sets the clock back to d before now.
func (c *clock) goBack(d time.Duration) { c.behind.Store(int64(d)) }

// arrive ends the past.
func (c *clock) arrive() {
	c.behind.Store(0)
	c.fast.Store(false)
}
