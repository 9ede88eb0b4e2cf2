package inbox_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/paywicket/paywicket/web/inbox"
)

// senders is how many webhooks arrive at the same time.
const senders = 32

// storm has the senders post genuine webhooks about nobody's payout, each another one, for as long as they are told to go on. It returns
// how many were answered.
func (w *world) storm(goOn func() bool) int64 {
	filler := strings.Repeat("x", 400)
	var n atomic.Int64
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for goOn() {
				m := message{Event: "payout", Reference: fmt.Sprintf("R%019d", w.ids.Add(1)), Status: "paid", Amount: "12.34", Currency: "EUR", Account: filler}
				text := m.bytes()
				_, err := w.Receive(w.ctx, inbox.Incoming{Token: w.one.Token, Address: sender, Body: text, Size: len(text),
					Header: http.Header{"Sig": {signature(keyOne, text)}, "Content-Type": {"application/json"}}})
				if err != nil {
					w.t.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	all.Wait()
	return n.Load()
}

// BenchmarkIntake takes in genuine webhooks about nobody's payout, 32 at a time: verified, compared with what came before, kept and
// judged, each synced to the disk before it is answered. BenchmarkIntakeRaw is what the same driver does with the bytes alone: 32 rows
// in one synced commit. The figure is the ratio of rows a second.
func BenchmarkIntake(b *testing.B) {
	w := newWorld(b).connect()
	var n atomic.Int64
	b.ResetTimer()
	w.storm(func() bool { return n.Add(1) <= int64(b.N) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkIntakeRaw is the baseline of BenchmarkIntake.
func BenchmarkIntakeRaw(b *testing.B) {
	d, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "raw.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = d.Close() }() // what counts is checked
	d.SetMaxOpenConns(1)
	if _, err := d.ExecContext(b.Context(), `create table hooks (seq integer primary key, id text not null unique, header text not null, body blob not null) strict`); err != nil {
		b.Fatal(err)
	}
	body := make([]byte, 600)
	b.ResetTimer()
	for i := 0; i < b.N; {
		tx, err := d.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for range senders {
			if _, err := tx.ExecContext(b.Context(), `insert into hooks (id, header, body) values ($1, $2, $3)`, fmt.Sprintf("id%024d", i), `{"Sig":["0123456789abcdef"]}`, body); err != nil {
				b.Fatal(err)
			}
			i++
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
