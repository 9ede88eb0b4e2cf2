package handlers_test

import (
	"os"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/payout"
)

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Invariant 16: an older database that was put back sends nothing, not even what waits in it, until somebody lets it; and what was
// sent since the cut is not sent again meanwhile, whatever is approved.
func TestOlderDatabase(t *testing.T) {
	d := newDesk(t)
	b := d.signIn(ifeomaMail)
	sent, waiting := d.waiting(d.lan, "12.50"), d.waiting(d.lan, "13")
	d.approve(b, sent.ID)
	kept := t.TempDir() + "/older.db"
	d.restart(func(database string) { copyFile(t, database, kept) })
	d.send(sent.ID)
	if d.sends.Load() != 1 {
		t.Fatalf("got %d sends, want 1", d.sends.Load())
	}
	d.restart(func(database string) {
		copyFile(t, kept, database)
		for _, more := range []string{"-wal", "-shm"} {
			_ = os.Remove(database + more) // there is none after a clean end
		}
	})

	setup, err := d.admin.Access.Setup(t.Context())
	if err != nil || !strings.Contains(setup.Halted, "older than what was last seen") {
		t.Fatalf("got halted %q, %v, want that it says why nothing is sent", setup.Halted, err)
	}
	d.wantState(sent.ID, payout.Submitted)
	b = d.signIn(ifeomaMail)
	if p := b.get("/"); !p.says("older than what was last seen") {
		t.Errorf("the page does not say why nothing is sent: %s", p.text("body"))
	}
	for _, id := range []payout.ID{sent.ID, waiting.ID} {
		d.approve(b, id)
	}
	d.runFor(func() bool { return true })
	if d.sends.Load() != 1 {
		t.Errorf("got %d sends, want none after the older database was put back", d.sends.Load()-1)
	}
	d.wantState(sent.ID, payout.Approved)

	d.restart(func(string) {})
	if setup, err = d.admin.Access.Setup(t.Context()); err != nil || setup.Halted == "" {
		t.Errorf("after another start: got halted %q, %v, want it still", setup.Halted, err)
	}
}

// Invariant 16: what was stopped stays stopped over a restart, and what waits is sent only once somebody lets it go on.
func TestInvariant16FrozenOverRestart(t *testing.T) {
	d := newDesk(t)
	p := d.waiting(d.lan, "12.50")
	if err := d.admin.Access.Halt(t.Context(), d.ifeoma, "something looks wrong"); err != nil {
		t.Fatal(err)
	}
	d.approve(d.signIn(ifeomaMail), p.ID)
	d.restart(func(string) {})
	d.runFor(func() bool { return true })
	if b := d.signIn(tomasMail); d.sends.Load() != 0 || !b.get("/").says("something looks wrong") {
		t.Errorf("got %d sends after a restart, and the page says %s", d.sends.Load(), b.page.text("body"))
	}
	if err := d.admin.Access.Halt(t.Context(), d.ifeoma, ""); err != nil {
		t.Fatal(err)
	}
	d.send(p.ID)
	if d.sends.Load() != 1 {
		t.Errorf("got %d sends after it was let go on, want 1", d.sends.Load())
	}
}
