package inbox_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// TestConfirm is invariant 12: where a message alone is too weak, the provider's own record moves the state, not the message.
func TestConfirm(t *testing.T) {
	tests := []struct {
		name    string
		says    func(*payout.Payout) message // what the look-up says
		verdict inbox.Verdict
		code    string
		state   payout.State
	}{
		{"the record agrees", func(p *payout.Payout) message { return about(p, "paid") }, inbox.Applied, "", payout.Paid},
		{"the record says otherwise", func(p *payout.Payout) message { return about(p, "failed") }, inbox.Applied, "", payout.Failed},
		{"the record is not so far yet", func(p *payout.Payout) message { return about(p, "accepted") }, inbox.Applied, "known", payout.Accepted},
		{"a word nobody knows", func(p *payout.Payout) message { return about(p, "gone fishing") }, inbox.Applied, "not_understood", payout.Accepted},
		{"another amount", func(p *payout.Payout) message { m := about(p, "paid"); m.Amount = "1.00"; return m }, inbox.Conflicting, "amount", payout.Accepted},
		{"the record of another order", func(p *payout.Payout) message {
			return message{Reference: "SOMEBODYELSES2345ABC", ID: "r9", Status: "paid", Amount: "12.34", Currency: "EUR"}
		}, inbox.Conflicting, "reference", payout.Accepted},
		{"a record that names nothing", func(*payout.Payout) message { return message{Status: "paid"} }, inbox.Applied, "unproven", payout.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).connect()
			w.company.confirm = true
			p := w.accepted(w.one, "r1")
			w.company.says(tt.says(p))
			reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
			h = w.want(h, inbox.Confirming, p, payout.Accepted)
			if reply.Status != 200 || h.DueAt.IsZero() || h.Payout != p.ID || w.changed.Load() != 1 || len(w.company.asked()) != 0 {
				t.Errorf("got %d, due %s, told %d times; want it kept, answered and left to the runner", reply.Status, h.DueAt, w.changed.Load())
			}
			if w.see() != 1 {
				t.Fatal("it is not due")
			}
			h = w.want(h, tt.verdict, p, tt.state)
			if h.Code != tt.code || !h.DueAt.IsZero() || h.DoneAt.IsZero() || h.Reply != 200 {
				t.Errorf("got %+v, want code %q", h, tt.code)
			}
			want := providers.Attempt{Reference: p.Reference(), RemoteID: "r1", Kept: map[string]string{"token": "CANARY-kept-r1"}}
			if asked := w.company.asked(); len(asked) != 1 || asked[0].Reference != want.Reference || asked[0].RemoteID != "r1" || asked[0].Kept["token"] != want.Kept["token"] {
				t.Errorf("asked %+v, want %+v", asked, want)
			}
			if w.see() != 0 {
				t.Error("it is due still")
			}
		})
	}
}

// TestContradictionNeedsNoConfirming: what contradicts is a conflict at once.
func TestContradictionNeedsNoConfirming(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	m := about(p, "paid")
	m.Amount = "99.99"
	_, h := w.post(w.one, keyOne, m.bytes())
	w.want(h, inbox.Conflicting, p, payout.Accepted)
	if len(w.company.asked()) != 0 {
		t.Error("the provider was asked about it")
	}
}

// TestCannotBeAsked: where the company has no look-up the signature is all there is, and the history says so.
func TestCannotBeAsked(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.want(h, inbox.Confirming, p, payout.Accepted)
	w.see()
	h = w.want(h, inbox.Applied, p, payout.Paid)
	if slices.ContainsFunc(h.Steps, func(s providers.Step) bool { return s.Name == "confirmed" }) {
		t.Error("it is said to be confirmed")
	}
}

// TestAskedLater: an answer that does not come is asked for again, later each time, and given up in the end; the payout stays
// where it is.
func TestAskedLater(t *testing.T) {
	for name, err := range map[string]error{
		"unknown": &providers.Error{}, "not found": &providers.Error{NotFound: true}, "refused": &providers.Error{Kind: providers.Refused}, "plain": errors.New("cut"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).connect()
			w.company.confirm = true
			w.company.answers(func(providers.Attempt) (providers.Result, error) {
				return providers.Result{Status: providers.Paid}, err
			})
			p := w.accepted(w.one, "r1")
			_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
			var waits []time.Duration
			for {
				if w.see() != 1 {
					t.Fatalf("not due after %d tries", len(waits))
				}
				if h = w.hook(h.ID); h.DueAt.IsZero() {
					break
				}
				if w.see() != 0 {
					t.Fatal("asked again at once")
				}
				waits = append(waits, h.DueAt.Sub(w.clock.now()))
				w.clock.add(waits[len(waits)-1])
			}
			if !slices.IsSorted(waits) || waits[0] != 10*time.Second || waits[len(waits)-1] != 10*time.Minute || len(waits) != 9 {
				t.Errorf("got waits %v", waits)
			}
			h = w.want(h, inbox.Unconfirmed, p, payout.Accepted)
			if h.Tries != 10 || h.DoneAt.IsZero() || w.find(p).DueAt.IsZero() {
				t.Errorf("got %+v, payout due %s", h, w.find(p).DueAt)
			}
		})
	}
}

