package inbox_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// TestJudge is what each message makes of a payout that is accepted (invariant 12): only one that is genuine and fits moves
// it; what contradicts is kept as a conflict; nothing else has an effect.
func TestJudge(t *testing.T) {
	live, test := true, false
	tests := []struct {
		name    string
		key     string
		message func(*payout.Payout) message
		verdict inbox.Verdict
		code    string
		state   payout.State
		status  int
		body    string
	}{
		{"paid", keyOne, func(p *payout.Payout) message { return about(p, "paid") }, inbox.Applied, "", payout.Paid, 200, "success"},
		{"failed", keyOne, func(p *payout.Payout) message { return about(p, "failed") }, inbox.Applied, "", payout.Failed, 200, "success"},
		{"cancelled", keyOne, func(p *payout.Payout) message { return about(p, "cancelled") }, inbox.Applied, "", payout.Cancelled, 200, "success"},
		{"accepted", keyOne, func(p *payout.Payout) message { return about(p, "accepted") }, inbox.Applied, "known", payout.Accepted, 200, "success"},
		{"a word nobody knows", keyOne, func(p *payout.Payout) message { return about(p, "gone fishing") }, inbox.Applied, "not_understood", payout.Accepted, 200, "success"},
		{"by identifier alone", keyOne, func(p *payout.Payout) message { return message{ID: p.RemoteID(), Status: "paid"} }, inbox.Applied, "", payout.Paid, 200, "success"},
		{"everything fits", keyOne, func(p *payout.Payout) message {
			m := about(p, "paid")
			m.Method, m.Live, m.Account = "sepa", &live, "DE0012345678"
			return m
		}, inbox.Applied, "", payout.Paid, 200, "success"},

		{"amount", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Amount = "12.35"; return m }, inbox.Conflicting, "amount", payout.Accepted, 200, "success"},
		{"currency", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Currency = "USD"; return m }, inbox.Conflicting, "currency", payout.Accepted, 200, "success"},
		{"identifier", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.ID = "other"; return m }, inbox.Conflicting, "remote_id", payout.Accepted, 200, "success"},
		{"reference", keyOne, func(p *payout.Payout) message {
			m := about(p, "paid")
			m.Reference = "SOMEBODYELSES2345ABC"
			return m
		}, inbox.Conflicting, "reference", payout.Accepted, 200, "success"},
		{"method", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Method = "card"; return m }, inbox.Conflicting, "method", payout.Accepted, 200, "success"},
		{"mode", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Live = &test; return m }, inbox.Conflicting, "mode", payout.Accepted, 200, "success"},
		{"recipient", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Account = "DE99"; return m }, inbox.Conflicting, "details", payout.Accepted, 200, "success"},

		{"reference cut short", keyOne, func(p *payout.Payout) message {
			m := about(p, "paid")
			m.Reference, m.ID = m.Reference[:19], ""
			return m
		}, inbox.Unmatched, "no_payout", payout.Accepted, 500, "no such order yet"},
		{"reference in lower case", keyOne, func(p *payout.Payout) message {
			m := about(p, "paid")
			m.Reference, m.ID = strings.ToLower(m.Reference), ""
			return m
		}, inbox.Unmatched, "no_payout", payout.Accepted, 500, "no such order yet"},
		{"about nobody", keyOne, func(*payout.Payout) message { return message{Reference: "X", Status: "paid"} }, inbox.Unmatched, "no_payout", payout.Accepted, 500, "no such order yet"},
		{"names nothing", keyOne, func(*payout.Payout) message { return message{Status: "paid"} }, inbox.Unmatched, "no_payout", payout.Accepted, 500, "no such order yet"},
		{"about something else", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Event = "login"; return m }, inbox.Ignored, "", payout.Accepted, 200, "success"},

		{"other key", keyTwo, func(p *payout.Payout) message { return about(p, "paid") }, inbox.Forged, "signature", payout.Accepted, 403, "bad signature"},
		{"no key", "", func(p *payout.Payout) message { return about(p, "paid") }, inbox.Forged, "signature", payout.Accepted, 403, "bad signature"},
		{"amount that is none", keyOne, func(p *payout.Payout) message { m := about(p, "paid"); m.Amount = "1e3"; return m }, inbox.Forged, "payload", payout.Accepted, 400, "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).connect()
			p := w.accepted(w.one, "r1")
			body := tt.message(p).bytes()
			reply, h := w.post(w.one, tt.key, body)
			h = w.want(h, tt.verdict, p, tt.state)
			if h.Code != tt.code || reply.Status != tt.status || string(reply.Body) != tt.body {
				t.Errorf("got code %q and answer %d %q, want %q and %d %q", h.Code, reply.Status, reply.Body, tt.code, tt.status, tt.body)
			}
			if h.Reply != tt.status || h.DoneAt.IsZero() || !h.DueAt.IsZero() || !bytes.Equal(h.Body, body) || h.Size != len(body) {
				t.Errorf("kept %+v", h)
			}
			conflict := w.find(p).OpenConflict()
			if (conflict != nil) != (tt.verdict == inbox.Conflicting) {
				t.Errorf("got conflict %+v", conflict)
			}
			if conflict != nil && (conflict.HookID != h.ID || conflict.Source != payout.FromWebhook) {
				t.Errorf("got %+v, want it to name the webhook", conflict)
			}
			if h.Genuine() == (tt.verdict == inbox.Forged) || h.Moved() != (tt.state != payout.Accepted) {
				t.Errorf("got genuine %v, moved %v", h.Genuine(), h.Moved())
			}
			if len(h.Header["Cookie"])+len(h.Header["Authorization"]) != 0 || len(h.Header["Sig"]) != 1 {
				t.Errorf("kept header %v", h.Header)
			}
		})
	}
}

