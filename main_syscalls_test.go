package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/vault"
)

var sweep = flag.String("sweep", "short", "full: kill and fail at every system call of a kind, not at a few of them")

// sweepCalls are the system calls on the way of a payout: its commits, its files and its connection.
var sweepCalls = []string{"pwrite64", "fsync", "write", "connect", "read", "ftruncate", "unlinkat"}

// sweepFaults are errors of a broken and of a full disk.
var sweepFaults = []string{"pwrite64:error=EIO", "fsync:error=EIO", "pwrite64:error=ENOSPC", "ftruncate:error=EIO"}

// sweepFigures are what a sweep reports.
type sweepFigures struct {
	kills, faults, said, unknown, unsent int
	slowest                              time.Duration
}

// TestSyscalls runs the real program under strace and ends it, or fails its disk, at the Nth system call of a kind after its payout
// fell due, counted in each thread. After each, the program's records are held against the provider's book (invariants 1, 2, 17, 18).
func TestSyscalls(t *testing.T) {
	needStrace(t)
	proto, s := prepareOne(t)
	var f sweepFigures
	for _, call := range sweepCalls {
		proto.sweep(t, s, call+":signal=KILL", &f)
	}
	for _, fault := range sweepFaults {
		proto.sweep(t, s, fault, &f)
	}
	t.Logf("%d kills, %d runs with a failing disk (%d ended or said so), %d left unknown, %d sent only after the restart, slowest opening %v",
		f.kills, f.faults, f.said, f.unknown, f.unsent, f.slowest)
	if f.kills+f.faults == 0 {
		t.Error("nothing was interrupted")
	}
}

func needStrace(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	if out, err := exec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		if os.Getenv("PAYWICKET_REQUIRE_STRACE") != "" {
			t.Fatalf("strace cannot trace here: %v %s", err, out)
		}
		t.Skipf("strace is missing or may not trace here: %v", err)
	}
}

// prepareOne makes the data folder that each run copies, with one approved payout that nobody has sent.
func prepareOne(t *testing.T) (*installation, *stage) {
	t.Helper()
	dir := t.TempDir()
	in := &installation{t: t, binary: filepath.Join(dir, "paywicket"), data: filepath.Join(dir, "data"), key: filepath.Join(dir, "key"), book: newBook()}
	if out, err := exec.Command("go", "build", "-o", in.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if _, err := vault.CreateFile(in.key); err != nil {
		t.Fatal(err)
	}
	s := &stage{}
	in.enter(s)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	in.sim = server.URL
	in.approveMany(goldenpay(t), 1)
	return in, s
}

func (b *book) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.times)
}

func newBook() *book { return &book{times: map[string]int{}, seen: make(chan string, 1)} }

// stage is one address at which each run finds a simulator of its own: an account keeps the address it was made with.
type stage struct{ now atomic.Pointer[http.Handler] }

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

func (in *installation) enter(s *stage) {
	def := goldenpay(in.t)
	sim := def.Simulator(providers.SimulatorConfig{Settings: demo.Settings(def), Executed: in.book.executed, Pace: 50 * time.Millisecond, Deliver: demo.Deliver})
	s.now.Store(&sim)
}

// sweep injects one fault at call 1, 2, 3 … until three runs in a row have none so late.
func (in *installation) sweep(t *testing.T, s *stage, inject string, f *sweepFigures) {
	missed := 0
	for n := 1; missed < 3; n += step(n) {
		missed++
		t.Run(fmt.Sprintf("%s:when=%d", inject, n), func(t *testing.T) {
			one := in.copy(t)
			one.enter(s)
			if one.runInjected(inject, n, f) {
				missed = 0
				one.account(f)
				t.Log("occurred")
			}
		})
		if t.Failed() || *sweep != "full" && n > 3 {
			return
		}
	}
}

// step is 1 for a whole sweep. A short one tries calls 1 and 5.
func step(n int) int {
	if *sweep == "full" {
		return 1
	}
	return 2*n + 2
}