// TestAskedLaterWorks: the company is well again after a while.
func TestAskedLaterWorks(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	w.company.answers(func(providers.Attempt) (providers.Result, error) { return providers.Result{}, &providers.Error{} })
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	for range 3 {
		w.see()
		w.clock.add(10 * time.Minute)
	}
	w.company.says(about(p, "paid"))
	w.see()
	if h = w.want(h, inbox.Applied, p, payout.Paid); h.Tries != 3 {
		t.Errorf("got %d tries in vain, want 3", h.Tries)
	}
}

// TestAskingThatCannotBeWrittenDown is put off like asking in vain.
func TestAskingThatCannotBeWrittenDown(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	w.company.says(about(p, "paid"))
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.raw(`create trigger full before update on payouts begin select raise(abort, 'disk full'); end`)
	w.see()
	if w.see() != 0 {
		t.Error("asked again at once")
	}
	w.want(h, inbox.Confirming, p, payout.Accepted)
	w.raw(`drop trigger full`)
	w.clock.add(time.Minute)
	w.see()
	w.want(h, inbox.Applied, p, payout.Paid)
}

// TestSettingsDamagedWhileAsking gives up after some tries instead of asking for ever.
func TestSettingsDamagedWhileAsking(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.raw(`update accounts set address = 'gone'`)
	for range 20 {
		w.see()
		w.clock.add(10 * time.Minute)
	}
	w.want(h, inbox.Unconfirmed, p, payout.Accepted)
}

func TestLookUpBreaksDown(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	w.company.answers(func(providers.Attempt) (providers.Result, error) { panic("index out of range") })
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.see()
	if h = w.want(h, inbox.Confirming, p, payout.Accepted); h.Tries != 1 {
		t.Errorf("got %d tries, want 1", h.Tries)
	}
}

// TestRefusedKeysFreeze: 401 while asking stops the account like anywhere else.
func TestRefusedKeysFreeze(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	w.company.answers(func(providers.Attempt) (providers.Result, error) {
		return providers.Result{}, &providers.Error{Credentials: true}
	})
	p := w.accepted(w.one, "r1")
	w.post(w.one, keyOne, about(p, "paid").bytes())
	w.see()
	a, err := w.Stores.AccountOf(w.ctx, w.one.Store, w.one.ID)
	w.must(err)
	if a.Frozen.Reason != "credentials" || w.find(p).State != payout.Accepted {
		t.Errorf("got %+v", a.Frozen)
	}
}

// TestThinMessage is how a lost answer is found: the message has only an identifier we never saw; the provider's record of it
// names our reference.
func TestThinMessage(t *testing.T) {
	tests := []struct {
		name    string
		says    func(*payout.Payout) message
		verdict inbox.Verdict
		state   payout.State
		id      string
	}{
		{"ours", func(p *payout.Payout) message {
			m := about(p, "paid")
			m.ID = "r7"
			return m
		}, inbox.Applied, payout.Paid, "r7"},
		{"under way", func(p *payout.Payout) message {
			m := about(p, "accepted")
			m.ID = "r7"
			return m
		}, inbox.Applied, payout.Accepted, "r7"},
		{"ours, another amount", func(p *payout.Payout) message {
			m := about(p, "paid")
			m.ID, m.Amount = "r7", "1.00"
			return m
		}, inbox.Conflicting, payout.Unknown, ""},
		{"ours, no amount", func(p *payout.Payout) message { return message{ID: "r7", Reference: p.Reference(), Status: "paid"} }, inbox.Applied, payout.Unknown, ""},
		{"somebody else's", func(*payout.Payout) message {
			return message{ID: "r7", Reference: "X", Status: "paid", Amount: "12.34", Currency: "EUR"}
		}, inbox.Unmatched, payout.Unknown, ""},
		{"without a reference", func(*payout.Payout) message {
			return message{ID: "r7", Status: "paid", Amount: "12.34", Currency: "EUR"}
		}, inbox.Unmatched, payout.Unknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).connect()
			w.company.confirm = true
			p := w.unknown(w.one)
			w.company.says(tt.says(p))
			_, h := w.post(w.one, keyOne, message{Event: "payout", ID: "r7", Status: "paid"}.bytes())
			h = w.want(h, inbox.Confirming, p, payout.Unknown)
			if h.Payout != "" {
				t.Errorf("got payout %q before it is known", h.Payout)
			}
			w.see()
			h = w.want(h, tt.verdict, p, tt.state)
			if asked := w.company.asked(); len(asked) != 1 || asked[0].RemoteID != "r7" || asked[0].Reference != "" {
				t.Errorf("asked %+v", asked)
			}
			if got := w.find(p).RemoteID(); got != tt.id {
				t.Errorf("got identifier %q, want %q", got, tt.id)
			}
		})
	}
}

