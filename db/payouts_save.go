package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/vault"
)

// save writes a payout and all that belongs to it, with its audit rows and exchanges.
func (r Payouts) save(ctx context.Context, tx *sql.Tx, p stored) error {
	return inOrder(
		func() error { return r.saveRow(ctx, tx, p) },
		func() error { return r.saveApprovals(ctx, tx, p.Payout) },
		func() error { return r.saveAttempts(ctx, tx, p.Payout) },
		func() error { return r.saveConflicts(ctx, tx, p.Payout) },
		func() error { return r.d.post(ctx, tx, p.seq, factsOf(p.Payout)) },
		func() error { return r.saveWords(ctx, tx, p) },
		func() error { return r.saveExchanges(ctx, tx, p.TakeExchanges()) },
		func() error { return r.d.addEntries(ctx, tx, p.TakeEntries()...) },
	)
}

func encode(values ...any) ([]string, error) {
	texts := make([]string, len(values))
	for i, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("encode for the database: %w", err)
		}
		texts[i] = string(b)
	}
	return texts, nil
}

func (r Payouts) saveRow(ctx context.Context, tx *sql.Tx, p stored) error {
	texts, err := encode(p.Input, p.Content, p.Editors, p.Review)
	if err != nil {
		return err
	}
	if p.Review == nil {
		texts[3] = ""
	}
	c, open := p.Content, 0
	for _, k := range p.Conflicts {
		if k.ClosedAt.IsZero() {
			open++
		}
	}
	wait, quiet, err := waitOf(p.Payout)
	if err != nil {
		return err
	}
	err = one(tx.ExecContext(ctx, `
		update payouts set account = $2, provider = $3, live = $4, state = $5, version = $6, input = $7, content = $8,
			method = $9, currency = $10, minor = $11, fee_currency = $12, fee_minor = $13, recipient = $14, number = $15,
			recipient_key = $16, editors = $17, snapshot = $18, digest = $19, decisions = $20, one_person = $21, review = $22,
			reason = $23, conflicts = $24, reference = $25, remote_id = $26, updated_at = $27, submitted_at = $28,
			expires_at = $29, ended_at = $30, due_at = $31, looks = $32, wait = $33, quiet_until = $34
		where seq = $1`,
		p.seq, string(accountOf(p.Payout)), c.Provider, bit(c.Live), string(p.State), p.Version, texts[0], texts[1],
		c.Method, c.Amount.Currency, c.Amount.Minor, p.Fee.Currency, p.Fee.Minor, c.Recipient(), c.AccountNumber(),
		c.RecipientKey(), texts[2], p.Snapshot, p.Digest, p.Decisions, bit(p.OnePerson), texts[3],
		p.Reason, open, p.Reference(), p.RemoteID(), millis(p.UpdatedAt), millis(p.SubmittedAt),
		millis(p.ExpiresAt), millis(p.EndedAt), millis(p.DueAt), p.Looks, wait, quiet))
	if err != nil {
		return fmt.Errorf("save payout %s: %w", p.ID, err)
	}
	return nil
}

