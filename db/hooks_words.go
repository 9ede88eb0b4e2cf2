package db

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
)

// maxWords is how much of a body can be found by its words.
const maxWords = 64 << 10

// hookBeginning are the columns of a webhook with as much of its body as can be found.
const hookBeginning = `id, account, store, provider, token, address, received_at, header, substr(body, 1, 65536), ` + hookFacts

// AddWords makes the next webhooks findable by their words, in the order in which they were kept, and reports how many. It is
// done apart from taking them in, so that no provider waits for it, and many share a commit.
func (r Hooks) AddWords(ctx context.Context, limit int) (int, error) {
	var all []seqHook
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		var err error
		all, err = collect(ctx, tx, scanSeqHook, `select seq, `+hookBeginning+` from hooks where seq > (select at from hook_marks where name = 'words') order by seq limit $1`, limit)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, one := range all {
			if err := saveWords(ctx, tx, one.seq, one.Hook); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `update hook_marks set at = $1 where name = 'words'`, all[len(all)-1].seq)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add words of webhooks: %w", err)
	}
	return len(all), nil
}

// saveWords replaces the words of a webhook.
func saveWords(ctx context.Context, tx *sql.Tx, seq int64, h inbox.Hook) error {
	names := strings.Join([]string{string(h.Store), string(h.Account), h.Provider, h.Event, h.Result.Attempt.Reference, h.Result.Attempt.RemoteID, h.Result.Word, h.Payout.Number(), string(h.Payout), h.ID}, " ")
	var header strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h.Header)) {
		for _, value := range h.Header[name] {
			header.WriteString(name + " " + value + "\n")
		}
	}
	body := strings.ToValidUTF8(string(h.Body[:min(len(h.Body), maxWords)]), "\uFFFD")
	_, err := tx.ExecContext(ctx, `insert or replace into hook_words (rowid, names, header, body) values ($1, $2, $3, $4)`,
		seq, names, strings.ToValidUTF8(header.String(), "\uFFFD"), body)
	if err != nil {
		return fmt.Errorf("add words of webhook %s: %w", h.ID, err)
	}
	return nil
}

// hookMatch asks the index of words for pieces in the stores that may be seen, "" if there is nothing to ask.
func hookMatch(f inbox.Filter, reach access.Reach, pieces []string) string {
	if len(pieces) == 0 {
		return ""
	}
	terms := []string{"(" + strings.Join(pieces, " AND ") + ")"}
	within := func(ids ...string) {
		for i, id := range ids {
			ids[i] = `names : "` + plainName(id) + `"`
		}
		if len(ids) > 0 {
			terms = append(terms, "("+strings.Join(ids, " OR ")+")")
		}
	}
	stores := make([]string, len(reach.IDs))
	for i, id := range reach.IDs {
		stores[i] = string(id)
	}
	switch {
	case f.Store != "":
		within(string(f.Store))
	case !reach.All && len(stores) == 0:
		return ""
	case !reach.All:
		within(stores...)
	}
	for _, name := range []string{string(f.Account), f.Provider} {
		if name != "" {
			within(name)
		}
	}
	return strings.Join(terms, " AND ")
}

// plainName is a name as the index of words has it: marks between words are none of them, and must not be taken for its language.
func plainName(name string) string {
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), " ")
}

// What is typed is the beginning of a word from so many letters on, where at most so many words begin so: to gather what holds any of
// very many words would cost as much as the index is large. Where more do, it is a whole word.
const (
	leastBeginning = 3
	mostBeginnings = 32
)

// pieces is what was typed as the index of words is asked for it: every piece between spaces, its words beside each other, the last one
// of them as the beginning of a word.
func (l hookList) pieces(ctx context.Context) ([]string, error) {
	var all []string
	left := mostBeginnings // for all pieces together
	for _, piece := range inbox.Pieces(l.f.Text) {
		words := strings.Fields(piece)
		last := len(words) - 1
		ways := []string{`"` + piece + `"`}
		begun, err := l.beginnings(ctx, words[last], left)
		if err != nil {
			return nil, err
		}
		for _, word := range begun {
			ways = append(ways, `"`+strings.Join(append(slices.Clone(words[:last]), word), " ")+`"`)
		}
		left -= len(begun)
		all = append(all, "("+strings.Join(ways, " OR ")+")")
	}
	return all, nil
}

// beginnings are the longer words that begin with one, none if there are too many.
func (l hookList) beginnings(ctx context.Context, word string, most int) ([]string, error) {
	word, _ = folded(word)
	if len([]rune(word)) < leastBeginning {
		return nil, nil
	}
	all, err := l.d.terms(ctx, "hook_terms", word, most+1)
	if all = slices.DeleteFunc(all, func(term string) bool { return term == word }); err != nil || len(all) > most {
		return nil, err
	}
	return all, nil
}
