package httpx

import (
	"context"
	"sync"

	"github.com/paywicket/paywicket/providers"
)

// Permit lets one request move money, and only as one order says. Whoever sends makes it from the approved snapshot,
// hands it over with the context, closes it when the send returned, and then asks it what happened: an error of kind
// NotSent may be believed only if Written reports false.
type Permit struct {
	order providers.Order

	mu       sync.Mutex
	seen     bool // a request described the order, and it was equal
	spent    bool // a money-moving request was started
	written  bool // and a byte of it went to the socket
	closed   bool
	remoteID string
}

// NewPermit makes a permit for an order as it was approved.
func NewPermit(o providers.Order) *Permit {
	o.Checkpoint = nil
	return &Permit{order: o}
}

type permitKey struct{}

// WithPermit returns a context whose requests may use the permit.
func WithPermit(ctx context.Context, p *Permit) context.Context {
	return context.WithValue(ctx, permitKey{}, p)
}

func permitFrom(ctx context.Context) *Permit {
	p, _ := ctx.Value(permitKey{}).(*Permit)
	return p
}

// Checkpoint remembers the identifier that was stored for the order. Call it when the attempt is durable, never
// before: from then on a request that only names this identifier may move the money.
func (p *Permit) Checkpoint(a providers.Attempt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remoteID = a.RemoteID
}

// Written reports whether a byte of the money-moving request was handed to the socket. After Close it is final.
func (p *Permit) Written() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written
}

// Spent reports whether a money-moving request was started.
func (p *Permit) Spent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spent
}

// Close ends the permit: no request is allowed by it any more, and one that was started but has not been written
// never will be.
func (p *Permit) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// write claims the right to write the first byte of the money-moving request.
func (p *Permit) write() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.written = true
	return true
}

// allow decides about a request that moves money or describes an order. nil stands for a request outside a send.
func (p *Permit) allow(rb providers.Readback) *refusal {
	if !rb.Moves && rb.Order == nil {
		return nil
	}
	if p == nil {
		return refuse(CodePermit, "it belongs to a send, and there is none")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.spent {
		return &refusal{code: CodePermit, text: "the permit of this send is used up", spent: p.spent}
	}
	return p.compare(rb)
}

// compare holds a request against the order and takes note of what it was. The caller holds the lock.
func (p *Permit) compare(rb providers.Readback) *refusal {
	if rb.Order != nil {
		if names := differences(p.order, *rb.Order); len(names) > 0 {
			return refuseDifference(names)
		}
		p.seen = true
	}
	if rb.Moves {
		return p.spend(rb)
	}
	return nil
}

// spend uses the permit up, once. The caller holds the lock and has compared what the request says of the order.
func (p *Permit) spend(rb providers.Readback) *refusal {
	switch {
	case rb.Order == nil && rb.RemoteID == "":
		return refuse(CodeDiffers, "it names no order")
	case rb.RemoteID != "" && rb.RemoteID != p.remoteID:
		return refuseDifference([]string{"remote_id"})
	case !p.seen:
		return refuse(CodeDiffers, "it names an order that no request of this send described")
	}
	p.spent = true
	return nil
}
