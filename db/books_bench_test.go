package db_test

import (
	"flag"
	"github.com/paywicket/paywicket/web/books"
	"testing"
	"time"
)

// sized is how many payouts TestBooksAtSize puts in: go test ./db -run BooksAtSize -books 1000000 -v.
var sized = flag.Int("books", 20_000, "payouts for TestBooksAtSize")

// A month of a thousand payouts costs the same whatever else is in the table. The test says what it measured; what fails it is a
// month that is read wrong. Every query of it goes by an index: TestBooksGoByIndex.
func TestBooksAtSize(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		d.paid("first", 500) // what the program itself makes of one
	}
	took := func(what string, f func()) {
		start := time.Now()
		f()
		t.Logf("%s: %v", what, time.Since(start).Round(time.Microsecond))
	}
	d.fillBooks(1000)
	took("book 1,000 from before", func() { d.must(d.books.Work(t.Context())) })
	took("page of the month among 1,000 payouts", func() { d.month(d.key) })
	d.exec(`insert into stores (id, name, zone, created_at) select 'b' || x, 'b' || x, 'UTC', 1 from (with recursive n(x) as (select 1 union all select x + 1 from n where x < 50) select x from n)`)
	d.others(*sized)
	took("page of the month among them all", func() { d.month(d.key) })
	took("list of the books", func() {
		_, err := d.books.Months(t.Context(), d.ann, listAll)
		d.must(err)
	})
	took("check of 1,000", func() { d.must(d.books.Check(t.Context(), d.ann, d.key)) })
	if got := d.month(d.key); got.Status.Sums.Payouts != 1003 || got.Status.Exceptions != 1000 {
		t.Errorf("got %d payouts and %d exceptions", got.Status.Sums.Payouts, got.Status.Exceptions)
	}
}

var listAll = books.Filter{}

const manyPayouts = `insert into payouts (id, store, account, provider, live, state, version, input, content, currency, minor, fee_currency, fee_minor, author, editors,
		created_at, updated_at, ended_at, booked)
	with recursive n(x) as (select 1 union all select x + 1 from n where x < $1)
	select $2 || printf('%010d', x), case $3 when '' then 'b' || (1 + x % 50) else $3 end, 'a1', 'acme', 1, 'paid', 1, '{}', '{}', 'CLP', 1000 + x % 977, 'CLP', 5, 'mia', '[]',
		$4 + x * 1000, $4 + x * 1000, $4 + x * 1000, $5 from n`

// fillBooks puts rows into the desk's month that the program has not booked yet.
func (d *desk) fillBooks(n int) {
	d.Helper()
	d.exec(manyPayouts, n, "F", "s1", begin.UnixMilli(), 0)
}

// others puts in payouts and bookings of other stores.
func (d *desk) others(n int) {
	d.Helper()
	d.exec(manyPayouts, n, "O", "", begin.UnixMilli(), 1)
	d.exec(`insert into bookings (store, provider, currency, live, month, at, payout, kind, minor, fee_currency, fee_minor)
		select store, provider, currency, live, '20' || (20 + seq % 6) || '-' || printf('%02d', 1 + seq % 12), ended_at, id, 'paid', minor, fee_currency, fee_minor from payouts where id like 'O%'`)
	d.exec(`insert into book_months (store, provider, currency, live, month, version, payouts, paid, fees)
		select store, provider, currency, live, month, 1, count(*), sum(minor), sum(fee_minor) from bookings where store like 'b%' group by store, month`)
}
