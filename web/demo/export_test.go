package demo_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	cdp "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// A long export starts by itself from its page, which stays, tells how far it has come, and ends with the fingerprint that the file has.
func TestLongExport(t *testing.T) {
	folder, files := t.TempDir(), t.TempDir()
	d, ctx := newDemoIn(t, folder)
	raw, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "paywicket.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	if _, err := raw.ExecContext(t.Context(), `with recursive n (i) as (select 1 union all select i + 1 from n where i < 150000)
		insert into payouts (id, store, state, version, input, content, author, editors, created_at, updated_at, currency, minor, day)
		select printf('MANY%08d', i), (select id from stores limit 1), 'paid', 1, '{}', '{}', 'x', '[]', 1700000000000 + i, i, 'XOF', 1, 19675 from n`); err != nil {
		t.Fatal(err)
	}
	b := tab(ctx, t, d)
	if _, err := chromedp.Call(b.ctx, cdp.SetDownloadBehavior, cdp.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: files,
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID}); err != nil {
		t.Fatal(err)
	}
	b.signIn("ifeoma@paywicket.example")
	b.look(1280, "light")
	b.open("/payouts?state=paid")
	b.do(chromedp.Click(chromedp.CSS("main .menu > summary")))
	b.do(chromedp.Click(chromedp.CSS("main .menu__item")))
	b.wait("the end of the export", `document.querySelector('#export .banner--good')`)
	b.checkPage("export-done")
	b.shot("export-done")
	sum := eval[string](b, `document.querySelector('#export code').innerText`)
	b.wait("the page to rest", `!document.querySelector('#export[hx-get]')`)
	found, err := filepath.Glob(filepath.Join(files, "*.csv"))
	if err != nil || len(found) != 1 {
		t.Fatalf("files: %v, %v", found, err)
	}
	file, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, []byte("# complete; ")) || !bytes.Contains(file, []byte("sha256="+sum+";")) {
		t.Errorf("the page says %s, the file ends with %q", sum, file[max(0, len(file)-400):])
	}
}
