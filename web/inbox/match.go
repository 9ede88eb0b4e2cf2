package inbox

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSearch is how much of what is typed into the search box is looked at.
const maxSearch = 200

// Pieces are what is searched: what stands between spaces, its words with one space between them. Words hold letters, digits
// and marks only.
func Pieces(typed string) []string {
	if len(typed) > maxSearch {
		typed = typed[:maxSearch]
	}
	var all []string
	for piece := range strings.FieldsSeq(strings.ToValidUTF8(typed, "")) {
		if words := wordsOf(piece); len(words) > 0 {
			all = append(all, strings.Join(words, " "))
		}
	}
	return all
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

// Match says where in a webhook a search found something.
type Match struct {
	Field string // "event", "reference", "remote_id", "says", "payout", "header" or "body"; "" if it is not plain to see
	Text  string // what stands there, cut short around it
}

// Match finds where the first piece stands that can be seen, as whole words if it does anywhere, else with a last word that only begins
// so. The index compares without accents and capitals; here capitals alone are left out, so that it may find more than can be shown.
func (h Hook) Match(typed string) Match {
	pieces, parts := Pieces(typed), h.searched()
	for _, whole := range []bool{true, false} {
		for _, f := range parts {
			for _, piece := range pieces {
				if text := around(f.Text, piece, whole); text != "" {
					return Match{f.Field, text}
				}
			}
		}
	}
	return Match{}
}

// searched are the parts of a webhook that are searched, the shortest first.
func (h Hook) searched() []Match {
	all := []Match{{"event", h.Event}, {"reference", h.Result.Attempt.Reference}, {"remote_id", h.Result.Attempt.RemoteID}, {"says", h.Result.Word},
		{"payout", h.Payout.Number()}}
	for _, name := range slices.Sorted(maps.Keys(h.Header)) {
		for _, value := range h.Header[name] {
			all = append(all, Match{"header", name + ": " + value})
		}
	}
	return append(all, Match{"body", strings.ToValidUTF8(string(h.Body), "\uFFFD")})
}

// beside is how much is shown to each side of what was found.
const beside = 40

// around is the neighbourhood of a piece in a text, "" if its words do not stand there beside each other; the last of them may be
// the beginning of a longer one unless whole is asked for.
func around(text, piece string, whole bool) string {
	lower, words := strings.ToLower(text), strings.Fields(strings.ToLower(piece))
	if len(lower) != len(text) || len(words) == 0 { // letters whose capitals have another length: rare enough
		text = lower
	}
	for at := 0; at < len(lower); {
		i := strings.Index(lower[at:], words[0])
		if i < 0 {
			return ""
		}
		start := at + i
		if end, ok := follows(lower, start, words, whole); ok {
			return shown(text, start, end)
		}
		at = start + len(words[0])
	}
	return ""
}

// follows reports whether words stand at a place of a text with nothing but marks between them, and where they end. All are whole but
// the last, which is if that is asked for.
func follows(text string, at int, words []string, whole bool) (int, bool) {
	if before, _ := utf8.DecodeLastRuneInString(text[:at]); at > 0 && isWord(before) {
		return 0, false
	}
	for i, word := range words {
		if i > 0 {
			at += strings.IndexFunc(text[at:]+"a", isWord)
		}
		if !strings.HasPrefix(text[min(at, len(text)):], word) {
			return 0, false
		}
		at += len(word)
		if after, n := utf8.DecodeRuneInString(text[at:]); n > 0 && isWord(after) && (whole || i < len(words)-1) {
			return 0, false
		}
	}
	return at, true
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func shown(text string, start, end int) string {
	from, to := max(start-beside, 0), min(end+beside, len(text))
	out := strings.Join(strings.Fields(strings.ToValidUTF8(text[from:to], "")), " ")
	if from > 0 {
		out = "…" + out
	}
	if to < len(text) {
		out += "…"
	}
	return out
}
