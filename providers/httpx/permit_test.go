package httpx

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

func TestSingleUse(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	p := NewPermit(order())
	ctx := WithPermit(t.Context(), p)
	h := c.HTTP()
	var wg sync.WaitGroup
	var sent atomic.Int64
	for range 64 {
		req := request(ctx, t, s.URL, moving())
		wg.Go(func() {
			_, err := Call(h, req)
			if err == nil {
				sent.Add(1)
				return
			}
			// Another one may be under way: nobody may say that nothing was sent.
			if e := errorOf(t, err); e.Kind != providers.Unknown || e.Code != CodePermit {
				t.Errorf("got %v, want unknown, permit", e)
			}
		})
	}
	wg.Wait()
	if sent.Load() != 1 || s.requests.Load() != 1 || s.conns.Load() != 1 {
		t.Errorf("got %d sent, %d requests, %d connections, want 1 each", sent.Load(), s.requests.Load(), s.conns.Load())
	}
}

func TestDifferencesAreRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*call)
		field  string
	}{
		{"amount", func(c *call) { c.Minor++ }, "amount"},
		{"currency", func(c *call) { c.Currency = "XAF" }, "amount"},
		{"method", func(c *call) { c.Method = "moov_bj" }, "method"},
		{"recipient", func(c *call) { c.Details = map[string]string{"msisdn": "2290190000001"} }, "details.msisdn"},
		{"recipient missing", func(c *call) { c.Details = nil }, "details.msisdn"},
		{"detail added", func(c *call) { c.Details["bank"] = "1" }, "details.bank"},
		{"empty detail filled", func(c *call) { c.Details["note"] = "x" }, "details.note"},
		{"reference", func(c *call) { c.Reference = "AAAABBBBCCCCDDDDEEEF" }, "reference"},
		{"description", func(c *call) { c.Description = "November" }, "description"},
		{"callback", func(c *call) { c.CallbackURL = "https://other.example" }, "callback_url"},
		{"identifier never stored", func(c *call) { c.ID = "r1" }, "remote_id"},
	}
	s := serve(t, ok)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, b := client(t, Options{BaseURL: s.URL, Named: true})
			p := NewPermit(order())
			changed := moving()
			tt.change(&changed)
			_, err := Call(c.HTTP(), request(WithPermit(t.Context(), p), t, s.URL, changed))
			e := errorOf(t, err)
			if e.Kind != providers.NotSent || e.Code != CodeDiffers || !strings.HasSuffix(e.Err.Error(), ": "+tt.field) {
				t.Errorf("got %v, want not sent, differs in %s", e, tt.field)
			}
			if p.Spent() || p.Written() || b.only(t).Written {
				t.Error("got the permit spent or something written, want neither")
			}
		})
	}
	if s.conns.Load() != 0 {
		t.Errorf("got %d connections, want none", s.conns.Load())
	}
}

func TestWhatIsNotCarriedIsNotCompared(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	bare := moving()
	bare.Reference, bare.Description, bare.CallbackURL = "", "", ""
	if _, err := Call(c.HTTP(), request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, bare)); err != nil {
		t.Errorf("got %v, want it sent", err)
	}
}

// step is one thing an adapter does during a send of two steps.
type step struct {
	call       call
	checkpoint string // instead of a call
	code       string // empty: it works
}

func TestTwoSteps(t *testing.T) {
	start := moving()
	start.Moves = false
	other := start
	other.Minor++
	finish := call{Moves: true, ID: "r1"}
	stored := step{checkpoint: "r1"}
	tests := []struct {
		name  string
		steps []step
		moved int64
	}{
		{"as it should be", []step{{call: start}, stored, {call: finish}}, 1},
		{"identifier not stored", []step{{call: start}, {call: finish, code: CodeDiffers}}, 0},
		{"another identifier", []step{{call: start}, stored, {call: call{Moves: true, ID: "r2"}, code: CodeDiffers}}, 0},
		{"no order described", []step{stored, {call: finish, code: CodeDiffers}}, 0},
		{"another order described", []step{{call: other, code: CodeDiffers}, stored, {call: finish, code: CodeDiffers}}, 0},
		{"names nothing", []step{{call: start}, stored, {call: call{Moves: true}, code: CodeDiffers}}, 0},
		{"second step twice", []step{{call: start}, stored, {call: finish}, {call: finish, code: CodePermit}}, 1},
		{"another order afterwards", []step{{call: start}, stored, {call: finish}, {call: start, code: CodePermit}}, 1},
		{"status afterwards", []step{{call: start}, stored, {call: finish}, {call: call{ID: "r1"}}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, ok)
			b := &book{}
			c, err := New(Options{BaseURL: s.URL, Named: true, Record: b.add})
			if err != nil {
				t.Fatal(err)
			}
			c.Bind(adapter{})
			p := NewPermit(order())
			for i, st := range tt.steps {
				if st.checkpoint != "" {
					p.Checkpoint(providers.Attempt{RemoteID: st.checkpoint})
					continue
				}
				_, err := Call(c.HTTP(), request(WithPermit(t.Context(), p), t, s.URL, st.call))
				if st.code == "" && err != nil || st.code != "" && errorOf(t, err).Code != st.code {
					t.Errorf("step %d: got %v, want %q", i, err, st.code)
				}
			}
			var moved int64
			for _, e := range b.all {
				if e.Moves && e.Written {
					moved++
				}
			}
			if moved != tt.moved || p.Written() != (tt.moved > 0) {
				t.Errorf("got %d money-moving requests written, permit %v, want %d", moved, p.Written(), tt.moved)
			}
		})
	}
}

