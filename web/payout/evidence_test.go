package payout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

func boolean(b bool) *bool { return &b }

// Invariants 3 and 12: whatever news carry must not contradict what was sent; what they do not carry is not compared.
func TestContradictions(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	r.must(r.svc.Checkpoint(r.ctx, payout.InStore("s1"), id, 1, "R1", nil))
	p := r.find(id)
	ref := p.Reference()
	tests := []struct {
		name           string
		change         func(*providers.Result)
		field          string
		expected, told string
	}{
		{"all of it fits", func(*providers.Result) {}, "", "", ""},
		{"another reference", func(r *providers.Result) { r.Attempt.Reference = "OTHER" }, "reference", ref, "OTHER"},
		{"beginning of the reference", func(r *providers.Result) { r.Attempt.Reference = ref[:19] }, "reference", ref, ref[:19]},
		{"more than the reference", func(r *providers.Result) { r.Attempt.Reference = "x" + ref }, "reference", ref, "x" + ref},
		{"no reference", func(r *providers.Result) { r.Attempt.Reference = "" }, "", "", ""},
		{"another identifier", func(r *providers.Result) { r.Attempt.RemoteID = "R2" }, "remote_id", "R1", "R2"},
		{"no identifier", func(r *providers.Result) { r.Attempt.RemoteID = "" }, "", "", ""},
		{"another currency", func(r *providers.Result) { r.Amount.Currency = "XAF" }, "currency", "XOF", "XAF"},
		{"one unit more", func(r *providers.Result) { r.Amount.Minor++ }, "amount", "250000", "250001"},
		{"one unit less", func(r *providers.Result) { r.Amount.Minor-- }, "amount", "250000", "249999"},
		{"other sign", func(r *providers.Result) { r.Amount.Minor *= -1 }, "amount", "250000", "-250000"},
		{"figure only, right", func(r *providers.Result) { r.Amount = money.Amount{Minor: 250000} }, "", "", ""},
		{"figure only, wrong", func(r *providers.Result) { r.Amount = money.Amount{Minor: 2500} }, "amount", "250000", "2500"},
		{"no amount", func(r *providers.Result) { r.Amount = money.Amount{} }, "", "", ""},
		{"another method", func(r *providers.Result) { r.Method = "moov_bj" }, "method", "mtn_bj", "moov_bj"},
		{"no method", func(r *providers.Result) { r.Method = "" }, "", "", ""},
		{"test instead of live", func(r *providers.Result) { r.Live = boolean(false) }, "mode", "live", "test"},
		{"no mode", func(r *providers.Result) { r.Live = nil }, "", "", ""},
		{"another account number", func(r *providers.Result) { r.Details["account"] = "22997126631" }, "details", "account=··6630", "account=··6631"},
		{"two details differ", func(r *providers.Result) { r.Details["name"], r.Details["account"] = "Someone", "1" }, "details", "account=··6630", "account=··"},
		{"an empty detail", func(r *providers.Result) { r.Details["account"] = "" }, "", "", ""},
		{"a detail never sent", func(r *providers.Result) { r.Details["bank"] = "01" }, "", "", ""},
		{"no details", func(r *providers.Result) { r.Details = nil }, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			result := providers.Result{Attempt: providers.Attempt{Reference: ref, RemoteID: "R1"}, Status: providers.Failed, Amount: xof(250000),
				Method: "mtn_bj", Live: boolean(true), Details: map[string]string{"name": "Émile Zola", "account": "22997126630"}}
			tt.change(&result)
			field, expected, told := p.Contradicts(1, result)
			if field != tt.field || expected != tt.expected || told != tt.told {
				t.Errorf("got %q (%q, %q), want %q (%q, %q)", field, expected, told, tt.field, tt.expected, tt.told)
			}
			for _, source := range sources() {
				c := clone(p)
				effect, err := c.Apply(payout.Evidence{Source: source, Attempt: 1, Result: result, HookID: "h1"}, begin)
				want := payout.Failed
				switch {
				case tt.field != "" && source == payout.FromAnswer:
					want = payout.Unknown
				case tt.field != "":
					want = payout.Sending
				}
				if err != nil || c.State != want || (effect.Conflict != nil) != (tt.field != "") {
					t.Fatalf("%s: got %s, %v, conflict %v, want %s", source, c.State, err, effect.Conflict, want)
				}
				if tt.field != "" {
					kept := payout.Conflict{At: begin, Source: source, Code: tt.field, Expected: tt.expected, Got: tt.told, HookID: "h1"}
					if diff := cmp.Diff([]payout.Conflict{kept}, c.Conflicts); diff != "" {
						t.Errorf("%s: (-want +got)\n%s", source, diff)
					}
				}
			}
		})
	}
}

