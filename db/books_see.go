package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// seeing gathers what is known of some payouts, a few statements for all of them.
type seeing struct {
	ctx   context.Context //nolint:containedctx // lives as long as one reading
	r     Books
	marks string
	args  []any
	all   map[payout.ID]*books.Seen
}

func (r Books) seeing(ctx context.Context, ids []payout.ID) *seeing {
	s := &seeing{ctx: ctx, r: r, all: map[payout.ID]*books.Seen{}}
	for _, id := range ids {
		if s.all[id] == nil {
			s.all[id] = &books.Seen{Payout: id}
			s.args = append(s.args, string(id))
		}
	}
	marks := make([]string, len(s.args))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	s.marks = "(" + strings.Join(marks, ", ") + ")"
	return s
}

// each reads rows that begin with a payout's id.
func (s *seeing) each(query string, row func(scan func(...any) error) error) error {
	if len(s.args) == 0 {
		return nil
	}
	_, err := collect(s.ctx, s.r.d.read, func(scan func(...any) error) (struct{}, error) { return struct{}{}, row(scan) },
		strings.Replace(query, "(?)", s.marks, 1), s.args...)
	return err
}

func (s *seeing) gather() error {
	for _, step := range []func() error{s.payouts, s.attempts, s.approvals, s.hooks, s.looks, s.conflicts, s.lines} {
		if err := step(); err != nil {
			return fmt.Errorf("see payouts of a month: %w", err)
		}
	}
	return nil
}

func (s *seeing) payouts() error {
	return s.each(`select id, state, json_extract(input, '$.amount'), json_extract(input, '$.language'), currency, snapshot, digest, reference, remote_id, recipient,
		submitted_at, fee_currency, fee_minor from payouts where id in (?)`, func(scan func(...any) error) error {
		var id payout.ID
		var row books.Seen
		var typed, language *string
		var currency, digest string
		var snapshot []byte
		var submitted int64
		if err := scan(&id, &row.State, &typed, &language, &currency, &snapshot, &digest, &row.Reference, &row.RemoteID, &row.Recipient, &submitted, &row.Fee.Currency, &row.Fee.Minor); err != nil {
			return err
		}
		row.Payout, row.AskedAt = id, moment(submitted)
		if typed != nil && language != nil {
			if a, err := money.Parse(*typed, *language, currency); err == nil {
				row.Asked = a
			}
		}
		row.Approved, row.Torn = snapshotAmount(snapshot, digest)
		*s.all[id] = row
		return nil
	})
}

// snapshotAmount is the amount that was approved, and whether the snapshot is not what its digest says. Rows that were put in from
// elsewhere have neither.
func snapshotAmount(snapshot []byte, digest string) (money.Amount, bool) {
	if len(snapshot) == 0 && digest == "" {
		return money.Amount{}, false
	}
	var is struct {
		Content struct {
			Amount money.Amount `json:"amount"`
		} `json:"content"`
	}
	sum := sha256.Sum256(snapshot)
	if hex.EncodeToString(sum[:]) != digest || json.Unmarshal(snapshot, &is) != nil {
		return money.Amount{}, true
	}
	return is.Content.Amount, false
}

func (s *seeing) attempts() error {
	return s.each(`select payout, outcome, ended_at from attempts where payout in (?) order by payout, no`, func(scan func(...any) error) error {
		var id payout.ID
		var outcome payout.State
		var ended int64
		err := scan(&id, &outcome, &ended)
		if err == nil {
			s.all[id].Answer, s.all[id].AnsweredAt = outcome, moment(ended)
		}
		return err
	})
}

func (s *seeing) approvals() error {
	return s.each(`select payout, max(at) from approvals where payout in (?) and void_at = 0 group by payout`, func(scan func(...any) error) error {
		var id payout.ID
		var at int64
		err := scan(&id, &at)
		if err == nil {
			s.all[id].ApprovedAt = moment(at)
		}
		return err
	})
}

// hooks takes the latest webhook that was taken in and says how the payout ended.
func (s *seeing) hooks() error {
	return s.each(`select payout, received_at, result from hooks where payout in (?) and verdict = '`+string(inbox.Applied)+`' and result <> '' order by received_at`,
		func(scan func(...any) error) error {
			var id payout.ID
			var at int64
			var text string
			var said providers.Result
			if err := scan(&id, &at, &text); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &said); err != nil {
				return err
			}
			if said.Status == providers.Paid || said.Status == providers.Returned {
				s.all[id].Notice = books.Notice{Source: payout.FromWebhook, At: moment(at), Amount: said.Amount, Word: said.Word}
			}
			return nil
		})
}

