package home

import (
	"context"
	"net/url"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Standing is how one provider has done since the beginning of last month.
type Standing struct {
	payout.Standing
	Company string
}

// ended is how many have come to an end.
func (s Standing) ended() int { return s.Paid + s.Lost }

// rate is the share that was paid of what has ended, in tenths of a percent.
func (s Standing) rate() int {
	if s.ended() == 0 {
		return 0
	}
	return (s.Paid*1000 + s.ended()/2) / s.ended()
}

// rateText is the rate as people read it. What was lost never rounds to nothing.
func (s Standing) rateText(ctx context.Context) string {
	if s.ended() == 0 {
		return "–"
	}
	rate := s.rate()
	if rate == 1000 && s.Lost > 0 {
		rate = 999
	}
	return ui.L(ctx).Percent(rate)
}

// bars are the paid and the lost part of a full bar.
func (s Standing) bars() []bar {
	if s.ended() == 0 {
		return nil
	}
	paid := float64(s.Paid) * 100 / float64(s.ended())
	all := []bar{{class: "chart__bar", x: percent(0), width: percent(paid)}}
	if s.Lost > 0 {
		lost := max(100-paid, 0.7)
		all = append(all, bar{class: "chart__bar--bad", x: percent(100 - lost), width: percent(lost)})
	}
	return all
}

func (h Home) lostOf(ctx context.Context, s Standing) string {
	return link.PayoutsQuery(ctx, url.Values{"provider": {s.Provider}, "state": {"lost"}, "mode": {views.Live}, "from": {h.Since.Format(time.DateOnly)}})
}

// Pace is how long one way of paying takes from the send to the end.
type Pace struct {
	inbox.Usual
	Method, Company string
}

// paceBars are the time half of the payouts take, within the time nineteen of twenty do.
func (h Home) paceBars(p Pace) []bar {
	most := time.Second
	for _, one := range h.Paces {
		most = max(most, one.P95)
	}
	width := func(d time.Duration) string { return percent(float64(d) * 100 / float64(most)) }
	return []bar{{class: "chart__bar--soft", x: percent(0), width: width(p.P95)}, {class: "chart__bar", x: percent(0), width: width(p.Median)}}
}

// Ways lists the states of what is on its way, in the order in which a payout meets them.
func Ways() []payout.State {
	return []payout.State{payout.Submitted, payout.Approved, payout.Sending, payout.Accepted, payout.Unknown}
}

// way is one state of what is on its way, and how long its bar is beside the others.
type way struct {
	state payout.State
	count int
	bar
}

func (h Home) ways() []way {
	counts, most := map[payout.State]int{}, 1
	for _, t := range h.Now {
		counts[t.State] += t.Count
		most = max(most, counts[t.State])
	}
	var all []way
	for _, s := range Ways() {
		w := way{state: s, count: counts[s]}
		w.class, w.x, w.width = "chart__bar", percent(0), percent(float64(w.count)*100/float64(most))
		if s == payout.Unknown {
			w.class = "chart__bar--bad"
		}
		all = append(all, w)
	}
	return all
}

// age is how many payouts have waited for a decision how long.
type age struct {
	key   string
	count int
	bar
}

// ages sorts what waits for decisions by how long it has.
func (h Home) ages(now time.Time) []age {
	all := []age{{key: "hour"}, {key: "day"}, {key: "week"}, {key: "more"}}
	most := 1
	for _, w := range h.Waiting {
		i := 3
		switch since := now.Sub(w.Row.SubmittedAt); {
		case since < time.Hour:
			i = 0
		case since < 24*time.Hour:
			i = 1
		case since < 7*24*time.Hour:
			i = 2
		}
		all[i].count++
		most = max(most, all[i].count)
	}
	for i := range all {
		all[i].class, all[i].x, all[i].width = "chart__bar", percent(0), percent(float64(all[i].count)*100/float64(most))
		if i > 1 {
			all[i].class = "chart__bar--bad"
		}
	}
	return all
}
