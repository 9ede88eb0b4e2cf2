package ui

// Icons lists the names that Icon knows.
func Icons() []string {
	return []string{
		"draft", "waiting", "approved", "sending", "accepted", "unknown", "not-sent", "refused",
		"not-executed", "paid", "failed", "cancelled", "returned", "rejected", "withdrawn", "discarded",
		"check", "cross", "warn", "open", "dot", "key", "edit", "plus",
		"person", "out", "in", "ask", "find", "down", "newer", "older",
		"copy", "export", "freeze", "go", "lock", "clock", "link", "note",
	}
}
