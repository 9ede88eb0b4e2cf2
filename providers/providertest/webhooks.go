package providertest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/sim"
)

// checkWebhooks: the genuine one is taken, and nothing else.
func checkWebhooks(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	if _, ok := b.provider.(providers.WebhookReader); !ok {
		return
	}
	if c.Sign == nil || (c.SignatureHeader == "") == (c.SignatureMember == "") {
		t.Fatal("the case needs Sign, and either SignatureHeader or SignatureMember")
	}
	t.Run("genuine", func(t *testing.T) { checkGenuine(t, c) })
	t.Run("one bit", func(t *testing.T) { checkBits(t, c) })
	t.Run("forged", func(t *testing.T) { checkForged(t, c) })
	t.Run("scenarios", func(t *testing.T) { checkHookScenarios(t, c) })
}

// genuine plays an order to its end and returns the last webhook about it.
func (b *bench) genuine() hook {
	b.t.Helper()
	s := b.send(b.order(b.c.Orders[0]))
	if s.err != nil {
		b.t.Fatalf("send: %v", s.err)
	}
	b.settle()
	for range patience {
		if _, err := b.lookup(s.attempt()); err != nil {
			break
		}
		b.settle()
	}
	all := b.delivered()
	if len(all) == 0 {
		b.t.Fatal("the simulator sent no webhook")
	}
	return all[len(all)-1]
}

// read reads a webhook as the program does, and checks what must hold of every reading.
func (b *bench) read(reader providers.WebhookReader, h hook) (providers.Event, error) {
	b.t.Helper()
	e, err := reader.ReadWebhook(b.t.Context(), providers.Webhook{Header: h.header.Clone(), Body: slices.Clone(h.body), Find: b.find})
	b.say(err, e)
	problem, ours := errors.AsType[*providers.Error](err)
	switch {
	case err == nil && (e.Reply.Status < 200 || e.Reply.Status > 299) && e.Reply.Status != 0:
		b.t.Errorf("got reply %d to a genuine webhook, want 2xx", e.Reply.Status)
	case err == nil && len(e.Steps) == 0:
		b.t.Error("got no steps of the verification for the inbox")
	case err != nil && !ours:
		b.t.Errorf("got error %T (%v), want a *providers.Error", err, err)
	case err != nil && problem.Reply != nil && problem.Reply.Status < 300:
		b.t.Errorf("got reply %d to a webhook that is not genuine", problem.Reply.Status)
	}
	return e, err
}

// sign signs a changed webhook as the company would.
func (b *bench) sign(h hook, body []byte) hook {
	signed := hook{h.header.Clone(), slices.Clone(body)}
	signed.body = b.c.Sign(b.c.Settings, signed.header, signed.body)
	return signed
}

// checkGenuine: repeats and order make no difference, and signing it again changes nothing.
func checkGenuine(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	reader, _ := b.provider.(providers.WebhookReader)
	h := b.genuine()
	first, err := b.read(reader, h)
	if err != nil {
		t.Fatalf("got %v, want it accepted", err)
	}
	all := b.delivered()
	slices.Reverse(all)
	for _, one := range append(all, h, b.sign(h, h.body)) {
		if _, err := b.read(reader, one); err != nil {
			t.Errorf("again, or in another order: %v", err)
		}
	}
	again, err := b.read(reader, h)
	if diff := gocmp.Diff(first, again); diff != "" || err != nil {
		t.Errorf("again: got %v (-first +again):\n%s", err, diff)
	}
	b.wantNobodyKnown(reader, h)
}

// wantNobodyKnown reads a genuine webhook about an order that we do not know: it is genuine all the same.
func (b *bench) wantNobodyKnown(reader providers.WebhookReader, h hook) {
	b.t.Helper()
	none := func(context.Context, providers.Attempt) (providers.Found, error) {
		return providers.Found{}, errors.New("no such attempt")
	}
	_, err := reader.ReadWebhook(b.t.Context(), providers.Webhook{Header: h.header, Body: h.body, Find: none})
	b.say(err)
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Reply != nil && e.Reply.Status < 300 {
		b.t.Errorf("about an order we do not know: got %v with reply %d", err, e.Reply.Status)
	}
}

// checkBits changes each bit of the body and of the signature in turn.
func checkBits(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	reader, _ := b.provider.(providers.WebhookReader)
	h := b.genuine()
	want, err := b.read(reader, h)
	if err != nil {
		t.Fatalf("got %v, want it accepted", err)
	}
	flip(h.body, func(changed []byte, at int, letterCase bool) {
		e, err := b.read(reader, hook{h.header, changed})
		equal := letterCase && b.inSignature(h.body, at) && gocmp.Equal(want, e)
		if err == nil && !equal {
			t.Errorf("byte %d of the body changed: got it accepted: %s", at, changed)
		}
	})
	if c.SignatureHeader == "" {
		return
	}
	value := []byte(h.header.Get(c.SignatureHeader))
	flip(value, func(changed []byte, at int, letterCase bool) {
		header := h.header.Clone()
		header.Set(c.SignatureHeader, string(changed))
		e, err := b.read(reader, hook{header, h.body})
		equal := letterCase && gocmp.Equal(want, e)
		if err == nil && !equal {
			t.Errorf("byte %d of the signature changed: got it accepted: %s", at, changed)
		}
	})
}

// flip calls try with each bit of text changed in turn, and says whether that only changed the case of a letter that is
// a hexadecimal digit.
func flip(text []byte, try func(changed []byte, at int, letterCase bool)) {
	for at := range text {
		for bit := range 8 {
			changed := slices.Clone(text)
			changed[at] ^= 1 << bit
			try(changed, at, bit == 5 && strings.ContainsRune("abcdefABCDEF", rune(text[at])))
		}
	}
}

