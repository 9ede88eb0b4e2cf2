package books

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// Exception is a difference that somebody has to own and explain before the month can be closed.
type Exception struct {
	ID string
	Key
	Difference
	Payout payout.ID // "" for a line of the provider's record that is about none
	Line   int64     // of that record, 0 if it is about none
	Likely *Likely   // what it most probably belongs to
	Owner  access.PersonID
	Reason string
	By     access.PersonID // who explained it
	SaidAt time.Time
	At     time.Time // when it was found

	Recipient string       // for people, filled in when it is read
	Amount    money.Amount // of the booking, else of the provider's line
	LineNo    int          // of Line in its report
	Names     []string     // references and identifiers
}

// Explained reports whether it has an owner and a reason.
func (e Exception) Explained() bool { return e.Owner != "" && e.Reason != "" }

// Checked is what holding a month against the provider's record came to.
type Checked struct {
	Key      Key
	Version  int
	At       time.Time
	Lines    int
	Reported int64
	Total    int // exceptions, also those beyond the ones that are kept
	Found    []Exception
}

// Where a check stops keeping things: a wrong file can hold two hundred thousand strangers. They are counted all the same, so that
// the month cannot be closed.
const (
	MostExceptions = 5000 // that are kept of a month
	mostCandidates = 5000
	mostSearches   = 300
)

// Check holds a month against the provider's record anew.
func (s *Service) Check(ctx context.Context, by access.Person, k Key) error {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return err
	}
	return s.check(ctx, k)
}

// checking is one check under way.
type checking struct {
	Checked
	missing   []Candidate // bookings that the provider's record lacks
	strangers []Candidate // lines of it that are about none of ours
}

func (s *Service) check(ctx context.Context, k Key) error {
	if err := s.Repo.Rematch(ctx, k, mostCandidates); err != nil {
		return err
	}
	status, err := s.Repo.Status(ctx, k)
	if err != nil {
		return err
	}
	if !status.ClosedAt.IsZero() {
		return refuse("closed")
	}
	c := &checking{Checked: Checked{Key: k, Version: status.Version, At: s.Now()}}
	if c.Lines, c.Reported, err = s.Repo.SumLines(ctx, k); err != nil {
		return err
	}
	if err := s.checkBookings(ctx, c); err != nil {
		return err
	}
	if err := s.checkLines(ctx, c); err != nil {
		return err
	}
	if err := s.suggest(ctx, c); err != nil {
		return err
	}
	return s.Repo.SaveCheck(ctx, c.Checked)
}

func (c *checking) add(e Exception) {
	c.Total++
	if len(c.Found) < MostExceptions {
		c.Found = append(c.Found, e)
	}
}

func (s *Service) checkBookings(ctx context.Context, c *checking) error {
	for l, err := range s.each(ctx, c.Key, c.Lines > 0) {
		if err != nil {
			return err
		}
		for _, d := range differencesOf(l) {
			c.add(Exception{ID: s.NewID(), Key: c.Key, Difference: d, Payout: l.Entry.Payout, At: c.At})
			if d.Code == DiffMissing && len(c.missing) < mostCandidates {
				c.missing = append(c.missing, candidateOf(l.Seen))
			}
		}
	}
	return nil
}

// differencesOf are those of a booking that stop a close. What became known of a closed month is held against nothing but the
// contradiction it tells of: it was looked at when that month was closed.
func differencesOf(l Line) []Difference {
	switch l.Entry.Kind {
	case Paid:
		return slices.DeleteFunc(slices.Clone(l.Differences), func(d Difference) bool { return d.Mild })
	case News:
		for _, k := range l.Conflicts {
			if k.Code == l.Entry.Note && k.At.Equal(l.Entry.At) && k.ClosedAt.IsZero() {
				return []Difference{{Code: DiffNotice, Expected: k.Expected, Got: k.Got}}
			}
		}
	}
	return nil
}

func candidateOf(s Seen) Candidate {
	return Candidate{Payout: s.Payout, Amount: s.Entry.Amount, At: s.Entry.At, Recipient: s.Recipient, Names: []string{s.Reference, s.RemoteID}}
}

func (s *Service) checkLines(ctx context.Context, c *checking) error {
	for after := int64(0); ; {
		all, err := s.Repo.Lines(ctx, c.Key, after, batch)
		if err != nil || len(all) == 0 {
			return err
		}
		var ids []payout.ID
		for _, r := range all {
			if r.Payout != "" {
				ids = append(ids, r.Payout)
			}
		}
		ours, err := s.Repo.SeePayouts(ctx, c.Key, ids)
		if err != nil {
			return err
		}
		for _, r := range all {
			c.line(s.NewID, r, ours[r.Payout])
		}
		after = all[len(all)-1].Seq
	}
}

func (c *checking) line(newID func() string, r ReportLine, ours Seen) {
	for _, d := range ExamineLine(r, ours) {
		c.add(Exception{ID: newID(), Key: c.Key, Difference: d, Payout: r.Payout, Line: r.Seq, At: c.At})
		if d.Code == DiffStranger && len(c.strangers) < mostCandidates {
			c.strangers = append(c.strangers, Candidate{Line: r.Seq, Amount: r.Amount, At: r.At, Recipient: r.Recipient, Names: []string{r.Reference, r.RemoteID}})
		}
	}
}