func TestContradictsUnknownAttempt(t *testing.T) {
	p := &payout.Payout{}
	if field, _, _ := p.Contradicts(1, providers.Result{Attempt: providers.Attempt{Reference: "X"}}); field != "" {
		t.Errorf("got %q, want nothing to compare with", field)
	}
}

func TestContradictionInTestMode(t *testing.T) {
	p := &payout.Payout{Attempts: []payout.Attempt{{No: 1}}}
	field, expected, got := p.Contradicts(1, providers.Result{Live: boolean(true)})
	if field != "mode" || expected != "test" || got != "live" {
		t.Errorf("got %q (%q, %q), want mode (test, live)", field, expected, got)
	}
}

// The same contradiction again adds nothing; after it was closed it is opened anew.
func TestConflictOnce(t *testing.T) {
	r := newRig(t)
	p := r.find(r.sending())
	wrong := payout.Evidence{Source: payout.FromWebhook, Attempt: 1, Result: full(p, providers.Paid)}
	wrong.Result.Amount.Minor++
	for range 3 {
		if _, err := p.Apply(wrong, begin); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(p.Conflicts); got != 1 {
		t.Fatalf("got %d conflicts, want 1", got)
	}
	p.Conflicts[0].ClosedAt = begin
	if p.OpenConflict() != nil {
		t.Error("got an open conflict, want none")
	}
	if _, err := p.Apply(wrong, begin); err != nil {
		t.Fatal(err)
	}
	if got := p.OpenConflict(); got == nil || len(p.Conflicts) != 2 {
		t.Errorf("got %d conflicts, want the contradiction opened again", len(p.Conflicts))
	}
}

// second is a payout in its second send; the first attempt ended as people or the company said.
func (r *rig) second(first providers.Kind) payout.ID {
	r.Helper()
	id := r.sending()
	r.fails(id, first)
	if first == providers.Unknown {
		r.settle(r.testify(id, payout.Missing))
	}
	return r.claim(r.approve(r.again(id)))
}

// Invariants 1, 2 and 4: what comes of an older attempt never moves the payout, which belongs to the newer one. That money
// moved, or may have moved, is a conflict, which then blocks a claim.
func TestOlderAttempt(t *testing.T) {
	result := func(s providers.Status) payout.Evidence { return payout.Evidence{Result: providers.Result{Status: s}} }
	tests := []struct {
		name     string
		e        payout.Evidence
		conflict bool
	}{
		{"accepted", result(providers.Accepted), true},
		{"paid", result(providers.Paid), true},
		{"returned", result(providers.Returned), true},
		{"unmapped", result(""), true},
		{"failed", result(providers.Failed), false},
		{"cancelled", result(providers.Cancelled), false},
		{"not sent", payout.Evidence{Err: &providers.Error{Kind: providers.NotSent}}, false},
		{"refused", payout.Evidence{Err: &providers.Error{Kind: providers.Refused}}, false},
		{"error", payout.Evidence{Err: &providers.Error{}}, false},
	}
	r := newRig(t)
	base := r.find(r.second(providers.Unknown))
	if base.Attempts[0].Reference == base.Attempts[1].Reference {
		t.Fatal("got one reference for both attempts, want two")
	}
	for _, tt := range tests {
		for _, source := range sources() {
			t.Run(tt.name+"/"+string(source), func(t *testing.T) {
				p, e := clone(base), tt.e
				e.Source, e.Attempt = source, 1
				if e.Err == nil {
					e.Result.Attempt.Reference, e.Result.Amount = p.Attempts[0].Reference, p.Content.Amount
				}
				effect, err := p.Apply(e, begin)
				if err != nil || p.State != payout.Sending || effect.Moved() || p.Attempts[1].Outcome != "" {
					t.Errorf("got %s and %v, want the second attempt still under way", p.State, err)
				}
				if open := p.OpenConflict(); (open != nil) != tt.conflict || (open != nil && (open.Code != "older_attempt" || open.Expected != "not_executed")) {
					t.Errorf("got conflict %+v, want one: %v", open, tt.conflict)
				}
			})
		}
	}
}

// A contradiction in the late answer to an older attempt does not end the newer one.
func TestOlderAttemptContradicts(t *testing.T) {
	r := newRig(t)
	p := r.find(r.second(providers.Refused))
	for _, set := range []func(*providers.Result){
		func(res *providers.Result) { res.Attempt.Reference, res.Amount = p.Attempts[0].Reference, xof(1) },
		func(*providers.Result) {}, // names nothing
	} {
		c := clone(p)
		e := payout.Evidence{Source: payout.FromAnswer, Attempt: 1, Result: providers.Result{Status: providers.Paid}}
		set(&e.Result)
		if _, err := c.Apply(e, begin); err != nil || c.State != payout.Sending {
			t.Errorf("got %s and %v, want sending", c.State, err)
		}
	}
	paid := payout.Evidence{Source: payout.FromWebhook, Attempt: 1,
		Result: providers.Result{Attempt: providers.Attempt{Reference: p.Attempts[0].Reference}, Amount: p.Content.Amount, Status: providers.Paid}}
	if _, err := p.Apply(paid, begin); err != nil || p.OpenConflict().Expected != "refused" {
		t.Errorf("got %+v and %v, want a conflict with what was known of the first: refused", p.OpenConflict(), err)
	}
}

// Invariant 4: with a company that refuses repeats the reference stays, and a refusal after an unknown attempt only says
// that the first one exists.
func TestRefusedRepeat(t *testing.T) {
	tests := []struct {
		name    string
		repeats bool
		first   providers.Kind
		same    bool
		want    payout.State
	}{
		{"repeats refused, first unknown", true, providers.Unknown, true, payout.Unknown},
		{"repeats refused, first refused", true, providers.Refused, true, payout.Refused},
		{"repeats refused, first not sent", true, providers.NotSent, true, payout.Refused},
		{"repeats taken, first unknown", false, providers.Unknown, false, payout.Refused},
		{"repeats taken, first refused", false, providers.Refused, false, payout.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.repeats.Store(tt.repeats)
			id := r.second(tt.first)
			p := r.find(id)
			if same := p.Attempts[0].Reference == p.Attempts[1].Reference; same != tt.same {
				t.Errorf("got the same reference: %v, want %v", same, tt.same)
			}
			if effect := r.fails(id, providers.Refused); effect.To != tt.want {
				t.Errorf("got %s, want %s", effect.To, tt.want)
			}
		})
	}
}