func TestOutsideASend(t *testing.T) {
	describing := moving()
	describing.Moves = false
	tests := []struct {
		name string
		call call
		code string
	}{
		{"moves money", moving(), CodePermit},
		{"moves money by identifier", call{Moves: true, ID: "r1"}, CodePermit},
		{"describes an order", describing, CodePermit},
		{"sign-in", call{Password: "x"}, ""},
		{"status by identifier", call{ID: "r1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, ok)
			c, _ := client(t, Options{BaseURL: s.URL, Named: true})
			_, err := Call(c.HTTP(), request(t.Context(), t, s.URL, tt.call))
			if tt.code == "" {
				if err != nil {
					t.Errorf("got %v, want an answer", err)
				}
				return
			}
			if e := errorOf(t, err); e.Kind != providers.NotSent || e.Code != tt.code || s.conns.Load() != 0 {
				t.Errorf("got %v, %d connections, want not sent, %s, none", e, s.conns.Load(), tt.code)
			}
		})
	}
}

func TestUnbound(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	c.Bind(nil)
	_, err := Call(c.HTTP(), request(t.Context(), t, s.URL, call{}))
	if e := errorOf(t, err); e.Kind != providers.NotSent || e.Code != CodeReadBack {
		t.Errorf("got %v, want not sent, readback", e)
	}
	get, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if _, err := Call(c.HTTP(), get); err != nil {
		t.Errorf("got %v, want GET to work", err)
	}
	get, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, strings.NewReader("{}"))
	if e := errorOf(t, second(Call(c.HTTP(), get))); e.Kind != providers.NotSent || e.Code != CodeRequest {
		t.Errorf("got %v, want a GET with a body refused", e)
	}
}

func second[A, B any](_ A, b B) B { return b }

func TestUnreadableRequest(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	req, _ := http.NewRequestWithContext(WithPermit(t.Context(), NewPermit(order())), http.MethodPost, s.URL, strings.NewReader("nonsense"))
	if e := errorOf(t, second(Call(c.HTTP(), req))); e.Kind != providers.NotSent || e.Code != CodeReadBack || s.conns.Load() != 0 {
		t.Errorf("got %v, want not sent, readback", e)
	}
}

// What fails after the money-moving request went out must not read as "not sent".
func TestNothingIsNotSentAfterTheMove(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	p := NewPermit(order())
	ctx := WithPermit(t.Context(), p)
	if _, err := Call(c.HTTP(), request(ctx, t, s.URL, moving())); err != nil {
		t.Fatal(err)
	}
	s.Close()
	get, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	for name, req := range map[string]*http.Request{"look-up": get, "again": request(ctx, t, s.URL, moving())} {
		_, err := Call(c.HTTP(), req)
		if e := errorOf(t, NothingMoved(err)); e.Kind != providers.Unknown {
			t.Errorf("%s: got %v, want unknown", name, e)
		}
	}
}

func TestClosedPermit(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	p := NewPermit(order())
	p.Close()
	_, err := Call(c.HTTP(), request(WithPermit(t.Context(), p), t, s.URL, moving()))
	if e := errorOf(t, err); e.Kind != providers.NotSent || e.Code != CodePermit || s.conns.Load() != 0 {
		t.Errorf("got %v, want not sent, permit", e)
	}
}

// A permit closed between its use and the first byte keeps that byte back.
func TestCloseBeforeTheFirstByte(t *testing.T) {
	p := NewPermit(order())
	o := order()
	if r := p.allow(providers.Readback{Moves: true, Order: &o}); r != nil {
		t.Fatal(r)
	}
	p.Close()
	x := &exchange{permit: p, moves: true}
	w := &wire{begin: x.begin}
	if n, err := w.Write([]byte("POST")); n != 0 || err == nil || p.Written() || x.written.Load() {
		t.Errorf("got %d, %v, written %v, want nothing written", n, err, p.Written())
	}
}
