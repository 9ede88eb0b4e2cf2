package etpay

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// maxPages bounds a listing that never ends.
const maxPages = 1000

// List lists the payouts that were created from one time to another. The company lists whole days of the merchant's own
// time zone, at most 31 at once (assumption 8): what lies outside is left to the caller, since not every record says when
// it was created.
func (a *account) List(ctx context.Context, from, to time.Time) iter.Seq2[providers.Result, error] {
	return func(yield func(providers.Result, error) bool) {
		for r, err := range a.listed(ctx, from, to) {
			var res providers.Result
			if err == nil {
				res, err = a.result(r)
			}
			if !yield(res, err) {
				return
			}
		}
	}
}

// Report lists the payouts that were created from one time to another, with when they were asked for and when they ended. One
// that cannot be read is named and told.
func (a *account) Report(ctx context.Context, from, to time.Time) iter.Seq2[providers.Record, error] {
	return func(yield func(providers.Record, error) bool) {
		for r, err := range a.listed(ctx, from, to) {
			if err != nil {
				yield(providers.Record{}, err)
				return
			}
			if !yield(a.reported(r), nil) {
				return
			}
		}
	}
}

func (a *account) reported(r record) providers.Record {
	rec := providers.Record{Made: r.stamp(memberMade), Ended: r.stamp(memberEnded)}
	if rec.Result, rec.Err = a.result(r); rec.Err != nil {
		rec.Attempt = providers.Attempt{Reference: r.text(memberReference), RemoteID: r.id()}
		rec.Word = r.first(namesStatus)
	}
	rec.Attempt.Kept = nil // keys of webhooks are no part of a report
	return rec
}

// stamp reads a time as RFC 3339 has it, zero if there is none.
func (r record) stamp(name string) time.Time {
	at, err := time.Parse(time.RFC3339, r.text(name))
	if err != nil {
		return time.Time{}
	}
	return at
}

// listed lists what the company shows of some days, each payout once. Windows of days overlap by one, so that nothing falls
// between them if the company counts days in another way. After an error nothing follows.
func (a *account) listed(ctx context.Context, from, to time.Time) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		seen := map[string]bool{}
		last := day(to.In(a.country.zone))
		for first := day(from.In(a.country.zone)); !first.After(last); first = first.AddDate(0, 0, maxDays-1) {
			until := first.AddDate(0, 0, maxDays-1)
			if !until.Before(last) {
				until = last
			}
			all, err := a.days(ctx, first, until)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range all {
				if again := seen[r.id()]; !again && !yield(r, nil) {
					return
				}
				seen[r.id()] = true
			}
			if until.Equal(last) {
				return
			}
		}
	}
}

// day is noon of a day, so that no change of the clock moves it to another.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, t.Location())
}

// days reads all pages of some days. That nothing is listed is evidence for people, so a list that is known to be incomplete
// is an error. Pages may be smaller than asked for; what is listed twice, because it moved on meanwhile, counts once.
func (a *account) days(ctx context.Context, first, last time.Time) ([]record, error) {
	var all []record
	seen := map[string]bool{}
	for no := 1; no <= maxPages; no++ {
		p, err := a.page(ctx, first, last, no)
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, r := range p.records {
			if id := r.id(); !seen[id] {
				seen[id] = true
				all = append(all, r)
			}
		}
		switch full := len(p.records) >= perPage; {
		case len(all) == before && len(all) < p.total:
			return nil, unreadable("the list ends before its total")
		case len(all) == before, !full && p.total > 0 && len(all) >= p.total:
			return all, nil
		}
	}
	return nil, unreadable("the list never ends")
}

// listPage is one page of a list.
type listPage struct {
	records []record
	total   int // on all pages; 0 if it is not told
}

func (a *account) page(ctx context.Context, first, last time.Time, no int) (listPage, error) {
	query := url.Values{"from": {first.Format(dayStyle)}, "to": {last.Format(dayStyle)}, "page": {strconv.Itoa(no)}, "per_page": {strconv.Itoa(perPage)}}
	answer, err := a.get(ctx, pathPayouts+"?"+query.Encode())
	if err != nil {
		return listPage{}, err
	}
	if !answer.OK() {
		return listPage{}, failure(answer)
	}
	return readPage(answer.Body)
}

// readPage reads {"data": […], "total": n}, or the list alone. A payout in it that names itself in no way cannot be passed
// over: it may be the one that is looked for.
func readPage(body []byte) (listPage, error) {
	members, err := httpx.Members(body)
	if err == nil && !isList(members[memberData]) {
		return listPage{}, unreadable("no list in the answer")
	}
	all, err := records(body)
	if err != nil {
		return listPage{}, unreadable(err.Error())
	}
	p := listPage{records: all}
	if text := record(members).text(memberTotal); text != "" {
		if p.total, err = strconv.Atoi(text); err != nil || p.total < 0 {
			return listPage{}, unreadable("a total that is none")
		}
	}
	for _, r := range all {
		if r.id() == "" || r.text(memberReference) == "" {
			return listPage{}, unreadable("a payout in the list has no number, or no reference")
		}
	}
	return p, nil
}
