package sim

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// keptDeliveries is how many deliveries a courier remembers.
const keptDeliveries = 50

// The errors of deliveries that were not made.
var (
	errHeld    = errors.New("held back")
	errNowhere = errors.New("no address is known to post to")
)

// Delivery is one webhook as it was posted, and what was answered.
type Delivery struct {
	Number   int // counted from 1 through the life of the simulator
	At       time.Time
	RemoteID string
	Word     string // the status it states
	Notice   Notice // what is odd about it
	URL      string
	Try      int  // 1 for the first
	ByHand   bool // somebody asked for it
	Header   http.Header
	Body     []byte
	Reply    providers.Reply
	Err      error // nothing was answered
	Held     bool  // it was not posted
	Accepted bool  // the company takes it for delivered
}

func (m Message) delivery(at time.Time) Delivery {
	return Delivery{At: at, RemoteID: m.Order.RemoteID, Word: m.Order.Status, Notice: m.notice, URL: m.URL, Try: max(1, m.Try), ByHand: m.byHand}
}

// mailbag is what a courier remembers. It outlives the courier when a simulator is made anew, see [Desk].
type mailbag struct {
	mu    sync.Mutex
	delay time.Duration
	held  map[string]bool
	count int
	last  []Delivery
}

// bag returns what the courier remembers.
func (c *Courier) bag() *mailbag {
	c.once.Do(func() {
		if c.own == nil {
			c.own = &mailbag{held: map[string]bool{}}
		}
	})
	return c.own
}

// adopt goes on with what an earlier courier of the same simulator remembers. Nobody may use it before.
func (c *Courier) adopt(earlier *Courier) { c.own = earlier.bag() }

// put takes note of a delivery.
func (b *mailbag) put(d Delivery) Delivery {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count++
	d.Number = b.count
	b.last = append(b.last, d)
	if len(b.last) > keptDeliveries {
		b.last = slices.Delete(b.last, 0, 1)
	}
	return d
}

// Delay has the webhooks of the simulator itself wait before they are posted for the first time.
func (c *Courier) Delay(d time.Duration) {
	b := c.bag()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delay = d
}

// Delayed returns how long they wait.
func (c *Courier) Delayed() time.Duration {
	b := c.bag()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.delay
}

// Hold has the webhooks about an order dropped from now on, repetitions too, or no more. Those of [Courier.Send] are not.
func (c *Courier) Hold(remoteID string, held bool) {
	b := c.bag()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[remoteID] = held
}

// Held reports whether the webhooks about an order are dropped.
func (c *Courier) Held(remoteID string) bool {
	b := c.bag()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held[remoteID]
}

// Deliveries returns the last fifty deliveries, oldest first.
func (c *Courier) Deliveries() []Delivery {
	b := c.bag()
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.last)
}

// bodyOf returns the body of a request that has not been sent yet, nil if it can be read once only.
func bodyOf(r *http.Request) []byte {
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(body) // a copy in memory
	return text
}
