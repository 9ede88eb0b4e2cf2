package db

import (
	"context"
	"database/sql"
	"fmt"
	"os"
)

// wordIndex makes the indexes of words in a database of its own, so that it takes another processor than the rows do: SQLite writes
// a database on one only. The finished tables are taken over as they are.
type wordIndex struct {
	d     *DB
	path  string
	apart *sql.DB
}

func wordTables() []string { return []string{"payout_words", "hook_words"} }

func newWordIndex(ctx context.Context, d *DB) (*wordIndex, error) {
	w := &wordIndex{d: d, path: d.path + "-seed"}
	w.apart = sql.OpenDB(connector{dsn: "file:" + w.path + "?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=locking_mode(exclusive)&_pragma=cache_size(-65536)", see: d.classify})
	w.apart.SetMaxOpenConns(1)
	for _, name := range wordTables() {
		var table string
		err := d.read.QueryRowContext(ctx, `select sql from sqlite_master where name = $1`, name).Scan(&table)
		if err == nil {
			_, err = w.apart.ExecContext(ctx, table)
		}
		if err != nil {
			w.remove()
			return nil, fmt.Errorf("make index of words: %w", err)
		}
	}
	return w, nil
}

// fill adds the words of payouts and webhooks.
func (w *wordIndex) fill(ctx context.Context, texts <-chan *crop) error {
	tx, err := w.apart.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	all := context.WithoutCancel(ctx)
	for c := range texts {
		t0 := lap(&tWords)
		for _, p := range c.payouts {
			if err := w.d.Payouts().saveWords(all, tx, p); err != nil {
				return err
			}
		}
		for _, h := range c.hooks {
			if err := saveWords(all, tx, h.seq, h.Hook); err != nil {
				return err
			}
		}
		t0()
	}
	defer lap(&tWords)()
	return tx.Commit()
}

// takeOver puts the finished tables in the place of the empty ones.
func (w *wordIndex) takeOver(ctx context.Context) error {
	defer lap(&tTake)()
	if err := w.apart.Close(); err != nil {
		return err
	}
	if _, err := w.d.write.ExecContext(ctx, `attach database $1 as words`, w.path); err != nil {
		return err
	}
	for _, name := range wordTables() {
		for _, part := range []string{"data", "idx", "docsize"} {
			table := name + "_" + part
			for _, one := range []string{`delete from main.` + table, `insert into main.` + table + ` select * from words.` + table} {
				if _, err := w.d.write.ExecContext(ctx, one); err != nil {
					return fmt.Errorf("%s: %w", one, err)
				}
			}
		}
	}
	_, err := w.d.write.ExecContext(ctx, `detach database words`)
	return err
}

func (w *wordIndex) remove() {
	_ = w.apart.Close()   // it was closed before, or is of no use
	_ = os.Remove(w.path) // it is gone with the folder otherwise
}
