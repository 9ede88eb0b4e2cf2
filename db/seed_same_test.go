package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/seed"
)

// sown is a made-up history that was written at a time, and a way past the program.
type sown struct {
	*db.DB
	t   *testing.T
	at  time.Time
	raw *sql.DB
}

func sowAt(t *testing.T, at time.Time, number uint64) *sown {
	t.Helper()
	s := &sown{t: t, at: at}
	path := filepath.Join(t.TempDir(), "p.db")
	var err error
	if s.DB, err = db.Open(t.Context(), path, db.Options{Now: func() time.Time { return s.at }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if s.raw, err = sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"); err != nil {
		t.Fatal(err)
	}
	s.raw.SetMaxOpenConns(1) // the tables that read the indexes of words are its own
	t.Cleanup(func() { _ = s.raw.Close() })
	before := s.rows(`select type, name, sql from sqlite_master order by 1, 2`)
	done, err := s.Seed(t.Context(), seed.New(3000, 3, number, begin), 4000, func(db.Seeded) {})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.rows(`select seq from bookings`)); n != done.Bookings || n < 2000 {
		t.Errorf("got %d bookings, told of %d", n, done.Bookings)
	}
	if diff := cmp.Diff(before, s.rows(`select type, name, sql from sqlite_master order by 1, 2`)); diff != "" {
		t.Errorf("tables, indexes and triggers before and after:\n%s", diff)
	}
	for name, want := range map[string]string{"synchronous": "2", "cache_size": "-2000", "temp_store": "0"} {
		if got, err := s.WritingPragma(t.Context(), name); err != nil || got != want {
			t.Errorf("got %s %s, %v, want it as it was before: %s", name, got, err, want)
		}
	}
	return s
}

func (s *sown) exec(queries ...string) {
	s.t.Helper()
	for _, query := range queries {
		if _, err := s.raw.Exec(query); err != nil {
			s.t.Fatal(err)
		}
	}
}

// rows are the rows of a query as text.
func (s *sown) rows(query string) []string {
	s.t.Helper()
	rows, err := s.raw.Query(query)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			s.t.Fatal(err)
		}
		all = append(all, fmt.Sprint(values...))
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// work does what the background finds to do: it says how many payouts it booked, and how many webhooks it indexed and emptied.
func (s *sown) work() [3]int {
	s.t.Helper()
	each := func(some func() (int, error)) int {
		for all := 0; ; {
			n, err := some()
			if err != nil {
				s.t.Fatal(err)
			}
			if n == 0 {
				return all
			}
			all += n
		}
	}
	ctx := s.t.Context()
	booked := each(func() (int, error) { return s.Books().BookSome(ctx, 300) })
	words := each(func() (int, error) { return s.Hooks().AddWords(ctx, 25) })
	emptied := each(func() (int, error) { return s.Hooks().Forget(ctx, s.at.AddDate(0, 0, -inbox.DefaultKeepDays), 100) })
	return [3]int{booked, words, emptied}
}

// forgetWork takes back what the background does.
func (s *sown) forgetWork() {
	s.t.Helper()
	s.exec(`drop trigger bookings_no_delete`, `delete from bookings`, `delete from book_months`, `update payouts set booked = 0`,
		`insert into hook_words (hook_words) values ('delete-all')`, `insert into payout_words (payout_words) values ('integrity-check')`,
		`update hook_marks set at = 0`)
}

// contents are all rows a history has, but for the number a booking has got and the count of a month's changes: those tell in how
// many steps the books were made.
func (s *sown) contents() map[string][]string {
	s.t.Helper()
	all := map[string][]string{}
	columns := func(table string, but ...string) string {
		left := strings.Join(s.rows(`select name from pragma_table_info('`+table+`') where name not in ('`+strings.Join(but, "', '")+`')`), ", ")
		return strings.NewReplacer("[", "", "]", "").Replace(left)
	}
	for _, table := range []string{"payouts", "attempts", "hooks", "hook_marks"} {
		all[table] = s.rows(`select ` + columns(table) + ` from ` + table + ` order by 1, 2`)
	}
	all["sums"] = s.rows(`select ` + columns("sums") + ` from sums order by 1, 2, 3, 4, 5, 6, 7`)
	all["bookings"] = s.rows(`select ` + columns("bookings", "seq") + ` from bookings order by payout, kind`)
	all["book_months"] = s.rows(`select ` + columns("book_months", "version") + `, version > checked from book_months order by 1, 2, 3, 4, 5`)
	for _, words := range []string{"payout_words", "hook_words"} {
		s.exec(`create virtual table if not exists temp.words_of_` + words + ` using fts5vocab(main, '` + words + `', 'instance')`)
		all[words] = s.rows(`select term, doc, col, offset from words_of_` + words + ` order by 1, 2, 3, 4`)
	}
	return all
}

// A webhook that reached a console without accounts is real too.
func TestSeedBesideWebhook(t *testing.T) {
	b := newBench(t)
	b.exec(`delete from stores`)
	b.exec(`delete from accounts`)
	b.must(b.Hooks().Keep(t.Context(), inbox.Hook{ID: "h1", ReceivedAt: begin, Verdict: inbox.Misaddressed}))
	if _, err := b.Seed(t.Context(), seed.New(10, 1, 1, begin), 10, func(db.Seeded) {}); !errors.Is(err, db.ErrRealData) {
		t.Errorf("got %v, want it refused", err)
	}
}

// What the background makes of a history is written with it, just as the background would have: here it does so for one that was
// written when all of its webhooks were still kept whole. The two have been made apart, so they also show that the same number makes
// the same history.
func TestSeedLeavesNothing(t *testing.T) {
	s := sowAt(t, begin, 7)
	if did := s.work(); did != [3]int{} {
		t.Errorf("the background booked, indexed and emptied %d", did)
	}
	got := s.contents()
	for name, rows := range got {
		if len(rows) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	early := sowAt(t, begin.AddDate(-3, 0, 0), 7)
	early.at = begin
	early.forgetWork()
	if did := early.work(); did[0] < 2000 || did[1] != 4000 || did[2] < 2000 || did[2] > 3000 {
		t.Errorf("the background booked, indexed and emptied %d", did)
	}
	if diff := cmp.Diff(early.contents(), got); diff != "" {
		t.Errorf("the background's and ours:\n%.3000s", diff)
	}
	if other := sowAt(t, begin, 8).contents(); cmp.Equal(other["payouts"], got["payouts"]) {
		t.Error("got the same history for another number")
	}
}
