package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// SaveOffer keeps what a company offers, as a new version if it differs from the latest one.
func (r Stores) SaveOffer(ctx context.Context, o store.Offer) (store.Offer, error) {
	texts, err := encode(o.Methods)
	if err != nil {
		return o, err
	}
	err = r.d.inTx(ctx, func(tx *sql.Tx) error {
		var digest string
		var fetched int64
		err := tx.QueryRowContext(ctx, `select version, digest, fetched_at from offers where account = $1 order by version desc limit 1`,
			string(o.Account)).Scan(&o.Version, &digest, &fetched)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find offer: %w", err)
		}
		if digest == o.Digest {
			o.FetchedAt = moment(fetched)
			return one(tx.ExecContext(ctx, `update offers set credential = $3, checked_at = $4 where account = $1 and version = $2`,
				string(o.Account), o.Version, o.Credential, millis(o.CheckedAt)))
		}
		o.Version++
		return one(tx.ExecContext(ctx, `
			insert into offers (account, version, credential, methods, digest, fetched_at, checked_at) values ($1, $2, $3, $4, $5, $6, $7)`,
			string(o.Account), o.Version, o.Credential, texts[0], o.Digest, millis(o.FetchedAt), millis(o.CheckedAt)))
	})
	if err != nil {
		return o, fmt.Errorf("save offer of account %s: %w", o.Account, err)
	}
	return o, nil
}

// Offers lists the versions of an account's offer, the latest first.
func (r Stores) Offers(ctx context.Context, id store.AccountID, limit int) ([]store.Offer, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (store.Offer, error) {
		o := store.Offer{Account: id}
		var methods string
		var fetched, checked int64
		if err := scan(&o.Version, &o.Credential, &methods, &o.Digest, &fetched, &checked); err != nil {
			return o, err
		}
		o.FetchedAt, o.CheckedAt = moment(fetched), moment(checked)
		err := json.Unmarshal([]byte(methods), &o.Methods)
		return o, err
	}, `select version, credential, methods, digest, fetched_at, checked_at from offers where account = $1 order by version desc limit $2`,
		string(id), limit)
}

// SaveMended keeps what is filled in for a recipient.
func (r Stores) SaveMended(ctx context.Context, m store.Mended, entries ...audit.Entry) error {
	texts, err := encode(m.Details)
	if err != nil {
		return err
	}
	return r.d.exec(ctx, entries, "keep recipient's details", `
		insert into recipient_details (account, method, recipient_key, details, set_by, set_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (account, method, recipient_key) do update set details = $4, set_by = $5, set_at = $6`,
		string(m.Account), m.Method, m.Key, texts[0], m.By, millis(m.At))
}

// Mended finds what is filled in for a recipient; nothing is no error.
func (r Stores) Mended(ctx context.Context, id store.AccountID, method, key string) (store.Mended, error) {
	m := store.Mended{Account: id, Method: method, Key: key}
	var details string
	var at int64
	err := r.d.read.QueryRowContext(ctx, `select details, set_by, set_at from recipient_details where account = $1 and method = $2 and recipient_key = $3`,
		string(id), method, key).Scan(&details, &m.By, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("find recipient's details: %w", err)
	}
	m.At = moment(at)
	return m, json.Unmarshal([]byte(details), &m.Details)
}

// Changed lists the accounts whose offer changed since a time, and when it did last.
func (r Stores) Changed(ctx context.Context, since time.Time) (map[store.AccountID]time.Time, error) {
	type change struct {
		id store.AccountID
		at time.Time
	}
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (change, error) {
		var c change
		var at int64
		err := scan(&c.id, &at)
		c.at = moment(at)
		return c, err
	}, `select account, max(fetched_at) from offers where version > 1 and fetched_at >= $1 group by account`, millis(since))
	changed := map[store.AccountID]time.Time{}
	for _, c := range all {
		changed[c.id] = c.at
	}
	return changed, err
}

// RecipientsOf lists the latest payout to each recipient of an account, the latest first.
func (r Payouts) RecipientsOf(ctx context.Context, s payout.Scope, id store.AccountID, limit int) ([]payout.Row, error) {
	var w where
	w.scope(s, "p.store")
	w.add("p.account = ? and p.recipient_key <> ''", string(id))
	w.add("p.state not in ('draft', 'discarded')")
	w.args = append(w.args, limit)
	return collect(ctx, r.d.read, scanRow, `select `+rowColumns+rowTables+w.String()+
		fmt.Sprintf(` group by p.recipient_key, p.method having p.created_at = max(p.created_at) order by p.created_at desc limit $%d`, len(w.args)), w.args...)
}
