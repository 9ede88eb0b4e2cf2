package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
)

// ErrRealData is returned where a made-up history would be mixed with real accounts or payouts.
var ErrRealData = errors.New("there are accounts or payouts that are not made up")

// ErrHalfSeeded is returned for a database in which the writing of a made-up history was cut off.
var ErrHalfSeeded = errors.New("the writing of a made-up history was cut off here: delete the data folder and begin again")

// Seeded is what a made-up history came to.
type Seeded struct {
	Stores, Accounts, Payouts, Attempts, Webhooks int
	Took                                          time.Duration
}

// Rows is how many rows were written, without those of indexes and sums.
func (s Seeded) Rows() int { return s.Stores + s.Accounts + s.Payouts + s.Attempts + s.Webhooks }

// perCommit is how many made-up payouts share a commit.
const perCommit = 20_000

// Seed writes a made-up history into a database that has none. It tells how far it is after each commit.
func (d *DB) Seed(ctx context.Context, h *seed.History, webhooks int, progress func(Seeded)) (Seeded, error) {
	s := sower{d: d, hooks: h.Hooks(webhooks), began: time.Now(), progress: progress}
	err := inOrder(
		func() error { return s.refuse(ctx) },
		func() error { return s.prepare(ctx) },
		func() error { return s.lay(ctx, h) },
		func() error { return s.sow(ctx, h) },
		func() error { return s.finish(ctx) },
	)
	s.done.Took = time.Since(s.began)
	if err != nil {
		return s.done, fmt.Errorf("make up a history: %w", err)
	}
	return s.done, nil
}

// sower writes a made-up history.
type sower struct {
	d        *DB
	hooks    *seed.Hooks
	began    time.Time
	progress func(Seeded)
	done     Seeded
	dropped  []string // statements that bring back the indexes
}

func (s *sower) refuse(ctx context.Context) error {
	var n int
	err := s.d.read.QueryRowContext(ctx, `select exists (select 1 from accounts) + exists (select 1 from payouts)`).Scan(&n)
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
	}, `select type || ' ' || name, sql from sqlite_master where tbl_name in ('payouts', 'attempts', 'hooks') and type in ('index', 'trigger') and sql <> ''
		and name not like '%_no_%'`)
	if err != nil {
		return err
	}
	if err := s.d.inTx(ctx, func(tx *sql.Tx) error { return setSetting(ctx, tx, settingSeeding, "1") }); err != nil {
		return err
	}
	statements := []string{`pragma cache_size = -262144`, `pragma temp_store = memory`, `pragma synchronous = off`, `insert into payout_words (payout_words, rank) values ('hashsize', 33554432)`}
	for _, r := range rows {
		statements = append(statements, "drop "+r[0])
		s.dropped = append(s.dropped, r[1])
	}
	return s.run(ctx, statements)
}

func (s *sower) run(ctx context.Context, statements []string) error {
	for _, one := range statements {
		if _, err := s.d.write.ExecContext(ctx, one); err != nil {
			return fmt.Errorf("%s: %w", one, err)
		}
	}
	return nil
}

// lay writes the stores, their accounts and the two people. Nothing is ever sent from the accounts: they are frozen and have no keys.
func (s *sower) lay(ctx context.Context, h *seed.History) error {
	return s.d.inTx(ctx, func(tx *sql.Tx) error {
		now := millis(s.d.now())
		for i, who := range []struct{ id, name string }{{string(seed.Author), seed.AuthorName}, {string(seed.Approver), seed.ApproverName}} {
			if _, err := tx.ExecContext(ctx, `insert into people (id, email, name, created_at, disabled_at) values ($1, $2, $3, $4, $4)`,
				who.id, fmt.Sprintf("made-up-%d@paywicket.example", i), who.name, now); err != nil {
				return err
			}
		}
		for _, st := range h.Stores {
			if _, err := tx.ExecContext(ctx, `insert into stores (id, name, zone, created_at) values ($1, $2, $3, $4)`,
				string(st.ID), st.Name, st.Zone, millis(st.CreatedAt)); err != nil {
				return err
			}
		}
		for _, a := range h.Accounts {
			if _, err := tx.ExecContext(ctx, `insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by, frozen_at, frozen_by, frozen_why)
				values ($1, $2, $3, $4, $5, 'made-up', $1, 1, $6, $7, $8, $9, 'Made up: it has no keys and sends nothing.')`,
				string(a.ID), string(a.Store), a.Provider, a.Label, bit(a.Live), millis(a.CreatedAt), string(seed.Author), now, seed.AuthorName); err != nil {
				return err
			}
		}
		s.done.Stores, s.done.Accounts = len(h.Stores), len(h.Accounts)
		return nil
	})
}

// sown is a payout with what is written of it, made ready beside the connection that writes.
type sown struct {
	*payout.Payout
	texts []string
	words string
	day   int
	hooks []inbox.Hook
}

func (s *sower) sow(ctx context.Context, h *seed.History) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready := make(chan []sown, 2)
	var failed error
	go func() {
		defer close(ready)
		failed = s.grow(ctx, h, ready)
	}()
	for batch := range ready {
		if err := s.d.inTx(ctx, func(tx *sql.Tx) error { return s.plant(ctx, tx, batch) }); err != nil {
			return err
		}
		s.done.Took = time.Since(s.began)
		s.progress(s.done)
	}
	return failed
}

