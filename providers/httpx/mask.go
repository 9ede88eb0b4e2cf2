package httpx

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	masked     = "[masked]"
	credential = `authorization|token|jwt|secret|passw|passphrase|api[-_]?key|private[-_]?key`
)

// What is named like a credential is masked even if nobody told us its value, such as the token a sign-in answers.
var (
	credentialName   = regexp.MustCompile(`(?i)cookie|` + credential)
	credentialMember = regexp.MustCompile(`(?i)("[^"]*(?:` + credential + `)[^"]*"\s*:\s*")(?:[^"\\]|\\.)*`)
	credentialParam  = regexp.MustCompile(`(?i)((?:^|[?&])[^=&?\s"{]*(?:` + credential + `)[^=&\s"]*=)[^&\s"]*`)
	jsonWebToken     = regexp.MustCompile(`eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*`)
)

// masker takes secrets out of what is recorded. The zero value knows none.
type masker struct {
	forms   []string // longest first
	replace *strings.Replacer
}

func newMasker(secrets []string) masker {
	var m masker
	for _, s := range secrets {
		if s != "" {
			m.forms = append(m.forms, forms(s)...)
		}
	}
	slices.SortFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range m.forms {
		pairs = append(pairs, form, masked)
	}
	m.replace = strings.NewReplacer(pairs...)
	return m
}

// forms lists the ways a secret can be written in a URL, a header or a body.
func forms(s string) []string {
	all := []string{s, base64.StdEncoding.EncodeToString([]byte(s)), base64.RawURLEncoding.EncodeToString([]byte(s))}
	for _, escaped := range []string{jsonText(s, true), jsonText(s, false), jsonASCII(s)} {
		all = append(all, escaped, strings.ReplaceAll(escaped, "/", `\/`))
	}
	for _, escaped := range []string{url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20")} {
		all = append(all, escaped, lowerPercent(escaped))
	}
	return all
}

// jsonText is s as encoding/json writes it, without the quotes.
func jsonText(s string, html bool) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(html)
	_ = enc.Encode(s) // a string always encodes
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}

// jsonASCII is s as JSON without a character beyond ASCII, as PHP and Python write it.
func jsonASCII(s string) string {
	var b strings.Builder
	for _, r := range jsonText(s, false) {
		if r <= '~' {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerPercent(s string) string { return percent.ReplaceAllStringFunc(s, strings.ToLower) }

// text masks a line or a body.
func (m masker) text(s string) string {
	if m.replace != nil {
		s = m.replace.Replace(s)
	}
	if credentialName.MatchString(s) { // finding the places costs more than asking
		s = credentialMember.ReplaceAllString(s, "${1}"+masked)
		s = credentialParam.ReplaceAllString(s, "${1}"+masked)
	}
	return jsonWebToken.ReplaceAllString(s, masked)
}

// body masks a body. A body that was cut off may end within a secret: that end goes as well.
func (m masker) body(data []byte, cut bool) []byte {
	if data == nil {
		return nil
	}
	s := string(data)
	if cut {
		s = m.withoutTail(s)
	}
	return []byte(m.text(s))
}

// withoutTail replaces the longest end of s that begins a secret.
func (m masker) withoutTail(s string) string {
	longest := 0
	for _, form := range m.forms {
		for n := min(len(form)-1, len(s)); n > longest; n-- {
			if strings.HasSuffix(s, form[:n]) {
				longest = n
			}
		}
	}
	if longest == 0 {
		return s
	}
	return s[:len(s)-longest] + masked
}

// header masks a copy of h: credentials whole, the rest where it holds a secret.
func (m masker) header(h http.Header) http.Header {
	copied := h.Clone()
	for name, values := range copied {
		for i, value := range values {
			values[i] = m.text(value)
			if credentialName.MatchString(name) {
				values[i] = masked
			}
		}
	}
	return copied
}
