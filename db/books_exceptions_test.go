package db_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/web/books"
)

// everyException is a month's exceptions of a kind, page by page.
func (d *desk) everyException(kind string) []string {
	d.Helper()
	var all []string
	at := books.Place{Kind: kind}
	for {
		v, err := d.books.Month(d.Context(), d.ann, d.key, at)
		d.must(err)
		for _, e := range v.Exceptions {
			all = append(all, fmt.Sprint(e.Explained(), " ", e.Code, " ", e.Payout))
		}
		if v.Past == "" {
			return all
		}
		at.Past = v.Past
	}
}

// However many exceptions a month has, its pages list each once, the unexplained first; also once it is closed.
func TestEveryExceptionIsListed(t *testing.T) {
	d := newDesk(t)
	text := heading
	want := map[string]int{"amount": 30}
	for i := range 150 {
		p := d.paid(fmt.Sprint("Somebody ", i), int64(1000+i%7))
		if i%5 != 0 {
			want["missing"]++
			continue
		}
		text += row(p, "1", "paid", "2026-05-05 12:00:00") // another amount there
	}
	d.upload(d.key, text)
	check := func(name string) []string {
		all := d.everyException("")
		whole, seen := len(all), slices.Compact(slices.Sorted(slices.Values(all)))
		if whole != 150 || len(seen) != whole {
			t.Errorf("%s: got %d exceptions, %d of them different, want 150", name, whole, len(seen))
		}
		for kind, n := range want {
			if got := d.everyException(kind); len(got) != n {
				t.Errorf("%s: got %d of kind %s, want %d", name, len(got), kind, n)
			}
		}
		v := d.month(d.key)
		counts := map[string]int{}
		for _, k := range v.Kinds {
			counts[k.Code] = k.Count
		}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Errorf("%s: kinds (-want +got):\n%s", name, diff)
		}
		return all
	}
	check("open")
	e := d.month(d.key).Exceptions[0]
	_, err := d.books.Explain(t.Context(), d.ann, e.ID, "settled by telephone")
	d.must(err)
	if all := check("one explained"); all[149] != fmt.Sprint("true ", e.Code, " ", e.Payout) {
		t.Errorf("the explained one is not the last: %s", all[149])
	}
	for _, kind := range []string{"missing", "amount"} {
		v, err := d.books.Month(t.Context(), d.ann, d.key, books.Place{Kind: kind})
		d.must(err)
		like, err := d.books.Explain(t.Context(), d.ann, v.Exceptions[0].ID, "settled by telephone")
		d.must(err)
		_, err = d.books.ExplainAlike(t.Context(), d.ann, like)
		d.must(err)
	}
	d.pass(35 * 24 * time.Hour)
	d.must(d.close(d.key))
	check("closed")
}
