package export_test

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// formulas is what spreadsheets take for the beginning of a formula, as they are known to read it.
const formulas = "=+-@＝＋－＠\t\r\n\x00"

// No text begins as a formula does, also behind blanks and quotes that a spreadsheet may drop; and every text can be read back.
func TestSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching("[ '\"=+@\t\r\n＝-]{0,4}[a-z=(]{0,5}")).Draw(t, "text")
		safe := export.Safe(text)
		if back := export.Unsafe(safe); back != text {
			t.Fatalf("%q became %q and came back as %q", text, safe, back)
		}
		if safe != "" && strings.ContainsAny(safe[:1], formulas) {
			t.Fatalf("%q is still a formula: %q", text, safe)
		}
		if bare := strings.TrimLeft(safe, " \""); bare != "" && !strings.HasPrefix(bare, "'") && strings.ContainsAny(string([]rune(bare)[0]), formulas) {
			t.Fatalf("%q is a formula behind blanks: %q", text, safe)
		}
	})
}

// Names of columns are read by programs: they stay, in their order; new ones come at the end.
func TestColumnsStay(t *testing.T) {
	want := strings.Fields(`id number created_at utc_offset store provider account mode state reason recipient recipient_account method country currency amount
		fee_currency fee net description reference provider_reference confirmed conflict one_person author submitted_at ended_at updated_at
		matched explained month closed`)
	var got []string
	for _, c := range export.Columns() {
		got = append(got, c.Name)
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %v, want %v and then what is new", got, want)
	}
}

// Whatever people wrote, a line has as many fields as the first, and says what the row says.
func TestCSVHoldsAnyText(t *testing.T) {
	berlin := store.Store{ID: "s1", Name: "Spree, \"the\" store", Zone: "Europe/Berlin"}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		digits := rapid.SampledFrom([]string{"XOF", "EUR", "KWD"}).Draw(t, "currency")
		minor := rapid.Int64Range(0, 1<<60).Draw(t, "minor")
		r := &payout.Line{Row: payout.Row{ID: "PAY000000001", Store: "s1", Recipient: text, Description: text, Reason: text, State: payout.Paid,
			Amount: money.Amount{Minor: minor, Currency: digits}, CreatedAt: time.UnixMilli(rapid.Int64Range(0, 1<<41).Draw(t, "at"))}}
		var out bytes.Buffer
		f, err := export.NewCSV(&out, export.NewBook([]store.Store{berlin}, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Row(r); err != nil {
			t.Fatal(err)
		}
		if err := f.End(export.Stamp{SHA256: f.Sum(), By: text, Walk: payout.Walk{Rows: 1}}); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(out.Bytes(), []byte("\ufeff")))).ReadAll()
		if err != nil || len(lines) != 3 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = lines[1][i]
		}
		plain := strings.NewReplacer("\r\n", "\n", "\r", "") // the format has one way to end a line
		if plain.Replace(export.Unsafe(row["recipient"])) != plain.Replace(text) && !strings.Contains(text, "\r") {
			t.Errorf("got %q, want %q", row["recipient"], text)
		}
		if row["amount"] != r.Amount.Decimal() || row["store"] != berlin.Name {
			t.Errorf("got %v", row)
		}
		if at, err := time.Parse(time.RFC3339, row["created_at"]); err != nil || at.Unix() != r.CreatedAt.Unix() {
			t.Errorf("time: %s, %v", row["created_at"], err)
		}
		if !strings.HasPrefix(lines[2][0], "# complete; rows=1;") || strings.Join(lines[2][1:], "") != "" {
			t.Errorf("stamp: %q", lines[2])
		}
	})
}
