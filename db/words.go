package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// text narrows to payouts with some words. Words come from the index, never from the rows.
func (w *where) text(typed string, s payout.Scope) {
	if typed == "" {
		return
	}
	match := searchFor(typed, s, beginning)
	if match == "" {
		w.add("false")
		return
	}
	w.add("p.seq in (select rowid from payout_words where words match ?)", match)
}

// maxTerms is how many words a beginning may stand for before it is looked for as such.
const maxTerms = 48

// matchOf is searchFor with beginnings written as the words they stand for, where these are few. The index goes through the payouts of
// words in order and stops when a page is full; those of a beginning that is shorter or longer than the ones it has ready it would
// have to gather first, all that there are.
func (r Payouts) matchOf(ctx context.Context, typed string, s payout.Scope) (string, error) {
	var failed error
	match := searchFor(typed, s, func(word string) string {
		plain, sure := folded(word)
		if !sure || len(plain) > 1 && len(plain) <= readyBeginnings {
			return beginning(word)
		}
		terms, err := r.d.terms(ctx, "payout_terms", plain, maxTerms)
		if failed = errors.Join(failed, err); err != nil || len(terms) > maxTerms {
			return beginning(word)
		}
		if len(terms) == 0 {
			return `"` + plain + `"` // which finds nothing
		}
		for i, term := range terms {
			if terms[i] = `"` + term + `"`; len(plain) == 1 && term != plain {
				terms[i] = beginning(term)
			}
		}
		return "(" + strings.Join(terms, " OR ") + ")"
	})
	return match, failed
}

// readyBeginnings is how long the beginnings are, from two letters on, that the index has ready.
const readyBeginnings = 4

// beginning asks the index of words for everything that begins so.
func beginning(word string) string { return `"` + word + `"*` }

// byWords lists what has some words, in the order in which payouts were made. It takes hits of the index a few at a time until
// the page is full, and looks at so many at most.
func (r Payouts) byWords(ctx context.Context, l *listing) (payout.Page, error) {
	match, err := r.matchOf(ctx, l.Text, l.scope)
	if match == "" || err != nil {
		return payout.Page{}, err
	}
	place, err := r.placeOf(ctx, l)
	if err != nil {
		return payout.Page{}, err
	}
	bare := l.Filter
	bare.Text = ""
	var rows []payout.Row
	take := l.need()
	for looked := 0; ; take *= 4 {
		take = min(take, r.d.bounds.hits-looked)
		hits, err := r.hits(ctx, match, place, l.descending, take)
		if err != nil {
			return payout.Page{}, err
		}
		more, err := r.rowsOf(ctx, r.filterOf(l.scope, bare), hits, l)
		if err != nil {
			return payout.Page{}, err
		}
		rows = append(rows, more...)
		looked += len(hits)
		switch {
		case len(rows) >= l.need():
			return pageOf(rows[:l.need()], l.Filter, l.backwards), nil
		case len(hits) < take:
			return pageOf(rows, l.Filter, l.backwards), nil
		case looked >= r.d.bounds.hits:
			return r.upToHit(ctx, pageOf(rows, l.Filter, l.backwards), hits[len(hits)-1], l)
		}
		place = hits[len(hits)-1]
	}
}

// placeOf is the place in the index of words from which a page goes on, 0 for its beginning.
func (r Payouts) placeOf(ctx context.Context, l *listing) (int64, error) {
	if l.cursor.IsZero() {
		return 0, nil
	}
	var seq int64
	err := r.d.read.QueryRowContext(ctx, `select seq from payouts where id = $1`, string(l.cursor.ID)).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return seq, err
}

// hits takes the next few hits of the index, by place.
func (r Payouts) hits(ctx context.Context, match string, place int64, descending bool, take int) ([]int64, error) {
	args, beyond, order := []any{match, take}, "", "asc"
	if descending {
		order = "desc"
	}
	if place > 0 {
		args = append(args, place)
		beyond = " and rowid > $3"
		if descending {
			beyond = " and rowid < $3"
		}
	}
	return collect(ctx, r.d.read, func(scan func(...any) error) (int64, error) {
		var n int64
		return n, scan(&n)
	}, `select rowid from payout_words where words match $1`+beyond+` order by rowid `+order+` limit $2`, args...)
}

// rowsOf reads those of some payouts that fit a filter too.
func (r Payouts) rowsOf(ctx context.Context, w where, seqs []int64, l *listing) ([]payout.Row, error) {
	if len(seqs) == 0 {
		return nil, nil
	}
	order, _ := l.order()
	list, err := encode(seqs)
	if err != nil {
		return nil, err
	}
	w.add("p.seq in (select value from json_each(?))", list[0])
	w.args = append(w.args, l.need())
	return collect(ctx, r.d.read, scanRow, `select `+rowColumns+rowTables+w.String()+
		fmt.Sprintf(` order by p.seq %s limit $%d`, order, len(w.args)), w.args...)
}

// upToHit marks a page that holds less than it might, because no more hits were looked at.
func (r Payouts) upToHit(ctx context.Context, page payout.Page, seq int64, l *listing) (payout.Page, error) {
	var at int64
	var id payout.ID
	if err := r.d.read.QueryRowContext(ctx, `select created_at, id from payouts where seq = $1`, seq).Scan(&at, &id); err != nil {
		return page, err
	}
	page = upTo(page, at, l)
	if page.Looked.IsZero() {
		return page, nil
	}
	if l.backwards {
		page.Prev.ID = id
	} else {
		page.Next.ID = id
	}
	return page, nil
}

// toRecipient is a payout with what tells its recipient and the way to pay from others.
type toRecipient struct {
	seq         int64
	key, method string
}

// latest finds those of a store's latest payouts that have some words and fit w too, latest first.
func (r Payouts) latest(ctx context.Context, w where, text string, st store.ID) ([]toRecipient, error) {
	if strings.TrimSpace(text) == "" {
		w.add("p.seq in (select seq from payouts where store = ? order by created_at desc limit ?)", string(st), latestOf)
	} else {
		match, err := r.matchOf(ctx, text, payout.InStore(st))
		if match == "" || err != nil {
			return nil, err
		}
		seqs, err := r.hits(ctx, match, 0, true, latestOf)
		if err != nil {
			return nil, err
		}
		list, err := encode(seqs)
		if err != nil {
			return nil, err
		}
		w.add("p.seq in (select value from json_each(?))", list[0])
	}
	return collect(ctx, r.d.read, func(scan func(...any) error) (toRecipient, error) {
		var one toRecipient
		return one, scan(&one.seq, &one.key, &one.method)
	}, `select p.seq, p.recipient_key, p.method from payouts p where `+w.String()+` order by p.created_at desc, p.id desc`, w.args...)
}
