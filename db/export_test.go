package db

// LineColumns is what an export reads of a payout, for a benchmark that reads it by hand.
const LineColumns = lineColumns
