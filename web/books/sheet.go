package books

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The limits of a file. A portal's month of a large store stays far below them.
const (
	MaxFile    = 20 << 20
	maxRows    = 200_000
	maxColumns = 200
	maxCell    = 4096 // bytes
)

// Row is a row of a file. Line is where it stands there, 1 for the first.
type Row struct {
	Line  int
	Cells []string
	// Figures says which cells are numbers in the file itself, with a point and nothing else in them whatever the language.
	Figures []bool
}

// Sheet is a file of rows.
type Sheet struct {
	Kind      string // "csv", "xlsx"
	Delimiter rune   // of csv
	Rows      iter.Seq2[Row, error]
}

// OpenSheet looks at a file and says how its rows are read. What is wrong with it as a whole is an Error at once or while rows are
// read; nothing is read ahead.
func OpenSheet(data []byte) (Sheet, error) {
	switch {
	case len(data) > MaxFile:
		return Sheet{}, refuse("too_large", "Limit", MaxFile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return Sheet{}, refuse("empty")
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return openXLSX(data)
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")):
		return Sheet{}, refuse("old_excel")
	}
	text, err := decodeText(data)
	if err != nil {
		return Sheet{}, err
	}
	mark := delimiterOf(text)
	if widest(text, mark) > 10*maxColumns { // before a reader makes a cell of each
		return Sheet{}, refuse("columns", "Limit", maxColumns)
	}
	return Sheet{Kind: "csv", Delimiter: mark, Rows: bounded(csvRows(text, mark))}, nil
}

// decodeText takes UTF-8, or UTF-16 that says so by its first bytes. Anything else is refused rather than guessed.
func decodeText(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return decode16(data[2:], func(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 })
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return decode16(data[2:], func(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 })
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	return checkText(string(data))
}

func decode16(data []byte, unit func([]byte) uint16) (string, error) {
	if len(data)%2 != 0 {
		return "", refuse("encoding")
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = unit(data[2*i:])
	}
	return checkText(string(utf16.Decode(units)))
}

func checkText(text string) (string, error) {
	switch {
	case strings.ContainsRune(text, 0):
		return "", refuse("nul")
	case !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError):
		return "", refuse("encoding")
	}
	return text, nil
}

// delimiterOf is what stands most often between the words of the first line with anything in it, outside quotes.
func delimiterOf(text string) rune {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	counts, quoted := map[rune]int{}, false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		}
		if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range []rune{';', '\t'} {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

// widest is how many delimiters the line with the most of them has.
func widest(text string, mark rune) int {
	most, n := 0, 0
	for _, r := range text {
		switch r {
		case mark:
			n++
			most = max(most, n)
		case '\n':
			n = 0
		}
	}
	return most
}

func csvRows(text string, mark rune) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r := csv.NewReader(bufio.NewReader(strings.NewReader(text)))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = mark, -1, true, true
		for {
			cells, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Row{}, &Error{Code: "unreadable", Err: err})
				return
			}
			line, _ := r.FieldPos(0)
			if !yield(Row{Line: line, Cells: append([]string(nil), cells...)}, nil) {
				return
			}
		}
	}
}

// bounded refuses more rows, columns or text than are taken in, and trims cells.
func bounded(rows iter.Seq2[Row, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		n := 0
		for row, err := range rows {
			if err == nil {
				n++
				err = tooMuch(n, row)
			}
			if err != nil {
				yield(Row{}, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func tooMuch(n int, row Row) error {
	switch {
	case n > maxRows:
		return refuse("rows", "Limit", maxRows)
	case len(row.Cells) > maxColumns:
		return refuse("columns", "Limit", maxColumns)
	}
	for i, cell := range row.Cells {
		if len(cell) > maxCell {
			return refuse("cell", "Line", row.Line)
		}
		if strings.ContainsRune(cell, 0) {
			return refuse("nul")
		}
		row.Cells[i] = strings.TrimSpace(cell)
	}
	return nil
}

// ColumnName is what people call the n-th column: its heading, or its letters as a spreadsheet has them.
func ColumnName(n int, headings []string) string {
	if n < len(headings) && headings[n] != "" {
		return headings[n]
	}
	name := ""
	for n++; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return fmt.Sprintf("(%s)", name)
}
