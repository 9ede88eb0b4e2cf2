package histories_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// checker compares our database, read with its own SQL, with the bank's book. It uses no rule of the core.
type checker struct {
	path    string
	db      *sql.DB
	bank    *bank
	ends    map[string]string // terminal states seen so far
	was     map[string]string // state at the step before
	changes map[string]int    // of states, as far as steps show them
	acks    []string          // digests of bodies answered 2xx
	bad     []string
	frozen  bool // everything is stopped
}

func (c *checker) open() {
	var err error
	if c.db, err = openRaw(c.path); err != nil {
		c.fail("open: %v", err)
	}
}

func (c *checker) close() { _ = c.db.Close() }

func (c *checker) fail(format string, args ...any) {
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

// rows runs a query that selects one text column of JSON.
func (c *checker) rows(query string, args ...any) []map[string]any {
	found, err := c.db.Query(query, args...)
	if err != nil {
		c.fail("%s: %v", query, err)
		return nil
	}
	defer func() { _ = found.Close() }()
	var all []map[string]any
	for found.Next() {
		var text string
		row := map[string]any{}
		if err := found.Scan(&text); err != nil {
			c.fail("read a row: %v", err)
		} else if err := json.Unmarshal([]byte(text), &row); err != nil {
			c.fail("read a row: %v", err)
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		c.fail("read rows: %v", err)
	}
	return all
}

func terminal(s string) bool {
	return slices.Contains([]string{"paid", "failed", "cancelled", "returned", "rejected", "withdrawn", "discarded"}, s)
}

// arrived is told of each request to pay before the bank makes anything of it: by then the claim has to be durable, by the sender
// that holds the role, of a payout that was approved and of an account that may send (invariants 1, 8, 16, 18).
func (c *checker) arrived(o order) {
	found := c.rows(`select json_object('state',p.state,'epoch',a.epoch,'now',(select epoch from sender),'minor',p.minor,'conflicts',p.conflicts,
		'yes',(select count(*) from approvals y where y.payout=p.id and y.void_at=0 and y.digest=p.digest)) from attempts a join payouts p on p.id=a.payout where a.reference=?`, o.Reference)
	c.bank.mu.Lock()
	defer c.bank.mu.Unlock()
	if len(found) != 1 {
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 1: %s arrived with %d attempts on record", o.Reference, len(found)))
		return
	}
	r := found[0]
	switch {
	case r["state"] != "sending" && r["state"] != "unknown": // it was given up while the bytes were on their way
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 1: %s arrived while the payout is %v", o.Reference, r["state"]))
	case r["yes"].(float64) < 1:
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 8: %s arrived without an approval of what it is", o.Reference))
	case r["epoch"] != r["now"] && r["state"] == "sending":
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 18: %s arrived from epoch %v, now %v", o.Reference, r["epoch"], r["now"]))
	case c.frozen:
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 16: %s arrived while everything is stopped", o.Reference))
	case r["conflicts"].(float64) > 0:
		c.bank.strange = append(c.bank.strange, fmt.Sprintf("invariant 5: %s arrived while a contradiction is open", o.Reference))
	}
}

// during holds what is true after every step.
func (c *checker) during() {
	c.bank.mu.Lock()
	defer c.bank.mu.Unlock()
	c.bad = append(c.bad, c.bank.strange...)
	c.bank.strange = nil
	executed := map[string]int{}
	for _, o := range c.bank.executed {
		executed[o.Reference]++
	}
	for ref, n := range c.bank.wire {
		if n > 1 {
			c.fail("invariant 1: %s went over the wire %d times", ref, n)
		}
	}
	for _, r := range c.rows(`select json_object('id',p.id,'state',p.state,'one',p.one_person,'author',p.author,'editors',json(p.editors),'minor',p.minor,
		'currency',p.currency,'decisions',p.decisions,'recipient',p.recipient,'number',p.number,'review',json(nullif(p.review,'')),'conflicts',p.conflicts,
		'refs',(select json_group_array(reference order by no) from attempts where payout=p.id),
		'outcomes',(select json_group_array(outcome order by no) from attempts where payout=p.id),
		'entries',(select count(*) from audit where subject=p.id),
		'yes',(select json_group_array(person) from approvals where payout=p.id and void_at=0)) from payouts p`) {
		c.one(r, executed)
		c.moves(r)
	}
}

// moves holds the state against the one at the step before (invariants 2, 5 and 14).
func (c *checker) moves(r map[string]any) {
	id, state := r["id"].(string), r["state"].(string)
	was := c.was[id]
	c.was[id] = state
	if was == "" || was == state {
		return
	}
	c.changes[id]++
	if int(r["entries"].(float64)) < c.changes[id] {
		c.fail("invariant 14: %s changed %d times and has %v audit rows", id, c.changes[id], r["entries"])
	}
	if was == "unknown" && slices.Contains([]string{"draft", "submitted", "approved", "sending", "refused", "not_sent"}, state) {
		c.fail("invariant 2: %s went from unknown to %s", id, state)
	}
	if was == "sending" && slices.Contains([]string{"draft", "submitted", "approved"}, state) {
		c.fail("invariant 2: %s went from sending to %s", id, state)
	}
	if (was == "accepted") && !slices.Contains([]string{"paid", "failed", "cancelled", "returned"}, state) {
		c.fail("invariant 2: %s went from accepted to %s", id, state)
	}
}

func (c *checker) one(r map[string]any, executed map[string]int) {
	id, state := r["id"].(string), r["state"].(string)
	refs, yes := words(r["refs"]), words(r["yes"])
	moved := 0
	for _, ref := range refs {
		moved += executed[ref]
	}
	if moved > int(r["decisions"].(float64)) || len(refs) > int(r["decisions"].(float64)) {
		c.fail("invariant 1: %s was sent %d times and carried out %d times on %v decisions", id, len(refs), moved, r["decisions"])
	}
	if sorted := slices.Sorted(slices.Values(refs)); len(slices.Compact(sorted)) != len(refs) {
		c.fail("invariant 4: %s used a reference twice at a bank that does not refuse repeats", id)
	}
	c.again(id, words(r["outcomes"]), refs, executed)
	last, lastRef := 0, ""
	if len(refs) > 0 {
		lastRef = refs[len(refs)-1]
		last = executed[lastRef]
	}
	settled := c.twoPeople(id, r["review"])
	switch {
	case slices.Contains([]string{"refused", "not_sent", "not_executed"}, state) && last > 0:
		c.fail("invariant 3: %s is %s but the bank carried it out", id, state)
	case (state == "failed" || state == "cancelled") && !c.bank.failedLater(lastRef):
		c.fail("invariant 3: %s is %s but the bank did not say so", id, state)
	case state == "not_sent" && c.bank.wire[lastRef] > 0:
		c.fail("invariant 3: %s is not_sent but it arrived", id)
	case state == "not_executed" && settled != "not_executed":
		c.fail("invariant 4: %s is not_executed without two people who say so", id)
	case state == "paid" && settled != "executed" && (moved == 0 || c.bank.failedLater(lastRef)):
		c.fail("invariant 3: %s is paid but the bank has not paid it", id)
	}
	if was := c.ends[id]; was != "" && was != state && (was != "paid" || state != "returned") {
		c.fail("invariant 5: %s went from %s to %s", id, was, state)
	}
	if terminal(state) {
		c.ends[id] = state
	}
	hands := append(words(r["editors"]), r["author"].(string))
	if review, ok := r["review"].(map[string]any); ok && settled != "" {
		hands = append(hands, review["SettledBy"].(string))
	}
	for _, person := range yes {
		if slices.Contains(hands, person) {
			c.fail("invariant 6: %s was approved by %s, who had a hand in it", id, person)
		}
	}
	for _, o := range c.bank.executed {
		if slices.Contains(refs, o.Reference) && (o.Amount != decimal(int64(r["minor"].(float64))) || o.Currency != r["currency"] || o.Account != r["number"] || o.Name != r["recipient"]) {
			c.fail("invariant 7: %s sent %s %s to %s, kept %v to %v", id, o.Amount, o.Currency, o.Account, r["minor"], r["number"])
		}
	}
}

// again: a second attempt needs the first to have come to nothing, by proof or by two people (invariant 4).
func (c *checker) again(id string, outcomes, refs []string, executed map[string]int) {
	for i := range max(len(refs)-1, 0) {
		if executed[refs[i]] > 0 && !c.bank.failedLater(refs[i]) {
			c.fail("invariant 4: %s was sent again although %s was carried out (it was %q)", id, refs[i], outcomes[i])
		}
	}
}

// twoPeople is the verdict of a review that two different people made, "" if there is none.
func (c *checker) twoPeople(id string, v any) string {
	review, ok := v.(map[string]any)
	if !ok || review["SettledBy"] == "" || strings.HasPrefix(fmt.Sprint(review["SettledAt"]), "0001") {
		return ""
	}
	if review["By"] == review["SettledBy"] {
		c.fail("invariant 4: one person settled %s", id)
	}
	return fmt.Sprint(review["Verdict"])
}

func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// after holds once faults have stopped and time has passed.
func (c *checker) after() {
	for _, r := range c.rows(`select json_object('id',id,'state',state) from payouts where state in ('sending','approved') and conflicts=0`) {
		c.fail("invariant 17: %s is left %s", r["id"], r["state"])
	}
	for _, digest := range c.acks {
		if len(c.rows(`select json_object('d',digest) from hooks where digest=?`, digest)) == 0 {
			c.fail("invariant 11: a webhook answered 2xx is not kept: %s", digest)
		}
	}
	// Invariant 12: a message with another amount or account moves nothing.
	for _, r := range c.rows(`select json_object('id',h.id,'from',h.from_state,'to',h.to_state) from hooks h join payouts p on p.id=h.payout
		where h.from_state<>h.to_state and json_valid(cast(h.body as text))
		and (cast(round(json_extract(cast(h.body as text),'$.amount')*100) as integer)<>p.minor or json_extract(cast(h.body as text),'$.account')<>p.number)`) {
		c.fail("invariant 12: webhook %v of another payment moved %v to %v", r["id"], r["from"], r["to"])
	}
	for _, r := range c.rows(`select json_object('id',id,'to',to_state) from hooks where verdict='forged' and from_state<>to_state`) {
		c.fail("invariant 12: forged webhook %v moved to %v", r["id"], r["to"])
	}
	for _, r := range c.rows(`select json_object('p',payout,'e',epoch,'t',started_at) from attempts a where epoch < (select max(epoch) from attempts b where b.rowid < a.rowid)`) {
		c.fail("invariant 18: %v was claimed by stale epoch %v", r["p"], r["e"])
	}
	// What the bank carried out and nobody contradicts is known in the end, or waits for people where it is seen.
	for _, r := range c.rows(`select json_object('id',id,'state',state,'ref',reference) from payouts where state='unknown' and conflicts=0`) {
		if slices.ContainsFunc(c.bank.executed, func(o order) bool { return o.Reference == r["ref"] }) {
			c.fail("invariant 17: %v is unknown although the bank says what it is", r["id"])
		}
	}
}

func words(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, w := range list {
		all = append(all, fmt.Sprint(w))
	}
	return all
}
