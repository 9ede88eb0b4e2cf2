package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	afterStart  = 3 * time.Second
	betweenFree = 15 * time.Second
	worthFree   = 16 << 20
)

// giveBack returns memory that is no longer used to the system: after the start, and when much has come since the last time, such as the
// 64 MiB that one password takes. The runtime does it too, but takes minutes, and waits for the next collection, which an idle server may
// not have for two more. It costs a collection, a few milliseconds, every 15 seconds at the most. Programs that embed the console decide
// for themselves.
func giveBack(ctx context.Context, held func() uint64, free func()) {
	var kept uint64 // by the time of the last collection; at first nothing, so that there is one
	wait := time.NewTimer(afterStart)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if held() >= kept+worthFree || kept == 0 {
			free()
			kept = held()
		}
		wait.Reset(betweenFree)
	}
}

// heldMemory is what the runtime has of the system and has not returned.
func heldMemory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// freeMemory collects what nobody uses and returns it.
func freeMemory() { debug.FreeOSMemory() }