// TestOneBitOff: no bit of a genuine message may change.
func TestOneBitOff(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	good := about(p, "paid").bytes()
	sig := signature(keyOne, good)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		reply, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {sig}}, Body: bad, Size: len(bad)})
		w.must(err)
		if reply.Status != 403 {
			t.Errorf("byte %d: got %d, want 403", i, reply.Status)
		}
	}
	if n := w.number(`select count(*) from hooks where verdict = 'forged'`); n != len(good) || w.find(p).State != payout.Accepted {
		t.Errorf("got %d kept as forged of %d, state %s", n, len(good), w.find(p).State)
	}
}

func TestMisaddressed(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	for _, token := range []string{"", "no-such", strings.ToUpper(w.one.Token), string(w.one.ID)} {
		a := w.one
		a.Token = token
		reply, h := w.post(a, keyOne, about(p, "paid").bytes())
		h = w.want(h, inbox.Misaddressed, p, payout.Accepted)
		if reply.Status != 404 || h.Account != "" || h.Store != "" || h.Token != token || len(w.company.asked()) != 0 {
			t.Errorf("%q: got %d and %+v", token, reply.Status, h)
		}
	}
}

// TestForgedIsCut: 64 KiB of it are kept; size and digest tell of the whole (invariant 11).
func TestForgedIsCut(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	pad := message{Event: strings.Repeat("x", 200<<10), Reference: p.Reference(), Status: "paid", Amount: "12.34", Currency: "EUR"}
	long := pad.bytes()
	sum := sha256.Sum256(long)
	for name, tt := range map[string]struct {
		token, key string
		verdict    inbox.Verdict
		kept       int
		state      payout.State
	}{
		"forged":       {w.one.Token, keyTwo, inbox.Forged, 64 << 10, payout.Accepted},
		"misaddressed": {"no-such", keyOne, inbox.Misaddressed, 64 << 10, payout.Accepted},
	} {
		a := w.one
		a.Token = tt.token
		_, h := w.post(a, tt.key, long)
		h = w.want(h, tt.verdict, p, tt.state)
		if len(h.Body) != tt.kept || h.Size != len(long) || h.Digest != hex.EncodeToString(sum[:]) || !bytes.Equal(h.Body, long[:tt.kept]) {
			t.Errorf("%s: kept %d of %d bytes, digest %s", name, len(h.Body), h.Size, h.Digest)
		}
	}
	_, h := w.post(w.one, keyOne, long)
	if h = w.want(h, inbox.Applied, p, payout.Paid); len(h.Body) != len(long) {
		t.Errorf("genuine: kept %d of %d bytes", len(h.Body), len(long))
	}
}

