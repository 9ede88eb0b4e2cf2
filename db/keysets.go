package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/paywicket/paywicket/web/vault"
)

// Keysets keeps the vault's wrapped keys. It implements vault.Repository.
type Keysets struct{ d *DB }

// Keysets is the repository of the vault.
func (d *DB) Keysets() Keysets { return Keysets{d} }

// Keysets lists the stored ones.
func (r Keysets) Keysets(ctx context.Context) ([]vault.Keyset, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (vault.Keyset, error) {
		var k vault.Keyset
		var at int64
		err := scan(&k.Purpose, &k.MasterID, &k.Sealed, &at)
		k.CreatedAt = moment(at)
		return k, err
	}, `select purpose, master_id, sealed, created_at from keysets order by purpose`)
}

// InsertKeysets stores all of them or none. One that is there already is an error.
func (r Keysets) InsertKeysets(ctx context.Context, sets []vault.Keyset) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		for _, k := range sets {
			_, err := tx.ExecContext(ctx, `insert into keysets (purpose, master_id, sealed, created_at) values ($1, $2, $3, $4)`,
				k.Purpose, k.MasterID, k.Sealed, millis(k.CreatedAt))
			if err != nil {
				return fmt.Errorf("store keyset %s: %w", k.Purpose, err)
			}
		}
		return nil
	})
}

// ReplaceKeysets puts each of fresh in the place of the one of its purpose, all or none.
func (r Keysets) ReplaceKeysets(ctx context.Context, old, fresh []vault.Keyset) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		for i, k := range fresh {
			err := one(tx.ExecContext(ctx, `update keysets set master_id = $3, sealed = $4 where purpose = $1 and sealed = $2`,
				k.Purpose, old[i].Sealed, k.MasterID, k.Sealed))
			if err != nil {
				return fmt.Errorf("replace keyset %s: %w", k.Purpose, err)
			}
		}
		return nil
	})
}
