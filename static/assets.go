package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
)

//go:embed css js img lib
var files embed.FS

// sheet is the name under which the joined style sheet is served.
const sheet = "css/app.css"

// asset is one file as it is served.
type asset struct {
	kind string // Content-Type
	body []byte
	zip  []byte // nil if compressing gains nothing
}

// library is every file by the name it is served under.
type library struct {
	names  map[string]string // "css/app.css" to "css/app.3f9ac1d2.css"
	assets map[string]asset  // by the second name
	err    error
}

// shelf reads the embedded files when they are first asked for.
var shelf = sync.OnceValue(load) //nolint:gochecknoglobals // made once, never changed

// Check reports whether the embedded files can be served. Call it at start.
func Check() error { return shelf().err }

// Path returns the name under which a file is served, "css/app.css" becoming "css/app.3f9ac1d2.css". A name that is not
// known comes back unchanged and is answered 404.
func Path(name string) string {
	if hashed, ok := shelf().names[name]; ok {
		return hashed
	}
	return name
}

func load() library {
	lib := library{names: map[string]string{}, assets: map[string]asset{}}
	css, err := join(files)
	if err != nil {
		lib.err = err
		return lib
	}
	lib.add(sheet, css)
	lib.err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || typeOf(name) == "" || path.Ext(name) == ".css" {
			return err
		}
		body, err := files.ReadFile(name)
		lib.add(name, body)
		return err
	})
	return lib
}

// add files a body under its name with the first eight digits of its SHA-256 in it.
func (l library) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	l.names[name] = hashed
	l.assets[hashed] = asset{kind: typeOf(name), body: body, zip: compress(body)}
}

// typeOf is the Content-Type of what is served; other files (licences, checksums, the order) stay inside.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return ""
	}
}

// compress returns body in gzip, nil if that is no shorter.
func compress(body []byte) []byte {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(body); err != nil {
		return nil
	}
	if w.Close() != nil || buf.Len() >= len(body) {
		return nil
	}
	return buf.Bytes()
}

// join makes one style sheet of the files named in css/order.txt.
func join(from fs.FS) ([]byte, error) {
	names, err := order(from)
	if err != nil {
		return nil, err
	}
	comment := regexp.MustCompile(`(?s)/\*.*?\*/\s*`)
	var out bytes.Buffer
	for _, name := range names {
		text, err := fs.ReadFile(from, "css/"+name)
		if err != nil {
			return nil, fmt.Errorf("join style sheets: %w", err)
		}
		out.Write(comment.ReplaceAll(text, nil))
	}
	return out.Bytes(), nil
}

func order(from fs.FS) ([]string, error) {
	text, err := fs.ReadFile(from, "css/order.txt")
	if err != nil {
		return nil, fmt.Errorf("order of style sheets: %w", err)
	}
	return strings.Fields(string(text)), nil
}
