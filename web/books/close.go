package books

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"time"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// Obstacle is why a month cannot be closed yet. Its sentence is in the catalogs under "books.obstacle.<code>".
type Obstacle struct {
	Code  string
	Count int
	Month Month
}

// The obstacles.
const (
	ObstacleRunning   = "running"   // the month is not over on the store's clock
	ObstacleEarlier   = "earlier"   // an earlier month is open
	ObstacleUnbooked  = "unbooked"  // payouts of before the books are still being booked
	ObstacleUnchecked = "unchecked" // something changed since the month was checked
	ObstacleOpen      = "open"      // exceptions without owner or reason
)

// Obstacles lists every code.
func Obstacles() []string {
	return []string{ObstacleRunning, ObstacleEarlier, ObstacleUnbooked, ObstacleUnchecked, ObstacleOpen}
}

// obstacles lists what bars a month from being closed.
func (s *Service) obstacles(ctx context.Context, st Status, zone *time.Location) ([]Obstacle, error) {
	var all []Obstacle
	if !st.ClosedAt.IsZero() {
		return nil, nil
	}
	if s.Now().Before(st.Key.Month.End(zone)) {
		all = append(all, Obstacle{Code: ObstacleRunning})
	}
	earlier, err := s.Repo.EarlierOpen(ctx, st.Key)
	if err != nil {
		return nil, err
	}
	if earlier != "" {
		all = append(all, Obstacle{Code: ObstacleEarlier, Month: earlier})
	}
	unbooked, err := s.Repo.Unbooked(ctx, st.Key.Store)
	if err != nil {
		return nil, err
	}
	if unbooked {
		all = append(all, Obstacle{Code: ObstacleUnbooked})
	}
	if !st.Fresh() {
		all = append(all, Obstacle{Code: ObstacleUnchecked})
	}
	if st.Open > 0 {
		all = append(all, Obstacle{Code: ObstacleOpen, Count: st.Open})
	}
	return all, nil
}

// Ready is a month as it would be closed.
type Ready struct {
	View
	Digest string // of its lines: what is confirmed
}

// Prepare gathers what a person confirms by closing a month.
func (s *Service) Prepare(ctx context.Context, by access.Person, k Key) (Ready, error) {
	if err := may(by, access.CloseMonths, k.Store); err != nil {
		return Ready{}, err
	}
	v, err := s.Month(ctx, by, k, Place{})
	if err != nil {
		return Ready{View: v}, err
	}
	digest, err := s.digest(ctx, k)
	return Ready{View: v, Digest: digest}, err
}

// Close locks a month for good. digest is that of the lines that were on screen: if anything has changed since, nothing is closed.
func (s *Service) Close(ctx context.Context, by access.Person, k Key, digest string) error {
	r, err := s.Prepare(ctx, by, k)
	switch {
	case err != nil:
		return err
	case !r.Status.ClosedAt.IsZero():
		return refuse("closed")
	case len(r.Obstacles) > 0:
		return refuse("obstacle")
	case r.Digest != digest:
		return refuse("moved")
	}
	st := r.Statement
	c := Close{Statement: Totals{Payouts: st.Payouts, Opening: st.Opening, Paid: st.Paid, Fees: st.Fees, Returned: st.Returned, Adjusted: st.Adjustments, Closing: st.Closing},
		Reported: r.Status.Reported, Exceptions: r.Status.Exceptions, Digest: r.Digest, By: by.ID, ByName: by.Name, At: s.Now().Truncate(time.Millisecond)}
	err = s.Repo.Lock(ctx, k, r.Status.Version, c, s.entry(by, k, audit.BooksClosed, map[string]any{"sha256": digest, "payouts": st.Payouts,
		"opening": st.Opening.Decimal(), "paid": st.Paid.Decimal(), "fees": st.Fees.Decimal(), "returned": st.Returned.Decimal(),
		"adjustments": st.Adjustments.Decimal(), "closing": st.Closing.Decimal(), "exceptions": r.Status.Exceptions}))
	if errors.Is(err, ErrMoved) {
		return refuse("moved")
	}
	return err
}

// Holds reads a closed month again and reports whether its lines are those that were locked, and the lock is the program's own.
func (s *Service) Holds(ctx context.Context, by access.Person, k Key) (bool, error) {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return false, err
	}
	c, err := s.Repo.Closed(ctx, k)
	if err != nil || c == nil {
		return false, errors.Join(err)
	}
	digest, err := s.digest(ctx, k)
	return err == nil && !c.Forged && digest == c.Digest, err
}

// Verify reads every closed month again and names those that are not as they were locked: their lines, their row, or that the audit
// log knows a close which is gone.
func (s *Service) Verify(ctx context.Context) ([]Key, error) {
	keys, digests, err := s.Repo.Locked(ctx)
	var wrong []Key
	for i, k := range keys {
		c, errRow := s.Repo.Closed(ctx, k)
		digest, errLines := s.digest(ctx, k)
		if err = errors.Join(err, errRow, errLines); err != nil {
			return wrong, err
		}
		if c == nil || c.Forged || c.Digest != digest || c.Digest != digests[i] {
			wrong = append(wrong, k)
		}
	}
	return wrong, err
}

// summing writes the canonical bytes of a month: every part stands after its length, so that no two months give the same.
type summing struct{ h hash.Hash }

func (s summing) parts(all ...string) {
	for _, part := range all {
		_, _ = s.h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part)))) // a hash takes everything
		_, _ = s.h.Write([]byte(part))
	}
}

func (s summing) numbers(all ...int64) {
	for _, n := range all {
		_, _ = s.h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) //nolint:gosec // the bits, not the number
	}
}

// digest sums up a month: its bookings, the provider's record, and what people said of the exceptions.
func (s *Service) digest(ctx context.Context, k Key) (string, error) {
	sum := summing{sha256.New()}
	sum.parts("paywicket month 1", k.String())
	for after := int64(0); ; {
		all, err := s.Repo.Entries(ctx, k, after, batch)
		if err != nil {
			return "", err
		}
		if len(all) == 0 {
			break
		}
		for _, e := range all {
			sum.parts("booking", string(e.Payout), string(e.Kind), string(e.Late), e.Fee.Currency, e.Note)
			sum.numbers(e.Seq, e.At.UnixMilli(), e.Amount.Minor, e.Fee.Minor)
		}
		after = all[len(all)-1].Seq
	}
	for after := int64(0); ; {
		all, err := s.Repo.Lines(ctx, k, after, batch)
		if err != nil {
			return "", err
		}
		if len(all) == 0 {
			break
		}
		for _, r := range all {
			sum.parts("reported", r.Report, r.RemoteID, r.Reference, string(r.Status), r.Word, r.Recipient, string(r.Payout), r.MatchedBy, r.Fee.Currency)
			sum.numbers(r.Seq, int64(r.Line), r.At.UnixMilli(), r.Amount.Minor, r.Fee.Minor)
		}
		after = all[len(all)-1].Seq
	}
	exceptions, err := s.Repo.Exceptions(ctx, k, ExceptionFilter{Most: MostExceptions})
	for _, e := range exceptions {
		sum.parts("exception", e.ID, e.Code, string(e.Payout), e.Expected, e.Got, string(e.Owner), e.Reason, string(e.By))
		sum.numbers(e.Line, e.Minor, e.SaidAt.UnixMilli())
	}
	return hex.EncodeToString(sum.h.Sum(nil)), err
}
