package demo_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web/demo"
)

// shots is where screenshots go: go test ./web/demo -run Tour -shots ../../docs/img.
var shots = flag.String("shots", "", "folder for screenshots of the tour")

// spoken is the language the tour's browser asks for.
var spoken = flag.String("spoken", "en", "language of the tour")

//go:embed testdata/axe/axe-4.14.1.min.js
var axe string

const everybody = "open the small door"

// browser is one tab with cookies of its own.
type browser struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // lives as long as the test
	public string
	mu     sync.Mutex
	said   []string // errors of the page's console
}

// findChromium skips the test where there is none, unless PAYWICKET_REQUIRE_BROWSER is set.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("PAYWICKET_REQUIRE_BROWSER") != "" {
		t.Fatal("no Chromium found, and PAYWICKET_REQUIRE_BROWSER is set")
	}
	t.Skip("no Chromium found: install it to run the browser tests")
	return ""
}

// newDemo starts a demo and a browser to look at it with.
func newDemo(t *testing.T) (*demo.Demo, context.Context) {
	t.Helper()
	return newDemoIn(t, t.TempDir())
}

// newDemoIn is newDemo with its data in a folder that the test knows.
func newDemoIn(t *testing.T, folder string) (*demo.Demo, context.Context) {
	t.Helper()
	ctx := startBrowser(t)
	d, err := demo.New(t.Context(), demo.Options{Data: folder, Addr: "127.0.0.1:0", Providers: all.Definitions(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, ctx
}

// startBrowser starts a browser to look at something with.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path := findChromium(t)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-quic", true), chromedp.Flag("force-device-scale-factor", "1"), chromedp.Flag("accept-lang", *spoken))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// tab opens a tab that shares nothing with the others and fails the test for every error its console shows.
func tab(parent context.Context, t *testing.T, d *demo.Demo) *browser {
	t.Helper()
	return tabAt(parent, t, d.Public())
}

// tabAt is tab at another address.
func tabAt(parent context.Context, t *testing.T, public string) *browser {
	t.Helper()
	if err := chromedp.Do(parent, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, public: public}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the first without a deadline: it would end the tab
		t.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" || m.Type == chromedp.ConsoleException || strings.Contains(m.Text, "Content Security Policy") {
				b.mu.Lock()
				b.said = append(b.said, m.Text)
				b.mu.Unlock()
			}
		}
	}()
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v\nat %s: %s", err, b.where(), b.words("main"))
	}
}

func (b *browser) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	url, _ := chromedp.Run(ctx, chromedp.Location()) // only for messages
	return url
}

func (b *browser) words(selector string) string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`(document.querySelector(%q) || {}).innerText || ""`, selector)))
	if err != nil {
		return err.Error()
	}
	return text
}

func eval[T any](b *browser, js string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 40*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate at %s: %v", b.where(), err)
	}
	return v
}

func (b *browser) open(path string) { b.do(chromedp.Navigate(b.public + path)) }

// fill types values into the controls with these names, as a person does: with the events that follow.
func (b *browser) fill(values ...string) {
	b.t.Helper()
	for i := 0; i+1 < len(values); i += 2 {
		ok := eval[bool](b, fmt.Sprintf(`(() => {
			const all = [...document.querySelectorAll('[name=' + CSS.escape(%q) + ']')].filter(e => !e.disabled);
			const e = all.find(e => e.type !== 'radio') || all.find(e => e.value === %q);
			if (!e) return false;
			if (e.type === 'radio') { e.checked = true } else { e.value = %q }
			e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}));
			return true })()`, values[i], values[i+1], values[i+1]))
		if !ok {
			b.t.Fatalf("no control %s for %q at %s:\n%s", values[i], values[i+1], b.where(), b.words("main"))
		}
	}
}

// press clicks the button or link that says text.
func (b *browser) press(text string) {
	b.t.Helper()
	if !eval[bool](b, fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll('main button, main a, main summary')].find(e => e.innerText.trim() === %q && !e.disabled);
		if (!e) return false;
		e.setAttribute('data-pressed', ''); return true })()`, text)) {
		b.t.Fatalf("no button %q at %s:\n%s", text, b.where(), b.words("main"))
	}
	b.do(chromedp.Click(chromedp.CSS("[data-pressed]")))
}

// wait waits until a condition in the page holds; the page may be replaced meanwhile.
func (b *browser) wait(what, js string) {
	b.t.Helper()
	for range 450 {
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		cancel()
		if err == nil && ok {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.t.Fatalf("waited in vain for %s at %s:\n%s", what, b.where(), b.words("main"))
}

func (b *browser) signIn(email string) {
	b.t.Helper()
	b.open("/login")
	b.fill("email", email, "password", everybody)
	b.do(chromedp.Click(chromedp.CSS("main form button:not([type=button])")))
	b.wait("the home page", `document.querySelector('.nav')`)
}

// look sets width and theme.
func (b *browser) look(width int64, theme string) {
	b.do(chromedp.EmulateViewport(width, 900))
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// checkPage holds a page against what every page must keep: no violation of axe, none of the CSP, no sideways scroll.
func (b *browser) checkPage(name string) {
	b.t.Helper()
	eval[bool](b, axe+"; true")
	found := eval[string](b, `axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))))`)
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		b.t.Errorf("%s: axe: %s", name, v)
	}
	if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		b.t.Errorf("%s: scrolls sideways by %d px", name, over)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.said {
		if !strings.Contains(text, "422") && !strings.Contains(text, "404") { // a refused form is an error to the browser's log
			b.t.Errorf("%s: console: %s", name, text)
		}
	}
	b.said = nil
}

func (b *browser) shot(name string) {
	if *shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
