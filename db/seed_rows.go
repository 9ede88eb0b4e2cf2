package db

import (
	"context"
	"database/sql"
	"net/http"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/seed"
	"github.com/paywicket/paywicket/web/store"
)

// crop is as many made-up payouts as share a commit, with all that belongs to them, made ready to be written.
type crop struct {
	payouts  []stored
	hooks    []seqHook
	bookings map[books.Key][]books.Entry
	sheets   [tables]sheet
}

// The tables in the order in which they are written.
const (
	intoPayouts = iota
	intoAttempts
	intoHooks
	intoBookings
	tables
)

// sheet is rows of one table. The placeholders of a row have no numbers: SQLite looks numbered ones up in a list of all that a
// statement has, one after the other.
type sheet struct {
	into, row string
	args      []any
}

// perInsert is how many rows share a statement: to begin and end one costs about as much as a row.
const perInsert = 50

func (s *sheet) write(ctx context.Context, tx *sql.Tx) error {
	width := strings.Count(s.row, "?")
	for left := s.args; len(left) > 0; {
		n := min(len(left)/width, perInsert)
		query := s.into + strings.Repeat(s.row+", ", n-1) + s.row //nolint:gosec // only placeholders
		if _, err := tx.ExecContext(ctx, query, left[:n*width]...); err != nil {
			return err
		}
		left = left[n*width:]
	}
	return nil
}

func (s *sheet) add(args ...any) { s.args = append(s.args, args...) }

