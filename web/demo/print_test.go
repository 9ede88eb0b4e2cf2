package demo_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pagesOf counts the pages of a PDF.
var pagesOf = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// On paper a payout is one sheet that says what was paid to whom, without anything to press, and without what is folded away.
func TestPrintedPayout(t *testing.T) {
	d, ctx := newDemo(t)
	b := tab(ctx, t, d)
	b.signIn("marit@paywicket.example")
	for _, s := range []stop{{"paid", "/payouts?state=paid&provider=moneroo", `td a.table__link`}, {"etpay", "/payouts?state=paid&provider=etpay", `td a.table__link`}} {
		b.look(1280, "dark")
		b.visit(s)
		pdf, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.27, PaperHeight: 11.69, PreferCSSPageSize: new(true)})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(pagesOf.FindAll(pdf.Data, -1)); n != 1 {
			t.Errorf("%s: %d pages, want 1", s.name, n)
		}
		if *shots != "" {
			if err := os.WriteFile(filepath.Join(*shots, "print-"+s.name+".pdf"), bytes.Clone(pdf.Data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
