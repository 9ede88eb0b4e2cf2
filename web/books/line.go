package books

import (
	"slices"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// The five columns of a line, in the order in which they come about.
const (
	Asked        = iota // as it was submitted
	Approved            // as the approvers saw it
	Acknowledged        // the provider's answer to the send
	Notified            // its webhook, or a look-up
	Reported            // its own record
	columns
)

// ColumnNames are the columns as the catalogs name them.
func ColumnNames() [columns]string {
	return [columns]string{"asked", "approved", "acknowledged", "notified", "reported"}
}

// Column is what one source says of a payout.
type Column struct {
	Known  bool // it says something
	Fits   bool // and that agrees
	Amount money.Amount
	At     time.Time
	Note   string // how it was said: "answer", "webhook", "lookup", "people", "file", "list"
}

// Difference is one thing about a line that does not agree. Its sentence is in the catalogs under "books.diff.<code>".
type Difference struct {
	Code     string
	Expected string
	Got      string
	Minor    int64 // what it makes in the sums: the provider's figure less ours
	Mild     bool  // worth knowing, stops no close
}

// The differences.
const (
	DiffAsked      = "asked"       // approved is not what was asked
	DiffAnswer     = "answer"      // the answer to the send contradicted
	DiffNoAnswer   = "no_answer"   // the send had no clear answer; mild
	DiffNotice     = "notice"      // a webhook or look-up contradicts
	DiffPeople     = "people"      // people said so, nobody at the provider has
	DiffMissing    = "missing"     // the provider's record does not have it
	DiffAmount     = "amount"      // it has another amount
	DiffState      = "state"       // it has another end
	DiffWord       = "word"        // it has a word nobody understands
	DiffFee        = "fee"         // it has another fee
	DiffTwice      = "twice"       // it has it more than once
	DiffOtherMonth = "other_month" // it has it in another month
	DiffStranger   = "stranger"    // it has a payout that is not ours
	DiffNotEnded   = "not_ended"   // it says paid, and ours has not ended so
)

// Differences lists every code.
func Differences() []string {
	return []string{DiffAsked, DiffAnswer, DiffNoAnswer, DiffNotice, DiffPeople, DiffMissing, DiffAmount, DiffState, DiffWord, DiffFee, DiffTwice,
		DiffOtherMonth, DiffStranger, DiffNotEnded}
}

// Seen is all that is known of one payout, or of one line of the provider's record that is about none of ours.
type Seen struct {
	Entry     Entry // zero for what only the provider has
	Payout    payout.ID
	State     payout.State
	Recipient string
	Reference string
	RemoteID  string
	Fee       money.Amount

	Asked      money.Amount // zero if nobody typed it here
	AskedAt    time.Time
	Approved   money.Amount // out of the snapshot; zero if there is none
	Torn       bool         // the snapshot does not fit its digest
	ApprovedAt time.Time
	Answer     payout.State // where the answer to the send left it, "" if there was none
	AnsweredAt time.Time
	Notice     Notice
	Conflicts  []payout.Conflict
	Lines      []ReportLine // of the provider's record, of any month
}

// Notice is the latest news from the provider that was believed.
type Notice struct {
	Source payout.Source // "" if there was none
	At     time.Time
	Amount money.Amount // zero if it carried none
	Word   string
}

// ReportLine is a line of a provider's own record.
type ReportLine struct {
	Seq       int64
	Report    string
	Source    string // "file", "list"
	Line      int    // in the file or list
	Key       Key
	RemoteID  string
	Reference string
	Amount    money.Amount
	Fee       money.Amount // zero if it tells none
	Status    providers.Status
	Word      string
	Recipient string
	At        time.Time
	Payout    payout.ID
	MatchedBy string
}

// Line is one line of a month as people read it.
type Line struct {
	Seen
	Columns     [columns]Column
	Differences []Difference
}

// Agrees reports whether nothing stops a close.
func (l Line) Agrees() bool {
	return !slices.ContainsFunc(l.Differences, func(d Difference) bool { return !d.Mild })
}

// Examine holds the five columns of a payout against each other. whole says that there is a record of the provider for the month:
// without one nobody can say that it lacks something.
func Examine(s Seen, whole bool) Line {
	l := Line{Seen: s}
	l.approved()
	l.acknowledged()
	l.notified()
	l.reported(whole)
	return l
}

func (l *Line) differ(d Difference) { l.Differences = append(l.Differences, d) }

func (l *Line) approved() {
	amount := l.Entry.Amount
	l.Columns[Asked] = Column{Known: !l.Asked.IsZero(), Amount: l.Asked, At: l.AskedAt, Fits: l.Asked == l.Approved || (l.Approved.IsZero() && l.Asked == amount)}
	l.Columns[Approved] = Column{Known: !l.Approved.IsZero(), Amount: l.Approved, At: l.ApprovedAt, Fits: l.Approved == amount}
	asked, approved := l.Columns[Asked], l.Columns[Approved]
	switch {
	case asked.Known && approved.Known && !asked.Fits:
		l.differ(Difference{Code: DiffAsked, Expected: said(l.Asked), Got: said(l.Approved)})
	case l.Torn || (approved.Known && !approved.Fits):
		l.differ(Difference{Code: DiffAsked, Expected: said(amount), Got: said(l.Approved)})
	}
}

func said(a money.Amount) string {
	if a.IsZero() {
		return "–"
	}
	return a.Decimal() + " " + a.Currency
}

// acknowledged is the answer to the send. What it carried was compared when it came: what contradicted is a conflict.
func (l *Line) acknowledged() {
	c := Column{Note: string(payout.FromAnswer), At: l.AnsweredAt}
	c.Known = l.Answer == payout.Accepted || l.Answer == payout.Paid || l.Answer == payout.Returned
	c.Fits = c.Known
	if c.Known {
		c.Amount = l.Entry.Amount
	}
	if k := l.conflict(payout.FromAnswer); k != nil {
		c.Known, c.Fits = true, false
		l.differ(Difference{Code: DiffAnswer, Expected: k.Expected, Got: k.Got, Mild: !k.ClosedAt.IsZero()})
	} else if !c.Known {
		l.differ(Difference{Code: DiffNoAnswer, Got: string(l.Answer), Mild: true})
	}
	l.Columns[Acknowledged] = c
}

// conflict is what contradicts from some source: an open one first.
func (l *Line) conflict(sources ...payout.Source) *payout.Conflict {
	var closed *payout.Conflict
	for i, k := range l.Conflicts {
		switch {
		case !slices.Contains(sources, k.Source):
		case k.ClosedAt.IsZero():
			return &l.Conflicts[i]
		default:
			closed = &l.Conflicts[i]
		}
	}
	return closed
}

func (l *Line) notified() {
	c := Column{Known: l.Notice.Source != "", Fits: true, Note: string(l.Notice.Source), At: l.Notice.At, Amount: l.Notice.Amount}
	if c.Known && c.Amount.IsZero() {
		c.Amount = l.Entry.Amount // it carried none, and contradicted nothing
	}
	if k := l.conflict(payout.FromWebhook, payout.FromLookup); k != nil {
		c.Known, c.Fits = true, false
		l.differ(Difference{Code: DiffNotice, Expected: k.Expected, Got: k.Got, Mild: !k.ClosedAt.IsZero()})
	}
	ended := l.Answer == payout.Paid || l.Answer == payout.Returned
	if !c.Known && !ended {
		c.Note = string(payout.FromPeople)
		l.differ(Difference{Code: DiffPeople, Mild: l.paidLine() != nil})
	}
	if !c.Known && ended { // the answer itself said how it ended
		c = Column{Known: true, Fits: true, Note: string(payout.FromAnswer), At: l.AnsweredAt, Amount: l.Entry.Amount}
	}
	l.Columns[Notified] = c
}

func (l *Line) paidLine() *ReportLine {
	for i, r := range l.Lines {
		if r.Status == providers.Paid || r.Status == providers.Returned {
			return &l.Lines[i]
		}
	}
	return nil
}

// reported holds the provider's own record against the booking.
func (l *Line) reported(whole bool) {
	if len(l.Lines) == 0 {
		if whole && l.Entry.Kind == Paid {
			l.differ(Difference{Code: DiffMissing, Expected: said(l.Entry.Amount), Minor: -l.Entry.Amount.Minor})
		}
		return
	}
	r := l.Lines[0]
	if better := l.paidLine(); better != nil {
		r = *better
	}
	before := len(l.Differences)
	l.reportedAmount(r)
	l.reportedEnd(r)
	l.Columns[Reported] = Column{Known: true, Fits: len(l.Differences) == before, Amount: r.Amount, At: r.At, Note: r.Source}
}

func (l *Line) reportedAmount(r ReportLine) {
	if r.Amount != l.Entry.Amount {
		l.differ(Difference{Code: DiffAmount, Expected: said(l.Entry.Amount), Got: said(r.Amount), Minor: r.Amount.Minor - l.Entry.Amount.Minor})
	}
	if !r.Fee.IsZero() && r.Fee != l.Fee && (r.Fee.Minor != 0 || l.Fee.Minor != 0) {
		l.differ(Difference{Code: DiffFee, Expected: said(l.Fee), Got: said(r.Fee), Minor: r.Fee.Minor - l.Fee.Minor})
	}
}

func (l *Line) reportedEnd(r ReportLine) {
	returned := slices.ContainsFunc(l.Lines, func(r ReportLine) bool { return r.Status == providers.Returned })
	paid := 0
	for _, o := range l.Lines {
		if o.Status == providers.Paid {
			paid++
		}
	}
	switch {
	case r.Status == "":
		l.differ(Difference{Code: DiffWord, Expected: string(l.State), Got: r.Word})
	case r.Status != providers.Paid && r.Status != providers.Returned:
		l.differ(Difference{Code: DiffState, Expected: string(l.State), Got: r.Word, Minor: -l.Entry.Amount.Minor})
	case returned != (l.State == payout.Returned):
		l.differ(Difference{Code: DiffState, Expected: string(l.State), Got: r.Word})
	}
	if paid > 1 {
		l.differ(Difference{Code: DiffTwice, Expected: "1", Got: strconv.Itoa(paid), Minor: int64(paid-1) * l.Entry.Amount.Minor})
	}
	if r.Status == providers.Paid && r.Key.Month != l.Entry.Key.Month && l.Entry.Kind == Paid {
		l.differ(Difference{Code: DiffOtherMonth, Expected: string(l.Entry.Key.Month), Got: string(r.Key.Month), Minor: -l.Entry.Amount.Minor})
	}
}

// ExamineLine says what is odd about a line of the provider's record that no booking of its month is about. ours is the payout it
// was matched to; the zero Seen if there is none.
func ExamineLine(r ReportLine, ours Seen) []Difference {
	moved := r.Status == providers.Paid || r.Status == providers.Returned
	switch {
	case r.Payout == "" && (moved || r.Status == ""):
		return []Difference{{Code: DiffStranger, Got: said(r.Amount), Minor: r.Amount.Minor}}
	case r.Payout == "" || !moved:
		return nil // it came to nothing there, and is not booked here
	case ours.Entry.Kind == "":
		return []Difference{{Code: DiffNotEnded, Expected: string(ours.State), Got: r.Word, Minor: r.Amount.Minor}}
	case r.Status == providers.Paid && ours.Entry.Key.Month != r.Key.Month:
		return []Difference{{Code: DiffOtherMonth, Expected: string(ours.Entry.Key.Month), Got: string(r.Key.Month), Minor: r.Amount.Minor}}
	}
	return nil
}
