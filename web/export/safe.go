package export

import "strings"

// Safe is text that no spreadsheet takes for a formula: what would be one gets an apostrophe in front. [Unsafe] takes it away.
func Safe(text string) string {
	if isFormula(text) {
		return "'" + text
	}
	return text
}

// Unsafe is the text that Safe was given.
func Unsafe(text string) string {
	if rest, ok := strings.CutPrefix(text, "'"); ok && isFormula(rest) {
		return rest
	}
	return text
}

// isFormula reports whether a spreadsheet could take text for a formula. Some drop blanks and quotes in front, some read the wide
// forms of East Asian keyboards as the signs they look like, and a control character at the beginning may be dropped as well. See
// https://owasp.org/www-community/attacks/CSV_Injection.
func isFormula(text string) bool {
	if text == "" {
		return false
	}
	if c := text[0]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' { // nearly all of it
		return false
	}
	text = strings.TrimLeft(text, " \u00a0\u3000\ufeff'\"")
	for i, r := range text {
		return i == 0 && (r < ' ' || strings.ContainsRune("=+-@＝＋－＠", r))
	}
	return false
}
