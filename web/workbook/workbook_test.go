package workbook

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

func line(i int, name string, a money.Amount) *payout.Line {
	at := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
	return &payout.Line{Row: payout.Row{ID: payout.ID(fmt.Sprintf("PAY%09d", i)), Store: "s1", State: payout.Paid, Live: true, Recipient: name, Amount: a, CreatedAt: at}}
}

func words() export.Words {
	return export.Words{Rows: "Payouts", About: "About", Facts: func(s export.Stamp) [][2]string {
		return [][2]string{{"Rows", fmt.Sprint(s.Walk.Rows)}, {"Sum", s.SHA256}}
	}}
}

func book() *export.Book {
	return export.NewBook([]store.Store{{ID: "s1", Name: "Spree", Zone: "Europe/Berlin"}}, time.UTC)
}

func write(t *testing.T, limit int, rows ...*payout.Line) []byte {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	w, err := newLimited(&out, book(), words(), limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	stamp := export.Stamp{SHA256: w.Sum(), Walk: payout.Walk{Rows: len(rows)}}
	if err := w.End(stamp); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return out.Bytes()
}

func open(t *testing.T, file []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// cell finds a cell by the name of its column.
func cell(t *testing.T, f *excelize.File, row int, column string) (string, excelize.CellType, string) {
	t.Helper()
	for i, c := range export.Columns() {
		if c.Name != column {
			continue
		}
		at, err := excelize.CoordinatesToCellName(i+1, row)
		if err != nil {
			t.Fatal(err)
		}
		value, err := f.GetCellValue("Payouts", at)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := f.GetCellType("Payouts", at)
		if err != nil {
			t.Fatal(err)
		}
		formula, err := f.GetCellFormula("Payouts", at)
		if err != nil {
			t.Fatal(err)
		}
		return value, kind, formula
	}
	t.Fatalf("no column %s", column)
	return "", 0, ""
}

// Numbers are numbers with the decimals of their currency, times are times of the store, and text is never a formula.
func TestCellsHaveTypes(t *testing.T) {
	formula := `=HYPERLINK("http://evil.example","Open")`
	f := open(t, write(t, maxRows, line(0, formula, money.Amount{Minor: 1234, Currency: "XOF"}), line(1, "b\x00ad\x01 <&>", money.Amount{Minor: 123405, Currency: "EUR"}),
		line(2, "Ann", money.Amount{Minor: 1234005, Currency: "KWD"}), line(3, "Ann", money.Amount{Minor: 9_007_199_254_740_993, Currency: "EUR"}), line(4, "", money.Amount{})))
	for i, want := range []string{"1,234", "1,234.05", "1,234.005"} {
		if got, kind, _ := cell(t, f, i+2, "amount"); got != want || kind != excelize.CellTypeUnset {
			t.Errorf("amount %d: got %q of type %d, want %q as a number", i, got, kind, want)
		}
	}
	if got, kind, _ := cell(t, f, 5, "amount"); got != "90071992547409.93" || kind != excelize.CellTypeInlineString {
		t.Errorf("an amount a spreadsheet would round: got %q of type %d", got, kind)
	}
	if got, _, _ := cell(t, f, 6, "amount"); got != "" {
		t.Errorf("no amount: got %q", got)
	}
	if got, kind, f := cell(t, f, 2, "recipient"); got != formula || kind != excelize.CellTypeInlineString || f != "" {
		t.Errorf("formula: got %q of type %d, %q", got, kind, f)
	}
	if got, _, _ := cell(t, f, 3, "recipient"); !strings.HasSuffix(got, " <&>") {
		t.Errorf("odd characters: got %q", got)
	}
	for i, want := range []string{"2026-10-25 02:30:00 UTC+02:00", "2026-10-25 02:30:00 UTC+01:00"} {
		at, kind, _ := cell(t, f, i+2, "created_at")
		if offset, _, _ := cell(t, f, i+2, "utc_offset"); at+" "+offset != want || kind != excelize.CellTypeUnset {
			t.Errorf("time %d: got %s %s of type %d, want %s", i, at, offset, kind, want)
		}
	}
	if got, kind, _ := cell(t, f, 2, "confirmed"); got != "FALSE" || kind != excelize.CellTypeBool {
		t.Errorf("mark: got %q of type %d", got, kind)
	}
}

// What one sheet cannot hold goes on in the next, and only the first sheet is the one on screen.
func TestSheetsThatAreFull(t *testing.T) {
	var rows []*payout.Line
	for i := range 25 {
		rows = append(rows, line(i, "Ann", money.Amount{Minor: 100, Currency: "XOF"}))
	}
	file := write(t, 11, rows...)
	f := open(t, file)
	if diff := cmp.Diff([]string{"Payouts", "Payouts 2", "Payouts 3", "About"}, f.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	var ids []string
	for _, name := range f.GetSheetList()[:3] {
		all, err := f.GetRows(name)
		if err != nil || all[0][0] != "id" {
			t.Fatal(name, err, all)
		}
		for _, row := range all[1:] {
			ids = append(ids, row[0])
		}
	}
	if len(ids) != 25 || ids[0] != "PAY000000000" || ids[24] != "PAY000000024" {
		t.Errorf("got %v", ids)
	}
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	seen, chosen := map[string]bool{}, 0
	for _, part := range z.File {
		if seen[part.Name] {
			t.Errorf("%s is there twice", part.Name)
		}
		seen[part.Name] = true
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		chosen += bytes.Count(text, []byte(`tabSelected="`))
	}
	if chosen > 1 {
		t.Errorf("%d sheets are on screen at once", chosen)
	}
}

// A workbook that was cut off cannot be opened, and rows leave as they come: nothing lies in a temporary file.
func TestCut(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	w, err := New(&out, book(), words())
	if err != nil {
		t.Fatal(err)
	}
	if out.Len() == 0 {
		t.Error("nothing has left before the first row")
	}
	begun := out.Len()
	for i := range 2000 {
		if err := w.Row(line(i, "Ann "+strconv.Itoa(i*i), money.Amount{Minor: 1, Currency: "XOF"})); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() == begun {
		t.Error("no row has left")
	}
	if on, err := os.ReadDir(os.TempDir()); err != nil || len(on) > 0 {
		t.Errorf("temporary files: %v, %v", on, err)
	}
	if err := w.Cut(export.Stamp{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := excelize.OpenReader(bytes.NewReader(out.Bytes())); err == nil {
		t.Error("it can be opened")
	}
}

// Texts come back as they were, also those that a spreadsheet would take for something else.
func TestTexts(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"escapes of cells", "_x000D_ _x005F_ _xZZZZ_", "_x000D_ _x005F_ _xZZZZ_"},
		{"spaces and lines", "  a\n b\t", "  a\n b\t"},
		{"beyond the plane", "😀é\u202fx", "😀é\u202fx"},
		{"longest", strings.Repeat("é", maxText), strings.Repeat("é", maxText)},
		{"too long", strings.Repeat("é", maxText+1), strings.Repeat("é", maxText)},
		{"too long in pairs", strings.Repeat("😀", maxText), strings.Repeat("😀", maxText/2)},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, write(t, maxRows, line(0, c.text, money.Amount{})))
			if got, _, _ := cell(t, f, 2, "recipient"); got != c.want {
				t.Errorf("got %.60q (%d), want %.60q (%d)", got, len(got), c.want, len(c.want))
			}
		})
	}
}

// The names of columns go on after Z.
func TestLetters(t *testing.T) {
	for _, n := range []int{1, 26, 27, 52, 53, 702, 703, 16384} {
		if want, err := excelize.ColumnNumberToName(n); err != nil || letters(n-1) != want {
			t.Errorf("column %d: got %s, want %s, %v", n, letters(n-1), want, err)
		}
	}
}

// A name that no sheet may have is an error, not a damaged file.
func TestNamesOfSheets(t *testing.T) {
	for _, name := range []string{"", "a/b", strings.Repeat("x", maxName+1)} {
		if _, err := New(io.Discard, book(), export.Words{Rows: name}); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

// inBook is how many rows the benchmark writes: go test ./web/workbook -run xxx -bench . -benchtime 1x -rows 2300000.
var inBook = flag.Int("rows", 50_000, "rows of the workbook that the benchmark writes")

// BenchmarkWorkbook tells how much the process grows while it writes a workbook.
func BenchmarkWorkbook(b *testing.B) {
	for b.Loop() {
		runtime.GC()
		debug.FreeOSMemory()
		before, most, start := resident(b), 0, time.Now()
		w, err := New(io.Discard, book(), words())
		if err != nil {
			b.Fatal(err)
		}
		for i := range *inBook {
			if err := w.Row(line(i, "Somebody", money.Amount{Minor: 123450, Currency: "EUR"})); err != nil {
				b.Fatal(err)
			}
			if i%10_000 == 0 {
				most = max(most, resident(b))
			}
		}
		if err := w.End(export.Stamp{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(max(most, resident(b))-before)/1024, "MiB-more")
		b.ReportMetric(float64(*inBook)/time.Since(start).Seconds(), "rows/s")
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// resident is the memory of this process, in KiB.
func resident(b *testing.B) int {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("there is no /proc here")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kib
}
