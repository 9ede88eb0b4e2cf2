package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

func (b *bench) verify(anchor *audit.Anchor) audit.Report {
	b.Helper()
	report, err := audit.Verify(b.Audit().All(b.Context()), b.vault.AuditMAC(), anchor)
	b.must(err)
	return report
}

// lives lets some payouts live through random changes by the rules, each with its audit rows.
func lives(b *bench, steps []int) {
	svc := payout.New(b.Payouts(), payout.Options{Now: b.now, NewID: func() payout.ID { return payout.ID(fmt.Sprintf("P%06d", b.ids.Add(1))) }, Reference: b.vault.Reference})
	mia := access.Person{ID: "mia", Name: "Mia", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}}}
	sam := access.Person{ID: "sam", Name: "Sam", Grants: []access.Grant{{Role: access.SuperAdmin}}}
	var ids []payout.ID
	for i, step := range steps {
		b.at.Add(int64(step) * int64(time.Millisecond))
		if len(ids) == 0 || step%5 == 0 {
			p, err := svc.Draft(b.Context(), mia, "s1", payout.Input{Account: "a1", Description: "é"}, "")
			b.must(err)
			ids = append(ids, p.ID)
			continue
		}
		id := ids[i%len(ids)]
		switch step % 5 { // what a state does not allow is refused, and leaves no row
		case 1:
			_, _ = svc.Edit(b.Context(), sam, id, b.find(id).Version, payout.Input{})
		case 2:
			_, _ = svc.Discard(b.Context(), mia, id)
		case 3:
			_, _, err := b.Queue().TakeSender(b.Context(), "me", func(p *payout.Payout) error { return p.Orphan(b.now()) })
			b.must(err)
		case 4:
			b.update(id, func(p *payout.Payout) {
				if p.State == payout.Draft {
					p.State, p.Content.Account = payout.Sending, "a1"
					attempt(p)
				}
			})
			_, _, _ = svc.Record(b.Context(), payout.InStore("s1"), id, payout.Evidence{Source: payout.FromLookup, Attempt: 1, Err: &providers.Error{NotFound: true}})
			if step%2 == 0 { // two rows in one change: paid, and then returned
				returned := providers.Result{Attempt: providers.Attempt{Reference: "R" + string(id)}, Status: providers.Returned}
				_, _, err := svc.Record(b.Context(), payout.InStore("s1"), id, payout.Evidence{Source: payout.FromLookup, Attempt: 1, Result: returned})
				if _, refused := errors.AsType[*payout.Error](err); !refused {
					b.must(err)
				}
			}
		}
	}
}

// Invariant 14: the chain holds after any history of changes and refusals, and its head is the last row.
func TestAuditChainHolds(t *testing.T) {
	b := newBench(t)
	var rows int64
	rapid.Check(t, func(t *rapid.T) {
		lives(b, rapid.SliceOfN(rapid.IntRange(0, 100), 1, 12).Draw(t, "steps"))
		report := b.verify(nil)
		head, err := b.Audit().Head(b.Context())
		b.must(err)
		if !report.OK() || report.Count <= rows || head.Seq != report.Count || !cmp.Equal(head, report.Head) {
			t.Fatalf("got %d rows, head %d, breaks %v, want a longer chain without breaks", report.Count, head.Seq, report.Breaks)
		}
		if again := b.verify(&head); !again.OK() {
			t.Fatalf("with its own head as anchor: got %v", again.Breaks)
		}
		rows = report.Count
	})
}

// No row can be changed or taken out by an ordinary statement, and whoever removes that guard is found out.
func TestAuditTamper(t *testing.T) {
	b := newBench(t)
	lives(b, []int{0, 1, 5, 4, 3, 10, 2, 15, 1, 3})
	anchor, err := b.Audit().Head(t.Context())
	b.must(err)
	if !b.verify(&anchor).OK() || anchor.Seq < 8 {
		t.Fatalf("got %d rows, want a sound chain to begin with", anchor.Seq)
	}
	tamper := map[string]string{
		"time": `update audit set at = at + 1 where seq = 4`, "actor": `update audit set actor = 'eve' where seq = 4`, "name": `update audit set actor_name = 'Eve' where seq = 4`,
		"store": `update audit set store = 's2' where seq = 4`, "action": `update audit set action = 'payout.rejected' where seq = 4`,
		"subject": `update audit set subject = 'P9' where seq = 4`, "details": `update audit set details = '{"a":1}' where seq = 4`,
		"link": `update audit set prev = x'00' where seq = 4`, "code": `update audit set mac = x'00' where seq = 4`, "code of the row before": `update audit set mac = (select mac from audit where seq = 3) where seq = 4`,
		"row taken out": `delete from audit where seq = 4`, "first row taken out": `delete from audit where seq = 1`, "last row taken out": `delete from audit where seq = (select max(seq) from audit)`,
		"all rows taken out": `delete from audit`, "row added at the end": `insert into audit select seq + 1000, at, actor, actor_name, store, action, subject, details, prev, mac from audit where seq = 2`,
		"two rows changed over": `update audit set seq = case seq when 3 then -4 else -3 end where seq in (3, 4)`,
	}
	for name, query := range tamper {
		if strings.HasPrefix(query, "insert") {
			continue // allowed by the triggers, told by the chain
		}
		if _, err := b.raw.Exec(query); err == nil {
			t.Errorf("%s: got no error, want the trigger to refuse it", name)
		}
	}
	if !b.verify(&anchor).OK() {
		t.Fatal("the chain broke although everything was refused")
	}
	b.exec(`drop trigger audit_no_update`)
	b.exec(`drop trigger audit_no_delete`)
	for name, query := range tamper {
		t.Run(name, func(t *testing.T) {
			b.exec(`create table saved as select * from audit`)
			b.exec(query)
			b.exec(`update audit set seq = -seq where seq < 0`)
			if b.verify(&anchor).OK() {
				t.Error("got a sound chain, want it found out")
			}
			b.exec(`delete from audit`)
			b.exec(`insert into audit select * from saved`)
			b.exec(`drop table saved`)
			if !b.verify(&anchor).OK() {
				t.Fatal("the chain is not sound after it was put back")
			}
		})
	}
}

