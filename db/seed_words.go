package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
)

// wordIndex makes the indexes of words in a database of its own: they take as long as all rows, and SQLite writes one database on one
// processor only. The finished tables are then taken over as they are.
type wordIndex struct {
	d     *DB
	path  string
	apart *sql.DB
}

func wordTables() []string { return []string{"payout_words", "hook_words"} }

func newWordIndex(ctx context.Context, d *DB) (*wordIndex, error) {
	w := &wordIndex{d: d, path: d.path + "-seed"}
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: w.path}).EscapedPath()}
	w.apart = sql.OpenDB(connector{dsn: file.String() + "?_pragma=journal_mode(off)&_pragma=synchronous(off)&_pragma=cache_size(-65536)", see: d.classify})
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

// fill adds the words of payouts and webhooks as they are always added.
func (w *wordIndex) fill(ctx context.Context, texts <-chan *crop) error {
	tx, err := w.apart.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // no effect after a commit
	for c := range texts {
		if err := c.index(unhurried(ctx), tx, w.d.Payouts()); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (c *crop) index(ctx context.Context, tx *sql.Tx, r Payouts) error {
	for _, p := range c.payouts {
		if err := r.saveWords(ctx, tx, p); err != nil {
			return err
		}
	}
	for _, h := range c.hooks {
		if err := saveWords(ctx, tx, h.seq, h.Hook); err != nil {
			return err
		}
	}
	return nil
}

// takeOver puts the finished tables in the place of the empty ones.
func (w *wordIndex) takeOver(ctx context.Context) error {
	if err := w.apart.Close(); err != nil {
		return fmt.Errorf("close index of words: %w", err)
	}
	if _, err := w.d.write.ExecContext(ctx, `attach database $1 as seed`, w.path); err != nil {
		return fmt.Errorf("take over index of words: %w", err)
	}
	for _, name := range wordTables() {
		for _, part := range []string{"_data", "_idx", "_docsize"} {
			// Between tables of one form SQLite copies rows without looking into them, but only where no column is named.
			for _, one := range []string{"delete from main." + name + part, "insert into main." + name + part + " select * from seed." + name + part} {
				if _, err := w.d.write.ExecContext(ctx, one); err != nil {
					return fmt.Errorf("%s: %w", one, err)
				}
			}
		}
	}
	_, err := w.d.write.ExecContext(ctx, `detach database seed`)
	return err
}

func (w *wordIndex) remove() {
	if err := errors.Join(w.apart.Close(), os.Remove(w.path)); err != nil {
		return // it is in nobody's way: a folder with half a history is deleted, and a whole one does not need it
	}
}