// suggest finds the likeliest match of what stands alone on either side.
func (s *Service) suggest(ctx context.Context, c *checking) error {
	missing, strangers := byAmount(c.missing), byAmount(c.strangers)
	searches := 0
	for i := range c.Found {
		e := &c.Found[i]
		switch e.Code {
		case DiffMissing:
			at := slices.IndexFunc(c.missing, func(m Candidate) bool { return m.Payout == e.Payout })
			if at >= 0 {
				e.Likely = Likeliest(c.missing[at], near(strangers, c.missing[at].Amount.Minor))
			}
		case DiffStranger:
			at := slices.IndexFunc(c.strangers, func(m Candidate) bool { return m.Line == e.Line })
			if at < 0 {
				continue
			}
			among := near(missing, c.strangers[at].Amount.Minor)
			if searches++; searches <= mostSearches {
				more, err := s.Repo.Unended(ctx, c.Key, c.strangers[at].Amount.Minor, cmp.Or(c.strangers[at].At, c.At))
				if err != nil {
					return err
				}
				among = append(slices.Clone(among), more...)
			}
			e.Likely = Likeliest(c.strangers[at], among)
		}
	}
	return nil
}

func byAmount(all []Candidate) []Candidate {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Candidate) int { return cmp.Compare(a.Amount.Minor, b.Amount.Minor) })
	return all
}

// near are the candidates within one per cent of an amount, at most so many that looking at them takes no time.
func near(sorted []Candidate, minor int64) []Candidate {
	at := func(least int64) int {
		i, _ := slices.BinarySearchFunc(sorted, least, func(c Candidate, n int64) int { return cmp.Compare(c.Amount.Minor, n) })
		return i
	}
	from, to := at(minor-minor/100), at(minor+minor/100+1)
	return sorted[from:min(to, from+200)]
}

// Exception finds one.
func (s *Service) Exception(ctx context.Context, by access.Person, id string) (Exception, error) {
	return s.Repo.Exception(ctx, access.ReachOf(by, access.Reconcile), id)
}

const (
	leastReason = 5
	mostReason  = 500
)

// Explain gives an exception a reason. Whoever gives it owns it if nobody does.
func (s *Service) Explain(ctx context.Context, by access.Person, id, reason string) (Exception, error) {
	e, err := s.Exception(ctx, by, id)
	if err != nil {
		return e, err
	}
	if n := len([]rune(reason)); n < leastReason || n > mostReason {
		return e, refuse("reason")
	}
	e.Reason, e.By, e.SaidAt = reason, by.ID, s.Now()
	e.Owner = cmp.Or(e.Owner, by.ID)
	return e, s.Repo.SaveException(ctx, e, s.entry(by, e.Key, audit.BooksExplained, map[string]any{"code": e.Code, "payout": string(e.Payout), "line": e.Line, "reason": reason}))
}

// ExplainAlike gives the reason of one exception to every other of its kind in the month that has none, each with a row of its own in the
// audit log, and says how many there were.
func (s *Service) ExplainAlike(ctx context.Context, by access.Person, like Exception) (int, error) {
	all, err := s.Repo.Exceptions(ctx, like.Key, ExceptionFilter{Code: like.Code, Most: MostExceptions})
	n := 0
	for _, e := range all {
		if err != nil {
			break
		}
		if e.Reason == "" {
			_, err = s.Explain(ctx, by, e.ID, like.Reason)
			n++
		}
	}
	return n, err
}

// Assign gives an exception an owner, who must be somebody that may see it.
func (s *Service) Assign(ctx context.Context, by access.Person, id string, owner access.PersonID) (Exception, error) {
	e, err := s.Exception(ctx, by, id)
	if err != nil {
		return e, err
	}
	owners, err := s.Owners(ctx, by, e.Key)
	if err != nil {
		return e, err
	}
	if !slices.ContainsFunc(owners, func(p access.Person) bool { return p.ID == owner }) {
		return e, refuse("owner")
	}
	e.Owner = owner
	return e, s.Repo.SaveException(ctx, e, s.entry(by, e.Key, audit.BooksAssigned, map[string]any{"code": e.Code, "payout": string(e.Payout), "line": e.Line, "owner": string(owner)}))
}

// Owners lists who may be given exceptions of a month.
func (s *Service) Owners(ctx context.Context, by access.Person, k Key) ([]access.Person, error) {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return nil, err
	}
	all, err := s.People.People(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(p access.Person) bool { return !access.Can(p, access.Reconcile, k.Store) }), err
}

// Accept takes the likeliest match of an exception: the line of the provider's record is about that payout. It moves no payout. The
// month is checked anew.
func (s *Service) Accept(ctx context.Context, by access.Person, id string) (Exception, error) {
	e, err := s.Exception(ctx, by, id)
	if err != nil {
		return e, err
	}
	if e.Likely == nil {
		return e, refuse("no_match")
	}
	line, about := cmp.Or(e.Line, e.Likely.Line), cmp.Or(e.Payout, e.Likely.Payout)
	err = s.Repo.Match(ctx, e.Key, line, about, by.ID, s.entry(by, e.Key, audit.BooksMatched, map[string]any{"payout": string(about), "line": line, "score": e.Likely.Score}))
	if err != nil {
		return e, err
	}
	return e, s.check(ctx, e.Key)
}

// Loosen takes back what people said a line of the provider's record is about. The month is checked anew.
func (s *Service) Loosen(ctx context.Context, by access.Person, line int64) (Key, error) {
	l, err := s.Repo.Matched(ctx, access.ReachOf(by, access.Reconcile), line)
	if err != nil {
		return l.Key, err
	}
	err = s.Repo.Loosen(ctx, l, s.entry(by, l.Key, audit.BooksMatched, map[string]any{"payout": string(l.Payout), "line": line, "taken_back": true}))
	if err != nil {
		return l.Key, err
	}
	return l.Key, s.check(ctx, l.Key)
}