// Who may read what: rows of one payout within its store, and those of the whole installation only for who sees every store.
func TestAuditReads(t *testing.T) {
	b := newBench(t)
	lives(b, []int{0, 1, 5, 3, 1, 10, 3})
	all := slices.Collect(func(yield func(audit.Entry) bool) {
		for e, err := range b.Audit().All(t.Context()) {
			b.must(err)
			if !yield(e) {
				return
			}
		}
	})
	subject, about := all[0].Subject, 0
	for _, e := range all {
		if e.Subject == subject {
			about++
		}
	}
	for name, c := range map[string]struct {
		scope payout.Scope
		want  int
	}{"its store": {payout.InStore("s1"), about}, "another store": {payout.InStore("s2"), 0}, "no store": {payout.Scope{}, 0}, "everywhere": {payout.Everywhere(), about}} {
		got, err := b.Audit().Of(t.Context(), c.scope, subject)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: got %d rows and %v, want %d", name, len(got), err, c.want)
		}
	}
	list := func(reach access.Reach) []audit.Entry {
		var got []audit.Entry
		for before := int64(0); ; {
			page, err := b.Audit().List(t.Context(), reach, audit.Filter{Before: before, Limit: 2})
			b.must(err)
			if len(page) == 0 {
				slices.Reverse(got)
				return got
			}
			got = append(got, page...)
			before = page[len(page)-1].Seq
		}
	}
	if diff := cmp.Diff(all, list(access.Reach{All: true})); diff != "" {
		t.Errorf("all of it, by pages (-want +got):\n%s", diff)
	}
	var own []audit.Entry
	for _, e := range all {
		if e.Store == "s1" {
			own = append(own, e)
		}
	}
	if diff := cmp.Diff(own, list(access.Reach{IDs: []access.StoreID{"s1"}})); diff != "" || len(own) == len(all) {
		t.Errorf("one store (-want +got):\n%s", diff)
	}
	if got := list(access.Reach{}); len(got) != 0 {
		t.Errorf("nobody: got %d rows, want none", len(got))
	}
	for range b.Audit().All(t.Context()) {
		break // giving up early must not keep a connection
	}
}

func TestAuditOfEmptyDatabase(t *testing.T) {
	b := newBench(t)
	head, err := b.Audit().Head(t.Context())
	if report := b.verify(nil); err != nil || head.Seq != 0 || head.MAC != nil || !report.OK() || report.Count != 0 {
		t.Errorf("got head %+v, %v, report %+v, want nothing", head, err, report)
	}
	b.exec(`alter table audit rename to gone`)
	if _, err := audit.Verify(b.Audit().All(t.Context()), b.vault.AuditMAC(), nil); err == nil {
		t.Error("unreadable log: got no error, want one")
	}
	if _, err := b.Audit().Head(t.Context()); err == nil {
		t.Error("unreadable head: got no error, want one")
	}
	err = b.Payouts().Insert(t.Context(), &payout.Payout{ID: "P1", Store: "s1", State: payout.Draft, Author: "mia", CreatedAt: begin})
	if err != nil {
		t.Errorf("a change without audit rows: got %v", err)
	}
	if _, err := payout.New(b.Payouts(), payout.Options{Now: b.now, NewID: func() payout.ID { return "P2" }}).Draft(t.Context(),
		access.Person{ID: "mia", Grants: []access.Grant{{Role: access.MerchantAdmin, Store: "s1"}}}, "s1", payout.Input{}, ""); err == nil {
		t.Error("a change whose audit row cannot be written: got no error, want it refused")
	}
	if _, err := b.Payouts().Find(t.Context(), payout.Everywhere(), "P2"); !errors.Is(err, payout.ErrNotFound) {
		t.Errorf("got %v, want the change undone", err)
	}
}
