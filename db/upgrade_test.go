package db

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

// Payouts of before there were days and sums get both when the database is opened, and are found within their store.
func TestOlderDatabaseGetsDaysAndSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	old, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`insert into stores (id, name, zone, created_at) values ('s1', 'One', 'Asia/Bangkok', 1), ('s2', 'Two', 'America/Santiago', 1)`,
		`insert into payouts (id, store, state, version, input, content, author, editors, created_at, updated_at, currency, minor, live)
			with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
			select printf('P%011d', i), 's' || (1 + i % 2), 'paid', 1, '{}', '{"amount":{"Minor":100,"Currency":"EUR"},"description":"older"}', 'mia', '[]', 1793000000000 + i * 60000, 1, 'EUR', 100, 1 from n`,
		`insert into attempts (payout, no, account, decision, reference, epoch, started_at) values ('P00000000007', 1, 'a1', 1, 'OLDREFERENCE', 1, 1)`,
	} {
		if _, err := old.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		d, err := Open(t.Context(), path, Options{Now: func() time.Time { return begin }})
		if err != nil {
			t.Fatal(err)
		}
		totals, err := d.Payouts().Totals(t.Context(), payout.Everywhere(), payout.Filter{From: 1})
		if err != nil || len(totals) != 1 || totals[0].Count != 5000 || totals[0].Amount.Minor != 500_000 {
			t.Errorf("got %+v and %v", totals, err)
		}
		var wrong int
		if err := d.read.QueryRowContext(t.Context(), `select count(*) from payouts where day <> (created_at + case store when 's1' then 25200000 else -10800000 end) / 86400000`).Scan(&wrong); err != nil || wrong != 0 {
			t.Errorf("got %d payouts on another day than their store's, %v", wrong, err)
		}
		for scope, want := range map[access.StoreID]int{"s2": 1, "s1": 0} {
			page, err := d.Payouts().List(t.Context(), payout.InStore(scope), payout.Filter{Text: "oldreference"})
			if err != nil || len(page.Rows) != want {
				t.Errorf("%s: got %d rows and %v, want %d", scope, len(page.Rows), err, want)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A database that somebody else is writing to is opened all the same.
func TestOpenBesideAWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pay.db")
	d, err := Open(t.Context(), path, Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }() // what counts is checked
	err = d.inTx(t.Context(), func(*sql.Tx) error {
		other, err := Open(t.Context(), path, Options{Now: time.Now})
		if err != nil {
			return err
		}
		return other.Close()
	})
	if err != nil {
		t.Error(err)
	}
}
