package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/web/seed"
)

// ErrRealData is returned where a made-up history would be mixed with real accounts, payouts or webhooks.
var ErrRealData = errors.New("there are accounts, payouts or webhooks that are not made up")

// ErrHalfSeeded is returned for a database in which the writing of a made-up history was cut off.
var ErrHalfSeeded = errors.New("the writing of a made-up history was cut off here: delete the data folder and begin again")

// Seeded is what a made-up history came to.
type Seeded struct {
	Stores, Accounts, Payouts, Attempts, Webhooks, Bookings int
	Took                                                    time.Duration
}

// Rows is how many rows were written, without those of indexes and sums.
func (s Seeded) Rows() int {
	return s.Stores + s.Accounts + s.Payouts + s.Attempts + s.Webhooks + s.Bookings
}

// perCommit is how many made-up payouts share a commit. Some commits' worth of them are held in memory.
const perCommit = 5000

// Seed writes a made-up history into a database that has none, and with it what the background would make of it later: the books, the
// words of webhooks, and the emptying of old ones. It tells how far it is after each commit.
func (d *DB) Seed(ctx context.Context, h *seed.History, webhooks int, progress func(Seeded)) (Seeded, error) {
	s := sower{d: d, h: h, hooks: h.Hooks(webhooks), began: time.Now(), progress: progress}
	err := inOrder(
		func() error { return s.refuse(ctx) },
		func() error { return s.prepare(ctx) },
		func() error { return s.lay(ctx) },
		func() error { return s.sow(ctx) },
	)
	d.reconnect()
	if err == nil {
		err = s.finish(ctx)
	}
	s.done.Took = time.Since(s.began)
	if err != nil {
		return s.done, fmt.Errorf("make up a history: %w", err)
	}
	return s.done, nil
}

// reconnect has the next change made by a new connection that writes. It has the settings of every day, which Open reads back, and
// knows the indexes of words as they are now.
func (d *DB) reconnect() {
	d.write.SetMaxIdleConns(0)
	d.write.SetMaxIdleConns(1)
}

// sower writes a made-up history.
type sower struct {
	d        *DB
	h        *seed.History
	hooks    *seed.Hooks
	began    time.Time
	progress func(Seeded)
	done     Seeded
	emptied  time.Time // when the latest webhook came whose header and body are kept no longer
	dropped  []string  // statements that bring back the indexes
}

func (s *sower) refuse(ctx context.Context) error {
	var n int
	err := s.d.read.QueryRowContext(ctx, `select exists (select 1 from accounts) or exists (select 1 from payouts) or exists (select 1 from hooks)`).Scan(&n)
	if err == nil && n > 0 {
		err = ErrRealData
	}
	return err
}

// prepare takes away what would be kept up row by row and is made faster at the end, and lets SQLite use more memory.
func (s *sower) prepare(ctx context.Context) error {
	rows, err := collect(ctx, s.d.read, func(scan func(...any) error) ([2]string, error) {
		var r [2]string
		return r, scan(&r[0], &r[1])
	}, `select type || ' ' || name, sql from sqlite_master where sql <> '' and ((type = 'index' and tbl_name in ('payouts', 'attempts', 'hooks', 'bookings'))
		or name in ('payouts_add', 'payouts_day_add')) and name not in (select value from json_each($1))`, `["`+strings.Join(sparse(), `", "`)+`"]`)
	if err != nil {
		return err
	}
	if err := s.d.inTx(ctx, func(tx *sql.Tx) error { return setSetting(ctx, tx, settingSeeding, "1") }); err != nil {
		return err
	}
	// Nothing need survive a crash: what is cut off is refused.
	statements := []string{`pragma cache_size = -262144`, `pragma temp_store = memory`, `pragma synchronous = off`}
	for _, r := range rows {
		statements = append(statements, "drop "+r[0])
		s.dropped = append(s.dropped, r[1])
	}
	return s.run(ctx, statements...)
}

// sparse are the indexes that hold next to nothing of a made-up history. They are kept up as it is written, which costs nothing then;
// to make them at the end would read a whole table for each.
func sparse() []string {
	return []string{"payouts_due", "payouts_follows", "payouts_undated", "payouts_conflict", "payouts_unbooked", "hooks_due", "hooks_late", "hooks_late_account",
		"hooks_rare", "hooks_rare_account", "hooks_refused", "bookings_late", "bookings_foreign"}
}

func (s *sower) run(ctx context.Context, statements ...string) error {
	for _, one := range statements {
		if _, err := s.d.write.ExecContext(ctx, one); err != nil {
			return fmt.Errorf("%s: %w", one, err)
		}
	}
	return nil
}