func TestThinMessageAboutNothing(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	w.company.answers(func(providers.Attempt) (providers.Result, error) {
		return providers.Result{}, &providers.Error{NotFound: true}
	})
	p := w.unknown(w.one)
	_, h := w.post(w.one, keyOne, message{ID: "r7", Status: "paid"}.bytes())
	w.see()
	w.want(h, inbox.Unmatched, p, payout.Unknown)
	// A company that cannot be asked leaves it at that too: an identifier alone is no proof of anything.
	w.company.answers(nil)
	_, h = w.post(w.one, keyOne, message{ID: "r8", Status: "paid"}.bytes())
	w.see()
	w.want(h, inbox.Unmatched, p, payout.Unknown)
}

// TestThinMessageBeforeTheAnswer: the webhook is faster than the answer to the send; by the time it is asked about, the
// answer has come.
func TestThinMessageBeforeTheAnswer(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	p := w.sending(w.one)
	_, h := w.post(w.one, keyOne, message{ID: "r7", Status: "paid"}.bytes())
	w.want(h, inbox.Confirming, p, payout.Sending)
	_, _, err := w.Payouts.Record(w.ctx, payout.InStore(p.Store), p.ID, payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: providers.Result{
		Attempt: providers.Attempt{RemoteID: "r7"}, Status: providers.Accepted}})
	w.must(err)
	w.company.says(message{ID: "r7", Status: "paid"}) // a record without our reference
	w.see()
	w.want(h, inbox.Applied, p, payout.Paid)
}

// TestWallsWhileAsking is invariant 13: also what the provider's record names is looked for in this account alone.
func TestWallsWhileAsking(t *testing.T) {
	w := newWorld(t).connect()
	w.company.confirm = true
	mine := w.unknown(w.one)
	_, h := w.post(w.two, keyTwo, message{ID: "r7", Status: "paid"}.bytes())
	m := about(mine, "paid")
	m.ID = "r7"
	w.company.says(m)
	w.see()
	w.want(h, inbox.Unmatched, mine, payout.Unknown)
}

// TestOldKeys: after keys are replaced, what is on its way with those before is taken for seven days, and asked about first.
func TestOldKeys(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		name     string
		replaced []time.Duration // before the message comes
		key      string
		verdict  inbox.Verdict
	}{
		{"today's", []time.Duration{day}, "new1", inbox.Applied},
		{"yesterday's", []time.Duration{day}, keyOne, inbox.Confirming},
		{"at the end of its grace", []time.Duration{7 * day}, keyOne, inbox.Confirming},
		{"past its grace", []time.Duration{7*day + time.Second}, keyOne, inbox.Forged},
		{"mended twice", []time.Duration{3 * day, 2 * day, day}, keyOne, inbox.Confirming},
		{"the typing error in between", []time.Duration{3 * day, 2 * day, day}, "new2", inbox.Confirming},
		{"long ago, changed again today", []time.Duration{20 * day, day}, keyOne, inbox.Forged},
		{"of before the change of today", []time.Duration{20 * day, day}, "new1", inbox.Confirming},
		{"nobody's", []time.Duration{day}, "other", inbox.Forged},
		{"another store's", []time.Duration{day}, keyTwo, inbox.Forged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).connect()
			p := w.accepted(w.one, "r1")
			for i, ago := range tt.replaced {
				_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": []string{"new1", "new2", "new3"}[i]})
				w.must(err)
				next := time.Duration(0)
				if i+1 < len(tt.replaced) {
					next = tt.replaced[i+1]
				}
				w.clock.add(ago - next)
			}
			w.company.says(about(p, "paid"))
			body := about(p, "paid").bytes()
			_, h := w.post(w.one, tt.key, body)
			state := payout.Accepted
			if tt.verdict == inbox.Applied {
				state = payout.Paid
			}
			h = w.want(h, tt.verdict, p, state)
			if tt.verdict == inbox.Confirming {
				w.see()
				w.want(h, inbox.Applied, p, payout.Paid)
			}
		})
	}
}

