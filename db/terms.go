package db

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// terms lists the words of an index that begin with a text as the index has it, or, for a single letter, the beginnings of two letters
// there are; up to one more than most. It steps from one to the next, however much holds each.
func (d *DB) terms(ctx context.Context, vocabulary, beginning string, most int) ([]string, error) {
	term, next := "term", "t.term || ' '" // comes before every word that goes on
	if len(beginning) == 1 {
		term, next = "substr(term, 1, 2)", "t.term || case when length(t.term) = 1 then ' ' else char(1114111) end"
	}
	return collect(ctx, d.read, func(scan func(...any) error) (string, error) {
		var term string
		return term, scan(&term)
	}, `with recursive t (term, n) as (
			select (select `+term+` from `+vocabulary+` where term >= $1 limit 1), 1
			union all
			select (select `+term+` from `+vocabulary+` where term >= `+next+` limit 1), n + 1 from t where term < $1 || char(1114111) and n <= $2)
		select term from t where term < $1 || char(1114111)`, beginning, most)
}

// folded is a word as the index has it: in small letters, without the accents of Latin, Greek and Cyrillic ones. It is sure of words that
// have Latin letters and figures alone.
func folded(word string) (string, bool) {
	sure := !strings.ContainsAny(word, "Ǡǡ") // which have two accents, of which the index knows one
	plain := strings.Map(func(r rune) rune {
		if r >= '\u0300' && r <= '\u036f' {
			return -1
		}
		sure = sure && r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsNumber(r))
		return unicode.ToLower(r)
	}, norm.NFD.String(word))
	return plain, sure && plain != ""
}
