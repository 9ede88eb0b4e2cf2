package handlers_test

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// calc has LibreOffice open a workbook and write it as another kind of file.
func calc(t *testing.T, data []byte, as string) []byte {
	t.Helper()
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed: apt-get install --no-install-recommends libreoffice-calc")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "book.xlsx")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), soffice, "-env:UserInstallation=file://"+folder+"/profile", "--headless", "--convert-to", as, "--outdir", folder, file)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	ext, _, _ := strings.Cut(as, ":")
	out, err := os.ReadFile(filepath.Join(folder, "book."+ext))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// calcCell is a cell as LibreOffice understood it, out of its own flat format.
type calcCell struct {
	Type    string `xml:"value-type,attr"` // "string", "float", "date", "boolean"; "" is empty
	Value   string `xml:"value,attr"`
	Date    string `xml:"date-value,attr"`
	Yes     string `xml:"boolean-value,attr"`
	Formula string `xml:"formula,attr"`
	Times   int    `xml:"number-columns-repeated,attr"`
	Text    []struct {
		All string `xml:",innerxml"`
	} `xml:"p"`
}

// text is what a cell of text says.
func (c calcCell) text() string {
	var lines []string
	for _, p := range c.Text {
		lines = append(lines, regexp.MustCompile(`<[^>]*>`).ReplaceAllString(strings.ReplaceAll(p.All, "<text:s/>", " "), ""))
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(strings.Join(lines, "\n"))
}

// understood is the rows of the first sheet as LibreOffice understands them, by the names of their columns.
func understood(t *testing.T, data []byte) []map[string]calcCell {
	t.Helper()
	var doc struct {
		Tables []struct {
			Rows []struct {
				Cells []calcCell `xml:"table-cell"`
			} `xml:"table-row"`
		} `xml:"body>spreadsheet>table"`
	}
	if err := xml.Unmarshal(calc(t, data, "fods"), &doc); err != nil || len(doc.Tables) != 2 {
		t.Fatalf("%d sheets, %v", len(doc.Tables), err)
	}
	var names []string
	var rows []map[string]calcCell
	for _, r := range doc.Tables[0].Rows {
		var cells []calcCell
		for _, c := range r.Cells {
			for range min(max(c.Times, 1), 100) {
				cells = append(cells, c)
			}
		}
		if names == nil {
			for _, c := range cells {
				names = append(names, c.text())
			}
			continue
		}
		row := map[string]calcCell{}
		for i, c := range cells[:min(len(cells), len(names))] {
			row[names[i]] = c
		}
		if row["id"].Type != "" { // below the last row there are only empty ones
			rows = append(rows, row)
		}
	}
	return rows
}

// Invariant 10: a real spreadsheet program opens the workbook of a filter and finds the rows of the list in their order, amounts as numbers
// that add up to what the page says for each currency, times as dates, and no formula.
func TestInvariant10SpreadsheetProgramAgrees(t *testing.T) {
	if _, err := exec.LookPath("soffice"); err != nil {
		t.Skip("LibreOffice is not installed: apt-get install --no-install-recommends libreoffice-calc")
	}
	s := newPast(t, 60)
	names := []string{`=HYPERLINK("http://evil.example","Open")`, "+1 234", "@SUM(A1)", "O'Neil, \"Jim\"", "<b>&amp; _x000D_"}
	var odd []func(*payout.Payout)
	for _, name := range names {
		odd = append(odd, named(name))
	}
	for _, a := range []money.Amount{{Minor: 1234, Currency: "XOF"}, {Minor: 123405, Currency: "EUR"}, {Minor: 1234005, Currency: "KWD"}, {Minor: 5, Currency: "KWD"}} {
		odd = append(odd, priced(a.Minor, a.Currency))
	}
	s.odd(odd...)
	b := s.signIn(maritMail)
	const query = "state=paid&sort=oldest&mode=live"
	_, body, err := b.fetch("/payouts.xlsx?" + query)
	if err != nil {
		t.Fatal(err)
	}
	rows := understood(t, body)
	people := b.agrees(query, rows)
	if text := string(calc(t, body, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false")); len(readCSV(t, text)) != len(rows)+1 {
		t.Errorf("as CSV it has %d lines for %d rows", len(readCSV(t, text)), len(rows))
	}
	for _, name := range names {
		if !slices.Contains(people, name) {
			t.Errorf("nobody is called %q", name)
		}
	}
}

// agrees holds rows of a spreadsheet against the page of their filter, and names their recipients.
func (b *browser) agrees(query string, rows []map[string]calcCell) []string {
	t := b.t
	t.Helper()
	var ids, people []string
	sums := map[string]money.Amount{}
	for _, row := range rows {
		ids, people = append(ids, row["id"].text()), append(people, row["recipient"].text())
		checkTypes(t, row)
		a, err := money.ParseDecimal(decimals(t, row["amount"].Value, row["currency"].text()), row["currency"].text())
		if err != nil {
			t.Fatalf("%s: %v", row["id"].text(), err)
		}
		if was, ok := sums[a.Currency]; ok {
			if a, err = was.Add(a); err != nil {
				t.Fatal(err)
			}
		}
		sums[a.Currency] = a
	}
	if diff := cmp.Diff(b.through("/payouts?"+query, "Newer"), ids); diff != "" {
		t.Errorf("%s: rows (-list +spreadsheet):\n%s", query, diff)
	}
	said, want := map[string]string{}, map[string]string{}
	for _, total := range b.get("/payouts?" + query).all(".totals__item") {
		amount := strings.Fields(strings.ReplaceAll(words(find(total, ".money")), ",", ""))
		said[amount[len(amount)-1]] = strings.Join(amount[:len(amount)-1], "")
	}
	for currency, sum := range sums {
		want[currency] = sum.Decimal()
	}
	if diff := cmp.Diff(said, want); diff != "" || len(want) < 2 {
		t.Errorf("%s: totals (-page +spreadsheet):\n%s", query, diff)
	}
	return people
}

func readCSV(t *testing.T, text string) [][]string {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// decimals is a number of a spreadsheet with the decimals of a currency: "1234.5" is "1234.50" in euros.
func decimals(t *testing.T, number, currency string) string {
	t.Helper()
	digits, _ := money.Digits(currency)
	whole, fraction, _ := strings.Cut(number, ".")
	if len(fraction) > digits {
		t.Errorf("%s has more decimals than %s", number, currency)
	}
	if digits == 0 {
		return whole
	}
	return fmt.Sprintf("%s.%s", whole, fraction+strings.Repeat("0", max(digits-len(fraction), 0)))
}

// checkTypes holds the cells of a row against the kinds of their columns.
func checkTypes(t *testing.T, row map[string]calcCell) {
	t.Helper()
	for kind, names := range map[string][]string{"float": {"amount"}, "date": {"created_at"}, "string": {"id", "recipient", "currency", "utc_offset", "state"}} {
		for _, name := range names {
			if got := row[name].Type; got != kind {
				t.Errorf("%s of %s is a %q, want a %s", name, row["id"].text(), got, kind)
			}
		}
	}
	for name, c := range row {
		mark := slices.Contains([]string{"confirmed", "conflict", "one_person", "explained", "closed"}, name)
		said := c.Formula == "of:=TRUE()" || c.Formula == "of:=FALSE()" || c.Type == "boolean" // LibreOffice has no other truth
		if mark != said || c.Formula != "" && !mark {
			t.Errorf("%s of %s is %q, formula %q", name, row["id"].text(), c.Type, c.Formula)
		}
	}
}
