package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"testing"
	"time"
)

// mostBytes is how large the program may be, as releases are built. What makes it larger than that is worth a look: one import can bring
// megabytes.
const mostBytes = 41_500_000

// built is the program as releases are built, for linux/amd64.
func built(t testing.TB) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "paywicket")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOFLAGS=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return bin
}

// The program stays small.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	info, err := os.Stat(built(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > mostBytes {
		t.Errorf("got %d bytes, want %d at most", info.Size(), mostBytes)
	}
}

// BenchmarkIdle reports what an idle server has in memory, on a fresh database and after a second start:
//
//	go test . -run xxx -bench Idle -benchtime 1x
func BenchmarkIdle(b *testing.B) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		b.Skip("it reads /proc")
	}
	bin, dir := built(b), b.TempDir()
	for b.Loop() {
		for _, start := range []string{"first", "second"} {
			for name, mib := range idle(b, bin, filepath.Join(dir, "data")) {
				b.ReportMetric(mib, name+"-MiB-"+start)
			}
		}
	}
}

// idle starts a server, leaves it alone, and reads what it has in memory.
func idle(b *testing.B, bin, data string) map[string]float64 {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), bin, "serve", "-addr", addr, "-data", data)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}()
	up := false
	for range 100 {
		if answer, err := http.Get("http://" + addr + "/healthz"); err == nil {
			_ = answer.Body.Close()
			up = true
			break
		}
		time.Sleep(50 * time.Millisecond) // another process: there is no clock to put forward
	}
	if !up {
		b.Fatal("the server does not answer")
	}
	time.Sleep(10 * time.Second) // idle is what is left by then
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	found := map[string]float64{}
	for _, m := range regexp.MustCompile(`(VmRSS|RssAnon|RssFile):\s+(\d+) kB`).FindAllSubmatch(text, -1) {
		var kib float64
		if _, err := fmt.Sscan(string(m[2]), &kib); err != nil {
			b.Fatal(err)
		}
		found[string(m[1])] = kib / 1024
	}
	return found
}
