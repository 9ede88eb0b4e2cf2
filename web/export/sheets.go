package export

import "io"

// Sheets begins a workbook. What does is a package of its own, so that programs that embed the console without workbooks do not carry
// what writes them.
type Sheets func(out io.Writer, book *Book, words Words) (File, error)

// Words is what a workbook says in somebody's language.
type Words struct {
	Rows  string                  // name of the sheets of rows
	About string                  // name of the sheet with the stamp
	Facts func(Stamp) [][2]string // what the stamp says, name and value
}