func (in *installation) copy(t *testing.T) *installation {
	t.Helper()
	one := *in
	one.t, one.data, one.book = t, filepath.Join(t.TempDir(), "data"), newBook()
	if err := os.CopyFS(one.data, os.DirFS(in.data)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(one.data)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries { // CopyFS widens what the umask lets through
		info := must(os.Stat(filepath.Join(in.data, e.Name())))
		if err := os.Chmod(filepath.Join(one.data, e.Name()), info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(one.data, 0o700); err != nil {
		t.Fatal(err)
	}
	one.key = filepath.Join(t.TempDir(), "key") // what was last seen of the audit log is kept beside it
	if err := os.WriteFile(one.key, must(os.ReadFile(in.key)), 0o600); err != nil {
		t.Fatal(err)
	}
	return &one
}

// dueIn is how long after the start of the program its payout falls due: by then strace has to be attached, so that it counts
// the calls of the claim, the send, the answer and the webhook, and none of the start.
const dueIn = 1500 * time.Millisecond

// runInjected runs the program, attaches strace to it once it holds the sender role, and says whether the fault occurred.
func (in *installation) runInjected(inject string, n int, f *sweepFigures) bool {
	call, _, _ := strings.Cut(inject, ":")
	trace := filepath.Join(in.t.TempDir(), "trace")
	when := strconv.Itoa(n)
	if !strings.Contains(inject, "signal=") {
		when += "+" // a disk that broke stays broken
	}
	address := freeAddress(in.t)
	cmd := exec.CommandContext(in.t.Context(), in.binary, "serve", "-data", in.data, "-master-key-file", in.key, "-addr", address,
		"-public-url", "http://"+strings.Replace(address, "127.0.0.1", "localhost", 1), "-provider-url", "goldenpay="+in.sim)
	log := &lockedLog{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	in.fallDue(time.Now().Add(dueIn))
	if err := cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // killed, or it gave up
	tracer := in.attach(cmd, log, trace, "trace="+call, "inject="+inject+":when="+when)
	itself := in.waitOrKill(cmd, ended)
	_ = tracer.Wait() // it ends with what it traces
	raw := string(must(os.ReadFile(trace)))
	if strings.Contains(log.String(), "panic:") {
		in.t.Fatal(log)
	}
	if strings.Contains(inject, "signal=") {
		if itself {
			f.kills++
		}
		return itself
	}
	if !strings.Contains(raw, "(INJECTED)") {
		return false
	}
	f.faults++
	if itself || strings.Contains(log.String(), "ERROR") || strings.Contains(log.String(), "error") {
		f.said++
	} else {
		in.t.Logf("nothing said of %s at %d: %s", inject, n, log)
	}
	return true
}

// fallDue sets when the payout falls due.
func (in *installation) fallDue(at time.Time) {
	in.t.Helper()
	raw := must(sql.Open("sqlite", filepath.Join(in.data, "paywicket.db")))
	defer raw.Close()
	if _, err := raw.ExecContext(in.t.Context(), `update payouts set due_at = $1 where state = 'approved'`, at.UnixMilli()); err != nil {
		in.t.Fatal(err)
	}
}

// attach has strace count the calls of a program that is waiting for its payout to fall due.
func (in *installation) attach(cmd *exec.Cmd, log *lockedLog, trace string, expressions ...string) *exec.Cmd {
	in.t.Helper()
	args := []string{"-f", "-qq", "-o", trace, "-p", strconv.Itoa(cmd.Process.Pid)}
	for _, e := range expressions {
		args = append(args, "-e", e)
	}
	until(in.t, "the sender role", func() bool { return strings.Contains(log.String(), "sender role taken") })
	tracer := exec.CommandContext(in.t.Context(), "strace", args...)
	if err := tracer.Start(); err != nil {
		in.t.Fatal(err)
	}
	status := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "status")
	until(in.t, "strace", func() bool {
		text, err := os.ReadFile(status)
		return err != nil || !strings.Contains(string(text), "TracerPid:\t0\n")
	})
	return tracer
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

// lockedLog is what the program says, read while it runs.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	defer l.Close()
	return l.Addr().String()
}

// waitOrKill gives the program time to send its payout, record the answer and take in the webhook. It says whether it ended
// before that.
func (in *installation) waitOrKill(cmd *exec.Cmd, ended chan struct{}) bool {
	select {
	case <-ended:
		return true
	case <-in.book.seen:
	case <-time.After(dueIn + 1500*time.Millisecond):
	}
	select {
	case <-ended:
		return true
	case <-time.After(700 * time.Millisecond): // the answer, the webhook and their records
	}
	_ = cmd.Process.Kill() // it may have ended meanwhile
	<-ended
	return false
}

// account restarts on the same data and holds the records against the provider's book.
func (in *installation) account(f *sweepFigures) {
	before := in.book.total()
	in.fallDue(time.Now().Add(-time.Second))
	start := time.Now()
	app := in.open()
	defer app.Close()
	f.slowest = max(f.slowest, time.Since(start))
	ctx, stop := context.WithCancel(in.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx) }()
	find := func() *payout.Payout { return must(app.Payouts().Find(in.t.Context(), in.person, in.ids[0])) }
	until(in.t, "what became of it", func() bool { s := find().State; return s != payout.Approved && s != payout.Sending })
	stop()
	if err := <-ended; err != nil {
		in.t.Fatal(err)
	}
	p := find()
	in.checkOne(p)
	if n := in.book.count(p.Reference()); n > 1 {
		in.t.Errorf("carried out %d times", n)
	}
	if p.State == payout.Unknown {
		f.unknown++
	}
	if before == 0 && in.book.total() == 1 {
		f.unsent++
	}
	if found := must(app.Verify(in.t.Context())); !found.OK() {
		in.t.Errorf("verify: %+v", found)
	}
	in.integrity()
}

func (in *installation) integrity() {
	raw := must(sql.Open("sqlite", filepath.Join(in.data, "paywicket.db")))
	defer raw.Close()
	var answer string
	if err := raw.QueryRowContext(in.t.Context(), "PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
		in.t.Errorf("integrity_check: %q %v", answer, err)
	}
}