// TestTooLarge: what was not read whole is refused, whatever its beginning says.
func TestTooLarge(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	reply, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: inbox.MaxBody + 1})
	w.must(err)
	h := w.want(w.newest(), inbox.Forged, p, payout.Accepted)
	if reply.Status != http.StatusRequestEntityTooLarge || h.Code != "too_large" || h.Size != inbox.MaxBody+1 {
		t.Errorf("got %d and %+v", reply.Status, h)
	}
}

// TestHeaderIsBounded: a header of a megabyte is no way to fill the disk, and what a company sends is kept whole.
func TestHeaderIsBounded(t *testing.T) {
	w := newWorld(t).connect()
	header := http.Header{"Aaa": {"first"}, "Big": {strings.Repeat("x", 20<<10)}}
	for range 1000 {
		header.Add("Many", strings.Repeat("y", 100))
	}
	_, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: header})
	w.must(err)
	size := 0
	h := w.newest()
	for name, values := range h.Header {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > 16<<10 || h.Header.Get("Aaa") != "first" {
		t.Errorf("kept %d bytes of header", size)
	}
}

// TestRepeatsAndOrderDoNotMatter is invariant 12: whatever the order, and however often, the payout ends where the company
// left it, and never goes back.
func TestRepeatsAndOrderDoNotMatter(t *testing.T) {
	seen := map[string]bool{}
	for _, order := range permutations([]string{"accepted", "accepted", "paid", "paid"}) {
		name := strings.Join(order, " ")
		if seen[name] {
			continue
		}
		seen[name] = true
		w := newWorld(t).connect()
		p := w.accepted(w.one, "r1")
		paid := false
		for i, status := range order {
			m := about(p, status)
			m.Nonce = i % 2 // some are the same bytes, some are not
			reply, h := w.post(w.one, keyOne, m.bytes())
			paid = paid || status == "paid"
			want := payout.Accepted
			if paid {
				want = payout.Paid
			}
			if got := w.find(p); got.State != want || got.OpenConflict() != nil || reply.Status != 200 {
				t.Errorf("%v at %d: got %s, conflict %v, answer %d, verdict %s", order, i, got.State, got.OpenConflict(), reply.Status, h.Verdict)
			}
		}
	}
}

func permutations(all []string) [][]string {
	if len(all) == 0 {
		return [][]string{nil}
	}
	var found [][]string
	for i := range all {
		rest := append(append([]string{}, all[:i]...), all[i+1:]...)
		for _, p := range permutations(rest) {
			found = append(found, append([]string{all[i]}, p...))
		}
	}
	return found
}

// TestContradictionAfterTheEnd is invariant 5: what has ended stays, and the contradiction is there to be seen.
func TestContradictionAfterTheEnd(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.post(w.one, keyOne, about(p, "paid").bytes())
	reply, h := w.post(w.one, keyOne, about(p, "failed").bytes())
	h = w.want(h, inbox.Conflicting, p, payout.Paid)
	if h.Code != "final" || reply.Status != 200 || w.find(p).OpenConflict() == nil {
		t.Errorf("got %q, %d, %v", h.Code, reply.Status, w.find(p).OpenConflict())
	}
}

func TestDuplicate(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	_, forged := w.post(w.one, keyTwo, body)
	_, first := w.post(w.one, keyOne, body)
	w.want(first, inbox.Applied, p, payout.Paid) // a forgery of the same bytes before it is no first
	reply, h := w.post(w.one, keyOne, body)
	h = w.want(h, inbox.Duplicate, p, payout.Paid)
	if h.DuplicateOf != first.ID || h.Payout != p.ID || reply.Status != 200 || string(reply.Body) != "success" {
		t.Errorf("got duplicate of %q (forged %q), payout %q, answer %d", h.DuplicateOf, forged.ID, h.Payout, reply.Status)
	}
	if _, h := w.post(w.one, keyTwo, body); h.Verdict != inbox.Forged {
		t.Errorf("a forged repeat: got %s", h.Verdict)
	}
}

