package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Queue is what the runner works from. db.Queue is the only implementation.
type Queue interface {
	// TakeSender makes holder the one that sends, and hands over every payout an earlier one left in "sending".
	TakeSender(ctx context.Context, holder string, orphan func(*payout.Payout) error) (epoch int64, orphans int, err error)
	Due(ctx context.Context, now time.Time, limit int) ([]payout.Due, error)
	NextDue(ctx context.Context) (time.Time, error)
	Halted(ctx context.Context) (string, error)
	// Enter leaves a mark that only Leave takes away, and reports whether there was one: then the file has to pass Check first.
	Enter() (unclean bool, err error)
	Check(ctx context.Context) error
	Leave() error
}

// Lock is held by the process that sends; it is beside the database.
type Lock interface {
	TryLock() (bool, error)
	Unlock() error
}

// Runner sends and looks up.
type Runner struct {
	Queue     Queue
	Repo      payout.Repository
	Payouts   *payout.Service
	Stores    *store.Service
	Inbox     *inbox.Service
	Hooks     inbox.Repository
	Open      *Opener
	Companies *Companies
	Lock      Lock
	Holder    string                    // names this process
	Callback  func(token string) string // absolute webhook address
	Now       func() time.Time
	Log       *slog.Logger
	// Beside is what else only one process a database does, for as long as it holds the role. Each ends when its context does.
	Beside []func(context.Context)

	wake  chan struct{}
	once  sync.Once
	busy  sync.Map // payout.ID or hook id of work under way
	rests sync.Map // the same, until when it is left alone: work on it failed
	slots chan struct{}
	work  sync.WaitGroup
	under atomic.Int64 // how much is under way or waits for a slot
	lost  atomic.Bool  // another process has taken the role
	stale atomic.Bool  // an answer could not be written down: the role has to be taken anew
	epoch atomic.Int64 // 0: the role is not held, and nothing is sent
}

// atOnce is how many payouts are sent or looked up at the same time.
const atOnce = 8

// patience is the longest the loop sleeps: news of other processes reach it by then.
const patience = 5 * time.Second

func (r *Runner) init() {
	r.once.Do(func() {
		r.wake = make(chan struct{}, 1)
		r.slots = make(chan struct{}, atOnce)
	})
}

