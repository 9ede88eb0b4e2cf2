package etpay

import (
	"context"
	"iter"
	"net/url"
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
		seen := map[string]bool{}
		last := day(to.In(a.country.zone))
		for first := day(from.In(a.country.zone)); !first.After(last); first = first.AddDate(0, 0, maxDays) {
			until := first.AddDate(0, 0, maxDays-1)
			if until.After(last) {
				until = last
			}
			if !a.days(ctx, first, until, seen, yield) {
				return
			}
		}
	}
}

// day is noon of a day, so that no change of the clock moves it to another.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, t.Location())
}

// days lists some days, page by page, without what was listed before. It reports whether to go on.
func (a *account) days(ctx context.Context, first, last time.Time, seen map[string]bool, yield func(providers.Result, error) bool) bool {
	for page := 1; page <= maxPages; page++ {
		all, err := a.page(ctx, first, last, page)
		if err != nil {
			yield(providers.Result{}, err)
			return false
		}
		for _, r := range all {
			if id := r.id(); id != "" && seen[id] {
				continue
			}
			seen[r.id()] = true
			if !yield(a.result(r)) {
				return false
			}
		}
		if len(all) < perPage {
			return true
		}
	}
	yield(providers.Result{}, unreadable("the list never ends"))
	return false
}

func (a *account) page(ctx context.Context, first, last time.Time, page int) ([]record, error) {
	query := url.Values{"from": {first.Format(dayStyle)}, "to": {last.Format(dayStyle)}, "page": {number(page)}, "per_page": {number(perPage)}}
	answer, err := a.get(ctx, pathPayouts+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	if !answer.OK() {
		return nil, failure(answer)
	}
	members, err := httpx.Members(answer.Body)
	if err != nil {
		return nil, unreadable(err.Error())
	}
	all, err := records(answer.Body)
	if err != nil || len(members["data"]) == 0 {
		return nil, unreadable("no list in the answer")
	}
	return all, nil
}
