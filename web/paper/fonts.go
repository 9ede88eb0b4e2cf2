package paper

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/bidi"
)

// font is letters to print with.
type font struct {
	name string
	data []byte // nil: the PDF's own
	has  func(rune) bool
}

// loadFonts reads the TrueType fonts of a folder, in the order of their names; the PDF's own stands last.
func loadFonts(folder string) ([]font, error) {
	own := font{name: "Helvetica", has: func(r rune) bool {
		_, ok := charmap.Windows1252.EncodeRune(r)
		return ok
	}}
	if folder == "" {
		return []font{own}, nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.ttf"))
	if err != nil {
		return nil, fmt.Errorf("list fonts: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no .ttf file in %s", folder)
	}
	slices.Sort(files)
	var all []font
	for i, file := range files {
		data, err := os.ReadFile(file) //nolint:gosec // the operator chose the folder
		if err != nil {
			return nil, fmt.Errorf("read font: %w", err)
		}
		parsed, err := sfnt.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", file, err)
		}
		all = append(all, font{name: fmt.Sprintf("font%d", i), data: data, has: func(r rune) bool {
			var b sfnt.Buffer // not shared: receipts are printed at the same time
			n, err := parsed.GlyphIndex(&b, r)
			return err == nil && n != 0
		}})
	}
	return append(all, own), nil
}

// fontOf is the first font that has a character; false if none has, or if its script runs from right to left, which is not set here.
func (s *sheet) fontOf(r rune) (int, bool) {
	if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL {
		return len(s.fonts) - 1, false
	}
	for i, f := range s.fonts {
		if f.has(r) {
			return i, true
		}
	}
	return len(s.fonts) - 1, false
}

// plain is a character as fonts have it: narrow spaces and the minus sign are rare in them.
func plain(r rune) rune {
	switch r {
	case '\u202f':
		return '\u00a0'
	case '\u2009', '\t', '\n', '\r':
		return ' '
	case '−', '\u2011':
		return '-'
	}
	return r
}
