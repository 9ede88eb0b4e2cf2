package static

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestEveryStyleSheetIsInTheOrder(t *testing.T) {
	names, err := order(files)
	if err != nil {
		t.Fatal(err)
	}
	on, err := fs.Glob(files, "css/*.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range on {
		if !slices.Contains(names, path.Base(file)) {
			t.Errorf("%s is not in css/order.txt", file)
		}
	}
	if len(names) != len(on) {
		t.Errorf("order.txt names %d files, there are %d", len(names), len(on))
	}
}

func TestSheet(t *testing.T) {
	css, err := join(files)
	if err != nil {
		t.Fatal(err)
	}
	text := string(css)
	for _, unwanted := range []string{"/*", "@import", "!important", "url("} {
		if strings.Contains(text, unwanted) {
			t.Errorf("the sheet contains %q", unwanted)
		}
	}
	if !strings.HasPrefix(text, "@layer tokens, base, parts, state, print;") {
		t.Errorf("the sheet begins %.60q, want the order of the layers", text)
	}
	if strings.Count(text, "{") != strings.Count(text, "}") {
		t.Error("braces do not balance")
	}
}

// Colours are named in tokens.css and nowhere else.
func TestColoursAreTokens(t *testing.T) {
	names, err := order(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, "css/"+name)
		if err != nil {
			t.Fatal(err)
		}
		if name != "tokens.css" && name != "print.css" && strings.Contains(string(text), "light-dark(") {
			t.Errorf("%s names a colour of its own", name)
		}
	}
}

func TestLibrariesAreWhatWasReviewed(t *testing.T) {
	sums, err := fs.ReadFile(files, "lib/SUMS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(sums)) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			listed[name] = sum
		}
	}
	scripts, err := fs.Glob(files, "lib/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range scripts {
		body, err := fs.ReadFile(files, file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(body)
		if got, want := hex.EncodeToString(sum[:]), listed[path.Base(file)]; got != want {
			t.Errorf("SHA-256 of %s: got %s, want %s", file, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	if err := Check(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"css/app.css", "js/app.js", "lib/htmx-2.0.11.min.js", "img/logo.svg"} {
		got := Path(name)
		if got == name || path.Ext(got) != path.Ext(name) || path.Dir(got) != path.Dir(name) {
			t.Errorf("Path(%q): got %q", name, got)
		}
	}
	if got := Path("css/none.css"); got != "css/none.css" {
		t.Errorf("unknown name: got %q", got)
	}
}

func get(t *testing.T, method, target, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	Handler("/payouts/static/").ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	app := "/payouts/static/" + Path("css/app.css")
	for _, c := range []struct {
		name, method, target string
		status               int
	}{
		{"sheet", "GET", app, 200},
		{"head", "HEAD", app, 200},
		{"post", "POST", app, 405},
		{"plain name", "GET", "/payouts/static/css/app.css", 404},
		{"a part", "GET", "/payouts/static/css/badge.css", 404},
		{"licence", "GET", "/payouts/static/lib/htmx-LICENSE.txt", 404},
		{"old hash", "GET", "/payouts/static/css/app.00000000.css", 404},
		{"other prefix", "GET", "/static/" + Path("css/app.css"), 404},
		{"up", "GET", "/payouts/static/../static.go", 404},
		{"folder", "GET", "/payouts/static/css/", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := get(t, c.method, c.target, "").StatusCode; got != c.status {
				t.Errorf("got %d, want %d", got, c.status)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for name, kind := range map[string]string{
		"css/app.css": "text/css; charset=utf-8", "js/app.js": "text/javascript; charset=utf-8", "img/logo.svg": "image/svg+xml",
	} {
		h := get(t, "GET", "/payouts/static/"+Path(name), "").Header
		for key, want := range map[string]string{
			"Content-Type": kind, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding",
			"Cache-Control": "public, max-age=31536000, immutable", "Content-Encoding": "",
		} {
			if got := h.Get(key); got != want {
				t.Errorf("%s: %s: got %q, want %q", name, key, got, want)
			}
		}
	}
}

func TestGzip(t *testing.T) {
	target := "/payouts/static/" + Path("css/app.css")
	plain, err := io.ReadAll(get(t, "GET", target, "").Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := get(t, "GET", target, "br, gzip")
	if got := answer.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding: got %q", got)
	}
	unzipped, err := gzip.NewReader(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != string(plain) || len(plain) == 0 {
		t.Error("compressed and plain differ")
	}
}

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "deflate": false, "gzip;q=1.0": true,
	} {
		if got := takesGzip(accept); got != want {
			t.Errorf("%q: got %v, want %v", accept, got, want)
		}
	}
}
