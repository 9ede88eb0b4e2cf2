package db

import (
	"cmp"
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
	"github.com/paywicket/paywicket/web/vault"
)

// Payouts keeps payouts. It implements payout.Repository and payout.History.
type Payouts struct{ d *DB }

// Payouts is the repository of payouts.
func (d *DB) Payouts() Payouts { return Payouts{d} }

const payoutColumns = `seq, id, store, account, provider, live, state, version, input, content, method, currency, minor,
	fee_currency, fee_minor, author, editors, snapshot, digest, decisions, one_person, review, reason, follows,
	created_at, updated_at, submitted_at, expires_at, ended_at, due_at, looks, wait`

// stored is a payout with what only the database knows of it.
type stored struct {
	seq int64
	*payout.Payout
}

func scanPayout(scan func(...any) error) (stored, error) {
	var (
		p                                                   payout.Payout
		seq                                                 int64
		account, provider, input, content, method, currency string
		minor, feeMinor                                     int64
		live, onePerson                                     int
		feeCurrency, editors, review, wait                  string
		created, updated, submitted, expires, ended, due    int64
	)
	err := scan(&seq, &p.ID, &p.Store, &account, &provider, &live, &p.State, &p.Version, &input, &content, &method, &currency, &minor,
		&feeCurrency, &feeMinor, &p.Author, &editors, &p.Snapshot, &p.Digest, &p.Decisions, &onePerson, &review, &p.Reason, &p.Follows,
		&created, &updated, &submitted, &expires, &ended, &due, &p.Looks, &wait)
	if err != nil {
		return stored{}, err
	}
	p.OnePerson = onePerson == 1
	p.Fee = money.Amount{Minor: feeMinor, Currency: feeCurrency}
	p.CreatedAt, p.UpdatedAt, p.SubmittedAt = moment(created), moment(updated), moment(submitted)
	p.ExpiresAt, p.EndedAt, p.DueAt = moment(expires), moment(ended), moment(due)
	err = errors.Join(json.Unmarshal([]byte(input), &p.Input), json.Unmarshal([]byte(content), &p.Content), json.Unmarshal([]byte(editors), &p.Editors))
	if review != "" {
		err = errors.Join(err, json.Unmarshal([]byte(review), &p.Review))
	}
	if wait != "" {
		err = errors.Join(err, json.Unmarshal([]byte(wait), &p.Wait))
	}
	if err != nil {
		return stored{}, fmt.Errorf("read payout %s: %w", p.ID, err)
	}
	c := p.Content
	p.Torn = accountOf(&p) != store.AccountID(account) || c.Provider != provider || c.Live != (live == 1) || c.Method != method ||
		c.Amount != money.Amount{Minor: minor, Currency: currency}
	return stored{seq, &p}, nil
}

// accountOf is the account a payout is listed under: the one it was submitted for, else the one of the draft.
func accountOf(p *payout.Payout) store.AccountID { return cmp.Or(p.Content.Account, p.Input.Account) }