// Wake tells the loop that there may be work. It never blocks.
func (r *Runner) Wake() {
	r.init()
	select {
	case r.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run takes the sender role and works until ctx ends; sends under way are then finished first. While another process holds
// the role it waits for it. It ends before ctx only if another process has taken the role over.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.Take(ctx); err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	var balances sync.WaitGroup
	balances.Go(func() { r.readBalances(reading) })
	balances.Go(func() { r.keepCalls(reading) })
	balances.Go(func() { r.keepOffers(reading) })
	balances.Go(func() { r.keepHooks(reading) })
	for _, keep := range r.Beside {
		balances.Go(func() { keep(reading) })
	}
	err := r.loop(ctx)
	stop()
	balances.Wait()
	return errors.Join(err, r.Leave())
}

// Take takes the sender role: the lock beside the database, and a new epoch in it. Whatever an earlier sender left under way
// is unknown from then on. It blocks while another process holds the lock. Run does it by itself; tests that call Step do
// it first.
func (r *Runner) Take(ctx context.Context) error {
	r.init()
	if err := r.takeLock(ctx); err != nil {
		return err
	}
	r.lost.Store(false)
	if err := r.enter(ctx); err != nil {
		return errors.Join(err, r.Lock.Unlock())
	}
	if err := r.takeRole(ctx); err != nil {
		return errors.Join(err, r.Queue.Leave(), r.Lock.Unlock())
	}
	return nil
}

// enter has the database checked if the sender before did not leave in good order: nobody knows what is on the disk then.
func (r *Runner) enter(ctx context.Context) error {
	unclean, err := r.Queue.Enter()
	if err != nil || !unclean {
		return err
	}
	r.Log.WarnContext(ctx, "the sender before did not leave in good order: the database is checked before anything is sent")
	start := r.Now()
	if err := r.Queue.Check(ctx); err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	r.Log.InfoContext(ctx, "database checked, nothing is wrong", "took", r.Now().Sub(start).Round(time.Millisecond))
	return nil
}

func (r *Runner) takeRole(ctx context.Context) error {
	epoch, orphans, err := r.Queue.TakeSender(ctx, r.Holder, func(p *payout.Payout) error { return p.Orphan(r.Now()) })
	if err != nil {
		return fmt.Errorf("take sender role: %w", err)
	}
	r.epoch.Store(epoch)
	r.stale.Store(false)
	r.Log.InfoContext(ctx, "sender role taken", "epoch", epoch, "left_in_sending", orphans)
	return nil
}

// Leave waits for what is under way and gives the sender role up.
func (r *Runner) Leave() error {
	r.work.Wait()
	r.epoch.Store(0)
	err := r.Queue.Leave()
	if err := r.Lock.Unlock(); err != nil {
		return fmt.Errorf("release sender lock: %w", err)
	}
	return err
}

func (r *Runner) takeLock(ctx context.Context) error {
	for waited := false; ; waited = true {
		ok, err := r.Lock.TryLock()
		if err != nil {
			return fmt.Errorf("lock the sender role: %w", err)
		}
		if ok {
			return nil
		}
		if !waited {
			r.Log.InfoContext(ctx, "another process sends; waiting")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (r *Runner) loop(ctx context.Context) error {
	for {
		if r.lost.Load() {
			return errRoleLost
		}
		if err := r.Step(ctx); err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "look for work", "err", err)
		}
		if err := r.rest(ctx); err != nil {
			return err
		}
	}
}

// rest waits until there may be something to start. While much waits for a slot nothing could begin, so nobody looks for more;
// whatever ends wakes the loop.
func (r *Runner) rest(ctx context.Context) error {
	for {
		select {
		case <-r.wake: // without asking when the next payout falls due
		default:
			select {
			case <-ctx.Done():
			case <-r.wake:
			case <-time.After(r.sleep(ctx)):
				return ctx.Err()
			}
		}
		if ctx.Err() != nil || !r.crowded() {
			return ctx.Err()
		}
	}
}

// crowded reports whether as much again as is under way waits for a slot. A role that was lost or is to be taken anew does not
// wait behind it.
func (r *Runner) crowded() bool {
	return r.under.Load() >= 2*atOnce && !r.lost.Load() && !r.stale.Load()
}

// retake takes the role anew once nothing is under way: a payout whose answer could not be written down becomes unknown. If
// that cannot be written either it is tried again later.
func (r *Runner) retake(ctx context.Context) {
	r.work.Wait()
	if err := r.takeRole(ctx); err != nil && ctx.Err() == nil {
		r.Log.ErrorContext(ctx, "take sender role anew", "err", err)
	}
}

// sleep is how long nothing falls due. What is due already is under way, or left alone for a while.
func (r *Runner) sleep(ctx context.Context) time.Duration {
	if r.crowded() {
		return time.Second
	}
	next, err := r.Queue.NextDue(ctx)
	if err != nil || next.IsZero() {
		return patience
	}
	return min(max(next.Sub(r.Now()), time.Second), patience)
}

// errRoleLost ends the loop: another process has taken over.
var errRoleLost = errors.New("the sender role was taken over by another process")

// errWait is returned by work that has to wait for something else; there is nothing wrong.
var errWait = errors.New("not now")

// Step starts everything that is due and not under way. Without the sender role nothing is sent.
func (r *Runner) Step(ctx context.Context) error {
	r.init()
	if r.stale.Load() {
		r.retake(ctx)
	}
	halted, err := r.Queue.Halted(ctx)
	if err != nil {
		return err
	}
	due, err := r.Queue.Due(ctx, r.Now(), 64)
	if err != nil {
		return err
	}
	for _, d := range due {
		if d.State == payout.Approved && (halted != "" || r.epoch.Load() == 0) {
			continue
		}
		r.start(ctx, string(d.ID), func(ctx context.Context) error { return r.see(ctx, d) })
	}
	hooks, err := r.Hooks.Due(ctx, r.Now(), 64)
	for _, h := range hooks {
		r.start(ctx, h.ID, func(ctx context.Context) error { return r.Inbox.See(ctx, h) })
	}
	return err
}

// restLife is how long something is left alone after work on it failed: what does not change must not be tried without pause.
const restLife = 30 * time.Second

// stopLife is how long work under way has to end by itself when the process is asked to leave.
const stopLife = time.Minute

// start runs work in the background, once at a time for each name. Work goes on when ctx ends: a send that has begun is
// recorded before the process leaves.
func (r *Runner) start(ctx context.Context, name string, work func(context.Context) error) {
	if until, ok := r.rests.Load(name); ok {
		if r.Now().Before(until.(time.Time)) { //nolint:forcetypeassert // only times are in it
			return
		}
		r.rests.Delete(name)
	}
	if _, busy := r.busy.LoadOrStore(name, true); busy {
		return
	}
	r.under.Add(1)
	r.work.Go(func() {
		defer r.Wake()
		defer r.under.Add(-1)
		defer r.busy.Delete(name)
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		defer func() { <-r.slots }()
		if ctx.Err() != nil {
			return
		}
		if err := r.do(ctx, work); err != nil {
			r.rests.Store(name, r.Now().Add(restLife))
			r.lost.CompareAndSwap(false, errors.Is(err, errRoleLost))
			if !errors.Is(err, errWait) {
				r.Log.ErrorContext(ctx, "work on payout or webhook", "name", name, "err", err)
			}
		}
	})
}

// do runs work on a context that outlives ctx for a while. A panic is an error: it must not take everything else with it.
func (r *Runner) do(ctx context.Context, work func(context.Context) error) (err error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopLife, cancel) })
	defer stop()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %T", v) // its text may hold anything
		}
	}()
	return work(own)
}

// Wait blocks until nothing is under way. Tests use it between steps.
func (r *Runner) Wait() { r.work.Wait() }

// balanceEvery is how often balances are read again by themselves.
const balanceEvery = 5 * time.Minute

func (r *Runner) readBalances(ctx context.Context) {
	for {
		accounts, err := r.Stores.AllAccounts(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "list accounts", "err", err)
		}
		for _, a := range accounts {
			err := r.do(ctx, func(context.Context) error { return r.Companies.Refresh(ctx, a) })
			if err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "read balance", "account", a.ID, "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(balanceEvery):
		}
	}
}
