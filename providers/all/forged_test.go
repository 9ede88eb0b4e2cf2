package all_test

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
	"github.com/paywicket/paywicket/web/demo"
)

// forged is how many random forgeries are tried over all verifiers: go test ./providers/all -run Forged -forged 1000000 -v.
var forged = flag.Int("forged", 20_000, "random forgeries to try, over all providers")

// orders are payouts of which each provider's simulator posts webhooks: paid and failed ones.
func orders() map[string]providers.Order {
	order := func(method, currency string, minor int64, details ...string) providers.Order {
		o := providers.Order{Method: method, Amount: money.Amount{Minor: minor, Currency: currency}, Details: map[string]string{}, Description: "Invoice 7"}
		for i := 0; i < len(details); i += 2 {
			o.Details[details[i]] = details[i+1]
		}
		return o
	}
	return map[string]providers.Order{
		"etpay":     order("cl_bank", "CLP", 15_050, "name", "Juana Pérez", "rut", "12345678-5", "bank", "cl_bci", "account_type", "cuenta_vista", "account_number", "12345678"),
		"goldenpay": order("th_bank", "THB", 125_050, "account_no", "1234563308", "account_name", "SOMYING WATTANAKUL", "bank", "KBANK"),
		"moneroo":   order("mtn_bj", "XOF", 12_550, "msisdn", "22997000926", "first_name", "Koffi", "last_name", "Agbodjan", "email", "koffi@paywicket.example"),
		"yabandpay": order("wallet_eur", "EUR", 25_050),
	}
}

// post is a webhook as it was sent.
type post struct {
	header http.Header
	body   []byte
	event  providers.Event // as it is read
}

// verifier is one provider with webhooks of its own.
type verifier struct {
	id     string
	reader providers.WebhookReader
	other  providers.WebhookReader // with another store's keys
	posts  []post
	stored []providers.Found
}

func (v *verifier) find(_ context.Context, a providers.Attempt) (providers.Found, error) {
	for _, f := range v.stored {
		if a.Reference != "" && f.Attempt.Reference == a.Reference || a.RemoteID != "" && f.Attempt.RemoteID == a.RemoteID {
			return f, nil
		}
	}
	return providers.Found{}, errors.New("no such attempt")
}

// nothing is what another store finds.
func nothing(context.Context, providers.Attempt) (providers.Found, error) {
	return providers.Found{}, errors.New("no such attempt")
}

func (v *verifier) read(r providers.WebhookReader, p post) (providers.Event, error) {
	return r.ReadWebhook(context.Background(), providers.Webhook{Header: p.header.Clone(), Body: slices.Clone(p.body), Find: v.find})
}

// verifiers plays payouts at every simulator that posts webhooks, and keeps what it posts.
func verifiers(t *testing.T) []*verifier {
	t.Helper()
	var list []*verifier
	for _, def := range all.Definitions() {
		if def.Webhooks == providers.WebhooksNone {
			continue
		}
		like, ok := orders()[def.ID]
		if !ok {
			t.Fatalf("no order for %s", def.ID)
		}
		list = append(list, play(t, def, like))
	}
	return list
}

