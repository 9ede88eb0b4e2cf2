package db

// LookAtMost sets how much one page of the history may cost.
func (d *DB) LookAtMost(payouts, hits int) { d.bounds = bounds{payouts, hits} }

// LineColumns is what an export reads of a payout, for a benchmark that reads it by hand.
func LineColumns() string { return walkColumns() }

// Folded is how a word is looked up.
var Folded = folded
