package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// Stamp says what a file is.
type Stamp struct {
	Query  string // the filter, as the address has it
	Zone   string // in which the days of the filter begin
	By     string
	Walk   payout.Walk
	SHA256 string // of the rows as CSV has them, the names of the columns included: the same for every kind of file
}

// File is one file that is being written. Rows are written as they come; nothing but the current one is kept.
type File interface {
	Row(*payout.Line) error
	// Sum is the fingerprint of the rows so far.
	Sum() string
	// End writes the stamp and whatever makes the file whole.
	End(Stamp) error
	// Cut says in the file, where its format can, that rows are missing. A file that was neither ended nor cut is not whole
	// either: its stamp is missing.
	Cut(Stamp) error
	// Close lets go of what the file took besides its bytes. It is called last, whatever happened.
	Close() error
}

// bom tells spreadsheets that what follows is UTF-8.
const bom = "\ufeff"

// lines is rows as lines of text, with their fingerprint.
type lines struct {
	book *Book
	csv  *csv.Writer
	sum  hash.Hash
	line []string
}

// newLines begins with the names of the columns. Lines end as RFC 4180 wants it.
func newLines(out io.Writer, book *Book) (*lines, error) {
	l := &lines{book: book, sum: sha256.New(), line: make([]string, 0, len(book.columns))}
	l.csv = csv.NewWriter(bufio.NewWriterSize(io.MultiWriter(l.sum, out), 32<<10))
	l.csv.UseCRLF = true
	for _, c := range book.columns {
		l.line = append(l.line, c.Name)
	}
	return l, l.csv.Write(l.line)
}

// Row writes one row.
func (l *lines) Row(r *payout.Line) error {
	l.line = l.book.record(r, l.line[:0])
	return l.csv.Write(l.line)
}

// Sum is the fingerprint of the lines so far.
func (l *lines) Sum() string {
	l.csv.Flush()
	return hex.EncodeToString(l.sum.Sum(nil))
}

// Fingerprint makes the fingerprint of rows for a file that is no CSV.
type Fingerprint struct{ *lines }

// NewFingerprint is the fingerprint of no rows yet.
func NewFingerprint(book *Book) (Fingerprint, error) {
	l, err := newLines(io.Discard, book)
	return Fingerprint{l}, err
}

// CSV is a file of comma-separated values.
type CSV struct{ *lines }

// NewCSV begins a file, up to and with the names of its columns.
func NewCSV(out io.Writer, book *Book) (*CSV, error) {
	if _, err := io.WriteString(out, bom); err != nil {
		return nil, err
	}
	l, err := newLines(out, book)
	if err != nil {
		return nil, err
	}
	l.csv.Flush()
	return &CSV{l}, l.csv.Error()
}

// End implements File. The stamp is one more line of as many fields, all empty but the first, which begins with "#": programs that
// count fields read on, sums stay what they are, and a file without it is known to be cut off.
func (f *CSV) End(s Stamp) error { return f.stamp("complete", s) }

// Cut implements File.
func (f *CSV) Cut(s Stamp) error { return f.stamp("incomplete", s) }

// Close implements File.
func (f *CSV) Close() error { return nil }

func (f *CSV) stamp(word string, s Stamp) error {
	f.csv.Flush()
	line := make([]string, len(f.book.columns))
	line[0] = s.line(word)
	if err := f.csv.Write(line); err != nil {
		return err
	}
	f.csv.Flush()
	return f.csv.Error()
}

func (s Stamp) line(word string) string {
	plain := strings.NewReplacer(`"`, "", ",", "", ";", "", "\r", "", "\n", "")
	return fmt.Sprintf("# %s; rows=%d; sha256=%s; query=%s; time_zone=%s; read_from=%s; read_to=%s; moments=%d; by=%s", word, s.Walk.Rows, s.SHA256,
		plain.Replace(s.Query), s.Zone, s.Walk.Begun.UTC().Format(time.RFC3339), s.Walk.Done.UTC().Format(time.RFC3339), s.Walk.Moments, plain.Replace(s.By))
}
