package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/vault"
)

// whole runs the long form of what is shortened otherwise.
var whole = flag.Bool("whole", false, "run the long form of tests with kills: 50 kills of a key rotation over 10,000 secrets, 100 backups")

// safe is an installation with many sealed values.
type safe struct {
	t       *testing.T
	binary  string
	data    string
	key     string
	secrets int
}

func newSafe(t *testing.T, secrets int) *safe {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the program")
	}
	dir := t.TempDir()
	s := &safe{t: t, binary: filepath.Join(dir, "paywicket"), data: filepath.Join(dir, "data"), key: filepath.Join(dir, "key"), secrets: secrets}
	if out, err := exec.Command("go", "build", "-o", s.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if _, err := vault.CreateFile(s.key); err != nil {
		t.Fatal(err)
	}
	s.with(s.key, func(d *db.DB) {
		for i := range secrets {
			id := access.PersonID(fmt.Sprintf("p%05d", i))
			err := d.People().AddPerson(t.Context(), access.Person{ID: id, Email: string(id) + "@kora.example", Name: "P", MadeAt: time.Now()}, "", "")
			if err := errors.Join(err, d.People().SetTOTP(t.Context(), id, secretOf(id), access.End{})); err != nil {
				t.Fatal(err)
			}
		}
	})
	return s
}

func secretOf(id access.PersonID) string { return "SEED" + strings.ToUpper(string(id)) }