func play(t *testing.T, def providers.Definition, like providers.Order) *verifier {
	t.Helper()
	v := &verifier{id: def.ID}
	var later []func()
	settings := demo.Settings(def)
	now := func() time.Time { return time.Unix(1_777_860_600, 0).UTC() }
	server := httptest.NewServer(def.Simulator(providers.SimulatorConfig{Settings: settings, Now: now,
		WebhookURLs: func() []string { return []string{"https://pay.example.com/hooks/a"} },
		After:       func(_ time.Duration, f func()) { later = append(later, f) },
		Deliver: func(r *http.Request) (providers.Reply, error) {
			body, err := io.ReadAll(r.Body)
			v.posts = append(v.posts, post{header: r.Header.Clone(), body: body})
			return providers.Reply{Status: http.StatusOK, Body: []byte("ok")}, err
		}}))
	t.Cleanup(server.Close)
	provider, client := open(t, def, settings, server.URL, now)
	v.reader, _ = provider.(providers.WebhookReader)
	theirs := maps.Clone(settings)
	for _, f := range def.Settings {
		if f.Type == providers.Secret {
			theirs[f.Name] = strings.Repeat("x", len(theirs[f.Name]))
		}
	}
	other, _ := open(t, def, theirs, server.URL, now)
	v.other, _ = other.(providers.WebhookReader)
	unit := int64(100)
	if digits, _ := money.Digits(like.Amount.Currency); digits == 0 {
		unit = 1
	}
	for i, last := range []int64{0, -49, 5} { // an ordinary one, one that fails, another one
		o := like
		o.Reference, o.CallbackURL = strings.Repeat(string(rune('A'+i)), 20), "https://pay.example.com/hooks/a"
		o.Amount.Minor += last * unit
		v.stored = append(v.stored, send(t, provider, client, o))
		for len(later) > 0 {
			f := later[0]
			later = later[1:]
			f()
		}
	}
	genuine := v.posts[:0]
	for _, p := range v.posts {
		event, err := v.read(v.reader, p)
		if err != nil {
			t.Fatalf("%s: a genuine webhook is refused: %v", def.ID, err)
		}
		p.event = event
		genuine = append(genuine, p)
	}
	if v.posts = genuine; len(v.posts) < 3 {
		t.Fatalf("%s: got %d webhooks", def.ID, len(v.posts))
	}
	return v
}

func open(t *testing.T, def providers.Definition, settings map[string]string, url string, now func() time.Time) (providers.Provider, *httpx.Client) {
	t.Helper()
	client, err := httpx.New(httpx.Options{BaseURL: url, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	var nonces atomic.Int64
	p, err := def.Open(providers.Config{Settings: providers.NewSettings(settings), Live: true, Simulator: true, BaseURL: url, HTTP: client.HTTP(),
		Log: slog.New(slog.DiscardHandler), Now: now, Nonce: func(n int) string { return sim.ID(def.ID+string(rune(nonces.Add(1))), n) }})
	if err != nil {
		t.Fatal(err)
	}
	client.Bind(p)
	return p, client
}

func send(t *testing.T, p providers.Provider, _ *httpx.Client, o providers.Order) providers.Found {
	t.Helper()
	if preparer, ok := p.(providers.Preparer); ok {
		if err := preparer.Prepare(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	permit := httpx.NewPermit(o)
	o.Checkpoint = func(_ context.Context, a providers.Attempt) error { permit.Checkpoint(a); return nil }
	r, err := p.Send(httpx.WithPermit(t.Context(), permit), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Checkpoint = nil
	return providers.Found{Attempt: providers.Attempt{Reference: o.Reference, RemoteID: r.Attempt.RemoteID, Kept: r.Attempt.Kept}, Order: o}
}

// tally counts what became of forgeries. Equal are those that say exactly what a genuine webhook says, such as one whose
// hexadecimal signature is written in other letters, or whose content type nobody reads: repeats, not forgeries.
type tally struct{ tried, equal, accepted atomic.Int64 }

func (c *tally) try(t *testing.T, v *verifier, p post) {
	c.tried.Add(1)
	event, err := v.read(v.reader, p)
	switch {
	case err != nil:
	case slices.ContainsFunc(v.posts, func(g post) bool { return reflect.DeepEqual(event, g.event) }):
		c.equal.Add(1)
	default:
		c.accepted.Add(1)
		if c.accepted.Load() <= 3 { // the first few tell enough
			t.Errorf("%s: accepted: %q %v as %+v", v.id, p.body, p.header, event.Result)
		}
	}
}

// TestForgedBits changes every bit of every genuine webhook and of its headers' values: none of it is taken for another
// message.
func TestForgedBits(t *testing.T) {
	for _, v := range verifiers(t) {
		t.Run(v.id, func(t *testing.T) {
			t.Parallel()
			var c tally
			for _, g := range v.posts {
				for at := range g.body {
					for bit := range 8 {
						changed := slices.Clone(g.body)
						changed[at] ^= 1 << bit
						c.try(t, v, post{header: g.header, body: changed})
					}
				}
				for name, values := range g.header {
					for at := range values[0] {
						text := []byte(values[0])
						text[at] ^= 1
						header := g.header.Clone()
						header.Set(name, string(text))
						c.try(t, v, post{header: header, body: g.body})
					}
				}
				if _, err := v.other.ReadWebhook(t.Context(), providers.Webhook{Header: g.header.Clone(), Body: g.body, Find: nothing}); err == nil {
					t.Error("another store takes it for its own")
				}
			}
			t.Logf("%s: %d webhooks, %d changed ones: %d accepted, %d equal in meaning", v.id, len(v.posts), c.tried.Load(), c.accepted.Load(), c.equal.Load())
		})
	}
}

// TestForgedAtRandom tries what a forger without the key could come up with.
func TestForgedAtRandom(t *testing.T) {
	n := *forged
	if testing.Short() {
		n = min(n, 2000)
	}
	var c tally
	begin := time.Now()
	list := verifiers(t)
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(worker)))
			for i := worker; i < n; i += 4 {
				v := list[i%len(list)]
				g := v.posts[r.IntN(len(v.posts))]
				c.try(t, v, forge(r, v, g))
			}
		})
	}
	workers.Wait()
	if n := c.accepted.Load(); n > 0 {
		t.Errorf("%d forgeries accepted", n)
	}
	t.Logf("%d forgeries over %d verifiers in %v: %d accepted, %d equal in meaning", c.tried.Load(), len(list), time.Since(begin).Round(time.Second), c.accepted.Load(), c.equal.Load())
}

