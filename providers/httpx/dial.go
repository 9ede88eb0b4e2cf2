package httpx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
)

// errAddress is the error of an address that is refused when it is about to be dialed.
var errAddress = errors.New("address not allowed")

// dial opens a connection, with the handshake done, so that whatever is written to it afterwards is the request. The
// address is checked after the name was resolved: a name that points inwards gets nowhere.
func (x *exchange) dial(ctx context.Context) (*wire, *refusal) {
	d := net.Dialer{ControlContext: x.client.control}
	conn, err := d.DialContext(ctx, "tcp", hostPort(x.req.URL))
	if err != nil {
		return nil, &refusal{code: dialCode(ctx, err, CodeConnect), text: "connect", err: err}
	}
	if x.req.URL.Scheme == "http" {
		return &wire{Conn: conn, begin: x.begin}, nil
	}
	secure := tls.Client(conn, &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: strings.TrimSuffix(x.req.URL.Hostname(), "."),
		NextProtos: []string{"http/1.1"},
		RootCAs:    x.client.roots,
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // nothing was written that could be lost
		return nil, &refusal{code: dialCode(ctx, err, CodeTLS), text: "tls handshake", err: err}
	}
	return &wire{Conn: secure, begin: x.begin}, nil
}

func dialCode(ctx context.Context, err error, code string) string {
	switch {
	case errors.Is(err, errAddress):
		return CodeAddress
	case errors.Is(ctx.Err(), context.Canceled):
		return CodeCancelled
	case ctx.Err() != nil:
		return CodeTimeout
	}
	return code
}

// control refuses addresses inside our own network.
func (c *Client) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !allowed(at.Addr(), c.named) {
		return fmt.Errorf("%s: %w", address, errAddress)
	}
	return nil
}

// allowed reports whether an account may talk to an address. One the operator named may be private or loopback.
func allowed(ip netip.Addr, named bool) bool {
	ip = embedded(ip.Unmap().WithZone(""))
	if !ip.IsValid() || within(ip, forbidden()) {
		return false
	}
	return named || !within(ip, private())
}

// forbidden are the networks that are never dialed.
func forbidden() []netip.Prefix {
	return prefixes(
		"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", // this host, link-local with the clouds' metadata, multicast and above
		"168.63.129.16/32", "100.100.100.200/32", "192.0.0.0/24", // metadata of Azure, Alibaba, Oracle
		"::/128", "fe80::/10", "ff00::/8", "fd00:ec2::254/128", // the same in IPv6, metadata of AWS
	)
}

// private are the networks that are only dialed if the operator named them.
func private() []netip.Prefix {
	return prefixes(
		"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
		"192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", // documentation, benchmarks
		"::1/128", "100::/64", "2001:db8::/32", "fc00::/7", "fec0::/10", "64:ff9b:1::/48", "2001::/32",
	)
}

// embedded returns the IPv4 address inside an IPv6 one, else ip itself: translated (RFC 6052), the old compatible form,
// and 6to4.
func embedded(ip netip.Addr) netip.Addr {
	if !ip.Is6() || ip.IsUnspecified() || ip.IsLoopback() {
		return ip
	}
	b := ip.As16()
	switch {
	case within(ip, prefixes("64:ff9b::/96", "::/96")):
		return netip.AddrFrom4([4]byte(b[12:]))
	case within(ip, prefixes("2002::/16")):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

func within(ip netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// wire is the connection of one request. It knows whether a byte of it was handed on, and once closed hands on none.
type wire struct {
	net.Conn
	begin func() bool // called before the first byte; false: it must not go out

	mu      sync.Mutex
	started bool
	closed  bool
}

// Write hands bytes to the socket, or to TLS over it. A started write counts as written, however it ends.
func (w *wire) Write(p []byte) (int, error) {
	if !w.open() {
		return 0, net.ErrClosed
	}
	return w.Conn.Write(p)
}

func (w *wire) open() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	if !w.started && !w.begin() {
		w.closed = true
		return false
	}
	w.started = true
	return true
}

// Close ends the connection. A write that comes later fails without a byte.
func (w *wire) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.Conn.Close()
}