// A third attempt remembers that the first was unknown.
func TestRefusedRepeatMuchLater(t *testing.T) {
	r := newRig(t)
	r.repeats.Store(true)
	id := r.second(providers.Unknown)
	r.fails(id, providers.NotSent)
	r.claim(r.approve(r.again(id)))
	if effect := r.fails(id, providers.Refused); effect.To != payout.Unknown {
		t.Errorf("got %s, want unknown", effect.To)
	}
}

// Invariant 17: look-ups come after 5 s, then ever more rarely up to an hour, whatever is posted to us meanwhile.
func TestLookUpsBackOff(t *testing.T) {
	r := newRig(t)
	p := r.find(r.unknown())
	want := []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600}
	for i, seconds := range want {
		if got := p.DueAt.Sub(begin); got != seconds*time.Second {
			t.Fatalf("after %d look-ups: got due in %v, want %v", i, got, seconds*time.Second)
		}
		due := p.DueAt
		for _, e := range []payout.Evidence{
			{Source: payout.FromWebhook, Attempt: 1, Result: providers.Result{Attempt: providers.Attempt{Reference: p.Reference()}, Amount: xof(1)}},
			{Source: payout.FromWebhook, Attempt: 1, Result: providers.Result{}},
		} {
			if _, err := p.Apply(e, begin.Add(time.Minute)); err != nil || !p.DueAt.Equal(due) {
				t.Fatalf("got due %v and %v after a webhook, want %v as before", p.DueAt, err, due)
			}
		}
		var e payout.Evidence
		switch i % 3 { // a failed look-up, one that names nothing, one that contradicts
		case 0:
			e.Err = &providers.Error{NotFound: true, Code: "404", Message: "no such payout"}
		case 2:
			e.Result = providers.Result{Attempt: providers.Attempt{Reference: p.Reference()}, Amount: xof(1)}
		}
		e.Source, e.Attempt = payout.FromLookup, 1
		if _, err := p.Apply(e, begin); err != nil || p.State != payout.Unknown {
			t.Fatalf("got %s and %v, want unknown", p.State, err)
		}
	}
}

func TestAcceptedIsLookedUp(t *testing.T) {
	r := newRig(t)
	p := r.find(r.unknown())
	running := payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: full(p, providers.Accepted)}
	for i, seconds := range []time.Duration{5, 10, 20} {
		if _, err := p.Apply(running, begin); err != nil || p.DueAt.Sub(begin) != seconds*time.Second {
			t.Errorf("look-up %d: got due in %v and %v, want %v s", i+1, p.DueAt.Sub(begin), err, int64(seconds))
		}
	}
	running.Source = payout.FromWebhook
	due := p.DueAt
	if _, err := p.Apply(running, begin.Add(time.Second)); err != nil || !p.DueAt.Equal(due) {
		t.Errorf("got due %v and %v after a webhook, want %v as before", p.DueAt, err, due)
	}
}

