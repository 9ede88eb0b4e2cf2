package histories_test

import (
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// answers are what the bank does with a request to pay.
var answers = []string{"fine", "executed, line dropped", "not executed, line dropped", "500 executed", "500 not executed", "429", "403", "409",
	"refused", "HTML", "empty", "truncated", "huge", "redirect 302", "redirect 307", "malformed JSON", "duplicate keys", "unknown status", "other record", "other amount", "slow"}

// payFaulty answers by the seed, the payout and how often it was asked, so that one seed is one history.
func (b *bank) payFaulty(w http.ResponseWriter, r *http.Request, o order) {
	b.mu.Lock()
	b.wire[o.Reference]++
	kind := "fine"
	if b.faults {
		f := fnv.New64a()
		_, _ = f.Write([]byte(o.Account + o.Amount))
		rng := rand.New(rand.NewPCG(b.seed, f.Sum64()+uint64(b.tries[o.Account])))
		b.tries[o.Account]++
		if rng.IntN(4) > 0 {
			kind = answers[rng.IntN(len(answers))]
		}
		b.counts[kind]++
	}
	b.mu.Unlock()
	text := func(status int, body string) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	switch kind {
	case "executed, line dropped":
		b.execute(o, "accepted")
		cut(w)
	case "not executed, line dropped":
		cut(w)
	case "500 executed":
		b.execute(o, "accepted")
		text(500, `{"message":"oops"}`)
	case "500 not executed":
		text(500, `{"message":"oops"}`)
	case "429":
		text(429, `{"message":"later"}`)
	case "403":
		text(403, `{"message":"no"}`)
	case "409":
		text(409, `{"message":"conflict"}`)
	case "refused":
		reply(w, 400, order{Message: "no such account"})
	case "HTML":
		b.execute(o, "accepted")
		text(200, "<html>busy</html>")
	case "empty":
		b.execute(o, "accepted")
		text(200, "")
	case "truncated":
		b.execute(o, "accepted")
		w.Header().Set("Content-Length", "500")
		text(200, `{"id":"r-`)
	case "huge":
		b.execute(o, "accepted")
		text(200, `{"id":"`+strings.Repeat("x", 2<<20)+`"}`)
	case "redirect 302", "redirect 307":
		w.Header().Set("Location", "/pay")
		text(map[bool]int{true: 302, false: 307}[kind == "redirect 302"], "")
	case "malformed JSON":
		b.execute(o, "accepted")
		text(200, `{"id":`)
	case "duplicate keys":
		b.execute(o, "accepted")
		text(200, `{"status":"failed","status":"accepted","id":"r-`+o.Reference+`"}`)
	case "unknown status":
		x := b.execute(o, "accepted")
		x.Status = "pondering"
		reply(w, 200, x)
	case "other record":
		x := b.execute(o, "accepted")
		x.Reference, x.Status = "SOMEBODYELSES", "failed"
		reply(w, 200, x)
	case "other amount":
		x := b.execute(o, "accepted")
		x.Amount, x.Status = "0.01", "failed"
		reply(w, 200, x)
	case "slow":
		b.execute(o, "accepted")
		select {
		case <-r.Context().Done():
		case <-time.After(2 * time.Second):
		}
	default:
		reply(w, 200, b.execute(o, "accepted"))
	}
}

// did tells whether money moved under a reference; end is what the bank makes of it in the end, which it never changes.
func (b *bank) did(reference string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.executed, func(o order) bool { return o.Reference == reference })
}

func (b *bank) failedLater(string) bool { return false } // this bank pays whatever it carried out

func (b *bank) end(order) string { return "paid" }

func (b *bank) some(rng *rand.Rand) (order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.executed) == 0 {
		return order{}, false
	}
	return b.executed[rng.IntN(len(b.executed))], true
}
