package providertest

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

// checkStatuses: every documented word means what the case says, and a word nobody has heard of means nothing.
func checkStatuses(t *testing.T, c Case) {
	t.Run("look-up", func(t *testing.T) { checkLookupWords(t, c) })
	t.Run("answer", func(t *testing.T) { checkAnsweredWord(t, c) })
	t.Run("webhook", func(t *testing.T) { checkWebhookWords(t, c) })
}

func checkLookupWords(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	s := b.send(b.order(c.Orders[0]))
	if s.err != nil {
		t.Fatalf("send: %v", s.err)
	}
	if _, err := b.lookup(s.attempt()); providers.KindOf(err) == providers.Unsupported {
		return
	}
	if c.LookupStatus == "" {
		t.Fatal("the case needs LookupStatus: the company can be asked")
	}
	for word, want := range words(c.StatusWords) {
		b.swap.put(c.LookupStatus, word)
		r, err := b.lookup(s.attempt())
		if b.swap.stop() == 0 {
			t.Fatalf("no answer to a look-up has anything at %s", c.LookupStatus)
		}
		wantWord(t, word, want, r, err)
	}
}

// checkAnsweredWord: nor does an unknown word in the answer to a send end the order.
func checkAnsweredWord(t *testing.T, c Case) {
	for _, word := range []string{"quantum_hold", "", "-1"} {
		b := newBench(t, c, setup{})
		o := b.order(c.Orders[0])
		b.swap.put(c.LookupStatus, word)
		s := b.send(o)
		b.swap.stop()
		if s.err == nil && s.result.Word == word && s.result.Status != "" && s.result.Status != providers.Accepted {
			t.Errorf("word %q: got status %q, want it not understood", word, s.result.Status)
		}
	}
}

func checkWebhookWords(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	reader, ok := b.provider.(providers.WebhookReader)
	if !ok || c.WebhookStatus == "" || c.Sign == nil {
		return
	}
	known := c.WebhookWords
	if known == nil {
		known = c.StatusWords
	}
	genuine := b.genuine()
	for word, want := range words(known) {
		body, err := replace(genuine.body, c.WebhookStatus, word)
		if err != nil {
			t.Fatal(err)
		}
		e, err := b.read(reader, b.sign(genuine, body))
		wantWord(t, word, want, e.Result, err)
	}
}

// words adds words that nobody has heard of, some of them close to known ones.
func words(known map[string]providers.Status) map[string]providers.Status {
	all := map[string]providers.Status{"quantum_hold": "", "": ""}
	for _, word := range slices.Sorted(maps.Keys(known)) {
		all[word+"0"], all["un"+word] = "", ""
		if n, err := strconv.Atoi(word); err == nil {
			all[strconv.Itoa(n+1)], all["-"+word] = "", ""
		}
	}
	maps.Copy(all, known)
	return all
}

func wantWord(t *testing.T, word string, want providers.Status, r providers.Result, err error) {
	t.Helper()
	switch {
	case want == "" && (err == nil && r.Status != "" || providers.KindOf(err) != providers.Unknown):
		t.Errorf("word %q: got status %q, %v; want it not understood", word, r.Status, err)
	case want != "" && (err != nil || r.Status != want):
		t.Errorf("word %q: got status %q, %v; want %q", word, r.Status, err, want)
	case err == nil && r.Word != word:
		t.Errorf("word %q: got word %q, want it as it came", word, r.Word)
	}
}
