package db

import (
	"database/sql"
	"strconv"
	"testing"
)

// A statement may run inside itself, the one at work is not given out again, and one that failed leaves nothing behind.
func TestKeptStatements(t *testing.T) {
	d := openTemp(t)
	err := d.inTx(t.Context(), func(tx *sql.Tx) error {
		const insert, list = `insert into settings (name, value) values ($1, $2)`, `select name from settings where value = $1 order by name`
		for _, name := range []string{"a", "b", "c"} {
			if _, err := tx.ExecContext(t.Context(), insert, name, "x"); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(t.Context(), insert, "a", "y"); err == nil {
			t.Error("got two settings of one name, want an error")
		}
		if _, err := tx.ExecContext(t.Context(), insert, "d", "y"); err != nil {
			t.Errorf("got %v after an error of the same statement, want none", err)
		}
		got := ""
		outer, err := tx.QueryContext(t.Context(), list, "x")
		if err != nil {
			return err
		}
		defer outer.Close()
		for outer.Next() {
			var name, first string
			if err := outer.Scan(&name); err != nil {
				return err
			}
			if err := tx.QueryRowContext(t.Context(), list, "x").Scan(&first); err != nil {
				return err
			}
			got += name + first
		}
		if got != "aabaca" {
			t.Errorf("got %q, want each name with the first of all", got)
		}
		return outer.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is kept is bounded, and a pragma is read each time: it may do its work while it is read.
func TestKeptStatementsAreBounded(t *testing.T) {
	d := openTemp(t)
	c, err := d.write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var n int
	for i := range 2 * maxKept {
		if err := c.QueryRowContext(t.Context(), "select "+strconv.Itoa(i)).Scan(&n); err != nil || n != i {
			t.Fatalf("got %d, %v, want %d", n, err, i)
		}
	}
	if err := c.QueryRowContext(t.Context(), "pragma user_version").Scan(&n); err != nil {
		t.Fatal(err)
	}
	err = c.Raw(func(conn any) error {
		kept := conn.(watched).sqliteConn.(*thrifty).kept //nolint:forcetypeassert // the test is about it
		if len(kept) != maxKept {
			t.Errorf("got %d kept, want %d", len(kept), maxKept)
		}
		for query := range kept {
			if !keepable(query) {
				t.Errorf("got %q kept", query)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A statement is known by its first word, whatever follows it; what is not known to do its work when it runs is not kept.
func TestKeepable(t *testing.T) {
	for query, want := range map[string]bool{
		"select 1": true, "\n\t\tselect\n\t\t\t1": true, "with n (x) as (select 1) select x from n": true, "insert into t values (1)": true,
		"pragma user_version": false, "selected": false, "vacuum": false, "": false,
	} {
		if got := keepable(query); got != want {
			t.Errorf("%q: got %v, want %v", query, got, want)
		}
	}
}