// lay writes the stores, their accounts and the two people. Nothing is ever sent from the accounts: they are frozen and have no keys.
func (s *sower) lay(ctx context.Context) error {
	return s.d.inTx(ctx, func(tx *sql.Tx) error {
		now := millis(s.d.now())
		for i, who := range []struct{ id, name string }{{string(seed.Author), seed.AuthorName}, {string(seed.Approver), seed.ApproverName}} {
			if _, err := tx.ExecContext(ctx, `insert into people (id, email, name, created_at, disabled_at) values ($1, $2, $3, $4, $4)`,
				who.id, fmt.Sprintf("made-up-%d@paywicket.example", i), who.name, now); err != nil {
				return err
			}
		}
		for _, st := range s.h.Stores {
			if _, err := tx.ExecContext(ctx, `insert into stores (id, name, zone, created_at) values ($1, $2, $3, $4)`,
				string(st.ID), st.Name, st.Zone, millis(st.CreatedAt)); err != nil {
				return err
			}
		}
		for _, a := range s.h.Accounts {
			if _, err := tx.ExecContext(ctx, `insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by, frozen_at, frozen_by, frozen_why)
				values ($1, $2, $3, $4, $5, 'made-up', $1, 1, $6, $7, $8, $9, 'Made up: it has no keys and sends nothing.')`,
				string(a.ID), string(a.Store), a.Provider, a.Label, bit(a.Live), millis(a.CreatedAt), string(seed.Author), now, seed.AuthorName); err != nil {
				return err
			}
		}
		s.done.Stores, s.done.Accounts = len(s.h.Stores), len(s.h.Accounts)
		return nil
	})
}

// sow has the rows made and their words indexed beside the connection that writes, so that two processors have about as much to do.
func (s *sower) sow(ctx context.Context) error {
	words, err := newWordIndex(ctx, s.d)
	if err != nil {
		return err
	}
	defer words.remove()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	rows, texts := make(chan *crop, 1), make(chan *crop, 4)
	var helpers sync.WaitGroup
	beside := func(work func() error) { helpers.Go(func() { stopOn(work(), stop) }) }
	beside(func() error {
		defer close(rows)
		defer close(texts)
		return s.grow(ctx, rows, texts)
	})
	beside(func() error { return words.fill(ctx, texts) })
	stopOn(s.plant(ctx, rows), stop)
	helpers.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return words.takeOver(ctx)
}

func stopOn(err error, stop context.CancelCauseFunc) {
	if err != nil {
		stop(err)
	}
}

// grow makes rows ready, a commit at a time.
func (s *sower) grow(ctx context.Context, to ...chan<- *crop) error {
	g := newGrower(s)
	for p := range s.h.Payouts() {
		if err := g.add(p); err != nil {
			return err
		}
		if len(g.crop.payouts) < perCommit {
			continue
		}
		if err := hand(ctx, g.take(), to); err != nil {
			return err
		}
	}
	s.emptied = g.emptied
	return hand(ctx, g.take(), to)
}

// unhurried is a context that nobody ends: for each statement of one that may be ended the driver starts a goroutine, which costs more
// than most of these statements. What ends it is seen after each commit.
func unhurried(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func hand(ctx context.Context, c *crop, to []chan<- *crop) error {
	for _, ch := range to {
		select {
		case ch <- c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// plant writes the rows and then makes the indexes.
func (s *sower) plant(ctx context.Context, rows <-chan *crop) error {
	for c := range rows {
		if err := s.d.inTx(ctx, func(tx *sql.Tx) error { return c.write(unhurried(ctx), tx) }); err != nil {
			return err
		}
		c.count(&s.done)
		s.done.Took = time.Since(s.began)
		s.progress(s.done)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.ripen(ctx)
}

// ripen adds up what the triggers would have and makes the indexes.
func (s *sower) ripen(ctx context.Context) error {
	add := `insert into sums select %s, store, account, provider, live, currency, state, %s from %s group by 1, 2, 3, 4, 5, 6, 7`
	const fee = `sum(case when fee_currency = currency then fee_minor / 1000000000 else 0 end), sum(case when fee_currency = currency then fee_minor % 1000000000 else 0 end)`
	const again = `sum(payouts), sum(large), sum(small), sum(fee_large), sum(fee_small)`
	sums := []string{
		fmt.Sprintf(add, "day", "count(*), sum(minor / 1000000000), sum(minor % 1000000000), "+fee, "payouts"),
		fmt.Sprintf(add, "cast(strftime('%Y%m', span * 86400, 'unixepoch') as integer)", again, "sums"),
		fmt.Sprintf(add, "0", again, "sums where span >= 100000"),
	}
	days := `insert into days select day, min(created_at), max(created_at) from payouts group by day` // an index has both
	return s.run(ctx, slices.Concat(sums, s.dropped, []string{days})...)
}

// finish says how far the jobs that go through all webhooks have come. The history is whole once all of it is on the disk, which
// nothing has waited for so far: the checkpoint does.
func (s *sower) finish(ctx context.Context) error {
	return s.run(ctx,
		fmt.Sprintf(`update hook_marks set at = %d where name = 'words'`, s.done.Webhooks),
		fmt.Sprintf(`update hook_marks set at = %d where name = 'bodies'`, millis(s.emptied)),
		`pragma wal_checkpoint(truncate)`,
		`delete from settings where name = '`+settingSeeding+`'`)
}