// inSignature reports whether a place in the body is within the value of the member that holds the signature.
func (b *bench) inSignature(body []byte, at int) bool {
	if b.c.SignatureMember == "" {
		return false
	}
	name := strings.Index(string(body), `"`+b.c.SignatureMember+`"`)
	if name < 0 {
		return false
	}
	start := name + len(b.c.SignatureMember) + 2
	end := strings.IndexAny(string(body[start:]), ",}")
	return end >= 0 && at >= start && at < start+end
}

// checkForged: another store's secret, no signature, no sense.
func checkForged(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	reader, _ := b.provider.(providers.WebhookReader)
	h := b.genuine()
	for name, forged := range b.forgeries(h) {
		if e, err := b.read(reader, forged); err == nil {
			t.Errorf("%s: got it accepted: %+v", name, e)
		}
	}
	theirs := newBench(t, c, setup{settings: c.OtherSettings})
	other, _ := theirs.provider.(providers.WebhookReader)
	if e, err := theirs.read(other, h); err == nil {
		t.Errorf("read by another store: got it accepted: %+v", e)
	}
}

func (b *bench) forgeries(h hook) map[string]hook {
	b.t.Helper()
	all := map[string]hook{
		"nothing": {h.header, nil}, "null": {h.header, []byte("null")}, "a list": {h.header, []byte("[]")},
		"an empty object": {h.header, []byte("{}")}, "not JSON": {h.header, []byte("status=paid")},
		"two objects":   {h.header, append(slices.Clone(h.body), h.body...)},
		"a blank more":  {h.header, append(slices.Clone(h.body), ' ')},
		"deeply nested": {h.header, []byte(strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000))},
		"64 KiB":        {h.header, slices.Concat(h.body[:1], []byte(strings.Repeat(" ", 64<<10)), h.body[1:])},
	}
	if b.c.SignatureMember != "" {
		// Blanks between members are no part of what is signed in a body.
		delete(all, "a blank more")
		delete(all, "64 KiB")
		body, err := remove(h.body, b.c.SignatureMember)
		if err != nil {
			b.t.Fatal(err)
		}
		all["no signature"] = hook{h.header, body}
	} else {
		for name, value := range map[string]string{"no signature": "", "a short signature": "00", "another text": "valid"} {
			header := h.header.Clone()
			header.Set(b.c.SignatureHeader, value)
			if value == "" {
				header.Del(b.c.SignatureHeader)
			}
			all[name] = hook{header, h.body}
		}
	}
	signed := hook{h.header.Clone(), slices.Clone(h.body)}
	signed.body = b.c.Sign(b.c.OtherSettings, signed.header, signed.body)
	all["signed by another store"] = signed
	all["no headers"] = hook{http.Header{}, []byte(`{"status":"paid"}`)}
	return all
}

// checkHookScenarios plays what goes wrong with webhooks.
func checkHookScenarios(t *testing.T, c Case) {
	for s, check := range map[sim.Scenario]func(*testing.T, sent, []providers.Event, []error){
		sim.Duplicate:   wantTwice,
		sim.ForgedFirst: wantOneRefused,
		sim.WrongAmount: wantAmountSeen,
		sim.Early:       wantAllGood,
		sim.OutOfOrder:  wantAllGood,
	} {
		t.Run(string(s), func(t *testing.T) {
			b := newBench(t, c, setup{})
			reader, _ := b.provider.(providers.WebhookReader)
			e := c.Orders[0]
			e.Amount = c.scenario(s, e.Amount)
			sent := b.send(b.order(e))
			b.settle()
			var events []providers.Event
			var errs []error
			for _, h := range b.delivered() {
				event, err := b.read(reader, h)
				events, errs = append(events, event), append(errs, err)
			}
			if len(events) == 0 {
				t.Fatalf("the simulator sent no webhook: %v", sent.err)
			}
			check(t, sent, events, errs)
		})
	}
}

func wantAllGood(t *testing.T, _ sent, events []providers.Event, errs []error) {
	t.Helper()
	paid := false
	for i, e := range events {
		if errs[i] != nil {
			t.Errorf("webhook %d: %v", i, errs[i])
		}
		paid = paid || e.Result.Status == providers.Paid
	}
	if !paid {
		t.Error("got no webhook that says paid")
	}
}

func wantTwice(t *testing.T, s sent, events []providers.Event, errs []error) {
	t.Helper()
	wantAllGood(t, s, events, errs)
	last := len(events) - 1
	if last < 1 || !gocmp.Equal(events[last].Result, events[last-1].Result) {
		t.Errorf("got %d webhooks; want two that say the same", len(events))
	}
}

func wantOneRefused(t *testing.T, _ sent, events []providers.Event, errs []error) {
	t.Helper()
	refused := 0
	for _, err := range errs {
		if err != nil {
			refused++
		}
	}
	if last := len(errs) - 1; refused != 1 || errs[last] != nil || events[last].Result.Status != providers.Paid {
		t.Errorf("got %d webhooks refused of %d, want the forged one alone", refused, len(errs))
	}
}

// wantAmountSeen: a webhook that states another amount is told as it is, or is too thin to move anything by itself.
func wantAmountSeen(t *testing.T, s sent, events []providers.Event, errs []error) {
	t.Helper()
	last := len(events) - 1
	if errs[last] != nil {
		return
	}
	stated := events[last].Result.Amount.Minor
	if stated == s.order.Amount.Minor || stated == 0 && !events[last].Confirm {
		t.Errorf("got amount %d and confirm %v; the webhook states another than %d", stated, events[last].Confirm, s.order.Amount.Minor)
	}
}
