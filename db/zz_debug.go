package db
import ("runtime";"syscall";"time";"fmt";"os")
var tWords, tGrow, tPlant, tIndex, tTake time.Duration
func cpu() time.Duration { var r syscall.Rusage; _ = syscall.Getrusage(1, &r); return time.Duration(r.Utime.Nano()+r.Stime.Nano()) }
func lap(into *time.Duration) func() { runtime.LockOSThread(); c := cpu(); return func(){ *into += cpu()-c; runtime.UnlockOSThread() } }
func laps() { fmt.Fprintf(os.Stderr, "CPU grow %v words %v plant %v index %v take %v\n", tGrow.Round(time.Millisecond), tWords.Round(time.Millisecond), tPlant.Round(time.Millisecond), tIndex.Round(time.Millisecond), tTake.Round(time.Millisecond)); tWords, tGrow, tPlant, tIndex, tTake = 0,0,0,0,0 }
func envOr(n, d string) string { if v := os.Getenv(n); v != "" { return v }; return d }
