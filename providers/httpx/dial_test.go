package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

func TestAllowed(t *testing.T) {
	tests := []struct {
		ip              string
		public, ifNamed bool
	}{
		{"1.1.1.1", true, true},
		{"2606:4700::1111", true, true},
		{"64:ff9b::1.1.1.1", true, true},
		{"127.0.0.1", false, true},
		{"::1", false, true},
		{"::ffff:127.0.0.1", false, true},
		{"::ffff:10.0.0.1", false, true},
		{"::127.0.0.1", false, true},
		{"64:ff9b::10.0.0.1", false, true},
		{"2002:7f00:1::", false, true},
		{"10.1.2.3", false, true},
		{"172.16.0.1", false, true},
		{"172.31.255.255", false, true},
		{"172.32.0.1", true, true},
		{"192.168.1.1", false, true},
		{"100.64.0.1", false, true},
		{"100.128.0.1", true, true},
		{"198.18.0.1", false, true},
		{"fd00::1", false, true},
		{"fec0::1", false, true},
		{"2001:db8::1", false, true},
		{"0.0.0.0", false, false},
		{"0.1.2.3", false, false},
		{"::", false, false},
		{"169.254.169.254", false, false},
		{"::ffff:169.254.169.254", false, false},
		{"64:ff9b::169.254.169.254", false, false},
		{"2002:a9fe:a9fe::", false, false},
		{"fd00:ec2::254", false, false},
		{"168.63.129.16", false, false},
		{"100.100.100.200", false, false},
		{"fe80::1%eth0", false, false},
		{"224.0.0.1", false, false},
		{"240.0.0.1", false, false},
		{"255.255.255.255", false, false},
		{"ff02::1", false, false},
	}
	for _, tt := range tests {
		ip := netip.MustParseAddr(tt.ip)
		if got := allowed(ip, false); got != tt.public {
			t.Errorf("%s: got allowed %v, want %v", tt.ip, got, tt.public)
		}
		if got := allowed(ip, true); got != tt.ifNamed {
			t.Errorf("%s, named: got allowed %v, want %v", tt.ip, got, tt.ifNamed)
		}
	}
	if allowed(netip.Addr{}, true) {
		t.Error("got no address allowed, want it refused")
	}
}

func TestNewRefusesAddresses(t *testing.T) {
	tests := []struct {
		url   string
		named bool
		ok    bool
	}{
		{"https://api.example", false, true},
		{"https://api.example:8443/v1", false, true},
		{"http://api.example", false, false},
		{"http://127.0.0.1:9001", true, true},
		{"ftp://api.example", true, false},
		{"https://user:pass@api.example", true, false},
		{"https://api.example?x=1", true, false},
		{"https://bücher.example", true, false},
		{"https://", true, false},
		{"api.example", true, false},
		{"", true, false},
	}
	for _, tt := range tests {
		if _, err := New(Options{BaseURL: tt.url, Named: tt.named}); (err == nil) != tt.ok {
			t.Errorf("%q, named %v: got %v, want ok %v", tt.url, tt.named, err, tt.ok)
		}
	}
}

func TestPrivateAddressIsNotDialed(t *testing.T) {
	s := serve(t, ok)
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		base := "https://" + host + port
		c, b := client(t, Options{BaseURL: base})
		_, err := Call(c.HTTP(), request(WithPermit(t.Context(), NewPermit(order())), t, base, moving()))
		if e := errorOf(t, err); e.Kind != providers.NotSent || e.Code != CodeAddress || b.only(t).Written {
			t.Errorf("%s: got %v, want not sent, address", host, e)
		}
	}
	if s.conns.Load() != 0 {
		t.Errorf("got %d connections, want none", s.conns.Load())
	}
}

func TestOnlyTheAccountsAddress(t *testing.T) {
	s, other := serve(t, ok), serve(t, ok)
	c, _ := client(t, Options{BaseURL: s.URL + "/v1", Named: true})
	tests := []struct {
		name string
		make func() *http.Request
	}{
		{"another port", func() *http.Request { return request(t.Context(), t, other.URL, call{}) }},
		{"another scheme", func() *http.Request {
			return request(t.Context(), t, strings.Replace(s.URL, "http", "https", 1), call{})
		}},
		{"a user", func() *http.Request {
			return request(t.Context(), t, strings.Replace(s.URL, "//", "//u:p@", 1), call{})
		}},
		{"another Host", func() *http.Request {
			req := request(t.Context(), t, s.URL, call{})
			req.Host = "metadata.internal"
			return req
		}},
	}
	for _, tt := range tests {
		if e := errorOf(t, second(Call(c.HTTP(), tt.make()))); e.Kind != providers.NotSent || e.Code != CodeAddress {
			t.Errorf("%s: got %v, want not sent, address", tt.name, e)
		}
	}
	if s.conns.Load()+other.conns.Load() != 0 {
		t.Error("got a connection, want none")
	}
	if _, err := Call(c.HTTP(), request(t.Context(), t, s.URL+"/anywhere", call{})); err != nil {
		t.Errorf("got %v, want any path allowed", err)
	}
}

// secure starts a TLS server that counts what it was asked.
func secure(t *testing.T, configure func(*tls.Config)) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.ProtoMajor != 1 {
			t.Errorf("got HTTP %d, want 1", r.ProtoMajor)
		}
		ok(w, r)
	}))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{}
	configure(s.TLS)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &asked
}

func TestTLS(t *testing.T) {
	tests := []struct {
		name      string
		configure func(*tls.Config)
		trusted   bool
		host      string
		code      string
	}{
		{"trusted", func(*tls.Config) {}, true, "127.0.0.1", ""},
		{"unknown authority", func(*tls.Config) {}, false, "127.0.0.1", CodeTLS},
		{"another name", func(*tls.Config) {}, true, "localhost", CodeTLS},
		{"too old", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, true, "127.0.0.1", CodeTLS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, asked := secure(t, tt.configure)
			url := strings.Replace(s.URL, "127.0.0.1", tt.host, 1)
			c, b := client(t, Options{BaseURL: url, Named: true, Secrets: []string{"sk_live_1"}})
			c.roots = x509.NewCertPool()
			if tt.trusted {
				c.roots.AddCert(s.Certificate())
			}
			p := NewPermit(order())
			req := request(WithPermit(t.Context(), p), t, url, moving())
			req.Header.Set("X-Key", "sk_live_1")
			_, err := Call(c.HTTP(), req)
			if tt.code == "" {
				if err != nil || asked.Load() != 1 || !p.Written() {
					t.Errorf("got %v, %d requests, written %v, want it sent", err, asked.Load(), p.Written())
				}
				return
			}
			if e := errorOf(t, err); e.Kind != providers.NotSent || e.Code != tt.code {
				t.Errorf("got %v, want not sent, %s", e, tt.code)
			}
			if asked.Load() != 0 || p.Written() || b.only(t).Written {
				t.Error("got the request written, want the key kept")
			}
		})
	}
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	proxy, s := serve(t, ok), serve(t, ok)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	c, _ := client(t, Options{BaseURL: s.URL, Named: true})
	if _, err := Call(c.HTTP(), request(t.Context(), t, s.URL, call{})); err != nil {
		t.Fatal(err)
	}
	if proxy.conns.Load() != 0 || s.requests.Load() != 1 {
		t.Errorf("got %d connections to the proxy, %d requests, want 0, 1", proxy.conns.Load(), s.requests.Load())
	}
}
