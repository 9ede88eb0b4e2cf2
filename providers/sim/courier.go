package sim

import (
	"context"
	"net/http"
	"strings"
	"sync"
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

	notice Notice
	byHand bool // somebody asked for it: it is not held back
}

// Courier delivers webhooks in the background of a simulator. It must not be copied.
type Courier struct {
	Config providers.SimulatorConfig
	Policy Policy
	Build  func(m Message) (*http.Request, error) // called anew for each delivery; an error or nil: nothing is sent

	once sync.Once
	own  *mailbag
}

// Notify delivers a notice about an order: to the order's own callback address, else to the addresses configured. The
// first delivery is made before it returns, unless [Courier.Delay] was called, and repetitions come later. It is made for
// Options.Notify.
func (c *Courier) Notify(o Order, n Notice) {
	cfg := Defaults(c.Config)
	if d := c.Delayed(); d > 0 {
		cfg.After(d, func() { c.post(cfg, o, n, false) })
		return
	}
	c.post(cfg, o, n, false)
}

// Send is Notify because somebody asked for it: it neither waits nor is held back.
func (c *Courier) Send(o Order, n Notice) { c.post(Defaults(c.Config), o, n, true) }

// Ask delivers one webhook once, for a company that goes by what is answered to it. One that is held back has no answer.
func (c *Courier) Ask(m Message) (providers.Reply, error) {
	d := c.try(Defaults(c.Config), m)
	return d.Reply, d.Err
}

// post delivers a notice to every address for the first time.
func (c *Courier) post(cfg providers.SimulatorConfig, o Order, n Notice, byHand bool) {
	if n.Status != "" {
		o.Status = n.Status
	}
	if n.Off {
		o.Amount.Minor += unit(o.Amount.Currency)
	}
	urls := []string{o.CallbackURL}
	if o.CallbackURL == "" {
		urls = cfg.WebhookURLs()
	}
	m := Message{Order: o, Forged: n.Forged, Try: 1, notice: n, byHand: byHand}
	for _, m.URL = range urls {
		c.deliver(cfg, m)
	}
	if len(urls) == 0 {
		d := m.delivery(cfg.Now())
		d.Err = errNowhere
		c.bag().put(d)
	}
}

// deliver makes one delivery and arranges for the next if it was not accepted.
func (c *Courier) deliver(cfg providers.SimulatorConfig, m Message) {
	if d := c.try(cfg, m); d.Accepted || d.Held || d.Number == 0 || m.Forged || m.Try > len(c.Policy.Gaps) {
		return
	}
	gap := c.Policy.Gaps[m.Try-1]
	m.Try++
	cfg.After(gap, func() { c.deliver(cfg, m) })
}

// try makes one delivery and takes note of it. One that could not be written is not noted and has no number.
func (c *Courier) try(cfg providers.SimulatorConfig, m Message) Delivery {
	d := m.delivery(cfg.Now())
	if c.Held(m.Order.RemoteID) && !m.byHand {
		d.Held, d.Err = true, errHeld
		return c.bag().put(d)
	}
	req, err := c.Build(m)
	if err != nil || req == nil {
		return d
	}
	timeout := c.Policy.Timeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	d.Header, d.Body = req.Header.Clone(), bodyOf(req)
	d.Reply, d.Err = cfg.Deliver(req.WithContext(ctx))
	d.Accepted = d.Err == nil && c.accepts(d.Reply)
	return c.bag().put(d)
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