func TestCompanyThatCannotTell(t *testing.T) {
	r := newRig(t)
	p := r.find(r.unknown())
	effect, err := p.Apply(payout.Evidence{Source: payout.FromLookup, Attempt: 1, Err: &providers.Error{Kind: providers.Unsupported}}, begin)
	if err != nil || !p.DueAt.IsZero() || p.State != payout.Unknown || effect.Code != payout.NoneNothingFound {
		t.Errorf("got %s due %v, %q and %v, want unknown, never due and nothing found", p.State, p.DueAt, effect.Code, err)
	}
}

// What a proven record adds to what is known: identifier, what the adapter keeps, fee, the company's words.
func TestEvidenceIsTakenOver(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	r.must(r.svc.Checkpoint(r.ctx, payout.InStore("s1"), id, 1, "", map[string]string{"token": "t1"}))
	result := full(r.find(id), providers.Failed)
	result.Attempt.Kept = map[string]string{"key": "k1"}
	result.Fee, result.Message, result.Word = xof(150), "wallet closed", "KO"
	r.pass(time.Second)
	r.record(id, payout.Evidence{Source: payout.FromAnswer, Result: result, Exchanges: []payout.Exchange{{Account: "a1", Payout: id, Attempt: 1, Purpose: "send"}}})
	p := r.find(id)
	a := p.Current()
	if diff := cmp.Diff(map[string]string{"token": "t1", "key": "k1"}, a.Kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if a.RemoteID != result.Attempt.RemoteID || a.Outcome != payout.Failed || !a.EndedAt.Equal(r.now()) {
		t.Errorf("got attempt %+v, want the identifier, the outcome and the end", a)
	}
	if p.Fee != xof(150) || p.Reason != "wallet closed" || !p.EndedAt.Equal(r.now()) {
		t.Errorf("got fee %v, reason %q, end %v", p.Fee, p.Reason, p.EndedAt)
	}
	exchanges, err := r.db.Payouts().Exchanges(r.ctx, payout.InStore("s1"), id)
	if err != nil || len(exchanges) != 1 {
		t.Errorf("got %d exchanges and %v, want the one that came with the news", len(exchanges), err)
	}
}

func TestKeptOfAnAttemptWithoutAny(t *testing.T) {
	r := newRig(t)
	id := r.sending()
	result := full(r.find(id), providers.Accepted)
	result.Attempt.Kept = map[string]string{"key": "k1"}
	r.record(id, payout.Evidence{Source: payout.FromAnswer, Result: result})
	if got := r.find(id).Current().Kept["key"]; got != "k1" {
		t.Errorf("got %q, want k1", got)
	}
}

// Evidence of a person that the company's own news make needless is dropped; a confirmed one stays, for its confirmer may
// not approve.
func TestReviewLapses(t *testing.T) {
	r := newRig(t)
	id := r.testify(r.unknown(), payout.Missing)
	r.record(id, payout.Evidence{Source: payout.FromWebhook, Result: full(r.find(id), providers.Paid)})
	if p := r.find(id); p.Review != nil || p.State != payout.Paid {
		t.Errorf("got %s with review %+v, want paid and none", p.State, p.Review)
	}
	second := r.second(providers.Unknown)
	r.answer(second, providers.Failed)
	if p := r.find(second); p.Review == nil || p.Review.SettledBy != "sue" {
		t.Errorf("got review %+v, want the one that Sue confirmed", p.Review)
	}
}

// What is not understood is told apart in the audit log, with the company's own word.
func TestUnmappedWordIsKept(t *testing.T) {
	r := newRig(t)
	p := r.find(r.unknown())
	result := full(p, "")
	result.Word = "ON_HOLD_47"
	effect, err := p.Apply(payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: result}, begin)
	if err != nil || effect.Code != payout.NoneNotUnderstood || p.State != payout.Unknown {
		t.Errorf("got %s, %q, %v, want unknown and not_understood", p.State, effect.Code, err)
	}
	entries := p.Entries()
	if len(entries) != 1 || entries[0].Action != audit.PayoutUnmapped || entries[0].Details != `{"source":"lookup","word":"ON_HOLD_47"}` {
		t.Errorf("got %+v, want one row with the word", entries)
	}
}