// with opens the database with a master key.
func (s *safe) with(key string, f func(*db.DB)) {
	s.t.Helper()
	d, err := db.Open(s.t.Context(), filepath.Join(s.data, "paywicket.db"), db.Options{Now: time.Now, NewID: func() string { return fmt.Sprintf("%016x", rand.Uint64()) }})
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := vault.Open(s.t.Context(), vault.FromFile(key), d.Keysets(), vault.Options{Create: true})
	if err != nil {
		s.t.Fatal(errors.Join(err, d.Close()))
	}
	d.UseVault(v)
	f(d)
	if err := d.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// unreadable counts the secrets that do not open, or open to something else.
func (s *safe) unreadable(key string) int {
	s.t.Helper()
	n := 0
	s.with(key, func(d *db.DB) {
		for i := range s.secrets {
			id := access.PersonID(fmt.Sprintf("p%05d", i))
			if got, err := d.People().Secrets(s.t.Context(), id); err != nil || got.TOTP != secretOf(id) {
				n++
			}
		}
	})
	return n
}

func (s *safe) command(args ...string) *exec.Cmd {
	return exec.CommandContext(s.t.Context(), s.binary, append(args, "-data", s.data, "-master-key-file", s.key)...)
}

// killRotation starts a rotation of the data key and kills it after a number of its lines, and a moment.
func (s *safe) killRotation(lines int, more time.Duration) bool {
	s.t.Helper()
	cmd := s.command("key", "rotate", "-json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	told := bufio.NewScanner(out)
	for n := 0; n < lines && told.Scan(); n++ {
	}
	time.Sleep(more)
	_ = cmd.Process.Kill() // it may have ended by itself
	return cmd.Wait() != nil
}

// TestKeyRotationKilled kills rotations of the data key at many points: no secret is ever unreadable, and in the end none is left
// under an old key (invariant 15).
func TestKeyRotationKilled(t *testing.T) {
	secrets, kills := 900, 12
	if *whole {
		secrets, kills = 10_000, 50
	}
	s := newSafe(t, secrets)
	killed := 0
	for i := range kills {
		if s.killRotation(i%max(secrets/200, 1), time.Duration(rand.IntN(8000))*time.Microsecond) {
			killed++
		}
		if n := s.unreadable(s.key); n > 0 {
			t.Fatalf("after %d kills %d secrets do not open", killed, n)
		}
	}
	if out, err := s.command("key", "rotate").CombinedOutput(); err != nil {
		t.Fatalf("rotate to the end: %v\n%s", err, out)
	}
	out, err := s.command("key", "status", "-json").Output()
	var status web.KeyStatus
	if err := errors.Join(err, json.Unmarshal(out, &status)); err != nil {
		t.Fatal(err)
	}
	if len(status.Keys) != 1 || status.Keys[0].Values != secrets || s.unreadable(s.key) > 0 {
		t.Errorf("got %+v, want %d values under one key", status, secrets)
	}
	t.Logf("%d kills of %d rotations, %d secrets, 0 unreadable", killed, kills, secrets)
	if killed < kills/2 {
		t.Errorf("only %d of %d were killed: the test no longer interrupts anything", killed, kills)
	}
}

// TestMasterKeyRotationKilled kills rotations of the master key: at each moment exactly one of the two keys opens everything.
func TestMasterKeyRotationKilled(t *testing.T) {
	rounds := 6
	if *whole {
		rounds = 50
	}
	s := newSafe(t, 20)
	old, fresh := 0, 0
	for i := range rounds {
		next := filepath.Join(t.TempDir(), "next.key")
		cmd := s.command("key", "rotate", "-master", next)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+rand.IntN(60)) * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		id, err := web.MasterKeyOf(t.Context(), filepath.Join(s.data, "paywicket.db"))
		if err != nil {
			t.Fatal(err)
		}
		if key, err := vault.FromFile(s.key).Key(t.Context()); err != nil || key.ID() != id {
			s.key = next
			fresh++
		} else {
			old++
		}
		if n := s.unreadable(s.key); n > 0 {
			t.Fatalf("round %d: %d secrets do not open", i, n)
		}
	}
	t.Logf("%d kills before the switch, %d after it", old, fresh)
}

// TestBackupDrill backs a working installation up at random moments and restores each: every page is well formed, the audit chain
// whole, the rows those of one moment, and nothing can be sent from it (invariants 14 and 16).
func TestBackupDrill(t *testing.T) {
	rounds := 4
	if *whole {
		rounds = 100
	}
	s := newSafe(t, 30)
	app, err := web.New(t.Context(), web.Config{Database: filepath.Join(s.data, "paywicket.db"), MasterKey: vault.FromFile(s.key), Providers: all.Definitions(),
		PublicURL: "http://localhost:8080", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	busy := make(chan int)
	go func() { // what the installation does meanwhile: each link is a commit with its audit row
		n := 0
		for ctx.Err() == nil {
			if _, err := app.Admin().Access.BeginSetup(ctx); err == nil {
				n++
			}
			_ = app.Admin().Access.Halt(ctx, access.Person{ID: "x", Name: "X", Grants: []access.Grant{{Role: access.SuperAdmin}}}, fmt.Sprint(n%2))
		}
		busy <- n
	}()
	for i := range rounds {
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		s.drill(app, i)
	}
	stop()
	if n := <-busy; n == 0 {
		t.Error("nothing was written while backups were made")
	}
	if left, _ := filepath.Glob(filepath.Join(s.data, ".backup-*")); len(left) > 0 {
		t.Errorf("unencrypted copies are left: %v", left)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
}

func (s *safe) drill(app *web.App, i int) {
	s.t.Helper()
	dir := s.t.TempDir()
	file, data := filepath.Join(dir, "b.paywicket"), filepath.Join(dir, "restored")
	b, err := app.Backup(s.t.Context(), file, func(string) {})
	if err != nil {
		s.t.Fatalf("backup %d: %v", i, err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(string(raw), "SQLite format") || strings.Contains(string(raw), "@kora.example") {
		s.t.Fatal("the backup can be read without a key")
	}
	cfg := web.Config{Database: filepath.Join(data, "paywicket.db"), MasterKey: vault.FromFile(s.key), Providers: all.Definitions(),
		PublicURL: "http://localhost:8080", Log: slog.New(slog.DiscardHandler)}
	raw[rand.IntN(len(raw)-200)+200] ^= 1
	bent := file + ".bent"
	if err := os.WriteFile(bent, raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
	if _, err := web.Restore(s.t.Context(), cfg, bent, func(string) {}); err == nil {
		s.t.Fatal("a changed backup was restored")
	}
	if _, err := web.Restore(s.t.Context(), cfg, file, func(string) {}); err != nil {
		s.t.Fatalf("restore %d: %v", i, err)
	}
	again, err := web.New(s.t.Context(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	found, err := again.Verify(s.t.Context())
	if err != nil || !found.OK() || found.Audit.Count != b.Rows+1 { // and the row that says it was restored
		s.t.Errorf("restored %d: got %+v, %v, want %d audit rows", i, found, err, b.Rows+1)
	}
	setup, err := again.Admin().Access.Setup(s.t.Context())
	if err != nil || !strings.Contains(setup.Halted, "restored from the backup") {
		s.t.Errorf("restored %d: got halted %q, %v, want that nothing is sent", i, setup.Halted, err)
	}
	if err := again.Close(); err != nil {
		s.t.Fatal(err)
	}
}
