package payouts

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// event is one thing that happened to a payout.
type event struct {
	at    time.Time
	tone  views.Tone
	icon  string
	what  templ.Component
	by    string
	lines []string // quieter, below
	words string   // somebody's own
	folds []fold
	href  string // with the words link
	link  string

	led    bool // by what was said just before
	quiet  bool // a look-up that changed nothing
	looked bool // what came of the look-up before it
	hidden []event
}

// fold is something raw, behind a word.
type fold struct{ word, text string }

// day is the events of one day.
type day struct {
	at     time.Time
	events []event
}

// details is what an audit entry tells besides who did what.
type details map[string]any

func detailsOf(e audit.Entry) details {
	d := details{}
	_ = json.Unmarshal([]byte(e.Details), &d) // ours; what cannot be read tells nothing
	return d
}

func (d details) text(name string) string { s, _ := d[name].(string); return s }
func (d details) yes(name string) bool    { b, _ := d[name].(bool); return b }
func (d details) attempt() int            { n, _ := d["attempt"].(float64); return int(n) }

// teller makes one thread of all that is known of a payout.
type teller struct {
	ctx  context.Context
	one  One
	told []event
}

// story is everything that happened, by day, the newest at the end.
func (o One) story(ctx context.Context) []day {
	t := &teller{ctx: ctx, one: o}
	for _, e := range o.Entries {
		t.entry(e)
	}
	done := t.told
	t.told = nil
	for _, h := range o.Hooks {
		t.hook(h)
	}
	t.exchanges()
	for _, r := range o.Corrections {
		t.correction(r)
	}
	for _, h := range o.Others {
		t.happening(h)
	}
	slices.SortStableFunc(t.told, func(a, b event) int { return a.at.Compare(b.at) })
	return byDay(ctx, fewer(joinLooks(weave(done, t.told))))
}

// weave puts what was said between what was done. The audit log knows the order of what was done, whatever clocks say;
// what was said comes before what it led to.
func weave(done, said []event) []event {
	var all []event
	for _, d := range done {
		n := 0
		for n < len(said) && (said[n].at.Before(d.at) || d.led && said[n].at.Equal(d.at)) {
			n++
		}
		all = append(append(all, said[:n]...), d)
		said = said[n:]
	}
	return append(all, said...)
}

// joinLooks tells a look-up and what came of it as one thing.
func joinLooks(all []event) []event {
	var joined []event
	for _, e := range all {
		last := len(joined) - 1
		if e.looked && last >= 0 && joined[last].quiet && !joined[last].looked {
			joined[last].lines = append(joined[last].lines, e.lines...)
			joined[last].words = e.words
			joined[last].folds = append(joined[last].folds, e.folds...)
			continue
		}
		joined = append(joined, e)
	}
	return joined
}

// quietRun is how many look-ups in a row that changed nothing are told one by one.
const quietRun = 3

// fewer folds long runs of look-ups that changed nothing, all but the last.
func fewer(all []event) []event {
	var list []event
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && all[end].quiet {
			end++
		}
		if end-i > quietRun {
			list = append(list, event{at: all[i].at, icon: "ask", hidden: all[i : end-1]}, all[end-1])
			i = end
			continue
		}
		list = append(list, all[i])
		i++
	}
	return list
}

func byDay(ctx context.Context, all []event) []day {
	var days []day
	zone := views.From(ctx).Zone
	for _, e := range all {
		last := len(days) - 1
		if last < 0 || days[last].at.In(zone).Format(time.DateOnly) != e.at.In(zone).Format(time.DateOnly) {
			days = append(days, day{at: e.at})
			last++
		}
		days[last].events = append(days[last].events, e)
	}
	return days
}

func (t *teller) text(key string, args ...any) string {
	return ui.T(t.ctx, key, append(args, "Company", t.one.company())...)
}