// load reads a payout with all that belongs to it.
func (r Payouts) load(ctx context.Context, q querier, s payout.Scope, id payout.ID) (stored, error) {
	where, args := within(s.Reach(), "store", 2)
	p, err := scanPayout(q.QueryRowContext(ctx, `select `+payoutColumns+` from payouts where id = $1 and `+where, append([]any{string(id)}, args...)...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return stored{}, payout.ErrNotFound
	}
	if err != nil {
		return stored{}, fmt.Errorf("load payout %s: %w", id, err)
	}
	if p.Approvals, err = r.approvals(ctx, q, p.Payout); err != nil {
		return stored{}, fmt.Errorf("load approvals of %s: %w", id, err)
	}
	if p.Attempts, err = r.attempts(ctx, q, p.Payout); err != nil {
		return stored{}, fmt.Errorf("load attempts of %s: %w", id, err)
	}
	if p.Conflicts, err = r.conflicts(ctx, q, id); err != nil {
		return stored{}, fmt.Errorf("load conflicts of %s: %w", id, err)
	}
	return p, nil
}

// within narrows a query to a set of stores; next is the number of the first free placeholder.
func within(reach access.Reach, column string, next int) (string, []any) {
	if reach.All {
		return "true", nil
	}
	if len(reach.IDs) == 0 {
		return "false", nil
	}
	marks := make([]string, len(reach.IDs))
	args := make([]any, len(reach.IDs))
	for i, id := range reach.IDs {
		marks[i] = fmt.Sprintf("$%d", next+i)
		args[i] = string(id)
	}
	return column + " in (" + strings.Join(marks, ", ") + ")", args
}

// approvals loads those that count. One whose row was not written by this program is no approval: before the send it is left
// out, so that the payout is approved again.
func (r Payouts) approvals(ctx context.Context, q querier, p *payout.Payout) ([]payout.Approval, error) {
	all, err := r.approvalsWhere(ctx, q, p, "and void_at = 0")
	if p.State == payout.Submitted || p.State == payout.Approved {
		all = slices.DeleteFunc(all, func(a payout.Approval) bool { return a.Forged })
	}
	return all, err
}

// everyApproval loads also those that are void.
func (r Payouts) everyApproval(ctx context.Context, q querier, p *payout.Payout) ([]payout.Approval, error) {
	return r.approvalsWhere(ctx, q, p, "")
}

func (r Payouts) approvalsWhere(ctx context.Context, q querier, p *payout.Payout, more string) ([]payout.Approval, error) {
	return collect(ctx, q, func(scan func(...any) error) (payout.Approval, error) {
		var a payout.Approval
		var at, lapses int64
		var proof string
		var mac []byte
		err := scan(&a.Person, &a.Name, &a.Digest, &a.Challenge, &a.Means, &a.Intent, &proof, &lapses, &mac, &at)
		a.At, a.LapsesAt = moment(at), moment(lapses)
		if err == nil && proof != "" {
			err = json.Unmarshal([]byte(proof), &a.Proof)
		}
		a.Forged = !hmac.Equal(mac, r.approvalMAC(p.ID, a, proof))
		return a, err
	}, `select person, name, digest, challenge, means, intent, proof, lapses_at, mac, at from approvals where payout = $1 `+more+` order by at, rowid`, string(p.ID))
}

// approvalMAC is the keyed hash of an approval's row. Every part stands after its length.
func (r Payouts) approvalMAC(id payout.ID, a payout.Approval, proof string) []byte {
	var b []byte
	for _, part := range []string{"paywicket approval 1", string(id), string(a.Person), a.Name, a.Digest, a.Challenge, a.Means, string(a.Intent), proof} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(millis(a.LapsesAt))) //nolint:gosec // the bits, not the number
	b = binary.BigEndian.AppendUint64(b, uint64(millis(a.At)))       //nolint:gosec // the bits, not the number
	return r.d.chain.MAC(b)
}

func (r Payouts) attempts(ctx context.Context, q querier, p *payout.Payout) ([]payout.Attempt, error) {
	return collect(ctx, q, func(scan func(...any) error) (payout.Attempt, error) {
		var a payout.Attempt
		var started, ended int64
		var kept []byte
		var proofs string
		err := scan(&a.No, &a.Decision, &a.Reference, &a.RemoteID, &kept, &a.Epoch, &a.Outcome, &started, &ended, &a.Word, &a.Stage, &proofs)
		if err != nil {
			return a, err
		}
		if proofs != "" {
			if err := json.Unmarshal([]byte(proofs), &a.Proofs); err != nil {
				return a, fmt.Errorf("decode proofs: %w", err)
			}
		}
		a.StartedAt, a.EndedAt = moment(started), moment(ended)
		a.Kept, err = r.unsealKept(p, a.No, kept)
		if a.Damaged = errors.Is(err, vault.ErrSealed); a.Damaged {
			err = nil // one damaged value must stop neither its payout nor all others
		}
		return a, err
	}, `select no, decision, reference, remote_id, kept, epoch, outcome, started_at, ended_at, word, stage, proofs
		from attempts where payout = $1 order by no`, string(p.ID))
}

