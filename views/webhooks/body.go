package webhooks

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Bounds of what a page shows of a body, whatever it holds: JSON that is nested deeper is not laid out (each level would add to every
// line), and what is longer is cut.
const (
	maxNested = 32
	maxLaid   = 256 << 10
	maxShown  = 128 << 10
	maxHex    = 4 << 10
)

// body is what came, laid out for reading if it is JSON that can be, and whether the page leaves some of it out.
func (s Show) body() (string, bool) {
	text := strings.ToValidUTF8(string(s.Hook.Body), "\uFFFD")
	if laid := layOut(s.Hook.Body); laid != "" {
		text = laid
	}
	if len(text) <= maxShown {
		return text, false
	}
	return strings.ToValidUTF8(text[:maxShown], ""), true
}

// layOut writes JSON with a member a line, "" if it is none or would become unreasonably long.
func layOut(body []byte) string {
	if len(body) > maxLaid || nested(body) > maxNested || !utf8.Valid(body) {
		return ""
	}
	var laid bytes.Buffer
	if json.Indent(&laid, body, "", "  ") != nil || laid.Len() > 4*maxLaid {
		return ""
	}
	return laid.String()
}

// nested is how deep brackets stand inside each other, outside of texts.
func nested(body []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}

// bytes is the beginning of a body that is no text, as it is, "" if it is one.
func (s Show) bytes() string {
	if utf8.Valid(s.Hook.Body) && !bytes.ContainsRune(s.Hook.Body, 0) {
		return ""
	}
	return hex.Dump(s.Hook.Body[:min(len(s.Hook.Body), maxHex)])
}
