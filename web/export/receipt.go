package export

import (
	"io"
	"time"
)

// Receipt is one payout on one sheet of paper, in somebody's language and ready to be set: amounts, dates and names are words by now.
type Receipt struct {
	Language string
	Title    string // also of the file
	Number   string // of the payout
	Mark     string // what must not be missed, such as that it was a test; "": nothing
	Amount   string
	To       string
	State    string // with its date
	Parts    []ReceiptPart
	Stamp    []string // small lines at the end
	Missing  string   // the line that says that characters could not be printed
	At       time.Time
	English  *Receipt // the same in English, printed where there are no letters for Language; nil: there is none
}

// ReceiptPart is lines of a receipt that belong together.
type ReceiptPart struct {
	Title string
	Lines [][2]string // name and value
}

// Print prints a receipt as PDF. What does is a package of its own, like that of [Sheets].
type Print func(out io.Writer, r Receipt) error
