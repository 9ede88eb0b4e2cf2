package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// call is what the made-up company of these tests is sent.
type call struct {
	Moves       bool              `json:"moves,omitempty"`
	ID          string            `json:"id,omitempty"`
	Reference   string            `json:"reference,omitempty"`
	Description string            `json:"description,omitempty"`
	CallbackURL string            `json:"callback_url,omitempty"`
	Method      string            `json:"method,omitempty"`
	Minor       int64             `json:"minor,omitempty"`
	Currency    string            `json:"currency,omitempty"`
	Details     map[string]string `json:"details,omitempty"`
	Password    string            `json:"pw,omitempty"`
}

// adapter reads calls back. Its other methods are not used.
type adapter struct{ providers.Provider }

func (adapter) ReadBack(_ *http.Request, body []byte) (providers.Readback, error) {
	var c call
	if err := json.Unmarshal(body, &c); err != nil {
		return providers.Readback{}, err
	}
	rb := providers.Readback{Moves: c.Moves, RemoteID: c.ID}
	if c.Method != "" {
		rb.Order = &providers.Order{
			Reference: c.Reference, Description: c.Description, CallbackURL: c.CallbackURL, Method: c.Method,
			Amount: money.Amount{Minor: c.Minor, Currency: c.Currency}, Details: c.Details,
		}
	}
	return rb, nil
}

func order() providers.Order {
	return providers.Order{
		Reference: "AAAABBBBCCCCDDDDEEEE", Method: "mtn_bj", Amount: money.Amount{Minor: 5000, Currency: "XOF"},
		Description: "October", Details: map[string]string{"msisdn": "2290190000000", "note": ""},
		CallbackURL: "https://pay.example/hooks/1",
	}
}

// moving is the call that says exactly what order says.
func moving() call {
	o := order()
	return call{Moves: true, Reference: o.Reference, Description: o.Description, CallbackURL: o.CallbackURL,
		Method: o.Method, Minor: o.Amount.Minor, Currency: o.Amount.Currency, Details: map[string]string{"msisdn": "2290190000000"}}
}

// book collects exchanges.
type book struct {
	mu  sync.Mutex
	all []Exchange
}

func (b *book) add(_ context.Context, e Exchange) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, e)
}

func (b *book) only(t *testing.T) Exchange {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.all) != 1 {
		t.Fatalf("got %d exchanges recorded, want 1", len(b.all))
	}
	return b.all[0]
}

func client(t *testing.T, o Options) (*Client, *book) {
	t.Helper()
	b := &book{}
	o.Record = b.add
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.Bind(adapter{})
	return c, b
}

func request(ctx context.Context, t *testing.T, url string, c call) *http.Request {
	t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// errorOf returns what Call failed with.
func errorOf(t *testing.T, err error) *providers.Error {
	t.Helper()
	e, ok := errors.AsType[*providers.Error](err)
	if !ok {
		t.Fatalf("got error %v, want a *providers.Error", err)
	}
	return e
}

// counter is a server that counts connections and requests before it hands them on.
type counter struct {
	*httptest.Server
	conns, requests atomic.Int64
}

func serve(t *testing.T, h http.HandlerFunc) *counter {
	t.Helper()
	c := &counter{}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		h(w, r)
	}))
	c.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.conns.Add(1)
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":"r1"}`) }

