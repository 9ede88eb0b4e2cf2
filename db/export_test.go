package db

// LookAtMost sets how much one page of the history may cost.
func (d *DB) LookAtMost(payouts, hits int) { d.bounds = bounds{payouts, hits} }
