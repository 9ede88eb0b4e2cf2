package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/runner"
	"github.com/paywicket/paywicket/web/seed"
	"github.com/paywicket/paywicket/web/store"
)

// Admin is what the command line does besides serving. It acts as whoever owns the machine and is not promised to stay
// compatible.
type Admin struct {
	Access    *access.Service
	Stores    *store.Service
	Companies *runner.Companies
	Runner    *runner.Runner
	Books     *books.Service
}

// Admin gives the services behind the pages.
func (a *App) Admin() Admin {
	return Admin{Access: a.access, Stores: a.stores, Companies: a.asks, Runner: a.runner, Books: a.books}
}

// SetupLink makes the one-time link with which the first super admin is made, "" if the installation is set up.
func (a *App) SetupLink(ctx context.Context) (string, error) {
	token, err := a.access.BeginSetup(ctx)
	if err != nil || token == "" {
		return "", err
	}
	return a.public.String() + "/setup?token=" + token, nil
}

// InviteLink is the address behind an invitation's token.
func (a *App) InviteLink(token string) string { return a.public.String() + "/invite/" + token }

// HookLink is the address at which an account's provider reports.
func (a *App) HookLink(acc store.Account) string { return a.runner.Callback(acc.Token) }

// Checked is what Verify found.
type Checked struct {
	Pages error // what SQLite says of the file, nil if all is well
	Audit audit.Report
	Older string      // why the database is an older one than was last seen, "" if it is not
	Books []books.Key // closed months that are not as they were locked
}

// OK reports whether nothing is wrong.
func (c Checked) OK() bool {
	return c.Pages == nil && c.Audit.OK() && c.Older == "" && len(c.Books) == 0
}

// Verify looks at every page of the database and every link of the audit chain, also against the anchor that is kept
// beside the database, and reads every closed month again.
func (a *App) Verify(ctx context.Context) (Checked, error) {
	anchor, err := a.lastSeen()
	if err != nil {
		return Checked{}, err
	}
	report, err := audit.Verify(a.db.Audit().All(ctx), a.vault.AuditMAC(), anchor)
	if err != nil {
		return Checked{}, fmt.Errorf("read audit log: %w", err)
	}
	months, err := a.books.Verify(ctx)
	if err != nil {
		err = fmt.Errorf("read closed months: %w", err)
	}
	return Checked{Pages: errors.Join(a.db.Check(ctx), err), Audit: report, Older: a.older, Books: months}, nil
}

// anchorPaths are the files that hold the end of the audit chain: beside the database and, if the operator named one, elsewhere.
func (a *App) anchorPaths() []string {
	paths := []string{filepath.Join(filepath.Dir(a.config.Database), "audit-anchor.json")}
	if a.config.Anchor != "" {
		paths = append(paths, a.config.Anchor)
	}
	return paths
}

// lastSeen is the farthest end of the audit chain that was ever written outside the database, nil if none was.
func (a *App) lastSeen() (*audit.Anchor, error) {
	var last *audit.Anchor
	for _, path := range a.anchorPaths() {
		kept, err := audit.ReadAnchor(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case last == nil || kept.Seq > last.Seq:
			last = &kept
		}
	}
	return last, nil
}

// haltIfOlder stops all sending if the database lacks audit rows that were there before: then it is an older one that was put
// back, and knows nothing of what was sent since (invariant 16). What waits to be sent is approved anew. The files that told
// are kept under another name, and begin again from what is there.
func (a *App) haltIfOlder(ctx context.Context) error {
	last, err := a.lastSeen()
	if err != nil || last == nil || last.Seq == 0 {
		return err
	}
	has, err := a.db.Audit().At(ctx, last.Seq)
	if err != nil || bytes.Equal(has, last.MAC) {
		return err
	}
	head, err := a.db.Audit().Head(ctx)
	if err != nil {
		return err
	}
	why := fmt.Sprintf("this database is older than what was last seen: %d audit rows, and there were %d", head.Seq, last.Seq)
	a.older = why
	a.config.Log.ErrorContext(ctx, "older database", "rows", head.Seq, "seen", last.Seq)
	if err := haltOlder(ctx, a.db, a.config.Now(), why, head.Seq, last.Seq); err != nil {
		return err
	}
	if err := a.approveAnew(ctx); err != nil {
		return err
	}
	return a.restartAnchors(ctx)
}