// add takes an event in. What people and companies wrote may hold the account number.
func (t *teller) add(e event) {
	e.words = t.masked(e.words)
	for i, line := range e.lines {
		e.lines[i] = t.masked(line)
	}
	t.told = append(t.told, e)
}

// exchanges tells what was said to the company besides the sends, which are told with their claim and their answer.
func (t *teller) exchanges() {
	for _, x := range t.one.Exchanges {
		if x.Purpose == "send" {
			continue
		}
		e := event{at: x.At, icon: "ask", what: ui.Rich("story.asked", "Company", t.one.company()), quiet: x.Purpose == "lookup",
			by: t.text("story.by.lookup", "Took", ui.L(t.ctx).Millis(x.Took)), folds: []fold{t.request(x), t.answer(x)}}
		if x.Purpose == "prepare" {
			e.icon, e.what = "out", ui.Rich("story.prepared", "Company", t.one.company())
			e.by = t.text("story.by.prepare", "Took", ui.L(t.ctx).Millis(x.Took))
		}
		if x.Status == 0 {
			e.lines = append(e.lines, t.text("story.no_answer"))
		}
		t.add(e)
	}
}

// sends is what was said in one attempt to send.
func (t *teller) sends(attempt int) []payout.Exchange {
	return slices.DeleteFunc(slices.Clone(t.one.Exchanges), func(x payout.Exchange) bool {
		return x.Purpose != "send" || x.Attempt != attempt
	})
}

func (t *teller) request(x payout.Exchange) fold {
	return fold{ui.T(t.ctx, "story.request"), t.masked(strings.TrimSpace(x.Method + " " + x.URL + "\n" + x.Request))}
}

func (t *teller) answer(x payout.Exchange) fold {
	if x.Status == 0 {
		return fold{ui.T(t.ctx, "story.answer"), orDash(x.Err)}
	}
	return fold{ui.T(t.ctx, "story.answer"), t.masked(strings.TrimSpace("HTTP " + code(x.Status) + "\n" + x.Answer))}
}

// correction tells that another payout was made in its place.
func (t *teller) correction(r payout.Row) {
	t.add(event{at: r.CreatedAt, icon: "edit", what: ui.Rich("story.corrected", "Name", strongName(r.AuthorName)), by: ui.T(t.ctx, "story.by.person"),
		lines: []string{t.text("approvals.decided.other.text", "State", ui.T(t.ctx, "state."+string(r.State)))}, href: link.Payout(t.ctx, string(r.ID)), link: r.ID.Number()})
}

// hook tells of a webhook and what it did.
func (t *teller) hook(h inbox.Hook) {
	e := event{at: h.ReceivedAt, icon: "in", by: ui.T(t.ctx, "story.by.webhook"), lines: []string{t.hookEffect(h)}, folds: t.message(h)}
	word := h.Result.Word
	if word == "" {
		word = h.Event
	}
	switch {
	case h.Verdict == inbox.Duplicate:
		e.what = ui.Rich("story.hook_again")
	case word == "":
		e.what = ui.Rich("story.hook_came", "Company", t.one.company())
	default:
		e.what = ui.Rich("story.hook_says", "Company", t.one.company(), "Word", ui.Code(word))
	}
	if h.Verdict == inbox.Conflicting {
		e.tone, e.icon = views.Bad, "warn"
	}
	if t.one.may(t.ctx, access.ViewWebhooks) {
		e.href, e.link = link.Webhook(t.ctx, h.ID), ui.T(t.ctx, "story.evidence")
	}
	t.add(e)
}

func (t *teller) hookEffect(h inbox.Hook) string {
	switch {
	case h.Verdict == inbox.Applied && h.Moved():
		return t.text("story.hook.moved", "From", ui.T(t.ctx, "state."+string(h.From)), "To", ui.T(t.ctx, "state."+string(h.To)))
	case h.Verdict == inbox.Applied && ui.L(t.ctx).Has("story.none."+h.Code):
		return t.text("story.none." + h.Code)
	}
	return t.text("story.hook." + string(h.Verdict))
}
