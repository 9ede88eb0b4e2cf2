// Package httpx is the HTTP client that adapters are given. It is made for requests that move money.
//
// A request goes out at most once, on a connection of its own, to the one address the account uses, within a total
// deadline. Everything but GET and HEAD is decoded again from the bytes about to be written, by the adapter's own
// ReadBack, and compared with the order its [Permit] stands for. A request that differs, or that moves money without
// a permit, is refused before a connection is opened. Whether a byte of a request reached the socket is known
// exactly: "not sent" is said only then.
package httpx

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// The total deadline of a request is 30 s unless Options say otherwise. Requests and answers hold at most 1 MiB; the
// headers of an answer 64 KiB.
const (
	defaultTimeout = 30 * time.Second
	maxBody        = 1 << 20
	maxHeader      = 64 << 10
	userAgent      = "paywicket" // net/http's own name is turned away by some firewalls
)

// Options say where a client may go and what becomes of its exchanges.
type Options struct {
	BaseURL string        // calls may go to this scheme, host and port only
	Named   bool          // the operator named this address: plain http and private addresses are allowed for it
	Timeout time.Duration // total deadline, reading the answer included; 0: 30 s

	// Secrets are masked in what is recorded, also where they are escaped. Headers that carry credentials and JSON
	// members named like credentials are masked whatever they hold.
	Secrets []string
	// Record is called once for each exchange after it ended, refused ones included; perhaps at the same time, with
	// the context of its request. nil: nothing is recorded.
	Record func(context.Context, Exchange)
	Now    func() time.Time // nil: time.Now
}

// Exchange is one request and its answer as they are recorded: masked, but otherwise as they were.
type Exchange struct {
	Start        time.Time
	Took         time.Duration
	Method, URL  string
	Moves        bool // the request moves money, as ReadBack said
	Header       http.Header
	Body         []byte
	Status       int // 0: no answer
	AnswerHeader http.Header
	Answer       []byte // as far as it came
	Written      bool   // a byte of the request reached the socket
	Err          string // empty: an answer was read to its end, whatever its status
	Truncated    bool   // the answer was longer than what is kept here
}

// Client sends the requests of one account. It may be used by several goroutines.
type Client struct {
	base     *url.URL
	named    bool
	timeout  time.Duration
	mask     masker
	note     func(context.Context, Exchange)
	now      func() time.Time
	roots    *x509.CertPool // nil: the system's
	provider atomic.Pointer[providers.Provider]
}

// New makes a client. The address must be https unless the operator named it.
func New(o Options) (*Client, error) {
	base, err := parseBase(o)
	if err != nil {
		return nil, fmt.Errorf("address of the account: %w", err)
	}
	c := &Client{base: base, named: o.Named, timeout: o.Timeout, mask: newMasker(o.Secrets), note: o.Record, now: o.Now}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	if c.note == nil {
		c.note = func(context.Context, Exchange) {}
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// HTTP returns the client as net/http knows it, for providers.Config. It follows no redirect and keeps no cookies.
func (c *Client) HTTP() *http.Client {
	return &http.Client{
		Transport:     transport{c},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Bind names the provider whose ReadBack guards the requests. Until then everything but GET and HEAD is refused.
func (c *Client) Bind(p providers.Provider) {
	if p == nil {
		c.provider.Store(nil)
		return
	}
	c.provider.Store(&p)
}

// transport is the round tripper of a client. It is a type of its own so that Client does not have the method.
type transport struct{ client *Client }

// RoundTrip carries out one exchange and records it. The answer is read to its end before it returns.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := &exchange{client: t.client, start: t.client.now(), permit: permitFrom(req.Context())}
	ctx, cancel := context.WithTimeout(req.Context(), t.client.timeout)
	defer cancel()
	failed := x.run(ctx, req)
	x.record(req.Context(), failed)
	if failed != nil {
		return nil, failed
	}
	x.res.Request = req
	return x.res, nil
}

// parseBase checks the address of an account.
func parseBase(o Options) (*url.URL, error) {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("scheme %q is not https", u.Scheme)
	case u.Scheme == "http" && !o.Named:
		return nil, errors.New("plain http is only for an address the operator named")
	case u.Hostname() == "" || !isASCII(u.Host):
		return nil, fmt.Errorf("host %q is missing or not plain ASCII", u.Host)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("no user, query or fragment belongs in it")
	}
	return u, nil
}

// sameOrigin reports whether u has the scheme, host and port of the account's address.
func (c *Client) sameOrigin(u *url.URL) bool {
	return u != nil && u.Scheme == c.base.Scheme && u.User == nil && strings.EqualFold(hostPort(u), hostPort(c.base))
}

// hostPort is what to dial for u: its port is the scheme's if it names none.
func hostPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return net.JoinHostPort(u.Hostname(), u.Port())
	case u.Scheme == "http":
		return net.JoinHostPort(u.Hostname(), "80")
	}
	return net.JoinHostPort(u.Hostname(), "443")
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r <= ' ' })
}
