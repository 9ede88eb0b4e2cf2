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
	"refused", "HTML", "empty", "truncated", "huge", "redirect 302", "redirect 307", "malformed JSON", "duplicate keys", "unknown status", "other record", "other amount", "slow", "401", "webhook before the answer"}

// payFaulty answers by the seed, the payout and how often it was asked, so that one seed is one history.
func (b *bank) payFaulty(w http.ResponseWriter, r *http.Request, o order) {
	if b.arrive != nil {
		b.arrive(o)
	}
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
	case "401":
		text(401, `{"message":"who are you?"}`)
	case "webhook before the answer":
		x := b.execute(o, "accepted")
		early := x
		early.Status = b.end(x)
		b.early(early)
		reply(w, 200, x)
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

// failedLater tells whether the bank took an order and gave it up later, so that no money moved after all: one in five.
func (b *bank) failedLater(reference string) bool {
	o, ok := b.booked[reference]
	return ok && b.end(o) == "failed"
}

func (b *bank) end(o order) string {
	f := fnv.New64a()
	_, _ = f.Write([]byte(o.Account))
	if f.Sum64()%5 == 0 {
		return "failed"
	}
	return "paid"
}

// lookAnswers are what the bank does when it is asked about an order it has.
var lookAnswers = []string{"look fine", "look 404", "look 500", "look dropped", "look HTML", "look 429", "look other record", "look other amount", "look other account",
	"look unknown status", "look empty"}

func (b *bank) lookFaulty(w http.ResponseWriter, found order) {
	b.mu.Lock()
	b.looks++
	kind := "look fine"
	rng := rand.New(rand.NewPCG(b.seed, uint64(b.looks)<<20))
	if b.faults && rng.IntN(4) > 0 {
		kind = lookAnswers[rng.IntN(len(lookAnswers))]
	}
	if b.faults {
		b.counts[kind]++
	}
	calm := !b.faults
	b.mu.Unlock()
	if calm || rng.IntN(2) == 0 {
		found.Status = b.end(found)
	}
	switch kind {
	case "look 404":
		reply(w, 404, order{Message: "no such order"})
	case "look 500":
		reply(w, 500, order{Message: "oops", Status: "failed"})
	case "look dropped":
		cut(w)
	case "look HTML":
		_, _ = io.WriteString(w, "<html>failed</html>")
	case "look 429":
		reply(w, 429, order{Message: "later"})
	case "look other record":
		found.Reference, found.ID, found.Status = "SOMEBODYELSES", "r-SOMEBODYELSES", "failed"
		reply(w, 200, found)
	case "look other amount":
		found.Amount, found.Status = "0.01", "failed"
		reply(w, 200, found)
	case "look other account":
		found.Account, found.Status = "DE0000000000", "failed"
		reply(w, 200, found)
	case "look unknown status":
		found.Status = "pondering"
		reply(w, 200, found)
	case "look empty":
		w.WriteHeader(http.StatusOK)
	default:
		reply(w, 200, found)
	}
}

func (b *bank) some(rng *rand.Rand) (order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.executed) == 0 {
		return order{}, false
	}
	return b.executed[rng.IntN(len(b.executed))], true
}
