// Package paper prints receipts as PDF. It is a package of its own for the modules it brings: programs that embed the console carry
// them only if they name it.
package paper

import (
	"io"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"github.com/paywicket/paywicket/web/export"
)

// Measures of an A4 sheet, in millimetres; sizes of letters in points.
const (
	margin    = 20.0
	pageWide  = 210.0
	labelWide = 45.0
	perPoint  = 25.4 / 72
	leading   = 1.35 // of a line, by the size of its letters
)

// New makes what prints receipts. Letters are those of the TrueType fonts in a folder, the first in the order of their names that has a
// character; without a folder the PDF's own Helvetica, which knows the letters of Western Europe.
func New(folder string) (export.Print, error) {
	fonts, err := loadFonts(folder)
	if err != nil {
		return nil, err
	}
	return func(out io.Writer, r export.Receipt) error { return printed(out, r, fonts) }, nil
}

// sheet is a page that is being set, from the top down.
type sheet struct {
	pdf     *fpdf.Fpdf
	fonts   []font
	latin   func(string) string // to the encoding of the PDF's own fonts
	y       float64
	missing bool // something could not be printed
}

func newSheet(fonts []font) *sheet {
	s := &sheet{pdf: fpdf.New("P", "mm", "A4", ""), fonts: fonts, y: margin}
	s.latin = s.pdf.UnicodeTranslatorFromDescriptor("")
	for _, f := range fonts {
		if f.data != nil {
			s.pdf.AddUTF8FontFromBytes(f.name, "", f.data)
		}
	}
	s.pdf.SetAutoPageBreak(false, margin)
	s.pdf.AddPage()
	return s
}

func printed(out io.Writer, r export.Receipt, fonts []font) error {
	s := newSheet(fonts)
	if r.English != nil && !s.writes(r) {
		r = *r.English
	}
	s.pdf.SetTitle(r.Title+" "+r.Number, true)
	s.pdf.SetLang(r.Language)
	s.pdf.SetProducer("Paywicket", true)
	s.pdf.SetCreationDate(r.At)
	s.pdf.SetModificationDate(r.At)
	s.pdf.SetCatalogSort(true)
	s.set(r)
	return s.pdf.Output(out)
}

// writes reports whether there are letters for the receipt's own words, whatever is in it: a receipt in “?” would tell nothing, not even
// that letters are missing.
func (s *sheet) writes(r export.Receipt) bool {
	own := r.Title + r.Missing
	for _, part := range r.Parts {
		own += part.Title
	}
	return !strings.ContainsFunc(own, func(letter rune) bool {
		_, shown := s.fontOf(plain(letter))
		return !shown && !unicode.Is(unicode.Cf, letter)
	})
}

func (s *sheet) set(r export.Receipt) {
	s.text(margin, 9, 110, r.Title+" · "+r.Number)
	if r.Mark != "" {
		s.text(margin, 11, 0, r.Mark)
	}
	s.y += 4
	s.text(margin, 24, 0, r.Amount)
	s.text(margin, 13, 0, r.To)
	s.y++
	s.text(margin, 10, 70, r.State)
	for _, part := range r.Parts {
		s.y += 5
		s.rule()
		s.text(margin, 9, 110, part.Title)
		s.y++
		for _, line := range part.Lines {
			s.line(line[0], line[1])
		}
	}
	s.y += 5
	s.rule()
	for _, line := range r.Stamp {
		s.text(margin, 7.5, 110, line)
	}
	if s.missing {
		s.text(margin, 7.5, 110, r.Missing)
	}
}

func (s *sheet) rule() {
	s.pdf.SetDrawColor(200, 200, 200)
	s.pdf.Line(margin, s.y, pageWide-margin, s.y)
	s.y += 2
}

// line is a name and beside it a value of as many lines as it takes.
func (s *sheet) line(name, value string) {
	top := s.y
	s.text(margin, 9, 110, name)
	below := s.y
	s.y = top
	s.text(margin+labelWide, 10, 0, shorten(value))
	s.y = max(s.y, below) + 0.8
}

// maxValue is how many characters of a value are printed: a receipt is one sheet, whatever people wrote.
const maxValue = 400

func shorten(text string) string {
	letters := []rune(text)
	if len(letters) <= maxValue {
		return text
	}
	return string(letters[:maxValue-1]) + "…"
}

// text sets words from a place to the right edge, on as many lines as they take, in a gray between black (0) and white (255).
func (s *sheet) text(x, size float64, gray int, words string) {
	height := size * perPoint * leading
	s.pdf.SetTextColor(gray, gray, gray)
	for _, line := range s.wrap(s.runs(words), size, pageWide-margin-x) {
		at := x
		for _, r := range line {
			s.use(r.font, size)
			w := s.pdf.GetStringWidth(r.set)
			s.pdf.SetXY(at, s.y)
			s.pdf.CellFormat(w, height, r.set, "", 0, "L", false, 0, "")
			at += w
		}
		s.y += height
	}
}

// use picks a font.
func (s *sheet) use(n int, size float64) {
	s.pdf.SetFont(s.fonts[n].name, "", size)
	s.pdf.SetCellMargin(0)
}

// run is letters of one font, as the PDF has them.
type run struct {
	font int
	set  string
}

// runs parts words where the font changes and after each space, where a line may end.
func (s *sheet) runs(words string) []run {
	var all []run
	for _, r := range words {
		if unicode.Is(unicode.Cf, r) { // says only how others stand
			continue
		}
		n, shown := s.fontOf(plain(r))
		if !shown {
			s.missing = true
		}
		letter := string(plain(r))
		if !shown {
			letter = "?"
		}
		if s.fonts[n].data == nil {
			letter = s.latin(letter)
		}
		last := len(all) - 1
		if last < 0 || all[last].font != n || strings.HasSuffix(all[last].set, " ") {
			all = append(all, run{font: n})
			last++
		}
		all[last].set += letter
	}
	return all
}

// wrap makes lines of runs; a run that is wider than a line is cut.
func (s *sheet) wrap(all []run, size, width float64) [][]run {
	lines, at := [][]run{nil}, 0.0
	for _, r := range all {
		for _, piece := range s.cut(r, size, width) {
			s.use(piece.font, size)
			w := s.pdf.GetStringWidth(strings.TrimRight(piece.set, " "))
			last := len(lines) - 1
			if at > 0 && at+w > width {
				lines, at = append(lines, nil), 0
				last++
			}
			lines[last] = append(lines[last], piece)
			at += s.pdf.GetStringWidth(piece.set)
		}
	}
	return lines
}

// cut parts a run that no line can hold. Letters of the PDF's own fonts are one byte each.
func (s *sheet) cut(r run, size, width float64) []run {
	s.use(r.font, size)
	if s.pdf.GetStringWidth(r.set) <= width {
		return []run{r}
	}
	letters := strings.Split(r.set, "")
	if s.fonts[r.font].data == nil {
		letters = letters[:0]
		for i := range len(r.set) {
			letters = append(letters, r.set[i:i+1])
		}
	}
	var all []run
	piece := ""
	for _, l := range letters {
		if piece != "" && s.pdf.GetStringWidth(piece+l) > width {
			all, piece = append(all, run{r.font, piece}), ""
		}
		piece += l
	}
	return append(all, run{r.font, piece})
}
