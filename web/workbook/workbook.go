// Package workbook writes lists of payouts as XLSX workbooks. It is a package of its own for the module it brings: programs that embed
// the console carry it only if they name it.
package workbook

import (
	"archive/zip"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
)

// maxDigits is how many figures of a number spreadsheets keep. An amount that has more is written as text: nothing is rounded.
const maxDigits = 15

// Workbook is one workbook that is being written. The library makes its parts; they are put into the file one by one, because the
// library would keep the whole of it in memory. At any time one sheet is in the making, most of it in a temporary file.
type Workbook struct {
	export.Fingerprint
	book  *export.Book
	words export.Words
	zip   *zip.Writer
	limit int // rows of a sheet

	sheets int // begun
	file   *excelize.File
	stream *excelize.StreamWriter
	styles styles
	row    int
	cells  []export.Cell
	values []any
}

// New begins a workbook. Its first bytes leave at once; those of a sheet when it is full.
func New(out io.Writer, book *export.Book, words export.Words) (export.File, error) {
	return newLimited(out, book, words, excelize.TotalRows)
}

func newLimited(out io.Writer, book *export.Book, words export.Words, limit int) (*Workbook, error) {
	sum, err := export.NewFingerprint(book)
	if err != nil {
		return nil, err
	}
	w := &Workbook{Fingerprint: sum, book: book, words: words, zip: zip.NewWriter(out), limit: limit}
	if err := w.firstBytes(); err != nil {
		return nil, err
	}
	return w, w.begin()
}

// theme is a part that is the same in all workbooks.
const theme = "xl/theme/theme1.xml"

// firstBytes lets whoever fetches the file see that it comes.
func (w *Workbook) firstBytes() error {
	f := excelize.NewFile()
	if err := w.take(f, func(part string) string { return only(part, theme, theme) }); err != nil {
		return err
	}
	return w.zip.Flush()
}

func only(part, want, as string) string {
	if part == want {
		return as
	}
	return ""
}

