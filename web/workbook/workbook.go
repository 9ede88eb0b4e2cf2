// Package workbook writes lists of payouts as XLSX workbooks, as ECMA-376 describes them
// (https://ecma-international.org/publications-and-standards/standards/ecma-376/): parts of XML in a ZIP file. Rows leave as they come;
// nothing of a sheet is kept. It only writes, and only what such a list needs: texts, numbers, times, marks.
package workbook

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
)

// What spreadsheets set: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3.
const (
	maxRows   = 1_048_576 // of a sheet
	maxDigits = 15        // figures of a number. An amount that has more is written as text: nothing is rounded
	maxName   = 31        // characters of a sheet's name
)

// Workbook is one workbook that is being written.
type Workbook struct {
	export.Fingerprint
	book  *export.Book
	words export.Words
	zip   *zip.Writer
	limit int // rows of a sheet

	names []string // of the sheets begun
	sheet *sheet   // the last of them
	row   int
	cells []export.Cell
}

// New begins a workbook. Its first bytes leave at once.
func New(out io.Writer, book *export.Book, words export.Words) (export.File, error) {
	return newLimited(out, book, words, maxRows)
}

func newLimited(out io.Writer, book *export.Book, words export.Words, limit int) (*Workbook, error) {
	sum, err := export.NewFingerprint(book)
	if err != nil {
		return nil, err
	}
	w := &Workbook{Fingerprint: sum, book: book, words: words, zip: zip.NewWriter(out), limit: limit}
	if err := w.part("xl/styles.xml", stylesXML()); err != nil {
		return nil, err
	}
	if err := w.zip.Flush(); err != nil { // whoever fetches the file sees that it comes
		return nil, err
	}
	return w, w.begin()
}

// part writes a part that is known whole.
func (w *Workbook) part(name, text string) error {
	p, err := w.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(p, text)
	return err
}

// open begins the next sheet; head says that its first row is one.
func (w *Workbook) open(name string, head bool, widths ...int) error {
	if name == "" || utf8.RuneCountInString(name) > maxName || strings.ContainsAny(name, `:\/?*[]`) {
		return fmt.Errorf("workbook: %q cannot be the name of a sheet", name)
	}
	w.names = append(w.names, name)
	p, err := w.zip.Create("xl/" + sheetPart(len(w.names)))
	if err != nil {
		return err
	}
	w.sheet = &sheet{out: bufio.NewWriter(p)}
	w.sheet.begin(len(w.names) == 1, head, widths)
	return nil
}

// begin begins a sheet of rows with the names of the columns.
func (w *Workbook) begin() error {
	name := w.words.Rows
	if n := len(w.names) + 1; n > 1 {
		name += " " + strconv.Itoa(n)
	}
	columns := export.Columns()
	widths := make([]int, len(columns))
	for i := range widths {
		widths[i] = 18
	}
	if err := w.open(name, true, widths...); err != nil {
		return err
	}
	w.row = 1
	w.sheet.beginRow(w.row)
	for i, c := range columns {
		w.sheet.text(i, styleHead, c.Name)
	}
	return w.sheet.endRow()
}

// Row implements export.File.
func (w *Workbook) Row(r *payout.Line) error {
	if err := w.Fingerprint.Row(r); err != nil {
		return err
	}
	if w.row == w.limit {
		if err := w.sheet.end(); err != nil {
			return err
		}
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.row++
	w.cells = w.book.Cells(r, w.cells[:0])
	w.sheet.beginRow(w.row)
	for i, c := range w.cells {
		w.cell(i, c)
	}
	return w.sheet.endRow()
}

// cell writes a cell as what it is. Text is never a formula: that would be another kind of cell.
func (w *Workbook) cell(column int, c export.Cell) {
	switch c.Kind {
	case export.Amount:
		w.amount(column, c.Amount)
	case export.Time:
		if !c.At.IsZero() {
			w.sheet.number(column, styleTime, serial(c.At))
		}
	case export.Mark:
		w.sheet.mark(column, c.Yes)
	default:
		w.sheet.text(column, stylePlain, c.Text)
	}
}

// amount is a number with the decimals of its currency, or text if a spreadsheet would round it.
func (w *Workbook) amount(column int, a money.Amount) {
	text := a.Decimal()
	figures := 0
	for _, c := range text {
		if c >= '0' && c <= '9' {
			figures++
		}
	}
	digits, known := money.Digits(a.Currency)
	if !known || digits > maxDecimals || figures > maxDigits {
		w.sheet.text(column, stylePlain, text)
		return
	}
	w.sheet.number(column, styleAmount+digits, text)
}

// End implements export.File: the last sheet, one that says what the file is, and the parts that hold all sheets together.
func (w *Workbook) End(s export.Stamp) error {
	if err := w.sheet.end(); err != nil {
		return err
	}
	if err := w.about(s); err != nil {
		return err
	}
	for _, p := range [][2]string{
		{"xl/workbook.xml", workbookXML(w.names)}, {"xl/_rels/workbook.xml.rels", workbookLinksXML(len(w.names))},
		{"_rels/.rels", linksXML}, {"[Content_Types].xml", typesXML(len(w.names))},
	} {
		if err := w.part(p[0], p[1]); err != nil {
			return err
		}
	}
	return w.zip.Close()
}

func (w *Workbook) about(s export.Stamp) error {
	if err := w.open(w.words.About, false, 24, 80); err != nil {
		return err
	}
	for i, fact := range w.words.Facts(s) {
		w.sheet.beginRow(i + 1)
		w.sheet.text(0, stylePlain, fact[0])
		w.sheet.text(1, stylePlain, fact[1])
		if err := w.sheet.endRow(); err != nil {
			return err
		}
	}
	return w.sheet.end()
}

// Cut implements export.File. A workbook without its end cannot be opened, which says enough.
func (w *Workbook) Cut(export.Stamp) error { return nil }

// Close implements export.File. There is nothing but bytes.
func (w *Workbook) Close() error { return nil }
