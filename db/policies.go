package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/policy"
	"github.com/paywicket/paywicket/web/store"
)

// Policies keeps the rules about approvals. It implements policy.Repository.
type Policies struct{ d *DB }

// Policies is the repository of rules.
func (d *DB) Policies() Policies { return Policies{d} }

const policyColumns = `id, version, rules, base, loosens, drafted_by, drafted_at, saved_at, confirmed_by, held_at, dropped_at`

func scanPolicy(scan func(...any) error) (policy.Proposal, error) {
	var p policy.Proposal
	var rules string
	var loosens int
	var drafted, saved, held, dropped int64
	err := scan(&p.ID, &p.Version, &rules, &p.Base, &loosens, &p.By, &drafted, &saved, &p.ConfirmedBy, &held, &dropped)
	if err == nil {
		err = json.Unmarshal([]byte(rules), &p.Rules)
	}
	p.Loosens = loosens == 1
	p.At, p.SavedAt, p.HeldAt, p.DroppedAt = moment(drafted), moment(saved), moment(held), moment(dropped)
	return p, err
}

// currentRules are those that hold.
func currentRules(ctx context.Context, q querier) (policy.Set, error) {
	p, err := scanPolicy(q.QueryRowContext(ctx, `select `+policyColumns+` from policies where version > 0 order by version desc limit 1`).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return policy.Set{}, nil
	}
	if err != nil {
		return policy.Set{}, fmt.Errorf("load rules: %w", err)
	}
	return policy.Set{Version: p.Version, Rules: p.Rules}, nil
}

// Current are the rules that hold.
func (r Policies) Current(ctx context.Context) (policy.Set, error) {
	return currentRules(ctx, r.d.read)
}

// Supers lists the super admins who are not disabled.
func (r Policies) Supers(ctx context.Context) ([]access.PersonID, error) {
	return superIDs(ctx, r.d.read)
}

func superIDs(ctx context.Context, q querier) ([]access.PersonID, error) {
	return collect(ctx, q, func(scan func(...any) error) (access.PersonID, error) {
		var id access.PersonID
		err := scan(&id)
		return id, err
	}, `select distinct p.id from people p join grants g on g.person = p.id where g.role = 'super-admin' and p.disabled_at = 0 order by p.name, p.id`)
}

func findPolicy(ctx context.Context, q querier, id string) (policy.Proposal, error) {
	p, err := scanPolicy(q.QueryRowContext(ctx, `select `+policyColumns+` from policies where id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, policy.ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("load rules %s: %w", id, err)
	}
	return p, nil
}

// Proposal finds rules by their id.
func (r Policies) Proposal(ctx context.Context, id string) (policy.Proposal, error) {
	return findPolicy(ctx, r.d.read, id)
}

// Waiting lists the proposals that a second super admin has to confirm.
func (r Policies) Waiting(ctx context.Context) ([]policy.Proposal, error) {
	return collect(ctx, r.d.read, scanPolicy, `select `+policyColumns+` from policies
		where saved_at > 0 and held_at = 0 and dropped_at = 0 order by saved_at, rowid`)
}

// Held lists the rules that hold or held, newest first.
func (r Policies) Held(ctx context.Context, most int) ([]policy.Proposal, error) {
	return collect(ctx, r.d.read, scanPolicy, `select `+policyColumns+` from policies where version > 0 order by version desc limit $1`, most)
}

// AddProposal keeps a new proposal. Drafts that were never saved and are a day old are dropped from the table: nothing held by them.
func (r Policies) AddProposal(ctx context.Context, p policy.Proposal) error {
	texts, err := encode(p.Rules)
	if err != nil {
		return err
	}
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `delete from policies where saved_at = 0 and drafted_at < $1`, millis(p.At.Add(-24*time.Hour)))
		if err != nil {
			return fmt.Errorf("drop old drafts of rules: %w", err)
		}
		_, err = tx.ExecContext(ctx, `insert into policies (id, version, rules, base, loosens, drafted_by, drafted_at) values ($1, 0, $2, $3, $4, $5, $6)`,
			p.ID, texts[0], p.Base, bit(p.Loosens), string(p.By), millis(p.At))
		if err != nil {
			return fmt.Errorf("add rules: %w", err)
		}
		return nil
	})
}

// ChangeProposal alters a proposal and uses up the confirmation of it, if there is one, in one transaction.
func (r Policies) ChangeProposal(ctx context.Context, id string, proof access.StepUp, change func(policy.Situation) (policy.Proposal, []audit.Entry, error)) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		now, err := r.situation(ctx, tx, id)
		if err != nil {
			return err
		}
		p, entries, err := change(now)
		if err != nil {
			return err
		}
		if proof.ID != "" {
			if err := (world{ctx, r.d, tx}).UseStepUp(proof); err != nil {
				return err
			}
		}
		if !p.HeldAt.IsZero() && p.Version == 0 {
			p.Version = now.Current.Version + 1
		}
		err = one(tx.ExecContext(ctx, `update policies set version = $2, saved_at = $3, confirmed_by = $4, held_at = $5, dropped_at = $6 where id = $1`,
			id, p.Version, millis(p.SavedAt), string(p.ConfirmedBy), millis(p.HeldAt), millis(p.DroppedAt)))
		if err != nil {
			return fmt.Errorf("save rules %s: %w", id, err)
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func (r Policies) situation(ctx context.Context, tx *sql.Tx, id string) (policy.Situation, error) {
	var now policy.Situation
	var err error
	if now.Proposal, err = findPolicy(ctx, tx, id); err != nil {
		return now, err
	}
	if now.Current, err = currentRules(ctx, tx); err != nil {
		return now, err
	}
	if now.Supers, err = superIDs(ctx, tx); err != nil {
		return now, err
	}
	now.OnePerson, err = world{ctx, r.d, tx}.OnePerson()
	return now, err
}

// Past lists live payouts that were asked for since, oldest first, at most so many of the latest.
func (r Policies) Past(ctx context.Context, since time.Time, most int) ([]policy.Case, error) {
	zones := map[access.StoreID]*time.Location{}
	all, err := collect(ctx, r.d.read, func(scan func(...any) error) (policy.Case, error) {
		var c policy.Case
		var at int64
		var country, zone string
		var known int
		err := scan(&c.ID, &c.Facts.Store, &c.Facts.Author, &c.Facts.Provider, &c.Facts.Method, &country, &c.Facts.Amount.Currency, &c.Facts.Amount.Minor, &at, &zone, &known)
		c.Facts.Country, c.Facts.New, c.At = country, known == 0, moment(at)
		if zones[c.Facts.Store] == nil {
			zones[c.Facts.Store] = store.Store{Zone: zone}.Location()
		}
		c.Day = c.At.In(zones[c.Facts.Store]).Format(time.DateOnly)
		return c, err
	}, `
		select p.id, p.store, p.author, p.provider, p.method, coalesce(json_extract(p.content, '$.country'), ''), p.currency, p.minor, p.submitted_at, s.zone,
			p.recipient_key = '' or exists (select 1 from payouts e where e.recipient_key = p.recipient_key and e.store = p.store and e.state = 'paid' and e.created_at < p.created_at)
		from payouts p join stores s on s.id = p.store
		where p.created_at >= $1 and p.live = 1 and p.submitted_at > 0 and p.state not in ('draft', 'discarded')
		order by p.created_at desc, p.id desc limit $2`, millis(since), most)
	slices.Reverse(all)
	return all, err
}