// sheet is the part of the nth sheet.
func sheet(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// scratch is which sheet of its own file each sheet of rows is made as: not the first, which the library marks as the one on screen.
const scratch = 2

// begin begins a sheet of rows with the names of the columns.
func (w *Workbook) begin() error {
	w.sheets++
	w.row = 1
	w.file = excelize.NewFile()
	var err error
	if w.styles, err = newStyles(w.file); err != nil {
		return err
	}
	name := w.name(w.sheets)
	if _, err = w.file.NewSheet(name); err != nil {
		return err
	}
	if w.stream, err = w.file.NewStreamWriter(name); err != nil {
		return err
	}
	if err = w.stream.SetColWidth(1, len(export.Columns()), 18); err != nil {
		return err
	}
	if err = w.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	var head []any
	for _, c := range export.Columns() {
		head = append(head, excelize.Cell{StyleID: w.styles.head, Value: c.Name})
	}
	return w.stream.SetRow("A1", head)
}

// name is that of the nth sheet of rows: "Payouts", "Payouts 2".
func (w *Workbook) name(n int) string {
	if n == 1 {
		return w.words.Rows
	}
	return w.words.Rows + " " + strconv.Itoa(n)
}

// Row implements export.File.
func (w *Workbook) Row(r *payout.Line) error {
	if err := w.Fingerprint.Row(r); err != nil {
		return err
	}
	if w.row == w.limit {
		if err := w.finish(); err != nil {
			return err
		}
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.row++
	w.cells = w.book.Cells(r, w.cells[:0])
	w.values = w.values[:0]
	for _, c := range w.cells {
		w.values = append(w.values, w.value(c))
	}
	return w.stream.SetRow("A"+strconv.Itoa(w.row), w.values)
}

// value is a cell as the library wants it; nil is an empty one.
func (w *Workbook) value(c export.Cell) any {
	switch c.Kind {
	case export.Amount:
		return w.styles.amount(c.Amount)
	case export.Time:
		if c.At.IsZero() {
			return nil
		}
		return excelize.Cell{StyleID: w.styles.time, Value: c.At}
	case export.Mark:
		return c.Yes
	default:
		if c.Text == "" {
			return nil
		}
		return c.Text
	}
}

// finish puts the sheet that was being made into the file.
func (w *Workbook) finish() error {
	err := w.stream.Flush()
	if err == nil {
		err = w.take(w.file, func(part string) string { return only(part, sheet(scratch), sheet(w.sheets)) })
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return err
}

// End implements export.File: the last sheet, one that says what the file is, and the parts that hold all sheets together.
func (w *Workbook) End(s export.Stamp) error {
	if err := w.finish(); err != nil {
		return err
	}
	f := excelize.NewFile()
	defer func() { _ = f.Close() }() // it has no temporary files
	if _, err := newStyles(f); err != nil {
		return err
	}
	if err := f.SetSheetName("Sheet1", w.name(1)); err != nil {
		return err
	}
	for n := 2; n <= w.sheets; n++ {
		if _, err := f.NewSheet(w.name(n)); err != nil {
			return err
		}
	}
	if err := w.about(f, s); err != nil {
		return err
	}
	written := map[string]bool{theme: true}
	for n := range w.sheets {
		written[sheet(n+1)] = true
	}
	if err := w.take(f, func(part string) string {
		if written[part] {
			return ""
		}
		return part
	}); err != nil {
		return err
	}
	return w.zip.Close()
}

func (w *Workbook) about(f *excelize.File, s export.Stamp) error {
	if _, err := f.NewSheet(w.words.About); err != nil {
		return err
	}
	for i, fact := range w.words.Facts(s) {
		row := strconv.Itoa(i + 1)
		if err := f.SetCellStr(w.words.About, "A"+row, fact[0]); err != nil {
			return err
		}
		if err := f.SetCellStr(w.words.About, "B"+row, fact[1]); err != nil {
			return err
		}
	}
	if err := f.SetColWidth(w.words.About, "A", "A", 24); err != nil {
		return err
	}
	return f.SetColWidth(w.words.About, "B", "B", 80)
}

// Cut implements export.File. A workbook without its end cannot be opened, which says enough.
func (w *Workbook) Cut(export.Stamp) error { return nil }

// Close removes the temporary file of the sheet that is being made.
func (w *Workbook) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file, w.stream = nil, nil
	return err
}

// take writes parts of a file that the library made into ours, under the names that as gives them; "" leaves one out.
func (w *Workbook) take(f *excelize.File, as func(part string) string) error {
	f.SetZipWriter(func(io.Writer) excelize.ZipWriter { return parts{w.zip, as} })
	_, err := f.WriteToBuffer()
	return err
}

// parts is a place for the parts of a workbook.
type parts struct {
	*zip.Writer
	as func(string) string
}

// Create implements excelize.ZipWriter.
func (p parts) Create(part string) (io.Writer, error) {
	name := p.as(part)
	if name == "" {
		return io.Discard, nil
	}
	return p.Writer.Create(name)
}

// Close implements excelize.ZipWriter. More parts follow.
func (p parts) Close() error { return nil }

// styles are the numbers under which a file knows how cells look; they are the same in every file of a workbook.
type styles struct {
	head, time int
	decimals   map[int]int // by how many decimals a currency has
}

func newStyles(f *excelize.File) (styles, error) {
	s := styles{decimals: map[int]int{}}
	var err error
	if s.head, err = f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return s, err
	}
	day := "yyyy-mm-dd hh:mm:ss"
	if s.time, err = f.NewStyle(&excelize.Style{CustomNumFmt: &day}); err != nil {
		return s, err
	}
	for n, format := range []string{"#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"} {
		if s.decimals[n], err = f.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return s, err
		}
	}
	return s, nil
}

// amount is a number with the decimals of its currency, or text if a spreadsheet would round it.
func (s styles) amount(a money.Amount) any {
	text := a.Decimal()
	if text == "" {
		return nil
	}
	figures := 0
	for _, c := range text {
		if c >= '0' && c <= '9' {
			figures++
		}
	}
	digits, _ := money.Digits(a.Currency)
	style, known := s.decimals[digits]
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !known || figures > maxDigits {
		return text
	}
	return excelize.Cell{StyleID: style, Value: value}
}
