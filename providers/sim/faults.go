package sim

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Faults is a handler put before a simulator to break its answers. It is safe for concurrent use.
type Faults struct {
	next http.Handler

	mu    sync.Mutex
	queue []planned
	seen  []string
}

type planned struct {
	match func(*http.Request) bool
	fault Fault
	after bool
}

// NewFaults puts itself before a handler. Until told otherwise it changes nothing.
func NewFaults(next http.Handler) *Faults { return &Faults{next: next} }

// Next has the next request that matches go wrong before the handler sees it: nothing is booked. nil matches any.
func (f *Faults) Next(match func(*http.Request) bool, fault Fault) {
	f.add(planned{match: match, fault: fault})
}

// After has the next request that matches go wrong after the handler has carried it out and its answer is thrown away.
func (f *Faults) After(match func(*http.Request) bool, fault Fault) {
	f.add(planned{match: match, fault: fault, after: true})
}

func (f *Faults) add(p planned) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.match == nil {
		p.match = func(*http.Request) bool { return true }
	}
	f.queue = append(f.queue, p)
}

// Pending returns how many faults have not been met yet.
func (f *Faults) Pending() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queue)
}

// keptRequests is how many requests are remembered.
const keptRequests = 1000

// Seen lists the last thousand requests that came in, "POST /v1/payouts" each.
func (f *Faults) Seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// Reset forgets the faults to come and the requests seen.
func (f *Faults) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.seen = nil, nil
}

// ServeHTTP carries a request out, or lets it go wrong.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, broken := f.take(r)
	if !broken {
		f.next.ServeHTTP(w, r)
		return
	}
	if p.after {
		f.carryOut(r)
	}
	p.fault(w, r)
}

// carryOut has the handler serve the request and throws its answer away.
func (f *Faults) carryOut(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a body that breaks off is the handler's to refuse
	inner := r.Clone(r.Context())
	inner.Body = io.NopCloser(bytes.NewReader(body))
	f.next.ServeHTTP(unheard{http.Header{}}, inner)
}

// unheard is an answer that nobody gets.
type unheard struct{ header http.Header }

func (u unheard) Header() http.Header       { return u.header }
func (unheard) Write(b []byte) (int, error) { return len(b), nil }
func (unheard) WriteHeader(int)             {}

// take notes the request and returns the first fault that waits for it.
func (f *Faults) take(r *http.Request) (planned, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.URL.Path)
	if len(f.seen) > keptRequests {
		f.seen = slices.Delete(f.seen, 0, 1)
	}
	for i, p := range f.queue {
		if p.match(r) {
			f.queue = slices.Delete(f.queue, i, i+1)
			return p, true
		}
	}
	return planned{}, false
}

// Path matches requests by method and the end of their path: Path("POST", "/cash-out/").
func Path(method, suffix string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.HasSuffix(r.URL.Path, suffix) }
}
