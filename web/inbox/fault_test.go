package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// TestKeptBeforeJudged is invariant 11: when the adapter sees a message it is committed already.
func TestKeptBeforeJudged(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	seen := 0
	w.company.read = func(providers.Webhook) error {
		seen = w.number(`select count(*) from hooks where verdict = 'received' and due_at > 0 and length(body) = size`)
		return nil
	}
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.want(h, inbox.Applied, p, payout.Paid)
	if seen != 1 {
		t.Errorf("got %d rows when the message was looked at, want 1", seen)
	}
}

// TestNotKeptIsNotAnswered is invariant 11: what cannot be stored is an error, for which 503 is answered, and moves nothing.
func TestNotKeptIsNotAnswered(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	in := inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: len(body)}
	w.raw(`create trigger full before insert on hooks begin select raise(abort, 'disk full'); end`)
	if reply, err := w.Receive(w.ctx, in); err == nil || reply.Status != 0 {
		t.Errorf("got %d, %v, want an error and no answer", reply.Status, err)
	}
	w.raw(`drop trigger full`)
	if n := w.number(`select count(*) from hooks`); n != 0 || w.find(p).State != payout.Accepted {
		t.Errorf("got %d rows and state %s", n, w.find(p).State)
	}
	w.must(w.db.Close())
	if reply, err := w.Receive(w.ctx, in); err == nil || reply.Status != 0 {
		t.Errorf("database gone: got %d, %v, want an error", reply.Status, err)
	}
	var err error
	w.db, err = reopen(w)
	w.must(err)
}

// TestCrashBeforeTheVerdict: a row that a crash left behind is judged later, and what was taken in twice counts once.
func TestCrashBeforeTheVerdict(t *testing.T) {
	for name, trigger := range map[string]string{
		"before anything was made of it": `before update on payouts`,
		"after it was taken in":          `before update on hooks`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).connect()
			p := w.accepted(w.one, "r1")
			body := about(p, "paid").bytes()
			w.raw(`create trigger crash before update on hooks begin select raise(abort, 'crash'); end`)
			if trigger != `before update on hooks` {
				w.raw(`create trigger crash2 ` + trigger + ` begin select raise(abort, 'crash'); end`)
			}
			in := inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: len(body)}
			if _, err := w.Receive(w.ctx, in); err == nil {
				t.Fatal("no error")
			}
			w.raw(`drop trigger crash`)
			w.raw(`drop trigger if exists crash2`)
			h := w.newest()
			if h.Verdict != inbox.Received || h.DueAt.IsZero() {
				t.Fatalf("got %s due %s, want received and due", h.Verdict, h.DueAt)
			}
			if n := w.see(); n != 0 {
				t.Error("judged while its own request may still be at it")
			}
			w.clock.add(time.Minute)
			w.see()
			h = w.want(h, inbox.Applied, p, payout.Paid)
			if !h.DueAt.IsZero() || h.DoneAt.IsZero() || h.Reply != 0 {
				t.Errorf("got %+v", h)
			}
			// The company posts it again, as it got no answer.
			_, again := w.post(w.one, keyOne, body)
			w.want(again, inbox.Duplicate, p, payout.Paid)
			if n := w.number(`select count(*) from audit where action = 'payout.reported'`); n != 1 {
				t.Errorf("got %d changes of state, want 1", n)
			}
		})
	}
}

// Invariant 11: whoever dies while the adapter looks at a message leaves its bytes behind, and it is judged later. The first of the two
// commits is for this.
func TestInvariant11DeathInTheAdapter(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	w.company.read = func(providers.Webhook) error { runtime.Goexit(); return nil }
	answered, gone := false, make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: len(body)})
		answered = true
	}()
	<-gone
	h := w.want(w.newest(), inbox.Received, p, payout.Accepted)
	if answered || !bytes.Equal(h.Body, body) || h.Header.Get("Sig") != signature(keyOne, body) || h.DueAt.IsZero() {
		t.Fatalf("got answered %v, body %q, header %v, due %s, want all of it kept, and due", answered, h.Body, h.Header, h.DueAt)
	}
	w.company.read = nil
	w.clock.add(time.Minute)
	w.see()
	w.want(h, inbox.Applied, p, payout.Paid)
}

// TestCrashLeftsOfEveryKind: the recovery judges like the door does.
func TestCrashLeftsOfEveryKind(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	keep := func(id, token, key string) inbox.Hook {
		h := inbox.Hook{ID: id, Token: token, ReceivedAt: w.clock.now(), Header: http.Header{"Sig": {signature(key, body)}}, Body: body, Size: len(body),
			Digest: "d", Verdict: inbox.Received, DueAt: w.clock.now()}
		if token == w.one.Token {
			h.Account, h.Store, h.Provider = w.one.ID, w.one.Store, "toy"
		}
		w.must(w.db.Hooks().Keep(w.ctx, h))
		return h
	}
	lost := keep("lost", "no-such", keyOne)
	forged := keep("forged", w.one.Token, keyTwo)
	w.see()
	w.want(lost, inbox.Misaddressed, p, payout.Accepted)
	w.want(forged, inbox.Forged, p, payout.Accepted)
	w.company.confirm = true
	thin := keep("thin", w.one.Token, keyOne)
	w.see()
	w.want(thin, inbox.Confirming, p, payout.Accepted)
	if w.changed.Load() != 1 {
		t.Error("the runner was not told that there is something to ask")
	}
}

