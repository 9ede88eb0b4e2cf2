package inbox_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// replaceKeys gives an account new settings, one version each.
func (w *world) replaceKeys(keys ...string) {
	w.t.Helper()
	for _, key := range keys {
		w.clock.add(8 * 24 * time.Hour) // the ones before count no longer
		_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": key})
		w.must(err)
	}
}

// TestCompare: which secret fits a message is found out without any effect but a line that says so.
func TestCompare(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	w.replaceKeys("CANARY-2", "CANARY-3", "CANARY-4")
	for _, tt := range []struct {
		key  string
		want []int
	}{{keyOne, []int{1}}, {"CANARY-3", []int{3}}, {"CANARY-4", []int{4}}, {keyTwo, nil}} {
		_, h := w.post(w.one, tt.key, append(about(p, "gone fishing").bytes(), strings.Repeat(" ", len(tt.want)+len(tt.key))...))
		before := w.find(p)
		for _, by := range []access.Person{w.boss, w.maker} {
			fits, err := w.Compare(w.ctx, by, h.ID)
			w.must(err)
			var got []int
			for _, f := range fits {
				if f.Fits {
					got = append(got, f.Version)
				}
			}
			if !slices.Equal(got, tt.want) || len(fits) != 4 {
				t.Errorf("key %s: got %+v, want %v", tt.key, fits, tt.want)
			}
		}
		acts, err := w.db.Hooks().Acts(w.ctx, payout.InStore(w.one.Store), h.ID)
		w.must(err)
		if len(acts) != 2 || !slices.Equal(acts[0].Versions, tt.want) || acts[1].Person != w.maker.ID || acts[0].Kind != inbox.ActOlder {
			t.Errorf("got the lines %+v", acts)
		}
		if again := w.hook(h.ID); again.Verdict != h.Verdict || w.find(p).Version != before.Version {
			t.Error("it had an effect")
		}
	}
	if n := w.number(`select count(*) from audit where action = 'webhook.compared'`); n != 8 {
		t.Errorf("got %d audit rows, want 8", n)
	}
	_, h := w.post(w.one, keyOne, about(p, "paid").bytes())
	stranger := access.Person{ID: "x", Grants: []access.Grant{{Role: access.Accountant, Store: w.two.Store}}}
	if _, err := w.Compare(w.ctx, stranger, h.ID); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("by somebody of another store: got %v (invariant 13)", err)
	}
	lost := w.one
	lost.Token = "no-such"
	_, h = w.post(lost, keyOne, about(p, "paid").bytes())
	if _, err := w.Compare(w.ctx, w.boss, h.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody's: got %v", err)
	}
	_, h = w.post(w.one, keyTwo, append(about(p, "paid").bytes(), strings.Repeat(" ", 100<<10)...))
	if _, err := w.Compare(w.ctx, w.boss, h.ID); !errors.Is(err, inbox.ErrNotWhole) {
		t.Errorf("cut: got %v", err)
	}
}

// TestVersionAndLate: it is kept by which version a message is genuine, and whether it came late.
func TestVersionAndLate(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	_, first := w.post(w.one, keyOne, about(p, "accepted").bytes())
	_, err := w.Stores.ReplaceSettings(w.ctx, w.maker, w.one.ID, map[string]string{"key": "CANARY-2"})
	w.must(err)
	_, old := w.post(w.one, keyOne, about(p, "paid").bytes())
	_, forged := w.post(w.one, keyTwo, about(p, "paid").bytes())
	m := about(p, "accepted")
	m.Nonce = 1
	w.clock.add(25 * time.Hour)
	_, long := w.post(w.one, "CANARY-2", m.bytes())
	p2 := w.accepted(w.one, "r2")
	_, paid := w.post(w.one, "CANARY-2", about(p2, "paid").bytes())
	m = about(p2, "paid")
	m.Nonce = 2
	_, after := w.post(w.one, "CANARY-2", m.bytes())
	for name, tt := range map[string]struct {
		h       inbox.Hook
		version int
		late    bool
	}{"first": {first, 1, false}, "old key": {old, 1, false}, "forged": {forged, 0, false}, "a day later": {long, 2, true}, "paid": {paid, 2, false}, "after it was paid": {after, 2, true}} {
		h := w.hook(tt.h.ID)
		if h.Version != tt.version || h.Late != tt.late {
			t.Errorf("%s: got version %d, late %v, want %d and %v", name, h.Version, h.Late, tt.version, tt.late)
		}
	}
}

// TestKeepDays: a super admin says for how long webhooks are kept whole; those that are not can neither be replayed nor compared.
func TestKeepDays(t *testing.T) {
	w := newWorld(t).connect()
	p := w.accepted(w.one, "r1")
	_, h := w.post(w.one, keyOne, about(p, "accepted").bytes())
	forget := func(days time.Duration) int {
		t.Helper()
		w.clock.add(days * 24 * time.Hour)
		n, err := w.Forget(w.ctx)
		w.must(err)
		return n
	}
	if n := forget(399); n != 0 {
		t.Errorf("after 399 days: emptied %d", n)
	}
	for name, by := range map[string]access.Person{"merchant": w.maker, "nobody": {}} {
		if err := w.SetKeepDays(w.ctx, by, 30); !errors.Is(err, access.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, days := range []int{-1, 1, 29, 401, 1 << 40} {
		if err := w.SetKeepDays(w.ctx, w.boss, days); !errors.Is(err, inbox.ErrDays) {
			t.Errorf("%d days: got %v", days, err)
		}
	}
	w.must(w.SetKeepDays(w.ctx, w.boss, 0))
	if n := forget(4000); n != 0 {
		t.Errorf("for ever: emptied %d", n)
	}
	w.must(w.SetKeepDays(w.ctx, w.boss, 400))
	w.must(w.SetKeepDays(w.ctx, w.boss, 400))
	if n := w.number(`select count(*) from audit where action = 'settings.changed'`); n != 2 {
		t.Errorf("got %d audit rows, want 2", n)
	}
	if n := forget(0); n != 1 {
		t.Errorf("after 400 days: emptied %d", n)
	}
	got := w.hook(h.ID)
	if len(got.Body) != 0 || got.Digest != h.Digest || got.Size != h.Size || got.Verdict != h.Verdict {
		t.Errorf("got %+v", got)
	}
	if _, err := w.Compare(w.ctx, w.boss, h.ID); !errors.Is(err, inbox.ErrNotWhole) {
		t.Errorf("compared: %v", err)
	}
	if said, err := w.Preview(w.ctx, w.boss, []string{h.ID}); err != nil || said[0].Bar != inbox.BarCut {
		t.Errorf("replayed: %+v, %v", said, err)
	}
}