// looks takes the look-up that ended the payout, where no webhook did.
func (s *seeing) looks() error {
	return s.each(`select subject, at, details from audit where subject in (?) and action = '`+string(audit.PayoutReported)+`' order by seq`, func(scan func(...any) error) error {
		var id payout.ID
		var at int64
		var text string
		var said struct {
			State payout.State `json:"state"`
			Hook  string       `json:"hook"`
			Word  string       `json:"word"`
		}
		if err := scan(&id, &at, &text); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			return err
		}
		if n := &s.all[id].Notice; said.Hook == "" && n.Source == "" && (said.State == payout.Paid || said.State == payout.Returned) {
			*n = books.Notice{Source: payout.FromLookup, At: moment(at), Word: said.Word}
		}
		return nil
	})
}

func (s *seeing) conflicts() error {
	return s.each(`select payout, source, code, expected, got, at, closed_at from conflicts where payout in (?) order by payout, no`, func(scan func(...any) error) error {
		var id payout.ID
		var c payout.Conflict
		var at, closed int64
		err := scan(&id, &c.Source, &c.Code, &c.Expected, &c.Got, &at, &closed)
		if err == nil {
			c.At, c.ClosedAt = moment(at), moment(closed)
			s.all[id].Conflicts = append(s.all[id].Conflicts, c)
		}
		return err
	})
}

func (s *seeing) lines() error {
	return s.each(`select `+lineColumns+` from report_lines l join reports r on r.id = l.report where l.payout in (?) and l.payout <> '' and l.gone = 0 order by l.seq`,
		func(scan func(...any) error) error {
			l, err := scanReportLine(scan)
			if err == nil {
				s.all[l.Payout].Lines = append(s.all[l.Payout].Lines, l)
			}
			return err
		})
}

const lineColumns = `l.seq, l.report, r.source, l.line, l.store, l.provider, l.currency, l.live, l.month, l.remote_id, l.reference, l.minor, l.fee_minor,
	l.status, l.word, l.recipient, l.at, l.payout, l.matched_by`

func scanReportLine(scan func(...any) error) (books.ReportLine, error) {
	var l books.ReportLine
	var live int
	var fee *int64
	var at int64
	err := scan(&l.Seq, &l.Report, &l.Source, &l.Line, &l.Key.Store, &l.Key.Provider, &l.Key.Currency, &live, &l.Key.Month, &l.RemoteID, &l.Reference,
		&l.Amount.Minor, &fee, &l.Status, &l.Word, &l.Recipient, &at, &l.Payout, &l.MatchedBy)
	l.Key.Live, l.Amount.Currency, l.At = live == 1, l.Key.Currency, moment(at)
	if fee != nil {
		l.Fee = money.Amount{Minor: *fee, Currency: l.Key.Currency}
	}
	return l, err
}

// See gathers what is known of the payouts of bookings, in their order.
func (r Books) See(ctx context.Context, all []books.Entry) ([]books.Seen, error) {
	ids := make([]payout.ID, len(all))
	for i, e := range all {
		ids[i] = e.Payout
	}
	s := r.seeing(ctx, ids)
	if err := s.gather(); err != nil {
		return nil, err
	}
	seen := make([]books.Seen, len(all))
	for i, e := range all {
		seen[i] = *s.all[e.Payout]
		seen[i].Entry = e
	}
	return seen, nil
}

// SeePayouts is See of payouts that may have no booking.
func (r Books) SeePayouts(ctx context.Context, k books.Key, ids []payout.ID) (map[payout.ID]books.Seen, error) {
	s := r.seeing(ctx, ids)
	paid := map[payout.ID]books.Entry{}
	err := s.each(`select `+entryColumns+` from bookings where payout in (?) and kind = 'paid'`, func(scan func(...any) error) error {
		e, err := scanBooking(scan)
		paid[e.Payout] = e
		return err
	})
	if err == nil {
		err = s.payouts()
	}
	seen := map[payout.ID]books.Seen{}
	for id, one := range s.all {
		one.Entry = paid[id]
		if e := one.Entry; e.Kind == "" || e.Key.In(k.Month) == k {
			seen[id] = *one
		}
	}
	return seen, err
}

// nearDays is how far around a time payouts are looked for that the provider may mean.
const nearDays = 5

// Unended lists payouts with an amount that have not ended as paid, around a time.
func (r Books) Unended(ctx context.Context, k books.Key, minor int64, around time.Time) ([]books.Candidate, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (books.Candidate, error) {
		var c books.Candidate
		var at int64
		var reference, remote string
		err := scan(&c.Payout, &c.Amount.Minor, &at, &c.Recipient, &reference, &remote)
		c.Amount.Currency, c.At, c.Names = k.Currency, moment(at), []string{reference, remote}
		return c, err
	}, `select id, minor, max(submitted_at, created_at), recipient, reference, remote_id from payouts
		where currency = $1 and minor = $2 and created_at between $3 and $4 and +store = $5 and +provider = $6 and +live = $7
			and +state not in ('paid', 'returned', 'draft', 'discarded') limit 20`,
		k.Currency, minor, millis(around.AddDate(0, 0, -nearDays)), millis(around.AddDate(0, 0, nearDays)), string(k.Store), k.Provider, bit(k.Live))
}
