package books

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"strconv"
	"strings"
)

// The limits of what a workbook unpacks to: a small file can hold much more than it seems.
const (
	maxUnpacked = 256 << 20 // of the sheet
	maxStrings  = 64 << 20  // of the shared texts
	maxParts    = 2000      // files inside
)

// openXLSX reads the first sheet of a workbook as it streams by. Nothing but the shared texts is held.
func openXLSX(data []byte) (Sheet, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) > maxParts {
		return Sheet{}, &Error{Code: "unreadable", Err: err}
	}
	sheet := firstSheet(z)
	if sheet == nil {
		return Sheet{}, refuse("no_sheet")
	}
	texts, err := sharedTexts(z)
	if err != nil {
		return Sheet{}, err
	}
	return Sheet{Kind: "xlsx", Rows: bounded(sheetRows(sheet, texts))}, nil
}

func partOf(z *zip.Reader, name string) *zip.File {
	for _, f := range z.File {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// firstSheet is the sheet that the workbook names first, by its relationship; sheet1.xml if it names none.
func firstSheet(z *zip.Reader) *zip.File {
	var book struct {
		Sheets []struct {
			ID string `xml:"http://schemas.openxmlformats.org/officeDocument/2006/relationships id,attr"`
		} `xml:"sheets>sheet"`
	}
	var links struct {
		Links []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if readPart(z, "xl/workbook.xml", &book) == nil && readPart(z, "xl/_rels/workbook.xml.rels", &links) == nil && len(book.Sheets) > 0 {
		for _, l := range links.Links {
			if l.ID == book.Sheets[0].ID {
				target := strings.TrimPrefix(l.Target, "/")
				if !strings.HasPrefix(target, "xl/") {
					target = path.Join("xl", target)
				}
				return partOf(z, target)
			}
		}
	}
	return partOf(z, "xl/worksheets/sheet1.xml")
}

// readPart reads a small part whole.
func readPart(z *zip.Reader, name string, into any) error {
	f := partOf(z, name)
	if f == nil {
		return errors.New("no " + name)
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // only read from
	return xml.NewDecoder(io.LimitReader(r, 1<<20)).Decode(into)
}

// limited says that a part unpacks to more than is taken in.
type limited struct {
	from io.Reader
	left int64
}

var errUnpacked = errors.New("unpacks to too much")

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errUnpacked
	}
	n, err := l.from.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

func unreadableXML(err error) error {
	if errors.Is(err, errUnpacked) {
		return refuse("unpacked")
	}
	return &Error{Code: "unreadable", Err: err}
}

// sharedTexts are the texts that cells point at.
func sharedTexts(z *zip.Reader) ([]string, error) {
	f := partOf(z, "xl/sharedStrings.xml")
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, unreadableXML(err)
	}
	defer func() { _ = r.Close() }() // only read from
	d := xml.NewDecoder(&limited{r, maxStrings})
	var texts []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, nil
		}
		if err != nil {
			return nil, unreadableXML(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "si" {
			text, err := textWithin(d, "si")
			if err != nil {
				return nil, unreadableXML(err)
			}
			texts = append(texts, text)
		}
	}
}

// textWithin puts together what stands in <t> up to the end of an element; how Chinese is pronounced is left out.
func textWithin(d *xml.Decoder, end string) (string, error) {
	var b strings.Builder
	inText, phonetic := false, 0
	for {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			if t.Name.Local == "rPh" {
				phonetic++
			}
		case xml.EndElement:
			inText = false
			if t.Name.Local == "rPh" {
				phonetic--
			}
			if t.Name.Local == end {
				return b.String(), nil
			}
		case xml.CharData:
			if inText && phonetic == 0 && b.Len() <= maxCell {
				b.Write(t)
			}
		}
	}
}

// sheetRows yields the rows of a sheet that hold anything.
func sheetRows(f *zip.File, texts []string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		r, err := f.Open()
		if err != nil {
			yield(Row{}, unreadableXML(err))
			return
		}
		defer func() { _ = r.Close() }() // only read from
		s := sheetReader{d: xml.NewDecoder(&limited{r, maxUnpacked}), texts: texts}
		for {
			row, err := s.next()
			if errors.Is(err, io.EOF) {
				return
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

// sheetReader reads one row after the other.
type sheetReader struct {
	d     *xml.Decoder
	texts []string
	line  int
}

func (s *sheetReader) next() (Row, error) {
	for {
		token, err := s.d.Token()
		if errors.Is(err, io.EOF) {
			return Row{}, io.EOF
		}
		if err != nil {
			return Row{}, unreadableXML(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "row" {
			s.line++
			if n, err := strconv.Atoi(attribute(start, "r")); err == nil {
				s.line = n
			}
			return s.row()
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (s *sheetReader) row() (Row, error) {
	row := Row{Line: s.line}
	for {
		token, err := s.d.Token()
		if err != nil {
			return row, unreadableXML(err)
		}
		switch t := token.(type) {
		case xml.EndElement:
			if t.Name.Local == "row" {
				return row, nil
			}
		case xml.StartElement:
			if t.Name.Local == "c" {
				if err := s.cell(t, &row); err != nil {
					return row, err
				}
			}
		}
	}
}

// cell reads a cell into its column, which its name "BC12" tells; without one it is the next.
func (s *sheetReader) cell(start xml.StartElement, row *Row) error {
	at := len(row.Cells)
	if name := attribute(start, "r"); name != "" {
		at = columnOf(name)
	}
	if at < len(row.Cells) || at >= maxColumns {
		if at >= maxColumns {
			return refuse("columns", "Limit", maxColumns)
		}
		return &Error{Code: "unreadable", Err: errors.New("cells out of order")}
	}
	for len(row.Cells) < at {
		row.Cells, row.Figures = append(row.Cells, ""), append(row.Figures, false)
	}
	text, figure, err := s.value(attribute(start, "t"))
	if err != nil {
		return err
	}
	row.Cells, row.Figures = append(row.Cells, text), append(row.Figures, figure)
	return nil
}

func columnOf(name string) int {
	n := 0
	for _, r := range strings.ToUpper(name) {
		if r < 'A' || r > 'Z' || n > maxColumns {
			break
		}
		n = n*26 + int(r-'A') + 1
	}
	return n - 1
}

// value reads up to the end of a cell. A formula is skipped: what it last came to stands beside it.
func (s *sheetReader) value(kind string) (string, bool, error) {
	text, in := "", ""
	for {
		token, err := s.d.Token()
		if err != nil {
			return "", false, unreadableXML(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if in = t.Name.Local; in == "is" {
				if text, err = textWithin(s.d, "is"); err != nil {
					return "", false, unreadableXML(err)
				}
			}
		case xml.CharData:
			if in == "v" && len(text) <= maxCell {
				text += string(t)
			}
		case xml.EndElement:
			in = ""
			if t.Name.Local == "c" {
				return s.meaning(kind, text)
			}
		}
	}
}

func (s *sheetReader) meaning(kind, text string) (string, bool, error) {
	switch kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 0 || n >= len(s.texts) {
			return "", false, &Error{Code: "unreadable", Err: errors.New("no such text")}
		}
		return s.texts[n], false, nil
	case "", "n":
		return strings.TrimSpace(text), text != "", nil
	}
	return text, false, nil // a text, a date as ISO has it, a truth value, an error
}
