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

const toldColumns = rowColumns + `, p.version, p.input, p.content, p.recipient_key, exists (select 1 from attempts t where t.payout = p.id),
	coalesce(d.details, '')`

// Details that were completed count until the recipient was paid anew: from then on its latest payout says what is known.
const toldTables = ` from payouts p left join accounts a on a.id = p.account left join people w on w.id = p.author
	left join recipient_details d on d.account = p.account and d.method = p.method and d.recipient_key = p.recipient_key and d.set_at > p.created_at
	where `

func scanTold(scan func(...any) error) (payout.Told, error) {
	var t payout.Told
	var input, content, mended string
	var sent int
	var err error
	t.Row, err = scanRow(func(into ...any) error {
		return scan(append(into, &t.Version, &input, &content, &t.Key, &sent, &mended)...)
	})
	if err != nil {
		return t, err
	}
	var p payout.Payout
	p.State, t.Sent = t.State, sent == 1
	err = errors.Join(json.Unmarshal([]byte(input), &p.Input), json.Unmarshal([]byte(content), &p.Content))
	t.Details = p.Typed()
	if t.State == payout.Draft {
		t.Method = p.Input.Method
	}
	if mended != "" {
		err = errors.Join(err, json.Unmarshal([]byte(mended), &t.Mended))
	}
	return t, err
}

// OpenOf lists what of an account is drafted, waits for approval or is approved, the latest first.
func (r Payouts) OpenOf(ctx context.Context, s payout.Scope, id store.AccountID, limit int) ([]payout.Told, error) {
	var w where
	w.scope(s, "p.store")
	w.add("p.account = ? and p.state in ('draft', 'submitted', 'approved')", string(id)) // literally: an index has it so
	w.args = append(w.args, limit)
	return collect(ctx, r.d.read, scanTold, `select `+toldColumns+toldTables+w.String()+
		fmt.Sprintf(` order by p.created_at desc, p.id desc limit $%d`, len(w.args)), w.args...)
}

// RecipientsOf lists the latest payout to each recipient and by each method among the latest payouts of an account, the latest
// first. Those before the latest are not read.
func (r Payouts) RecipientsOf(ctx context.Context, s payout.Scope, id store.AccountID, latest int) ([]payout.Told, error) {
	var w where
	w.scope(s, "p.store")
	w.add(`p.seq in (select seq from (select seq, max(created_at) from
		(select seq, recipient_key, method, created_at from payouts where account = ? and recipient_key <> '' order by created_at desc, id desc limit ?)
		group by recipient_key, method))`, string(id), latest)
	return collect(ctx, r.d.read, scanTold, `select `+toldColumns+toldTables+w.String()+` order by p.created_at desc, p.id desc`, w.args...)
}
