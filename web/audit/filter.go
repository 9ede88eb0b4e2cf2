package audit

import "time"

// Filter narrows the log.
type Filter struct {
	Actor    string // a person's id, or System
	Area     string // first part of actions: "payout", "person"
	Subject  string
	Store    string
	From, To time.Time // [From, To); zero: open
	Before   int64     // rows before this number; 0: from the newest
	Limit    int
}

// Areas lists the first parts of actions, in the order of Actions.
func Areas() []string {
	var all []string
	seen := map[string]bool{}
	for _, a := range Actions() {
		area := a.Area()
		if !seen[area] {
			seen[area] = true
			all = append(all, area)
		}
	}
	return all
}
