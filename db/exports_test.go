package db_test

import (
	"database/sql"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// pages is the list, page by page.
func pages(b *bench, s payout.Scope, f payout.Filter) []payout.Row {
	var all []payout.Row
	f.Limit = 7
	for {
		page, err := b.Payouts().List(b.Context(), s, f)
		b.must(err)
		all = append(all, page.Rows...)
		if page.Next.IsZero() {
			return all
		}
		f.After = page.Next
	}
}

func walked(b *bench, s payout.Scope, f payout.Filter) ([]payout.Row, payout.Walk) {
	var all []payout.Row
	w, err := b.Payouts().Each(b.Context(), s, f, func(r *payout.Line) error {
		all = append(all, r.Row)
		return nil
	})
	b.must(err)
	return all, w
}

// Invariant 10: an export holds exactly the rows of the list, in its order, and they add up to its totals.
func TestInvariant10EachIsTheList(t *testing.T) {
	b := newBench(t)
	history(b, 200)
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 60 {
		f := payout.Filter{Sort: pick(r, payout.Newest, payout.Oldest), Currency: pick(r, "", "", "XOF"), Mode: pick(r, "", "live", "test"), Provider: pick(r, "", "", "acme"),
			Store: pick[store.ID](r, "", "", "s1"), Text: pick(r, "", "", "", "ana"), Review: r.IntN(6) == 0, Account: pick[store.AccountID](r, "", "", "a1")}
		switch r.IntN(3) {
		case 0:
			f.States = []payout.State{pick(r, payout.States()...)}
		case 1:
			f.States = []payout.State{payout.Paid, payout.Failed, payout.Draft}
		}
		if f.Currency != "" {
			f.Min = pick(r, "", "300")
		}
		s := pick(r, payout.Everywhere(), payout.InStore("s1"), payout.InStore("s2"), payout.Scope{})
		name := fmt.Sprintf("%d: %+v", i, f)
		got, walk := walked(b, s, f)
		want := pages(b, s, f)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(payout.Row{}, "SentAt", "Quiet", "Provider", "Method")); diff != "" {
			t.Fatalf("%s (-list +walk):\n%s", name, diff)
		}
		if walk.Rows != len(got) || walk.Moments != 1 {
			t.Errorf("%s: got %+v, want %d rows at one moment", name, walk, len(got))
		}
		totals, err := b.Payouts().Totals(t.Context(), s, f)
		b.must(err)
		sums := map[string]int64{}
		for _, x := range totals {
			key := fmt.Sprint(x.Currency, x.Live, x.State)
			sums[key+" n"] += int64(x.Count)
			sums[key] += x.Amount.Minor
		}
		for _, x := range got {
			key := fmt.Sprint(x.Amount.Currency, x.Live, x.State)
			sums[key+" n"]--
			sums[key] -= x.Amount.Minor
		}
		for key, left := range sums {
			if left != 0 {
				t.Errorf("%s: totals and rows of %s differ by %d", name, key, left)
			}
		}
	}
}

// A walk that lasts goes on at a later moment, where it was: no row twice, none left out, and none that was made meanwhile.
func TestEachGoesOnAtLaterMoments(t *testing.T) {
	const rowsToWalk = 2500
	for _, sort := range []payout.Sort{payout.Newest, payout.Oldest} {
		b := newBench(t)
		r := rand.New(rand.NewPCG(2, 2))
		for i := range rowsToWalk {
			b.must(b.Payouts().Insert(t.Context(), anyPayout(r, payout.ID(fmt.Sprintf("PAY%09d", i)))))
		}
		var got []payout.ID
		walk, err := b.Payouts().Each(t.Context(), payout.Everywhere(), payout.Filter{Sort: sort}, func(r *payout.Line) error {
			if got = append(got, r.ID); len(got)%900 == 0 {
				b.at.Add(int64(31 * time.Second))
				late := anyPayout(rand.New(rand.NewPCG(1, 1)), payout.ID(fmt.Sprintf("LATE%07d%.1s", len(got), "n"+string(sort))))
				late.CreatedAt = begin.Add(map[payout.Sort]time.Duration{payout.Newest: -time.Hour, payout.Oldest: 1000 * time.Hour}[sort])
				b.must(b.Payouts().Insert(t.Context(), late))
			}
			return nil
		})
		b.must(err)
		seen := map[payout.ID]bool{}
		for _, id := range got {
			if seen[id] || strings.HasPrefix(string(id), "LATE") {
				t.Errorf("%q: %s twice or too late", sort, id)
			}
			seen[id] = true
		}
		if len(seen) != rowsToWalk || walk.Rows != rowsToWalk || walk.Moments != 3 || !walk.Done.After(walk.Begun) {
			t.Errorf("%q: got %d rows, %+v; want %d at 3 moments", sort, len(seen), walk, rowsToWalk)
		}
	}
}

// Who stops in the middle is told of it, and nothing stays open.
func TestEachStops(t *testing.T) {
	b := newBench(t)
	history(b, 30)
	enough := errors.New("enough")
	walk, err := b.Payouts().Each(t.Context(), payout.Everywhere(), payout.Filter{}, func(r *payout.Line) error {
		if r.ID == "" {
			t.Error("a row without an id")
		}
		return enough
	})
	if !errors.Is(err, enough) || walk.Rows != 0 {
		t.Errorf("got %v after %d rows", err, walk.Rows)
	}
	if _, err := b.raw.ExecContext(t.Context(), "pragma wal_checkpoint(truncate)"); err != nil {
		t.Errorf("somebody still reads: %v", err)
	}
}

// exported is how many payouts the benchmarks of exports read: go test ./db -run xxx -bench Export -exported 1000000.
var exported = flag.Int("exported", 50_000, "payouts that benchmarks of exports read")