// approveAnew sends everything that waits to be sent back to be approved.
func (a *App) approveAnew(ctx context.Context) error {
	waiting, err := a.db.Queue().Approved(ctx)
	if err != nil {
		return err
	}
	for _, d := range waiting {
		if err := a.payouts.SendBack(ctx, payout.InStore(d.Store), d.ID, errOlder, nil); err != nil {
			return err
		}
	}
	return nil
}

var errOlder = errors.New("an older database was put back")

func (a *App) restartAnchors(ctx context.Context) error {
	head, err := a.db.Audit().Head(ctx)
	if err != nil {
		return err
	}
	for _, path := range a.anchorPaths() {
		err := os.Rename(path, path+".lost-"+a.config.Now().UTC().Format("20060102T150405"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("keep audit anchor: %w", err)
		}
		if err := audit.WriteAnchor(path, head); err != nil {
			return err
		}
	}
	return nil
}

// anchorEvery is how often the end of the audit chain is written beside the database, if it has moved: rows cut off later, and an
// older database put back, are noticed unless they differ by less than that.
const anchorEvery = time.Second

// keepAnchor writes the end of the audit chain beside the database until ctx ends.
func (a *App) keepAnchor(ctx context.Context) {
	tick := time.NewTicker(anchorEvery)
	defer tick.Stop()
	for {
		if err := a.writeAnchor(context.WithoutCancel(ctx)); err != nil {
			a.config.Log.WarnContext(ctx, "write audit anchor", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// leaveAnchor writes the end of the audit chain once more when nothing is sent any longer.
func (a *App) leaveAnchor(ctx context.Context) {
	if err := a.writeAnchor(context.WithoutCancel(ctx)); err != nil {
		a.config.Log.WarnContext(ctx, "write audit anchor", "err", err)
	}
}

// writeAnchor never goes back: an anchor ahead of the database means that rows are gone, and stays for Verify to see.
func (a *App) writeAnchor(ctx context.Context) error {
	head, err := a.db.Audit().Head(ctx)
	if err != nil {
		return err
	}
	var all error
	for _, path := range a.anchorPaths() {
		if kept, err := audit.ReadAnchor(path); err == nil && kept.Seq >= head.Seq {
			continue
		}
		all = errors.Join(all, audit.WriteAnchor(path, head))
	}
	return all
}

// MasterKeyOf names the master key a database was made with, "" if there is no database or it has no keys yet.
func MasterKeyOf(ctx context.Context, path string) (string, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	d, err := db.Open(ctx, path, db.Options{Now: time.Now, NewID: newID})
	if err != nil {
		return "", err
	}
	sets, err := d.Keysets().Keysets(ctx)
	if err = errors.Join(err, d.Close()); err != nil || len(sets) == 0 {
		return "", err
	}
	return sets[0].MasterID, nil
}

// Version is the version of the program: the one given if a release was built, else what the Go tool knows.
func Version(given string) string {
	if given != "" {
		return given
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}

// Seeded is what a made-up history came to.
type Seeded = db.Seeded

// ErrRealData is returned by Seed where there are accounts, payouts or webhooks already.
var ErrRealData = db.ErrRealData

// Seed writes a made-up history of so many payouts, webhooks and stores, the same for the same seed, into an installation that has
// no accounts and no payouts. It tells how far it is as it goes.
func (a *App) Seed(ctx context.Context, payouts, webhooks, stores int, number uint64, progress func(Seeded)) (Seeded, error) {
	return a.db.Seed(ctx, seed.New(payouts, stores, number, a.config.Now().UTC().Truncate(24*time.Hour)), webhooks, progress)
}
