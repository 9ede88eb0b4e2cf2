package payouts

import (
	"net/url"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/views"
)

// Short exports are fetched at once; long ones, and those nobody has counted, by way of the page that tells how far they have come.
func TestExportHref(t *testing.T) {
	ctx := views.With(t.Context(), views.Request{Localizer: localizer(t, "en"), Language: "en", Base: "/desk"})
	q := ReadQuery(url.Values{"state": {"paid", "failed"}, "after": {"x-y"}, "nonsense": {"1"}})
	for rows, want := range map[int]string{
		1:              "/desk/payouts.csv?state=paid%2Cfailed",
		ManyRows:       "/desk/payouts.csv?state=paid%2Cfailed",
		ManyRows + 1:   "/desk/payouts/export?as=csv&state=paid%2Cfailed",
		Uncounted:      "/desk/payouts/export?as=csv&state=paid%2Cfailed",
		100 * ManyRows: "/desk/payouts/export?as=csv&state=paid%2Cfailed",
	} {
		if got := exportHref(ctx, q, CSV, rows); got != want {
			t.Errorf("%d rows: got %s, want %s", rows, got, want)
		}
	}
	var b strings.Builder
	if err := ProgressPart(Progress{Query: q, Format: CSV, Job: "j", Total: Uncounted, Rows: 1234, Stage: Running}).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "1,234 rows read") || strings.Contains(text, "<progress") || !strings.Contains(text, "hx-get=") {
		t.Errorf("one that nobody counted: %s", text)
	}
}