// raw is a server that does what it is told with each connection. It counts the bytes it was sent.
func raw(t *testing.T, do func(net.Conn)) (string, *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var got atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { do(counting{conn, &got}); _ = conn.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return "http://" + l.Addr().String(), &got
}

type counting struct {
	net.Conn
	got *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got.Add(int64(n))
	return n, err
}

// swallow reads a request of these tests, whose bodies end in a brace.
func swallow(conn net.Conn) {
	buf := make([]byte, 64<<10)
	var all []byte
	for !strings.HasSuffix(string(all), "}") {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		all = append(all, buf[:n]...)
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name string
		do   func(net.Conn)
		kind providers.Kind
		code string // empty: an answer
	}{
		{"read, then closed", swallow, providers.Unknown, CodeReset},
		{"reset", func(c net.Conn) {
			swallow(c)
			_ = c.(counting).Conn.(*net.TCPConn).SetLinger(0)
		}, providers.Unknown, CodeReset},
		{"not HTTP", func(c net.Conn) { swallow(c); _, _ = io.WriteString(c, "SSH-2.0-x\r\n") }, providers.Unknown, CodeUnreadable},
		{"half an answer", func(c net.Conn) {
			swallow(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\":")
		}, providers.Unknown, CodeReset},
		{"half a chunk", func(c net.Conn) {
			swallow(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{\"id\":")
		}, providers.Unknown, CodeReset},
		{"endless headers", func(c net.Conn) {
			swallow(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n")
		}, providers.Unknown, CodeUnreadable},
		{"silence", func(c net.Conn) { swallow(c); _, _ = c.Read(make([]byte, 1)) }, providers.Unknown, CodeTimeout},
		{"500", func(c net.Conn) {
			swallow(c)
			_, _ = io.WriteString(c, "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}")
		}, providers.Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := raw(t, tt.do)
			c, b := client(t, Options{BaseURL: url, Named: true, Timeout: 300 * time.Millisecond})
			p := NewPermit(order())
			answer, err := Call(c.HTTP(), request(WithPermit(t.Context(), p), t, url+"/pay", moving()))
			e := b.only(t)
			if !p.Written() || !p.Spent() || !e.Written || !e.Moves {
				t.Errorf("got written %v, spent %v, exchange %+v, want all of it true", p.Written(), p.Spent(), e)
			}
			if tt.code == "" {
				if err != nil || answer.Status != 500 || e.Err != "" {
					t.Errorf("got %v, %v, want an answer", answer, err)
				}
				return
			}
			if got := errorOf(t, err); got.Kind != tt.kind || got.Code != tt.code {
				t.Errorf("got %v (%v), want %v %s", got, got.Code, tt.kind, tt.code)
			}
			if e.Err == "" {
				t.Error("got an exchange without error, want it recorded")
			}
		})
	}
}

func TestNotSent(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deadURL := "http://" + dead.Addr().String()
	_ = dead.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		url  string
		code string
	}{
		{"dead port", t.Context(), deadURL, CodeConnect},
		{"no such host", t.Context(), "http://nothing.invalid", CodeConnect},
		{"given up before", cancelled, deadURL, CodeCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, b := client(t, Options{BaseURL: tt.url, Named: true})
			p := NewPermit(order())
			_, err := Call(c.HTTP(), request(WithPermit(tt.ctx, p), t, tt.url, moving()))
			if got := errorOf(t, err); got.Kind != providers.NotSent || got.Code != tt.code {
				t.Errorf("got %v, want not sent, %s", got, tt.code)
			}
			if e := b.only(t); p.Written() || !p.Spent() || e.Written || e.Err == "" {
				t.Errorf("got written %v, spent %v, exchange %+v, want spent, not written, recorded", p.Written(), p.Spent(), e)
			}
		})
	}
}

func TestDrip(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	c, b := client(t, Options{BaseURL: s.URL, Named: true, Timeout: 150 * time.Millisecond})
	began := time.Now()
	_, err := Call(c.HTTP(), request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, moving()))
	if got := errorOf(t, err); got.Kind != providers.Unknown || got.Code != CodeTimeout {
		t.Errorf("got %v, want unknown, timeout", got)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("got an end after %v, want one after the deadline", took)
	}
	if e := b.only(t); len(e.Answer) == 0 || e.Status != 200 {
		t.Errorf("got %+v, want the answer as far as it came", e)
	}
}