// BenchmarkExport is a CSV file of many payouts beside the same columns read by the same driver and written without a thought. The
// figure is how much of that speed is left.
func BenchmarkExport(b *testing.B) {
	data, raw := exportBench(b, *exported)
	query := `select ` + db.LineColumns() + ` from payouts p order by p.created_at desc, p.id desc`
	var plain, ours time.Duration
	for b.Loop() {
		start := time.Now()
		plainCSV(b, raw, query)
		plain += time.Since(start)
		start = time.Now()
		file, err := export.NewCSV(io.Discard, export.NewBook(nil, time.UTC))
		if err != nil {
			b.Fatal(err)
		}
		walk, err := data.Payouts().Each(b.Context(), payout.Everywhere(), payout.Filter{}, file.Row)
		if err != nil || walk.Rows != *exported {
			b.Fatal(walk, err)
		}
		if err := file.End(export.Stamp{Walk: walk, SHA256: file.Sum()}); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
	}
	b.ReportMetric(plain.Seconds()/ours.Seconds(), "of-raw")
	b.ReportMetric(float64(*exported)*float64(b.N)/ours.Seconds(), "rows/s")
}

// BenchmarkExportMemory tells how much the process grows while it writes a file, and when the first row is there.
func BenchmarkExportMemory(b *testing.B) {
	data, _ := exportBench(b, *exported)
	for b.Loop() {
		runtime.GC()
		debug.FreeOSMemory()
		before, start, first, most := resident(b), time.Now(), time.Duration(0), 0
		file, err := export.NewCSV(io.Discard, export.NewBook(nil, time.UTC))
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		if _, err := data.Payouts().Each(b.Context(), payout.Everywhere(), payout.Filter{}, func(r *payout.Line) error {
			if rows++; rows == 1 {
				first = time.Since(start)
			}
			if rows%10_000 == 0 {
				most = max(most, resident(b))
			}
			return file.Row(r)
		}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(most-before)/1024, "MiB-more")
		b.ReportMetric(float64(first.Milliseconds()), "ms-to-first")
	}
}

// resident is the memory of this process, in KiB.
func resident(b *testing.B) int {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("there is no /proc here")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kib
}

func plainCSV(b *testing.B, raw *sql.DB, query string) {
	b.Helper()
	rows, err := raw.QueryContext(b.Context(), query)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil {
		b.Fatal(err)
	}
	out := csv.NewWriter(io.Discard)
	line, to := make([]string, len(names)), make([]any, len(names))
	for i := range line {
		to[i] = &line[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			b.Fatal(err)
		}
		if err := out.Write(line); err != nil {
			b.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	out.Flush()
}

func exportBench(b *testing.B, n int) (*db.DB, *sql.DB) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "pay.db")
	id := 0
	data, err := db.Open(b.Context(), path, db.Options{Now: time.Now, NewID: func() string { id++; return fmt.Sprint(id) }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = data.Close() })
	v, err := vault.Open(b.Context(), vault.FromBytes([]byte(strings.Repeat("k", 32))), data.Keysets(), vault.Options{Create: true})
	if err != nil {
		b.Fatal(err)
	}
	data.UseVault(v)
	raw, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = raw.Close() })
	return data, fillExport(b, raw, n)
}

// fillExport writes payouts as they look once they are paid, without the history that made them.
func fillExport(b *testing.B, raw *sql.DB, n int) *sql.DB {
	b.Helper()
	for _, query := range []string{
		`insert into stores (id, name, zone, created_at) values ('s1', 'Kora Market', 'Africa/Porto-Novo', 1)`,
		`insert into people (id, email, name, created_at) values ('mia', 'mia@example.com', 'Mia Wallace', 1)`,
		`insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by) values ('a1', 's1', 'acme', 'Main', 1, 'default', 't1', 1, 1, 'mia')`,
		fmt.Sprintf(`with recursive n (i) as (select 1 union all select i + 1 from n where i < %d)
			insert into payouts (id, store, account, provider, live, state, version, input, content, method, currency, minor, fee_currency, fee_minor, recipient, number,
				author, editors, created_at, updated_at, submitted_at, reference, remote_id)
			select printf('PAY%%09d', i), 's1', 'a1', 'acme', 1, 'paid', 5, '{"account":"a1","amount":"1204.50","description":"Order '||i||'"}',
				'{"account":"a1","provider":"acme","company":"Acme Bank","live":true,"method":"ng_bank","method_name":"Bank account Nigeria","country":"NG",'||
				'"amount":{"Minor":120450,"Currency":"NGN"},"description":"Order '||i||'","details":[{"name":"name","value":"Somebody '||i||'"},{"name":"account","value":"22997'||i||'"}]}',
				'ng_bank', 'NGN', 120450 + i, 'NGN', 150, 'Somebody '||i, '22997'||i, 'mia', '[]', 1700000000000 + i * 1000, 1700000000000 + i * 1000, 1700000000000 + i * 1000,
				'REF'||i, 'wt-'||i from n`, n),
		// All of them stand in the books, and in the provider's record.
		`update payouts set booked = 202311`,
		`insert into book_months (store, provider, currency, live, month, version, checked, checked_at, lines) values ('s1', 'acme', 'NGN', 1, '2023-11', 1, 1, 1, 1)`,
		`insert into reports (id, store, provider, currency, live, month, source, state, by, by_name, at) values ('r1', 's1', 'acme', 'NGN', 1, '2023-11', 'file', 'done', 'mia', 'Mia', 1)`,
		`insert into report_lines (report, line, store, provider, currency, live, month, minor, status, payout) select 'r1', seq, store, provider, currency, live, '2023-11', minor, 'paid', id from payouts`,
	} {
		if _, err := raw.ExecContext(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
	return raw
}
