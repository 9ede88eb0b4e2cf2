package runner

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxKept is how much of a body is kept with a payout; what is longer is cut, and says so.
const maxKept = 64 << 10

// message writes headers and body as text a person can read.
func message(h http.Header, body []byte) string {
	if h == nil && len(body) == 0 {
		return ""
	}
	var b strings.Builder
	for _, name := range headerNames(h) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	b.WriteString("\n")
	text, cut := body, ""
	if len(text) > maxKept {
		text, cut = text[:maxKept], "\n[cut]"
	}
	if !utf8.Valid(body) {
		return b.String() + strings.ToValidUTF8(string(text), "\uFFFD") + cut
	}
	return b.String() + strings.ToValidUTF8(string(text), "") + cut
}

func headerNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
