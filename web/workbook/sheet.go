package workbook

import (
	"bufio"
	"encoding/xml"
	"regexp"
	"strconv"
	"time"
	"unicode/utf16"
)

// maxText is how long the text of a cell may be, counted as UTF-16 counts. A longer one makes spreadsheets call the file damaged.
const maxText = 32_767

// sheet is one sheet that is being written. Errors of writing stay until endRow or end tells them.
type sheet struct {
	out *bufio.Writer
	row string // number of the row in the making
}

// say writes XML as it stands. bufio remembers the first error.
func (s *sheet) say(parts ...string) {
	for _, p := range parts {
		_, _ = s.out.WriteString(p)
	}
}

// begin writes what stands before the rows. The first sheet is the one on screen; a head stays on top of it.
func (s *sheet) begin(first, head bool, widths []int) {
	s.say(xml.Header, `<worksheet xmlns="`, mainSpace, `"><sheetViews><sheetView workbookViewId="0"`)
	if first {
		s.say(` tabSelected="1"`)
	}
	s.say(`>`)
	if head {
		s.say(`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>`)
	}
	s.say(`</sheetView></sheetViews><cols>`)
	for i, w := range widths {
		n := strconv.Itoa(i + 1)
		s.say(`<col min="`, n, `" max="`, n, `" width="`, strconv.Itoa(w), `" customWidth="1"/>`)
	}
	s.say(`</cols><sheetData>`)
}

func (s *sheet) end() error {
	s.say(`</sheetData></worksheet>`)
	return s.out.Flush()
}

func (s *sheet) beginRow(n int) {
	s.row = strconv.Itoa(n)
	s.say(`<row r="`, s.row, `">`)
}

func (s *sheet) endRow() error {
	_, err := s.out.WriteString(`</row>`)
	return err
}

// open begins a cell, with the attributes that say what is in it.
func (s *sheet) open(column, style int, kind string) {
	s.say(`<c r="`, letters(column), s.row, `"`)
	if style != stylePlain {
		s.say(` s="`, strconv.Itoa(style), `"`)
	}
	s.say(kind, `>`)
}

// text writes a text; an empty one is no cell.
func (s *sheet) text(column, style int, text string) {
	if text == "" {
		return
	}
	s.open(column, style, ` t="inlineStr"`)
	s.say(`<is><t xml:space="preserve">`)
	_ = xml.EscapeText(s.out, []byte(literal(cut(text)))) // its only error is that of writing, which stays
	s.say(`</t></is></c>`)
}

// number writes a number by its figures, so that nothing is rounded on the way; none is no cell.
func (s *sheet) number(column, style int, figures string) {
	if figures == "" {
		return
	}
	s.open(column, style, "")
	s.say(`<v>`, figures, `</v></c>`)
}

func (s *sheet) mark(column int, yes bool) {
	value := "0"
	if yes {
		value = "1"
	}
	s.open(column, stylePlain, ` t="b"`)
	s.say(`<v>`, value, `</v></c>`)
}

// letters names a column, the first being 0: "A", "Z", "AA".
func letters(column int) string {
	var name string
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

// serial is how a spreadsheet counts time: in days since the end of 1899, by the clock on the wall.
func serial(at time.Time) string {
	const day, epoch = 24 * 60 * 60, 25_569 // 1970-01-01 is day 25,569
	_, offset := at.Zone()
	return strconv.FormatFloat(epoch+float64(at.Unix()+int64(offset))/day, 'f', -1, 64)
}

// escape is how cells write characters by number: ECMA-376, part 1, 22.9.2.19 (ST_Xstring).
var escape = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// literal keeps a text that looks like such an escape from being read as one.
func literal(text string) string { return escape.ReplaceAllString(text, "_x005F_$1") }

// cut shortens a text to what a cell holds.
func cut(text string) string {
	if len(text) <= maxText { // UTF-8 never counts less than UTF-16
		return text
	}
	units := 0
	for i, r := range text {
		if units += max(1, utf16.RuneLen(r)); units > maxText {
			return text[:i]
		}
	}
	return text
}
