
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
