// Package sim is what the simulators of payout companies share: a ledger of orders that proceed by themselves, the
// table of scenarios chosen by amount, webhooks with the company's own retries, faults put before a handler, and a page
// on which people and scripts control all that.
//
// A simulator is a plain http.Handler. It reads a request as the company would, calls [Play] with what it understood,
// and tells about orders in the company's words. It needs no secrets but made-up ones, and keeps everything in memory.
// In its last line it puts itself behind a [Desk], which gives it the control page:
//
//	return sim.NewDesk(mux, sim.Controls{Definition: Definition(), Config: cfg, Ledger: s.ledger, Courier: courier, Table: table(),
//		Ends: []sim.End{{Word: wordPaid, Status: providers.Paid}, {Word: wordFailed, Status: providers.Failed}}})
package sim

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// defaultPace is the time between two states of an order: long enough to be seen, short enough to wait for.
const defaultPace = 2 * time.Second

// Defaults fills in what a simulator's configuration leaves out, so that all of it may be used.
func Defaults(cfg providers.SimulatorConfig) providers.SimulatorConfig {
	if cfg.WebhookURLs == nil {
		cfg.WebhookURLs = func() []string { return nil }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Deliver == nil {
		cfg.Deliver = func(*http.Request) (providers.Reply, error) { return providers.Reply{Status: http.StatusOK}, nil }
	}
	if cfg.After == nil {
		cfg.After = func(d time.Duration, f func()) { time.AfterFunc(d, f) }
	}
	if cfg.Executed == nil {
		cfg.Executed = func(providers.Execution) {}
	}
	if cfg.Pace <= 0 {
		cfg.Pace = defaultPace
	}
	return cfg
}

// ID makes an identifier of n characters out of a-z0-9, always the same for a seed. n is at most 48.
func ID(seed string, n int) string {
	sum := sha256.Sum256([]byte(seed))
	text := new(big.Int).SetBytes(sum[:]).Text(36)
	return (strings.Repeat("0", 50) + text)[len(text)+50-n:]
}

// UUID makes an identifier that looks like a random UUID, always the same for a seed.
func UUID(seed string) string {
	b := sha256.Sum256([]byte(seed))
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