func (r Payouts) conflicts(ctx context.Context, q querier, id payout.ID) ([]payout.Conflict, error) {
	return collect(ctx, q, func(scan func(...any) error) (payout.Conflict, error) {
		var c payout.Conflict
		var at, closed int64
		var finding string
		err := scan(&c.Source, &c.Code, &c.Expected, &c.Got, &c.HookID, &at, &closed, &c.ClosedBy, &finding)
		c.At, c.ClosedAt = moment(at), moment(closed)
		if err == nil && finding != "" {
			err = json.Unmarshal([]byte(finding), &c.Finding)
		}
		return c, err
	}, `select source, code, expected, got, hook, at, closed_at, closed_by, finding from conflicts where payout = $1 order by no`, string(id))
}

// Find loads a payout.
func (r Payouts) Find(ctx context.Context, s payout.Scope, id payout.ID) (*payout.Payout, error) {
	p, err := r.load(ctx, r.d.read, s, id)
	return p.Payout, err
}

// FindByAttempt loads the payout of an account whose attempt has this reference or identifier, and the attempt's number.
// Our reference counts more than an identifier, and a later attempt more than an earlier one.
func (r Payouts) FindByAttempt(ctx context.Context, account store.AccountID, reference, remoteID string) (*payout.Payout, int, error) {
	var id, st string
	var no int
	err := r.d.read.QueryRowContext(ctx, `
		select a.payout, p.store, a.no from attempts a join payouts p on p.id = a.payout
		where a.account = $1 and ((a.reference = $2 and $2 <> '') or (a.remote_id = $3 and $3 <> ''))
		order by a.reference = $2 desc, a.no desc limit 1`, string(account), reference, remoteID).Scan(&id, &st, &no)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, payout.ErrNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("find attempt: %w", err)
	}
	p, err := r.load(ctx, r.d.read, payout.InStore(access.StoreID(st)), payout.ID(id))
	return p.Payout, no, err
}

// Insert stores a new payout.
func (r Payouts) Insert(ctx context.Context, p *payout.Payout) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		zone, err := (world{ctx, r.d, tx}).Zone(p.Store)
		if err != nil {
			return fmt.Errorf("insert payout: %w", err)
		}
		var seq int64
		err = tx.QueryRowContext(ctx, `
			insert into payouts (id, store, state, version, input, content, author, editors, follows, created_at, updated_at, day)
			values ($1, $2, $3, $4, '{}', '{}', $5, '[]', $6, $7, $7, $8) returning seq`,
			string(p.ID), string(p.Store), string(p.State), p.Version, string(p.Author), string(p.Follows), millis(p.CreatedAt),
			dayIn(p.CreatedAt, zone)).Scan(&seq)
		if err != nil {
			return fmt.Errorf("insert payout: %w", err)
		}
		return r.save(ctx, tx, stored{seq, p})
	})
}

// Update changes a payout in one immediate transaction, together with its audit rows.
func (r Payouts) Update(ctx context.Context, s payout.Scope, id payout.ID, change func(*payout.Payout, payout.World) error) (*payout.Payout, error) {
	var p stored
	var told error
	err := r.d.inTx(ctx, func(tx *sql.Tx) error {
		var err error
		if p, err = r.load(ctx, tx, s, id); err != nil {
			return err
		}
		err = change(p.Payout, world{ctx, r.d, tx})
		kept, why := payout.Kept(err)
		if err != nil && !kept {
			return err
		}
		told = why
		p.Version++
		return r.save(ctx, tx, p)
	})
	if err == nil {
		return p.Payout, told
	}
	if p.Payout == nil {
		return nil, err
	}
	again, loadErr := r.Find(ctx, s, id)
	if loadErr != nil {
		return nil, errors.Join(err, loadErr)
	}
	return again, err
}

// Look lets look read what rules look at, as it stands at one moment.
func (r Payouts) Look(ctx context.Context, look func(payout.World) error) error {
	tx, err := r.d.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin to read: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	return look(world{ctx, r.d, tx})
}
