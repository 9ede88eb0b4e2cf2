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

	wake  chan struct{}
	once  sync.Once
	busy  sync.Map // payout.ID or hook id of work under way
	slots chan struct{}
	work  sync.WaitGroup
	lost  atomic.Bool // another process has taken the role
	epoch int64
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
// the role it waits for it.
func (r *Runner) Run(ctx context.Context) error {
	r.init()
	if err := r.takeLock(ctx); err != nil {
		return err
	}
	defer func() {
		r.work.Wait()
		if err := r.Lock.Unlock(); err != nil {
			r.Log.ErrorContext(ctx, "release sender lock", "err", err)
		}
	}()
	epoch, orphans, err := r.Queue.TakeSender(ctx, r.Holder, func(p *payout.Payout) error { return p.Orphan(r.Now()) })
	if err != nil {
		return fmt.Errorf("take sender role: %w", err)
	}
	r.epoch = epoch
	r.Log.InfoContext(ctx, "sender role taken", "epoch", epoch, "left_in_sending", orphans)
	r.work.Go(func() { r.readBalances(ctx) })
	return r.loop(ctx)
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
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-time.After(r.sleep(ctx)):
		}
	}
}

// sleep is how long nothing falls due.
func (r *Runner) sleep(ctx context.Context) time.Duration {
	next, err := r.Queue.NextDue(ctx)
	if err != nil || next.IsZero() {
		return patience
	}
	return min(max(next.Sub(r.Now()), 200*time.Millisecond), patience)
}

// errRoleLost ends the loop: another process has taken over.
var errRoleLost = errors.New("the sender role was taken over by another process")

// Step starts everything that is due and not under way.
func (r *Runner) Step(ctx context.Context) error {
	r.init()
	halted, err := r.Queue.Halted(ctx)
	if err != nil {
		return err
	}
	due, err := r.Queue.Due(ctx, r.Now(), 64)
	if err != nil {
		return err
	}
	for _, d := range due {
		if halted != "" && d.State == payout.Approved {
			continue
		}
		r.start(ctx, string(d.ID), func(ctx context.Context) error { return r.see(ctx, d) })
	}
	hooks, err := r.Hooks.Due(ctx, r.Now(), 64)
	for _, h := range hooks {
		r.start(ctx, h.ID, func(ctx context.Context) error { return r.Inbox.Confirm(ctx, h) })
	}
	return err
}

// start runs work in the background, once at a time for each name. Work goes on when ctx ends: a send that has begun is
// recorded before the process leaves.
func (r *Runner) start(ctx context.Context, name string, work func(context.Context) error) {
	if _, busy := r.busy.LoadOrStore(name, true); busy || ctx.Err() != nil {
		if !busy {
			r.busy.Delete(name)
		}
		return
	}
	r.work.Go(func() {
		defer r.busy.Delete(name)
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		defer func() { <-r.slots }()
		if err := work(context.WithoutCancel(ctx)); err != nil {
			r.lost.CompareAndSwap(false, errors.Is(err, errRoleLost))
			r.Log.ErrorContext(ctx, "work on payout or webhook", "name", name, "err", err)
		}
		r.Wake()
	})
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
			if err := r.Companies.Refresh(ctx, a); err != nil && ctx.Err() == nil {
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
