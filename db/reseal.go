package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// sealedIn is a column of sealed values: where each of them belongs is read beside it.
type sealedIn struct {
	table, column string
	joins         string // what the place is read from besides
	place         string // columns of it
	scan          func(func(...any) error, *int64, *[]byte) (vault.Place, error)
}

// sealedColumns lists every column of sealed values. A new one has to be added here, or rotating the data key leaves it behind;
// a test holds the list against the schema.
func sealedColumns() []sealedIn {
	return []sealedIn{
		{table: "credentials", column: "sealed", joins: "join accounts a on a.id = t.account", place: "a.id, a.store, a.provider, a.live, t.name, t.version",
			scan: func(scan func(...any) error, row *int64, sealed *[]byte) (vault.Place, error) {
				var a store.Account
				var name string
				var version, live int
				err := scan(row, sealed, &a.ID, &a.Store, &a.Provider, &live, &name, &version)
				a.Live = live == 1
				return store.Place(a, name, version), err
			}},
		{table: "people", column: "totp", place: "t.id",
			scan: func(scan func(...any) error, row *int64, sealed *[]byte) (vault.Place, error) {
				var id access.PersonID
				err := scan(row, sealed, &id)
				return totpPlace(id), err
			}},
		{table: "passkeys", column: "credential", place: "t.person, t.id",
			scan: func(scan func(...any) error, row *int64, sealed *[]byte) (vault.Place, error) {
				var k access.Passkey
				err := scan(row, sealed, &k.Person, &k.ID)
				return passkeyPlace(k), err
			}},
		{table: "attempts", column: "kept", joins: "join payouts p on p.id = t.payout", place: "p.id, p.store, t.account, p.provider, p.live, t.no",
			scan: func(scan func(...any) error, row *int64, sealed *[]byte) (vault.Place, error) {
				var id, st, account, provider string
				var live, no int
				err := scan(row, sealed, &id, &st, &account, &provider, &live, &no)
				return vault.Place{Table: "attempts", Row: id, Store: st, Account: account, Provider: provider, Mode: modeOf(live == 1), Field: "kept", Version: no}, err
			}},
	}
}

// SealedUnder counts the sealed values by the id of their key.
func (d *DB) SealedUnder(ctx context.Context) (map[uint32]int, error) {
	counts := map[uint32]int{}
	for _, c := range sealedColumns() {
		_, err := collect(ctx, d.read, func(scan func(...any) error) (struct{}, error) {
			var prefix []byte
			var n int
			err := scan(&prefix, &n)
			counts[vault.KeyOf(prefix)] += n
			return struct{}{}, err
		}, `select substr(`+c.column+`, 1, 5) as prefix, count(*) from `+c.table+` where `+c.column+` is not null group by prefix`)
		if err != nil {
			return nil, fmt.Errorf("count sealed values of %s: %w", c.table, err)
		}
	}
	return counts, nil
}

// resealBatch is how many values one commit seals anew: few enough that others wait a moment only.
const resealBatch = 200

// Resealed is what one batch did.
type Resealed struct {
	Done    int
	Damaged []string // table and row of values that do not open
}

// Reseal seals everything anew that is not sealed under the vault's first key, in small commits, telling each. It may be ended
// at any time and called again. Values that do not open are left as they are and named.
func (d *DB) Reseal(ctx context.Context, tell func(Resealed)) error {
	for _, c := range sealedColumns() {
		for after := int64(0); ; {
			var batch Resealed
			last, err := d.resealBatch(ctx, c, after, &batch)
			if err != nil {
				return err
			}
			tell(batch)
			if last == after {
				break
			}
			after = last
		}
	}
	return nil
}

// sealedRow is one value and where it belongs.
type sealedRow struct {
	row    int64
	sealed []byte
	place  vault.Place
}

// resealBatch seals one batch of a column anew and returns the last row it looked at.
func (d *DB) resealBatch(ctx context.Context, c sealedIn, after int64, done *Resealed) (int64, error) {
	last := after
	err := d.inTx(ctx, func(tx *sql.Tx) error {
		rows, err := collect(ctx, tx, func(scan func(...any) error) (sealedRow, error) {
			var r sealedRow
			var err error
			r.place, err = c.scan(scan, &r.row, &r.sealed)
			return r, err
		}, `select t.rowid, t.`+c.column+`, `+c.place+` from `+c.table+` t `+c.joins+`
			where t.rowid > $1 and t.`+c.column+` is not null and substr(t.`+c.column+`, 1, 5) <> $2 order by t.rowid limit $3`,
			after, vault.Prefix(d.vault.DataKeys()[0]), resealBatch)
		if err != nil {
			return fmt.Errorf("load sealed values of %s: %w", c.table, err)
		}
		for _, r := range rows {
			last = r.row
			if err := d.resealOne(ctx, tx, c, r); errors.Is(err, vault.ErrSealed) {
				done.Damaged = append(done.Damaged, c.table+" "+r.place.Row+" "+r.place.Field)
			} else if err != nil {
				return err
			} else {
				done.Done++
			}
		}
		return nil
	})
	return last, err
}

func (d *DB) resealOne(ctx context.Context, tx *sql.Tx, c sealedIn, r sealedRow) error {
	plain, err := d.vault.Unseal(r.sealed, r.place)
	if err != nil {
		return err
	}
	fresh, err := d.vault.Seal(plain, r.place)
	if err != nil {
		return err
	}
	return one(tx.ExecContext(ctx, `update `+c.table+` set `+c.column+` = $2 where rowid = $1 and `+c.column+` = $3`, r.row, fresh, r.sealed))
}

// Note writes audit rows about what concerns the whole installation and changes nothing else.
func (d *DB) Note(ctx context.Context, entries ...audit.Entry) error {
	return d.inTx(ctx, func(tx *sql.Tx) error { return d.addEntries(ctx, tx, entries...) })
}

// CopyTo writes the whole database, as it stands at this moment, to a new file. Others may read and write meanwhile.
func (d *DB) CopyTo(ctx context.Context, path string) error {
	see := func(err error) error { return d.haltOn(err, rot()) }             // what fails on the copy's disk is no concern of this one
	own := sql.OpenDB(connector{dsn(d.path, "mode=rw"), forAll(), see, nil}) // neither the writer's, which others wait for, nor one that only reads
	_, err := own.ExecContext(ctx, `vacuum into $1`, path)
	if err := errors.Join(err, own.Close()); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}
