package sim

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Policy is how a company delivers its webhooks.
type Policy struct {
	Timeout time.Duration                // for one delivery; 0: 5 s
	Gaps    []time.Duration              // how long it waits before each repetition; empty: it delivers once
	Accepts func(r providers.Reply) bool // what counts as delivered; nil: any 2xx
}

// Message is one webhook to be written and signed.
type Message struct {
	Order  Order  // with the status and the amount to be stated
	Forged bool   // sign it wrongly
	URL    string // where it goes
	Try    int    // 1 for the first delivery
}

// Courier delivers webhooks in the background of a simulator.
type Courier struct {
	Config providers.SimulatorConfig
	Policy Policy
	Build  func(m Message) (*http.Request, error) // called anew for each delivery; an error or nil: nothing is sent
}

// Notify delivers a notice about an order: to the order's own callback address, else to the addresses configured. The
// first delivery is made before it returns, repetitions come later. It is made for Options.Notify.
func (c *Courier) Notify(o Order, n Notice) {
	if n.Status != "" {
		o.Status = n.Status
	}
	if n.Off {
		o.Amount.Minor += unit(o.Amount.Currency)
	}
	cfg := Defaults(c.Config)
	urls := []string{o.CallbackURL}
	if o.CallbackURL == "" {
		urls = cfg.WebhookURLs()
	}
	for _, url := range urls {
		c.deliver(cfg, Message{Order: o, Forged: n.Forged, URL: url, Try: 1})
	}
}

// deliver makes one delivery and arranges for the next if it was not accepted.
func (c *Courier) deliver(cfg providers.SimulatorConfig, m Message) {
	if c.try(cfg, m) || m.Forged || m.Try > len(c.Policy.Gaps) {
		return
	}
	gap := c.Policy.Gaps[m.Try-1]
	m.Try++
	cfg.After(gap, func() { c.deliver(cfg, m) })
}

// try reports whether the webhook is done with.
func (c *Courier) try(cfg providers.SimulatorConfig, m Message) bool {
	req, err := c.Build(m)
	if err != nil || req == nil {
		return true
	}
	timeout := c.Policy.Timeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	reply, err := cfg.Deliver(req.WithContext(ctx))
	return err == nil && c.accepts(reply)
}

func (c *Courier) accepts(r providers.Reply) bool {
	if c.Policy.Accepts != nil {
		return c.Policy.Accepts(r)
	}
	return r.Status >= 200 && r.Status <= 299
}

// Says is what Policy.Accepts is for a company that wants to read a word, blanks around it allowed, in an answer of 200.
func Says(word string) func(providers.Reply) bool {
	return func(r providers.Reply) bool {
		return r.Status == http.StatusOK && strings.TrimSpace(string(r.Body)) == word
	}
}
