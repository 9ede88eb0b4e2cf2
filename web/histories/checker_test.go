package histories_test

import (
	"encoding/json"
	"fmt"
)

// checker compares our database, read with its own SQL, with the bank's book. It uses no rule of the core.
type checker struct {
	path string
	bank *bank
	ends map[string]string // terminal states seen so far
	acks []string          // digests of bodies answered 2xx
	bad  []string
}

func (c *checker) fail(format string, args ...any) {
	c.bad = append(c.bad, fmt.Sprintf(format, args...))
}

// rows runs a query that selects one text column of JSON.
func (c *checker) rows(query string, args ...any) []map[string]any {
	d, err := openRaw(c.path)
	if err != nil {
		c.fail("open: %v", err)
		return nil
	}
	defer func() { _ = d.Close() }()
	found, err := d.Query(query, args...)
	if err != nil {
		c.fail("%s: %v", query, err)
		return nil
	}
	defer func() { _ = found.Close() }()
	var all []map[string]any
	for found.Next() {
		var text string
		row := map[string]any{}
		if err := found.Scan(&text); err == nil {
			err = json.Unmarshal([]byte(text), &row)
		}
		if err != nil {
			c.fail("read a row: %v", err)
		}
		all = append(all, row)
	}
	return all
}

func terminal(s string) bool {
	switch s {
	case "paid", "failed", "cancelled", "returned", "rejected", "withdrawn", "discarded":
		return true
	}
	return false
}

// during holds what is true after every step.
func (c *checker) during() {
	c.bank.mu.Lock()
	defer c.bank.mu.Unlock()
	executed, asked := map[string]int{}, c.bank.wire
	for _, o := range c.bank.executed {
		executed[o.Reference]++
	}
	for ref, n := range asked {
		if n > 1 {
			c.fail("invariant 1: %s went over the wire %d times", ref, n)
		}
	}
	for _, r := range c.rows(`select json_object('id',p.id,'state',p.state,'one',p.one_person,'author',p.author,'editors',p.editors,'minor',p.minor,
		'currency',p.currency,'decisions',p.decisions,'recipient',p.recipient,'number',p.number,'review',p.review,'conflicts',p.conflicts,
		'refs',(select json_group_array(reference order by no) from attempts where payout=p.id),
		'yes',(select json_group_array(person) from approvals where payout=p.id and void_at=0)) from payouts p`) {
		c.one(r, executed)
	}
}

func (c *checker) one(r map[string]any, executed map[string]int) {
	id, state := r["id"].(string), r["state"].(string)
	refs, yes := words(r["refs"]), words(r["yes"])
	moved := 0
	for _, ref := range refs {
		moved += executed[ref]
	}
	if moved > int(r["decisions"].(float64)) {
		c.fail("invariant 1: %s was carried out %d times on %v decisions", id, moved, r["decisions"])
	}
	last := 0
	if len(refs) > 0 {
		last = executed[refs[len(refs)-1]]
	}
	// What people settled against the book is their word, not ours.
	people := r["review"].(string) != "" && r["review"].(string) != "null"
	if (state == "failed" || state == "refused" || state == "not_sent" || state == "cancelled") && last > 0 && !c.bank.failedLater(refs[len(refs)-1]) {
		c.fail("invariant 3: %s is %s but the bank carried it out", id, state)
	}
	if state == "paid" && moved == 0 && !people {
		c.fail("invariant 3: %s is paid but the bank knows nothing of it", id)
	}
	if was := c.ends[id]; was != "" && was != state && state != "returned" {
		c.fail("invariant 5: %s went from %s to %s", id, was, state)
	}
	if terminal(state) {
		c.ends[id] = state
	}
	for _, person := range yes {
		if person == r["author"] {
			c.fail("invariant 6: %s was approved by its author", id)
		}
	}
	for _, o := range c.bank.executed {
		for _, ref := range refs {
			if o.Reference == ref && (o.Amount != decimal(int64(r["minor"].(float64))) || o.Currency != r["currency"] || o.Account != r["number"]) {
				c.fail("invariant 7: %s sent %s %s to %s, kept %v to %v", id, o.Amount, o.Currency, o.Account, r["minor"], r["number"])
			}
		}
	}
}

func decimal(minor int64) string { return fmt.Sprintf("%d.%02d", minor/100, minor%100) }

// after holds once faults have stopped and time has passed.
func (c *checker) after() {
	for _, r := range c.rows(`select json_object('id',id,'state',state) from payouts where state in ('sending','approved')`) {
		c.fail("invariant 17: %s is left %s", r["id"], r["state"])
	}
	for _, digest := range c.acks {
		if len(c.rows(`select json_object('d',digest) from hooks where digest=?`, digest)) == 0 {
			c.fail("invariant 11: a webhook answered 2xx is not kept: %s", digest)
		}
	}
	// Invariant 12: a message with another amount moves nothing.
	for _, r := range c.rows(`select json_object('id',h.id,'from',h.from_state,'to',h.to_state) from hooks h join payouts p on p.id=h.payout
		where h.from_state<>h.to_state and json_valid(cast(h.body as text))
		and cast(round(json_extract(cast(h.body as text),'$.amount')*100) as integer)<>p.minor`) {
		c.fail("invariant 12: webhook %v of another amount moved %v to %v", r["id"], r["from"], r["to"])
	}
	for _, r := range c.rows(`select json_object('id',id,'to',to_state) from hooks where verdict='forged' and from_state<>to_state`) {
		c.fail("invariant 12: forged webhook %v moved to %v", r["id"], r["to"])
	}
	for _, r := range c.rows(`select json_object('p',payout,'e',epoch,'t',started_at) from attempts a where epoch < (select max(epoch) from attempts b where b.started_at < a.started_at and b.rowid < a.rowid)`) {
		c.fail("invariant 18: %v was claimed by stale epoch %v", r["p"], r["e"])
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
