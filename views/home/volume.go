package home

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
)

// Days is how many days the picture shows, today included.
const Days = 14

// Day is what came of the payouts made on one day.
type Day struct {
	At   time.Time
	Paid int
	Lost int // did not go through
}

// Sum is what was paid in one currency, and how much of it each day.
type Sum struct {
	Paid  money.Amount
	Count int
	Daily [Days]money.Amount
}

// Volume is two weeks of payouts with real money. Currencies are never added to each other.
type Volume struct {
	Days [Days]Day
	Sums []Sum
	Test bool // there were test payouts, which are left out
}

// Add sorts totals into the days that begin with First.
func (h *Home) Add(totals []payout.DayTotal) {
	for i := range h.Days {
		h.Days[i].At = h.First.AddDate(0, 0, i)
	}
	first := payout.DayOf(h.First)
	for _, s := range totals {
		i := int(s.Day - first)
		if i < 0 || i >= Days || s.Currency == "" {
			continue
		}
		if !s.Live {
			h.Test = true
			continue
		}
		h.add(i, s)
	}
	slices.SortFunc(h.Sums, func(a, b Sum) int { return b.Count - a.Count })
}

func (h *Home) add(i int, s payout.DayTotal) {
	switch s.State {
	case payout.NotSent, payout.Refused, payout.NotExecuted, payout.Failed, payout.Cancelled, payout.Returned: // payout.Lost
		h.Days[i].Lost += s.Count
	case payout.Paid:
		h.Days[i].Paid += s.Count
		h.pay(i, s)
	default: // on its way, or ended by people before it was sent
	}
}

func (h *Home) pay(i int, s payout.DayTotal) {
	at := slices.IndexFunc(h.Sums, func(one Sum) bool { return one.Paid.Currency == s.Currency })
	if at < 0 {
		one := Sum{Paid: money.Amount{Currency: s.Currency}}
		for d := range one.Daily {
			one.Daily[d] = money.Amount{Currency: s.Currency}
		}
		h.Sums, at = append(h.Sums, one), len(h.Sums)
	}
	one := &h.Sums[at]
	one.Count += s.Count
	if sum, err := one.Paid.Add(s.Amount); err == nil { // what is too large to add up the database has refused
		one.Paid = sum
	}
	if sum, err := one.Daily[i].Add(s.Amount); err == nil {
		one.Daily[i] = sum
	}
}

func (v Volume) paid() int {
	n := 0
	for _, d := range v.Days {
		n += d.Paid
	}
	return n
}

func (v Volume) lost() int {
	n := 0
	for _, d := range v.Days {
		n += d.Lost
	}
	return n
}

// all is the history of the days that the picture shows.
func (v Volume) all(ctx context.Context, more url.Values) string {
	q := url.Values{"from": {v.Days[0].At.Format(time.DateOnly)}, "to": {v.Days[Days-1].At.Format(time.DateOnly)}, "mode": {"live"}}
	for name, values := range more {
		q[name] = values
	}
	return link.PayoutsQuery(ctx, q)
}

func (v Volume) span(ctx context.Context) string {
	return ui.T(ctx, "home.span", "From", ui.L(ctx).Day(v.Days[0].At), "To", ui.L(ctx).Day(v.Days[Days-1].At))
}

// The picture's measures, in pixels from its top. Across it is in percent, so that its words never scale.
const (
	chartHeight = 156
	chartBase   = 130
	chartTop    = 24
	chartFirst  = 4  // percent before the first bar
	chartBar    = 38 // tenths of a percent
)

// bar is one column of the picture, and the small one on top of it for what did not go through.
type bar struct {
	x, width, middle string
	y, height        string
	lostY, lostH     string // empty: nothing was lost
	class, label     string
}

func (v Volume) most() int {
	most := 1
	for _, d := range v.Days {
		most = max(most, d.Paid+d.Lost)
	}
	return most
}

func (v Volume) bars() []bar {
	var all []bar
	scale := float64(chartBase-chartTop) / float64(v.most())
	for i, d := range v.Days {
		x := chartFirst + float64(i)*(100-chartFirst)/Days
		b := bar{x: percent(x), width: percent(chartBar / 10.), middle: percent(x + chartBar/20.), class: "chart__bar", label: strconv.Itoa(d.At.Day())}
		if i == Days-1 {
			b.class = "chart__bar--soft"
		}
		height := float64(d.Paid) * scale
		b.y, b.height = pixels(chartBase-height), pixels(height)
		if d.Lost > 0 {
			lost := max(float64(d.Lost)*scale, 2)
			b.lostH, b.lostY = pixels(lost), pixels(max(chartBase-height-lost-1, 0))
		}
		all = append(all, b)
	}
	return all
}

// mark is a line across the picture with its figure.
type mark struct{ y, text, textY string }

// marks are at most three lines at round numbers.
func (v Volume) marks(ctx context.Context) []mark {
	most, step := v.most(), 1
	for _, s := range []int{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 100_000, 1_000_000} {
		if step = s; most/s <= 3 {
			break
		}
	}
	var all []mark
	for n := step; n <= most; n += step {
		y := chartBase - float64(n)*float64(chartBase-chartTop)/float64(most)
		all = append(all, mark{pixels(y), ui.L(ctx).Number(n), pixels(y - 4)})
	}
	return all
}

// sparks are a currency's days, as small columns.
func (s Sum) sparks() []bar {
	const height, base = 27, 30
	var most int64 = 1
	for _, a := range s.Daily {
		most = max(most, a.Minor)
	}
	var all []bar
	for i, a := range s.Daily {
		h := float64(a.Minor) / float64(most) * height
		if a.Minor > 0 {
			h = max(h, 1)
		}
		all = append(all, bar{x: percent(float64(i) * 100 / Days), width: percent(5.6), y: pixels(base - h), height: pixels(h)})
	}
	return all
}

func percent(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + "%" }
func pixels(f float64) string  { return strconv.FormatFloat(f, 'f', 1, 64) }

// described says in words what the picture shows.
func (v Volume) described(ctx context.Context) string {
	most := slices.MaxFunc(v.Days[:], func(a, b Day) int { return a.Paid - b.Paid })
	if most.Paid == 0 {
		return ui.T(ctx, "home.chart_none")
	}
	return ui.T(ctx, "home.chart_text", "Paid", v.paid(), "Most", most.Paid, "Day", ui.L(ctx).Day(most.At), "Lost", v.lost())
}