func newCrop() *crop {
	c := &crop{bookings: map[books.Key][]books.Entry{}, sheets: [tables]sheet{
		intoPayouts: {into: `insert into payouts (seq, id, store, account, provider, live, state, version, input, content, method, currency, minor, fee_currency, fee_minor, recipient,
			number, recipient_key, author, editors, decisions, reason, reference, remote_id, created_at, updated_at, submitted_at, ended_at, day, booked) values `,
			row: `(?, ?, ?, ?, ?, ?, ?, 1, '{}', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		intoAttempts: {into: `insert into attempts (payout, no, account, decision, reference, remote_id, epoch, outcome, started_at, ended_at) values `,
			row: `(?, 1, ?, 1, ?, ?, 1, ?, ?, ?)`},
		intoHooks: {into: `insert into hooks (seq, id, account, store, provider, token, address, received_at, header, body, size, digest, verdict, code, event, result, payout, from_state,
			to_state, reply, done_at, forgotten_at) values `, row: `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
		intoBookings: {into: `insert into bookings (store, provider, currency, live, month, at, payout, kind, minor, fee_currency, fee_minor) values `,
			row: `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`},
	}}
	for i := range c.sheets {
		c.sheets[i].args = make([]any, 0, perCommit*strings.Count(c.sheets[i].row, "?"))
	}
	return c
}

func (c *crop) write(ctx context.Context, tx *sql.Tx) error {
	for i := range c.sheets {
		if err := c.sheets[i].write(ctx, tx); err != nil {
			return err
		}
	}
	for k, entries := range c.bookings {
		if err := addToMonth(ctx, tx, k, entries); err != nil {
			return err
		}
	}
	return nil
}

func (c *crop) count(done *Seeded) {
	done.Payouts += len(c.payouts)
	done.Webhooks += len(c.hooks)
	for _, p := range c.payouts {
		done.Attempts += len(p.Attempts)
	}
	for _, entries := range c.bookings {
		done.Bookings += len(entries)
	}
}

// grower makes rows of a made-up history.
type grower struct {
	hooks    *seed.Hooks
	zones    map[store.ID]*time.Location
	now      time.Time
	forget   time.Time // header and body of webhooks from before are kept no longer
	emptied  time.Time // when the latest of those came
	payouts  int64
	webhooks int64
	crop     *crop
}

func newGrower(s *sower) *grower {
	g := &grower{hooks: s.hooks, zones: map[store.ID]*time.Location{}, now: s.d.now(), crop: newCrop()}
	g.forget = g.now.Add(-inbox.DefaultKeepDays * 24 * time.Hour)
	for _, st := range s.h.Stores {
		g.zones[st.ID] = st.Location()
	}
	return g
}

// take hands over what was made so far.
func (g *grower) take() *crop {
	c := g.crop
	g.crop = newCrop()
	return c
}

func (g *grower) add(p *payout.Payout) error {
	entries, err := books.Post(factsOf(p), nil, g.zones[p.Store], neverClosed)
	if err != nil {
		return err
	}
	booked := 0
	if len(entries) > 0 {
		booked = bookedAs(books.PaidIn(entries))
	}
	if err := g.payout(p, booked); err != nil {
		return err
	}
	for _, a := range p.Attempts {
		g.crop.sheets[intoAttempts].add(string(p.ID), string(p.Content.Account), a.Reference, a.RemoteID, string(a.Outcome), millis(a.StartedAt), millis(a.EndedAt))
	}
	for _, e := range entries {
		k := e.Key
		g.crop.bookings[k] = append(g.crop.bookings[k], e)
		g.crop.sheets[intoBookings].add(string(k.Store), k.Provider, k.Currency, int64(bit(k.Live)), string(k.Month), millis(e.At), string(e.Payout), string(e.Kind),
			e.Amount.Minor, e.Fee.Currency, e.Fee.Minor)
	}
	for _, h := range g.hooks.Of(p) {
		if err := g.hook(h); err != nil {
			return err
		}
	}
	return nil
}

func neverClosed(books.Month) (time.Time, error) { return time.Time{}, nil }

func (g *grower) payout(p *payout.Payout, booked int) error {
	texts, err := encode(p.Content, p.Editors)
	if err != nil {
		return err
	}
	g.payouts++
	c := p.Content
	g.crop.payouts = append(g.crop.payouts, stored{Payout: p, seq: g.payouts})
	g.crop.sheets[intoPayouts].add(g.payouts, string(p.ID), string(p.Store), string(c.Account), c.Provider, int64(bit(c.Live)), string(p.State), texts[0], c.Method,
		c.Amount.Currency, c.Amount.Minor, p.Fee.Currency, p.Fee.Minor, c.Recipient(), c.AccountNumber(), c.RecipientKey(), string(p.Author), texts[1],
		int64(p.Decisions), p.Reason, p.Reference(), p.RemoteID(), millis(p.CreatedAt), millis(p.UpdatedAt), millis(p.SubmittedAt), millis(p.EndedAt),
		int64(dayIn(p.CreatedAt, g.zones[p.Store])), int64(booked))
	return nil
}

// hook makes the row of a webhook. Header and body of an old one are not kept any more; size and digest tell of them for ever.
func (g *grower) hook(h inbox.Hook) error {
	digest := inbox.DigestOf(h.Body)
	if h.ReceivedAt.Before(g.forget) {
		h.Header, h.Body, h.ForgottenAt = http.Header{}, []byte{}, g.now
		if h.ReceivedAt.After(g.emptied) {
			g.emptied = h.ReceivedAt
		}
	}
	texts, err := encode(h.Header, h.Result)
	if err != nil {
		return err
	}
	if h.Result.Status == "" {
		texts[1] = ""
	}
	g.webhooks++
	g.crop.hooks = append(g.crop.hooks, seqHook{g.webhooks, h})
	g.crop.sheets[intoHooks].add(g.webhooks, h.ID, string(h.Account), string(h.Store), h.Provider, h.Token, h.Address, millis(h.ReceivedAt), texts[0], h.Body, int64(h.Size),
		digest, string(h.Verdict), h.Code, h.Event, texts[1], string(h.Payout), string(h.From), string(h.To), int64(h.Reply), millis(h.DoneAt), millis(h.ForgottenAt))
	return nil
}