// forge changes a webhook in one or a few ways, at random.
func forge(r *rand.Rand, v *verifier, g post) post {
	p := post{header: g.header.Clone(), body: slices.Clone(g.body)}
	for again := true; again || bytesEqual(p, g); again = r.IntN(3) == 0 {
		p.body = spoil(r, v, p.body)
		if r.IntN(4) == 0 {
			spoilHeader(r, v, p.header)
		}
	}
	return p
}

func bytesEqual(a, b post) bool {
	return string(a.body) == string(b.body) && reflect.DeepEqual(a.header, b.header)
}

func spoil(r *rand.Rand, v *verifier, body []byte) []byte {
	if len(body) == 0 {
		return []byte("{}")
	}
	at, to := r.IntN(len(body)), r.IntN(len(body))
	switch r.IntN(8) {
	case 0:
		body[at] ^= 1 << r.IntN(8)
	case 1:
		body[at] = byte(r.IntN(256))
	case 2:
		body = slices.Insert(body, at, body[to])
	case 3:
		body = slices.Delete(body, at, at+1)
	case 4:
		body[at], body[to] = body[to], body[at]
	case 5:
		body = body[:at]
	case 6: // a number made another one
		if i := strings.IndexAny(string(body[at:]), "0123456789"); i >= 0 {
			body[at+i] = byte('0' + r.IntN(10))
		}
	default: // the beginning of one message and the end of another
		other := v.posts[r.IntN(len(v.posts))].body
		body = append(slices.Clone(body[:at]), other[min(at, len(other)):]...)
	}
	return body
}

func spoilHeader(r *rand.Rand, v *verifier, h http.Header) {
	for name, values := range h {
		switch {
		case r.IntN(2) == 0:
			continue
		case r.IntN(3) == 0:
			h.Del(name)
		case r.IntN(2) == 0 && len(values[0]) > 0:
			text := []byte(values[0])
			text[r.IntN(len(text))] ^= 1 << r.IntN(7)
			h.Set(name, string(text))
		default:
			h.Set(name, v.posts[r.IntN(len(v.posts))].header.Get(name))
		}
	}
}
