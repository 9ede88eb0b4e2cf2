package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// Queue is what the runner works from. It implements runner.Queue.
type Queue struct{ d *DB }

// Queue is the runner's side of the database.
func (d *DB) Queue() Queue { return Queue{d} }

// TakeSender makes a process the one that sends. The epoch goes up, and in the same commit every payout that an earlier
// sender left in "sending" is handed to orphan, which makes it unknown: its request may have gone out.
func (q Queue) TakeSender(ctx context.Context, holder string, orphan func(*payout.Payout) error) (int64, int, error) {
	var epoch int64
	orphans := 0
	err := q.d.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `update sender set holder = $1, epoch = epoch + 1, taken_at = $2 where id = 1 returning epoch`,
			holder, millis(q.d.now())).Scan(&epoch)
		if err != nil {
			return fmt.Errorf("take sender role: %w", err)
		}
		ids, err := collect(ctx, tx, scanID, `select id from payouts where state = 'sending' order by seq`)
		if err != nil {
			return fmt.Errorf("list payouts left in sending: %w", err)
		}
		for _, id := range ids {
			if err := q.orphan(ctx, tx, id, orphan); err != nil {
				return err
			}
		}
		orphans = len(ids)
		return q.d.addEntries(ctx, tx, audit.Entry{At: q.d.now(), Actor: audit.System, ActorName: "Paywicket", Action: audit.SenderTaken,
			Subject: holder, Details: fmt.Sprintf(`{"epoch":%d,"left_in_sending":%d}`, epoch, orphans)})
	})
	return epoch, orphans, err
}

func scanID(scan func(...any) error) (payout.ID, error) {
	var id payout.ID
	err := scan(&id)
	return id, err
}

func (q Queue) orphan(ctx context.Context, tx *sql.Tx, id payout.ID, orphan func(*payout.Payout) error) error {
	r := Payouts(q)
	p, err := r.load(ctx, tx, payout.Everywhere(), id)
	if err != nil {
		return err
	}
	if err := orphan(p.Payout); err != nil {
		return fmt.Errorf("make payout %s unknown: %w", id, err)
	}
	p.Version++
	return r.save(ctx, tx, p)
}

// Due is a payout the runner has to see to.
type Due = payout.Due

// workable is what the runner may see to at some time. What must not be sent now does not stand in the way of look-ups.
const workable = ` from payouts p join accounts a on a.id = p.account where p.due_at > 0 and (p.state in ('accepted', 'unknown')
	or (p.state = 'approved' and a.frozen_at = 0 and p.conflicts = 0
		and not exists (select 1 from stores s where s.id = p.store and s.frozen_at > 0)
		and not exists (select 1 from settings where name = '` + settingHalted + `' and value <> '')))`

// Due lists payouts whose time has come, the longest overdue first: approved ones of accounts that may send, and
// unfinished ones to be looked up.
func (q Queue) Due(ctx context.Context, now time.Time, limit int) ([]Due, error) {
	return collect(ctx, q.d.read, func(scan func(...any) error) (Due, error) {
		var d Due
		var st string
		err := scan(&d.ID, &st, &d.State)
		d.Store = access.StoreID(st)
		return d, err
	}, `select p.id, p.store, p.state`+workable+` and p.due_at <= $1 order by p.due_at limit $2`, millis(now), limit)
}

// Approved lists what is approved and not sent yet.
func (q Queue) Approved(ctx context.Context) ([]payout.Due, error) {
	return collect(ctx, q.d.read, func(scan func(...any) error) (payout.Due, error) {
		var d payout.Due
		err := scan(&d.ID, &d.Store, &d.State)
		return d, err
	}, `select id, store, state from payouts where state = 'approved' order by created_at, id`)
}

// NextDue is when the next payout falls due, zero if none will.
func (q Queue) NextDue(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := q.d.read.QueryRowContext(ctx, `select min(p.due_at)`+workable).Scan(&at)
	return moment(at.Int64), err // no row: 0
}

// Halted is why nothing is sent from any store, "" if it is.
func (q Queue) Halted(ctx context.Context) (string, error) {
	if why := q.d.Halted(); why != "" {
		return why, nil
	}
	return setting(ctx, q.d.read, settingHalted)
}
