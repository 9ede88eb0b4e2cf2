package audit

import (
	"crypto/hmac"
	"fmt"
	"iter"
	"time"
)

// maxBreaks bounds a report: with everything rewritten, the first rows say enough.
const maxBreaks = 100

// Fault is a way in which a row does not fit the chain.
type Fault string

// The faults.
const (
	Changed   Fault = "changed"   // the row is not what was written, or was written without the key
	Missing   Fault = "missing"   // rows before this one are gone
	Misplaced Fault = "misplaced" // the row is there twice, or in the wrong place
	Unlinked  Fault = "unlinked"  // the row does not continue the one before it
	Truncated Fault = "truncated" // the chain ends before the anchor
	Rewritten Fault = "rewritten" // the row under the anchor is another one
)

// Break is one row that does not fit.
type Break struct {
	Seq   int64 // number of the row at which it was seen; for Truncated, of the first row that is gone
	Fault Fault
	From  int64 // for Missing and Truncated: the rows that are gone
	To    int64
}

// String says it in one line.
func (b Break) String() string {
	if b.Fault == Missing || b.Fault == Truncated {
		return fmt.Sprintf("row %d: %s: rows %d to %d are gone", b.Seq, b.Fault, b.From, b.To)
	}
	return fmt.Sprintf("row %d: %s", b.Seq, b.Fault)
}

// Report is what [Verify] found.
type Report struct {
	Count  int64     // rows read
	First  time.Time // time of the first row read
	Last   time.Time // time of the last
	Head   Anchor    // the last row read: the next anchor, if all is well
	Breaks []Break   // in the order of the rows, at most 100
}

// OK reports whether every row fits.
func (r Report) OK() bool { return len(r.Breaks) == 0 }

// Verify reads the whole log in the order of Seq and checks every row. Rows removed from the end, or replaced by new ones
// made with the key, are seen only with an anchor at or after them; nil leaves that out. The error is the iterator's: what
// is wrong with the chain is in the report.
func Verify(rows iter.Seq2[Entry, error], mac func(message []byte) []byte, anchor *Anchor) (Report, error) {
	v := verifier{mac: mac}
	if anchor != nil {
		v.anchor = *anchor
	}
	for e, err := range rows {
		if err != nil {
			return v.report, fmt.Errorf("read audit row after %d: %w", v.report.Head.Seq, err)
		}
		v.row(e)
	}
	v.end()
	return v.report, nil
}

type verifier struct {
	mac    func([]byte) []byte
	anchor Anchor
	report Report
}

func (v *verifier) row(e Entry) {
	head := v.report.Head
	switch {
	case e.Seq <= head.Seq:
		v.add(Break{Seq: e.Seq, Fault: Misplaced})
	case e.Seq > head.Seq+1:
		v.add(Break{Seq: e.Seq, Fault: Missing, From: head.Seq + 1, To: e.Seq - 1})
	case !hmac.Equal(e.Prev, head.MAC):
		v.add(Break{Seq: e.Seq, Fault: Unlinked})
	}
	if !hmac.Equal(e.MAC, v.mac(e.canonical())) {
		v.add(Break{Seq: e.Seq, Fault: Changed})
	}
	if e.Seq == v.anchor.Seq && !hmac.Equal(e.MAC, v.anchor.MAC) {
		v.add(Break{Seq: e.Seq, Fault: Rewritten})
	}
	v.count(e)
}

func (v *verifier) count(e Entry) {
	if v.report.Count == 0 {
		v.report.First = e.At
	}
	v.report.Count++
	if e.Seq > v.report.Head.Seq { // a misplaced row does not lead on
		v.report.Last = e.At
		v.report.Head = e.Anchor()
	}
}

// end compares what was read with the anchor.
func (v *verifier) end() {
	if head := v.report.Head.Seq; head < v.anchor.Seq {
		v.add(Break{Seq: head + 1, Fault: Truncated, From: head + 1, To: v.anchor.Seq})
	}
}

func (v *verifier) add(b Break) {
	if len(v.report.Breaks) < maxBreaks {
		v.report.Breaks = append(v.report.Breaks, b)
	}
}