// TestFlood is invariant 11: of a flood of forgeries a thousand an hour are kept, then they are counted, and every hundredth
// is kept; a genuine message gets through all the same.
func TestFlood(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	at := w.clock.now().UnixMilli()
	w.raw(`insert into hooks (id, token, address, received_at, header, body, size, digest, verdict)
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 998) select 'f' || i, 't', $1, $2, '{}', x'', 0, '', 'forged' from n`, sender, at)
	forge := func(from string) int {
		t.Helper()
		body := about(p, "paid").bytes()
		reply, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: from, Header: http.Header{"Sig": {"no"}}, Body: body, Size: len(body)})
		w.must(err)
		return reply.Status
	}
	kept := func() int { return w.number(`select count(*) from hooks where address = $1`, sender) }
	for i := range 2 {
		if got := forge(sender); got != 403 || kept() != 999+i {
			t.Fatalf("forgery %d: got %d, %d kept", 999+i, got, kept())
		}
	}
	for i := range 250 {
		got, want := forge(sender), 429
		if (i+1)%100 == 0 {
			want = 403 // the sample is judged like any other
		}
		if got != want {
			t.Fatalf("forgery %d of the flood: got %d, want %d", i+1, got, want)
		}
	}
	if got := kept(); got != 1002 {
		t.Errorf("got %d kept, want 1000 and 2 samples", got)
	}
	if got := w.number(`select sum(count) from hook_floods`); got != 250 {
		t.Errorf("got %d counted, want 250", got)
	}
	if got := forge("198.51.100.7"); got != 403 {
		t.Errorf("from another address: got %d, want 403", got)
	}
	a := w.one
	a.Token = "no-such"
	if reply, _ := w.post(a, keyOne, nil); reply.Status != 429 {
		t.Errorf("misaddressed, in the flood: got %d, want 429", reply.Status)
	}
	// Genuine, from the very address.
	reply, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	w.want(h, inbox.Applied, p, payout.Paid)
	if reply.Status != 200 {
		t.Errorf("got %d, want 200", reply.Status)
	}
	// What nobody can look at is neither kept nor answered with a yes or a no: the sender comes again.
	w.company.read = func(providers.Webhook) error { return errors.New("no room") }
	body := about(p, "failed").bytes()
	if reply, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Body: body, Size: len(body)}); err == nil {
		t.Errorf("got %d, want an error", reply.Status)
	}
	w.company.read = nil
	w.clock.add(time.Hour + time.Second)
	if got := forge(sender); got != 403 {
		t.Errorf("an hour later: got %d, want 403", got)
	}
}

// TestFloodAtOnce: a genuine message in the middle of many forgeries.
func TestFloodAtOnce(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	at := w.clock.now().UnixMilli()
	w.raw(`insert into hooks (id, token, address, received_at, header, body, size, digest, verdict)
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 1001) select 'f' || i, 't', $1, $2, '{}', x'', 0, '', 'forged' from n`, sender, at)
	body := about(p, "paid").bytes()
	done := make(chan error, 64)
	for i := range 64 {
		sig := "no"
		if i == 30 {
			sig = signature(keyOne, body)
		}
		go func() {
			_, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Header: http.Header{"Sig": {sig}}, Body: body, Size: len(body)})
			done <- err
		}()
	}
	for range 64 {
		w.must(<-done)
	}
	if got := w.find(p).State; got != payout.Paid {
		t.Errorf("got %s, want the genuine one taken in", got)
	}
	if got := w.number(`select count(*) from hooks where verdict = 'forged'`); got != 1001 {
		t.Errorf("got %d forgeries kept", got)
	}
}

// TestOtherVerdictsAreLeftAlone: a row that is due without a reason is not judged again.
func TestOtherVerdictsAreLeftAlone(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, keyTwo, about(p, "paid").bytes())
	w.raw(`update hooks set due_at = 1`)
	w.see()
	if h = w.want(h, inbox.Forged, p, payout.Accepted); !h.DueAt.IsZero() {
		t.Error("it is due still")
	}
	if _, err := w.Stores.AccountByToken(w.ctx, "x"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