// optional is a value as JSON, "" for none.
func optional[T any](v *T) (string, error) {
	if v == nil {
		return "", nil
	}
	texts, err := encode(v)
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

// waitOf is the note that an outcome is left open, and until when nobody is reminded of it.
func waitOf(p *payout.Payout) (string, int64, error) {
	text, err := optional(p.Wait)
	if p.Wait == nil {
		return text, 0, err
	}
	return text, millis(p.Wait.Until), err
}

// saveApprovals adds new approvals and marks as void those that are gone. None is ever deleted.
func (r Payouts) saveApprovals(ctx context.Context, tx *sql.Tx, p *payout.Payout) error {
	keep := []any{string(p.ID), millis(p.UpdatedAt)}
	marks := []string{"''"}
	for _, a := range p.Approvals {
		proof, err := proofText(a.Proof)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into approvals (payout, person, name, digest, challenge, means, at, intent, proof, lapses_at, mac)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			on conflict (challenge) do nothing`,
			string(p.ID), string(a.Person), a.Name, a.Digest, a.Challenge, a.Means, millis(a.At), a.Intent, proof, millis(a.LapsesAt),
			r.approvalMAC(p.ID, a, proof))
		if err != nil {
			return fmt.Errorf("save approval of %s: %w", p.ID, err)
		}
		keep = append(keep, a.Challenge)
		marks = append(marks, fmt.Sprintf("$%d", len(keep)))
	}
	query := `update approvals set void_at = $2 where payout = $1 and void_at = 0 and challenge not in (` + strings.Join(marks, ", ") + `)` //nolint:gosec // only placeholders
	_, err := tx.ExecContext(ctx, query, keep...)
	if err != nil {
		return fmt.Errorf("void approvals of %s: %w", p.ID, err)
	}
	return nil
}

func proofText(p *access.Proof) (string, error) {
	if p == nil {
		return "", nil
	}
	texts, err := encode(p)
	if err != nil {
		return "", err
	}
	return texts[0], nil
}

func (r Payouts) saveAttempts(ctx context.Context, tx *sql.Tx, p *payout.Payout) error {
	for _, a := range p.Attempts {
		kept, err := r.sealKept(p, a.No, a.Kept)
		if err != nil {
			return err
		}
		proofs := ""
		if len(a.Proofs) > 0 {
			texts, err := encode(a.Proofs)
			if err != nil {
				return err
			}
			proofs = texts[0]
		}
		_, err = tx.ExecContext(ctx, `
			insert into attempts (payout, no, account, decision, reference, remote_id, kept, epoch, outcome, started_at, ended_at, word, stage, proofs)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
			on conflict (payout, no) do update set remote_id = $6, kept = case when $15 then kept else $7 end, outcome = $9, ended_at = $11,
				word = $12, stage = $13, proofs = $14`,
			string(p.ID), a.No, string(p.Content.Account), a.Decision, a.Reference, a.RemoteID, kept, a.Epoch, string(a.Outcome),
			millis(a.StartedAt), millis(a.EndedAt), a.Word, string(a.Stage), proofs, bit(a.Damaged))
		if err != nil {
			return fmt.Errorf("save attempt %d of %s: %w", a.No, p.ID, err)
		}
	}
	return nil
}

func keptPlace(p *payout.Payout, no int) vault.Place {
	return vault.Place{Table: "attempts", Row: string(p.ID), Store: string(p.Store), Account: string(p.Content.Account),
		Provider: p.Content.Provider, Mode: modeOf(p.Content.Live), Field: "kept", Version: no}
}

func modeOf(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

func (r Payouts) sealKept(p *payout.Payout, no int, kept map[string]string) ([]byte, error) {
	if len(kept) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(kept)
	if err != nil {
		return nil, fmt.Errorf("encode what attempt %d of %s keeps: %w", no, p.ID, err)
	}
	return r.d.vault.Seal(plain, keptPlace(p, no))
}

func (r Payouts) unsealKept(p *payout.Payout, no int, sealed []byte) (map[string]string, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := r.d.vault.Unseal(sealed, keptPlace(p, no))
	if err != nil {
		return nil, err
	}
	var kept map[string]string
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, fmt.Errorf("decode what attempt %d of %s keeps: %w", no, p.ID, err)
	}
	return kept, nil
}

func (r Payouts) saveConflicts(ctx context.Context, tx *sql.Tx, p *payout.Payout) error {
	for i, c := range p.Conflicts {
		finding, err := optional(c.Finding)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into conflicts (payout, no, source, code, expected, got, hook, at, closed_at, closed_by, finding)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			on conflict (payout, no) do update set closed_at = $9, closed_by = $10, finding = $11`,
			string(p.ID), i+1, string(c.Source), c.Code, c.Expected, c.Got, c.HookID, millis(c.At), millis(c.ClosedAt), string(c.ClosedBy), finding)
		if err != nil {
			return fmt.Errorf("save conflict of %s: %w", p.ID, err)
		}
	}
	return nil
}

// saveWords keeps what the search box finds a payout by.
func (r Payouts) saveWords(ctx context.Context, tx *sql.Tx, p stored) error {
	_, err := tx.ExecContext(ctx, `insert or replace into payout_words (rowid, words) values ($1, $2)`, p.seq, wordsOf(p.Payout))
	if err != nil {
		return fmt.Errorf("index payout %s: %w", p.ID, err)
	}
	return nil
}

func wordsOf(p *payout.Payout) string {
	words := []string{storeWord(p.Store), string(p.ID), p.Content.Description, p.Content.Amount.Decimal(), p.Content.Amount.Currency}
	for _, a := range p.Attempts {
		words = append(words, a.Reference, a.RemoteID)
	}
	for _, d := range p.Content.Details {
		words = append(words, d.Value)
		if d.Role == providers.RoleAccount || d.Role == providers.RolePhone {
			words = append(words, tail(d.Value))
		}
	}
	if len(p.Content.Details) == 0 {
		words = append(words, p.Input.Description)
		for _, v := range p.Input.Details {
			words = append(words, v)
		}
	}
	return strings.Join(words, " ")
}

// tail is the ending of an account number, which is what people read off a masked one.
func tail(number string) string {
	if len(number) <= 4 {
		return number
	}
	return number[len(number)-4:]
}

func (r Payouts) saveExchanges(ctx context.Context, tx *sql.Tx, all []payout.Exchange) error {
	for _, e := range all {
		_, err := tx.ExecContext(ctx, `
			insert into exchanges (id, account, payout, attempt, purpose, at, took, method, url, status, request, answer, written, err)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			r.d.newID(), string(e.Account), string(e.Payout), e.Attempt, e.Purpose, millis(e.At), e.Took.Milliseconds(),
			e.Method, e.URL, e.Status, e.Request, e.Answer, bit(e.Written), e.Err)
		if err != nil {
			return fmt.Errorf("save exchange: %w", err)
		}
	}
	return nil
}