// grow makes payouts ready, a commit at a time.
func (s *sower) grow(ctx context.Context, h *seed.History, ready chan<- []sown) error {
	zones := map[string]*time.Location{}
	for _, st := range h.Stores {
		zones[string(st.ID)] = st.Location()
	}
	var batch []sown
	hand := func() error {
		select {
		case ready <- batch:
			batch = make([]sown, 0, perCommit)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for p := range h.Payouts() {
		texts, err := encode(p.Content, p.Editors)
		if err != nil {
			return err
		}
		batch = append(batch, sown{p, texts, wordsOf(p), dayIn(p.CreatedAt, zones[string(p.Store)]), s.hooks.Of(p)})
		if len(batch) == perCommit {
			if err := hand(); err != nil {
				return err
			}
		}
	}
	return hand()
}

// plant writes payouts with their attempts, words and webhooks.
func (s *sower) plant(ctx context.Context, tx *sql.Tx, batch []sown) error {
	w, err := newPlanter(ctx, tx)
	if err != nil {
		return err
	}
	defer w.close()
	for _, p := range batch {
		seq := int64(s.done.Payouts + 1)
		if err := w.payout(ctx, seq, p); err != nil {
			return err
		}
		s.done.Payouts++
		s.done.Attempts += len(p.Attempts)
		for _, h := range p.hooks {
			if err := w.hook(ctx, h); err != nil {
				return err
			}
			s.done.Webhooks++
		}
	}
	return nil
}

// planter has the statements at hand that write one payout after another.
type planter struct{ payouts, attempts, words, hooks *sql.Stmt }

func newPlanter(ctx context.Context, tx *sql.Tx) (planter, error) {
	var w planter
	for into, query := range map[**sql.Stmt]string{
		&w.payouts: `insert into payouts (seq, id, store, account, provider, live, state, version, input, content, method, currency, minor, fee_currency, fee_minor,
			recipient, number, recipient_key, author, editors, decisions, reason, reference, remote_id, created_at, updated_at, submitted_at, ended_at, day)
			values ($1, $2, $3, $4, $5, $6, $7, 1, '{}', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)`,
		&w.attempts: `insert into attempts (payout, no, account, decision, reference, remote_id, epoch, outcome, started_at, ended_at)
			values ($1, 1, $2, 1, $3, $4, 1, $5, $6, $7)`,
		&w.words: `insert into payout_words (rowid, words) values ($1, $2)`,
		&w.hooks: `insert into hooks (id, account, store, provider, token, address, received_at, header, body, size, digest, verdict, code, event, payout, from_state, to_state, reply, done_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $7)`,
	} {
		stmt, err := tx.PrepareContext(ctx, query) //nolint:sqlclosecheck // see close
		if err != nil {
			return w, err
		}
		*into = stmt
	}
	return w, nil
}

func (w planter) close() {
	for _, stmt := range []*sql.Stmt{w.payouts, w.attempts, w.words, w.hooks} {
		_ = stmt.Close() // the transaction closes it otherwise
	}
}

func (w planter) payout(ctx context.Context, seq int64, p sown) error {
	c := p.Content
	_, err := w.payouts.ExecContext(ctx, seq, string(p.ID), string(p.Store), string(c.Account), c.Provider, bit(c.Live), string(p.State), p.texts[0], c.Method,
		c.Amount.Currency, c.Amount.Minor, p.Fee.Currency, p.Fee.Minor, c.Recipient(), c.AccountNumber(), c.RecipientKey(), string(p.Author), p.texts[1],
		p.Decisions, p.Reason, p.Reference(), p.RemoteID(), millis(p.CreatedAt), millis(p.UpdatedAt), millis(p.SubmittedAt), millis(p.EndedAt), p.day)
	if err != nil {
		return err
	}
	if _, err := w.words.ExecContext(ctx, seq, p.words); err != nil {
		return err
	}
	for _, a := range p.Attempts {
		if _, err := w.attempts.ExecContext(ctx, string(p.ID), string(c.Account), a.Reference, a.RemoteID, string(a.Outcome), millis(a.StartedAt), millis(a.EndedAt)); err != nil {
			return err
		}
	}
	return nil
}

func (w planter) hook(ctx context.Context, h inbox.Hook) error {
	texts, err := encode(h.Header)
	if err != nil {
		return err
	}
	_, err = w.hooks.ExecContext(ctx, h.ID, string(h.Account), string(h.Store), h.Provider, h.Token, h.Address, millis(h.ReceivedAt), texts[0], h.Body, h.Size,
		inbox.DigestOf(h.Body), string(h.Verdict), h.Code, h.Event, string(h.Payout), string(h.From), string(h.To), h.Reply)
	return err
}

// finish makes the indexes and adds up what the triggers would have.
func (s *sower) finish(ctx context.Context) error {
	add := `insert into sums select %s, store, account, provider, live, currency, state, %s from %s group by 1, 2, 3, 4, 5, 6, 7`
	const fee = `sum(case when fee_currency = currency then fee_minor / 1000000000 else 0 end), sum(case when fee_currency = currency then fee_minor % 1000000000 else 0 end)`
	const again = `sum(payouts), sum(large), sum(small), sum(fee_large), sum(fee_small)`
	statements := append([]string{
		`insert into payout_words (payout_words, rank) values ('hashsize', 1048576)`,
		fmt.Sprintf(add, "day", "count(*), sum(minor / 1000000000), sum(minor % 1000000000), "+fee, "payouts"),
		fmt.Sprintf(add, "cast(strftime('%Y%m', span * 86400, 'unixepoch') as integer)", again, "sums"),
		fmt.Sprintf(add, "0", again, "sums where span >= 100000"),
	}, s.dropped...)
	statements = append(statements, `insert into days select day, min(created_at), max(created_at) from payouts group by day`,
		`delete from settings where name = '`+settingSeeding+`'`)
	return s.run(ctx, append(statements, `pragma cache_size = -2000`, `pragma temp_store = default`, `pragma synchronous = full`))
}
