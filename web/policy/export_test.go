package policy

// Replayed is what Compare makes of cases.
func Replayed(old, fresh Set, cases []Case) Replay { return replay(old, fresh, cases) }