func TestTooLarge(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2<<20)) })
	c, b := client(t, Options{BaseURL: s.URL, Named: true})
	_, err := Call(c.HTTP(), request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, moving()))
	if got := errorOf(t, err); got.Kind != providers.Unknown || got.Code != CodeTooLarge {
		t.Errorf("got %v, want unknown, too_large", got)
	}
	if e := b.only(t); !e.Truncated || len(e.Answer) != maxBody {
		t.Errorf("got %d bytes, truncated %v, want %d, true", len(e.Answer), e.Truncated, maxBody)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, ok)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, status) })
		c, _ := client(t, Options{BaseURL: s.URL, Named: true})
		answer, err := Call(c.HTTP(), request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, moving()))
		if got := errorOf(t, err); got.Kind != providers.Unknown || got.Code != CodeRedirect || answer.Status != status {
			t.Errorf("got %d, %v, want %d, unknown, redirect", answer.Status, got, status)
		}
		if s.requests.Load() != 1 {
			t.Errorf("got %d requests, want 1", s.requests.Load())
		}
	}
	if elsewhere.conns.Load() != 0 {
		t.Error("got the redirect followed, want the other server untouched")
	}
}

func TestForbiddenHeaders(t *testing.T) {
	s := serve(t, ok)
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key", "idempotency-key", "X-IDEMPOTENCY-KEY"} {
		c, b := client(t, Options{BaseURL: s.URL, Named: true})
		req := request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, moving())
		req.Header[name] = []string{"k"}
		_, err := Call(c.HTTP(), req)
		if got := errorOf(t, err); got.Kind != providers.NotSent || got.Code != CodeRequest {
			t.Errorf("%s: got %v, want not sent, request", name, got)
		}
		if e := b.only(t); e.Written {
			t.Errorf("%s: got it written, want it refused", name)
		}
	}
	if s.conns.Load() != 0 {
		t.Errorf("got %d connections, want none", s.conns.Load())
	}
}

func TestFreshConnections(t *testing.T) {
	s := serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	for range 3 {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/balance", nil)
		if _, err := Call(c.HTTP(), req); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.conns.Load(); got != 3 {
		t.Errorf("got %d connections for 3 requests, want 3", got)
	}
}

// A server that keeps its connections open and drops them once the request that moves money is read makes net/http's
// own client send it again.
func TestNoReplay(t *testing.T) {
	var moved atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "keep-alive")
		if r.Method == http.MethodGet {
			ok(w, r)
			return
		}
		moved.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	})
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	h := c.HTTP()
	for range 3 {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		if _, err := Call(h, req); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Call(h, request(WithPermit(t.Context(), NewPermit(order())), t, s.URL, moving()))
	if got := errorOf(t, err); got.Kind != providers.Unknown || got.Code != CodeReset {
		t.Errorf("got %v, want unknown, reset", got)
	}
	if moved.Load() != 1 {
		t.Errorf("got %d money-moving requests, want 1", moved.Load())
	}
}

// Whatever moment a send is given up at: "not sent" means that the server was sent nothing.
func TestNotSentIsExact(t *testing.T) {
	var sent, unsent int
	for i := range 300 {
		url, got := raw(t, func(c net.Conn) {
			if i%3 > 0 { // else it hangs up at once
				swallow(c)
				_, _ = c.Read(make([]byte, 1))
			}
		})
		c, _ := client(t, Options{BaseURL: url, Named: true, Timeout: time.Duration(1+i*4) * time.Microsecond})
		p := NewPermit(order())
		_, err := Call(c.HTTP(), request(WithPermit(t.Context(), p), t, url, moving()))
		p.Close()
		kind := errorOf(t, err).Kind
		if (kind == providers.NotSent) == p.Written() {
			t.Fatalf("got %v with written %v, want them to agree", kind, p.Written())
		}
		if kind != providers.NotSent {
			sent++
			continue
		}
		unsent++
		if n := got.Load(); n != 0 {
			t.Fatalf("got %d bytes at the server of a request reported as not sent", n)
		}
	}
	t.Logf("%d sent, %d not sent", sent, unsent)
}
