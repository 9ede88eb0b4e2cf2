package paper

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/export"
)

func receipt() export.Receipt {
	return export.Receipt{Language: "fr", Title: "Reçu de versement", Number: "PW-4QX7-88TD-01AB", Amount: "1\u202f250\u202f000,50\u00a0EUR", To: "à Đỗ Lan Phương", State: "Payé, 20 nov. 2026, 22:14, Africa/Porto-Novo (UTC+1)",
		Parts: []export.ReceiptPart{
			{Title: "Versement", Lines: [][2]string{{"De", "Kora Market"}, {"Motif", strings.Repeat("un motif assez long ", 20)}, {"Compte", "··0926"}}},
			{Title: "Références", Lines: [][2]string{{"La nôtre", strings.Repeat("X", 200)}, {"", "−5\t€"}}}},
		Stamp: []string{"Imprimé par Ana"}, Missing: "MISSING", At: time.Date(2026, 11, 20, 22, 14, 0, 0, time.UTC)}
}

// set sets a receipt without writing it, so that a test sees what became of it.
func set(t *testing.T, fonts []font, r export.Receipt) ([]byte, bool) {
	t.Helper()
	var out bytes.Buffer
	if err := printed(&out, r, fonts); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("%PDF-")) || bytes.Count(out.Bytes(), []byte("/Type /Page\n")) != 1 {
		t.Errorf("not a PDF of one page: %.20q, %d pages", out.Bytes(), bytes.Count(out.Bytes(), []byte("/Type /Page\n")))
	}
	s := &sheet{fonts: fonts, latin: func(text string) string { return text }}
	for _, text := range []string{r.Title, r.Amount, r.To, r.State, r.Parts[0].Lines[1][1], r.Parts[1].Lines[1][1]} {
		s.runs(text)
	}
	return out.Bytes(), s.missing
}

// Without fonts Western European letters are there, and what is not is told.
func TestReceiptWithoutFonts(t *testing.T) {
	fonts, err := loadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	first, missing := set(t, fonts, receipt())
	if !missing {
		t.Error("nothing says that “Đ” could not be printed")
	}
	r := receipt()
	r.To = "à Zoë Ünlü – “Œuvre” €"
	if _, missing := set(t, fonts, r); missing {
		t.Error("Western European letters are missing")
	}
	if again, _ := set(t, fonts, receipt()); !bytes.Equal(first, again) {
		t.Error("the same receipt is another file each time")
	}
	if path := os.Getenv("PAYWICKET_TEST_PDF"); path != "" {
		if err := os.WriteFile(path, first, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A language there are no letters for is not printed as “?”: the English stands in for it. What only holds such a name stays.
func TestReceiptInALanguageWithoutLetters(t *testing.T) {
	fonts, err := loadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	english := receipt()
	english.Language, english.Title = "en", "Payout receipt"
	for name, c := range map[string]struct {
		title, to string
		english   *export.Receipt
		want      string
	}{
		"Chinese":             {"付款回单", "收款人：Ama", &english, "/Lang (en)"},
		"only a Chinese name": {"Reçu de versement", "à 王小明", &english, "/Lang (fr)"},
		"no English":          {"付款回单", "收款人：Ama", nil, "/Lang (fr)"},
	} {
		r := receipt()
		r.Title, r.To, r.English = c.title, c.to, c.english
		if out, _ := set(t, fonts, r); !bytes.Contains(out, []byte(c.want)) {
			t.Errorf("%s: the file does not say %s", name, c.want)
		}
	}
}

// With a folder of fonts other letters are there too; what runs from right to left is not set wrong, but left to the page.
func TestReceiptWithFonts(t *testing.T) {
	const folder = "/usr/share/fonts/truetype/dejavu"
	if found, err := filepath.Glob(folder + "/*.ttf"); err != nil || len(found) == 0 {
		t.Skip("there are no fonts in " + folder)
	}
	fonts, err := loadFonts(folder)
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]bool{"à Đỗ Lan Phương": false, "to Ολύμπια Ћирић": false, "to محمد": true, "to 王小明": true} {
		r := receipt()
		r.To = to
		if _, missing := set(t, fonts, r); missing != want {
			t.Errorf("%s: missing is %v, want %v", to, missing, want)
		}
	}
	if _, err := New(t.TempDir()); err == nil {
		t.Error("an empty folder of fonts is taken")
	}
}

// No line is wider than the sheet, however long a word is.
func TestLinesFit(t *testing.T) {
	fonts, err := loadFonts("")
	if err != nil {
		t.Fatal(err)
	}
	made, err := New("")
	if err != nil || made == nil {
		t.Fatal(err)
	}
	s := newSheet(fonts)
	for _, text := range []string{strings.Repeat("W", 500), strings.Repeat("word ", 100), "short", ""} {
		for _, line := range s.wrap(s.runs(text), 10, 100) {
			wide, all := 0.0, ""
			for _, r := range line {
				s.use(r.font, 10)
				wide += s.pdf.GetStringWidth(r.set)
				all += r.set
			}
			if wide -= s.pdf.GetStringWidth(all[len(strings.TrimRight(all, " ")):]); wide > 100.01 {
				t.Errorf("%.10s: a line is %.1f mm wide", text, wide)
			}
		}
	}
}