// TestDuplicatesAtOnce: the same message through many doors moves the payout once.
func TestDuplicatesAtOnce(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	errs := make(chan error, 16)
	for range 16 {
		go func() {
			_, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: len(body)})
			errs <- err
		}()
	}
	for range 16 {
		w.must(<-errs)
	}
	if n := w.number(`select count(*) from audit where action = 'payout.reported'`); n != 1 || w.find(p).State != payout.Paid || w.find(p).OpenConflict() != nil {
		t.Errorf("got %d changes, state %s", n, w.find(p).State)
	}
	if n := w.number(`select count(*) from hooks where verdict in ('applied', 'duplicate')`); n != 16 {
		t.Errorf("got %d of 16 kept", n)
	}
}

// TestStoresAreWalls is invariant 13: nothing that comes in for one store touches another's payouts, also under the same
// reference and identifier.
func TestStoresAreWalls(t *testing.T) {
	w := newWorld(t).connect()
	mine, theirs := w.accepted(w.one, "r1"), w.accepted(w.two, "r2")
	t.Run("signed by store two, about a payout of store one", func(t *testing.T) {
		for _, m := range []message{about(mine, "paid"), {Reference: mine.Reference(), Status: "paid"}, {ID: mine.RemoteID(), Status: "paid"}} {
			_, h := w.post(w.two, keyTwo, m.bytes())
			h = w.want(h, inbox.Unmatched, mine, payout.Accepted)
			if h.Payout != "" || h.Store != w.two.Store {
				t.Errorf("got %+v", h)
			}
			if strings.Contains(h.Steps[1].Note, mine.Reference()) {
				t.Error("the adapter was shown another store's order")
			}
		}
	})
	t.Run("posted to store two with the key of store one", func(t *testing.T) {
		_, h := w.post(w.two, keyOne, about(mine, "paid").bytes())
		w.want(h, inbox.Forged, mine, payout.Accepted)
	})
	t.Run("the same reference in both", func(t *testing.T) {
		w.raw(`update attempts set reference = $1, remote_id = 'r1'`, mine.Reference())
		_, h := w.post(w.two, keyTwo, message{Reference: mine.Reference(), ID: "r1", Status: "paid", Amount: "12.34", Currency: "EUR"}.bytes())
		w.want(h, inbox.Applied, theirs, payout.Paid)
		w.want(h, inbox.Applied, mine, payout.Accepted)
	})
	t.Run("an attempt put under another account in the file", func(t *testing.T) {
		w.raw(`update attempts set account = $1`, string(w.two.ID))
		w.raw(`update attempts set reference = 'MOVED' where payout = $1`, string(mine.ID))
		_, h := w.post(w.two, keyTwo, message{Reference: "MOVED", Status: "failed", Amount: "12.34", Currency: "EUR"}.bytes())
		w.want(h, inbox.Unmatched, mine, payout.Accepted)
	})
}

// TestPerOrderSecrets: the adapter gets what it asked to keep, of this account, and it is not stored with the webhook.
func TestPerOrderSecrets(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.company.perKept = true
	body := about(p, "paid").bytes()
	_, h := w.post(w.one, "CANARY-kept-r1", body)
	w.want(h, inbox.Applied, p, payout.Paid)
	if n := w.number(`select count(*) from hooks where result like '%CANARY%' or steps like '%CANARY%' or header like '%CANARY%'`); n != 0 {
		t.Error("a secret is stored with the webhook (invariant 15)")
	}
	_, h = w.post(w.one, "CANARY-kept-r1", message{Reference: "NOBODYS", Status: "paid"}.bytes())
	if h.Verdict != inbox.Forged || h.Code != "no_payout" {
		t.Errorf("about no order, and so with no key: got %s (%s), want forged", h.Verdict, h.Code)
	}
}