// TestSenderHangsUp: what arrived whole is taken in, also when nobody waits for the answer.
func TestSenderHangsUp(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	body := about(p, "paid").bytes()
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	_, err := w.Receive(ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {signature(keyOne, body)}}, Body: body, Size: len(body)})
	w.must(err)
	w.want(w.newest(), inbox.Applied, p, payout.Paid)
}

// TestOurOwnFault: what we cannot look at is neither forged nor lost. It is looked at again until it can be.
func TestOurOwnFault(t *testing.T) {
	tests := []struct {
		name        string
		break_, fix func(*world)
	}{
		{"settings damaged", func(w *world) {
			w.raw(`create table spare as select * from credentials`)
			w.raw(`update credentials set sealed = x'00'`)
		}, func(w *world) {
			w.raw(`update credentials set sealed = (select sealed from spare s where s.account = credentials.account and s.version = credentials.version)`)
		}},
		{"address gone", func(w *world) { w.raw(`update accounts set address = 'gone'`) }, func(w *world) { w.raw(`update accounts set address = 'default'`) }},
		{"adapter fails in a way of its own", func(w *world) {
			w.company.read = func(providers.Webhook) error { return errors.New("no room") }
		}, func(w *world) { w.company.read = nil }},
		{"payouts not readable", func(w *world) { w.raw(`alter table attempts rename to gone`) }, func(w *world) { w.raw(`alter table gone rename to attempts`) }},
		{"payout not writable", func(w *world) {
			w.raw(`create trigger full before update on payouts begin select raise(abort, 'disk full'); end`)
		}, func(w *world) { w.raw(`drop trigger full`) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).connect()
			p := w.accepted(w.one, "r1")
			tt.break_(w)
			reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
			if reply.Status != http.StatusServiceUnavailable || h.Verdict != inbox.Failed || h.DueAt.IsZero() || h.Genuine() {
				t.Fatalf("got %d and %s due %s, want 503 and failed, to be seen to again", reply.Status, h.Verdict, h.DueAt)
			}
			for range 100 {
				w.clock.add(time.Minute)
				w.see()
			}
			if h = w.hook(h.ID); h.Verdict != inbox.Failed || h.Tries < 10 || h.Tries > 30 {
				t.Errorf("got %s after %d tries in 100 minutes, want it tried now and then", h.Verdict, h.Tries)
			}
			tt.fix(w)
			w.clock.add(10 * time.Minute)
			w.see()
			w.want(h, inbox.Applied, p, payout.Paid)
		})
	}
}

// TestFaultBehindTheAdapter: an adapter that takes our fault for a wrong signature does not make a forgery of a message.
func TestFaultBehindTheAdapter(t *testing.T) {
	w := newWorld(t).connect()
	w.company.hides = true
	p := w.accepted(w.one, "r1")
	w.raw(`alter table attempts rename to gone`)
	reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	if reply.Status != http.StatusServiceUnavailable || h.Verdict != inbox.Failed {
		t.Errorf("got %d and %s, want 503 and failed", reply.Status, h.Verdict)
	}
	w.raw(`alter table gone rename to attempts`)
	w.clock.add(time.Minute)
	w.see()
	w.want(h, inbox.Applied, p, payout.Paid)
}

// Invariant 16: if the key that came with a payout is damaged here, a message signed with it is no forgery: it is kept and
// looked at again. What is verified with the account's own key is taken in all the same.
func TestInvariant16DamagedKept(t *testing.T) {
	for _, perKept := range []bool{true, false} {
		w := newWorld(t).connect()
		w.company.perKept = perKept
		p := w.accepted(w.one, "r1")
		w.raw(`update attempts set kept = x'00'`)
		reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
		if perKept && (reply.Status != http.StatusServiceUnavailable || h.Verdict != inbox.Failed || h.DueAt.IsZero()) {
			t.Errorf("got %d and %s due %s, want 503, to be seen to again", reply.Status, h.Verdict, h.DueAt)
		}
		if !perKept {
			w.want(h, inbox.Applied, p, payout.Paid)
		}
	}
}

// TestOurOwnFaultForGood ends after a week; the row stays to be seen.
func TestOurOwnFaultForGood(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.company.read = func(providers.Webhook) error { return errors.New("no room") }
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.clock.add(8 * 24 * time.Hour)
	w.see()
	if h = w.want(h, inbox.Failed, p, payout.Accepted); !h.DueAt.IsZero() || h.DoneAt.IsZero() {
		t.Errorf("got due %s, done %s", h.DueAt, h.DoneAt)
	}
}

// TestBrokenAdapter: a verifier that breaks down has said no.
func TestBrokenAdapter(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.company.panics = true
	reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	if h = w.want(h, inbox.Forged, p, payout.Accepted); h.Code != "panic" || reply.Status != 400 {
		t.Errorf("got %q, %d", h.Code, reply.Status)
	}
}

// TestNoReplyNamed is answered with 200, never with no status at all.
func TestNoReplyNamed(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.company.silent = true
	if reply, _ := w.post(w.one, keyOne, about(p, "paid").bytes()); reply.Status != 200 {
		t.Errorf("got %d, want 200", reply.Status)
	}
	if reply, _ := w.post(w.one, keyOne, message{Reference: "NOBODYS"}.bytes()); reply.Status != 200 {
		t.Errorf("unmatched: got %d, want 200", reply.Status)
	}
}
