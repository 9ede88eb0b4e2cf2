package runner_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/runner"
)

// BenchmarkSend is how fast the sender is when nothing slows it down but the disk: approved payouts wait, and the bank answers
// at once over loopback. Each payout costs two commits that reach the disk, one before its request and one after it
// (invariant 1). The measures beside it are what SQLite itself does in the same run on the same disk: rows kept when 32 share a
// commit (share-of-raw), and commits of one row, of which a payout needs two (share-of-commits). The folder for temporary files
// must be on a real disk.
func BenchmarkSend(b *testing.B) {
	w := newWorld(b)
	w.bank.change(func(k *bank) {
		k.pay = func(rw http.ResponseWriter, o order) { reply(rw, 200, k.execute(o, "paid")) }
	})
	for range b.N {
		w.approved()
	}
	answers := &tally{want: int64(b.N), reached: make(chan struct{})}
	w.runner.Log = slog.New(answers)
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	b.ResetTimer()
	began := time.Now()
	go func() { ended <- w.runner.Run(ctx) }()
	<-answers.reached
	rate := float64(b.N) / time.Since(began).Seconds()
	b.StopTimer()
	stop()
	<-ended
	if paid := w.number(`select count(*) from payouts where state = 'paid'`); paid != b.N || w.bank.sent() != b.N {
		b.Fatalf("got %d paid and %d requests, want %d", paid, w.bank.sent(), b.N)
	}
	b.ReportMetric(rate, "payouts/s")
	b.ReportMetric(rate/rawRate(w, 32), "share-of-raw")
	b.ReportMetric(2*rate/rawRate(w, 1), "share-of-commits")
}

// tally is a log that counts answers written down.
type tally struct {
	want    int64
	n       atomic.Int64
	reached chan struct{}
}

func (t *tally) Enabled(context.Context, slog.Level) bool { return true }
func (t *tally) WithAttrs([]slog.Attr) slog.Handler       { return t }
func (t *tally) WithGroup(string) slog.Handler            { return t }

func (t *tally) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "payout answered" && t.n.Add(1) == t.want {
		close(t.reached)
	}
	return nil
}

// rawRate is how many rows SQLite keeps in a second with the settings the program has and nothing else to do.
func rawRate(w *world, perCommit int) float64 {
	w.t.Helper()
	const commits = 200
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}}
	d, err := sql.Open("sqlite", "file:"+filepath.Join(w.t.TempDir(), "raw.db")+"?"+query.Encode())
	w.must(err)
	defer func() { _ = d.Close() }() // the file goes away
	d.SetMaxOpenConns(1)
	_, err = d.ExecContext(w.ctx, `create table rows (id integer primary key, words text not null)`)
	w.must(err)
	insert, err := d.PrepareContext(w.ctx, `insert into rows (words) values ($1)`)
	w.must(err)
	words := strings.Repeat("w", 200)
	defer func() { _ = insert.Close() }() // with it
	began := time.Now()
	for range commits {
		tx, err := d.BeginTx(w.ctx, nil)
		w.must(err)
		within := tx.StmtContext(w.ctx, insert) //nolint:sqlclosecheck // ends with its transaction
		for range perCommit {
			_, err := within.ExecContext(w.ctx, words)
			w.must(err)
		}
		w.must(tx.Commit())
	}
	return float64(perCommit*commits) / time.Since(began).Seconds()
}

// counting is a queue that counts how often it is looked through.
type counting struct {
	runner.Queue
	looks atomic.Int64
}

func (c *counting) Due(ctx context.Context, now time.Time, limit int) ([]payout.Due, error) {
	c.looks.Add(1)
	return c.Queue.Due(ctx, now, limit)
}

// While more waits for a slot than can be sent, nobody looks for more; what waits is sent all the same.
func TestCrowdedLooksSeldom(t *testing.T) {
	w := newWorld(t)
	const n = 200
	for range n {
		w.approved()
	}
	queue := &counting{Queue: w.runner.Queue}
	w.runner.Queue = queue
	answers := &tally{want: n, reached: make(chan struct{})}
	w.runner.Log = slog.New(answers)
	ctx, stop := context.WithCancel(w.ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.runner.Run(ctx) }()
	<-answers.reached
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if paid := w.number(`select count(*) from payouts where state = 'accepted'`); paid != n || w.bank.sent() != n {
		t.Errorf("got %d accepted and %d requests, want %d of each", paid, w.bank.sent(), n)
	}
	if looks := queue.looks.Load(); looks > n/2 {
		t.Errorf("looked %d times for %d payouts, want half at most", looks, n)
	}
}
