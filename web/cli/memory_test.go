package cli

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Memory goes back once after the start, and then only when there is much more of it than the last time.
func TestMemoryIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		held, freed := uint64(30<<20), 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			giveBack(ctx, func() uint64 { return held }, func() { freed++; held = 20 << 20 })
		}()
		for i, c := range []struct {
			after time.Duration
			held  uint64
			want  int
		}{
			{afterStart - 1, 30 << 20, 0}, {2, 30 << 20, 1}, {betweenFree, 20 << 20, 1}, {betweenFree, 20<<20 + worthFree - 1, 1},
			{betweenFree, 84 << 20, 2}, {betweenFree - 2, 84 << 20, 2}, {2, 84 << 20, 3},
		} {
			held = c.held
			time.Sleep(c.after) // in the bubble, no time passes
			synctest.Wait()
			if freed != c.want {
				t.Errorf("step %d: freed %d times, want %d", i, freed, c.want)
			}
		}
		cancel()
		<-done
	})
}

// The memory of a password is back with the system once it is freed.
func TestHeldMemory(t *testing.T) {
	freeMemory()
	before := heldMemory()
	big := make([]byte, 64<<20)
	for i := 0; i < len(big); i += 4096 {
		big[i] = 1
	}
	if with := heldMemory(); with < before+60<<20 {
		t.Errorf("64 MiB more are held as %d more", int64(with)-int64(before))
	}
	big = nil
	_ = big
	freeMemory()
	if after := heldMemory(); after > before+16<<20 {
		t.Errorf("still %d more", after-before)
	}
}
