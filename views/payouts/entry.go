package payouts

import (
	"cmp"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/approvals"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// entry tells what a row of the audit log says. An action that is new here is told by its name.
func (t *teller) entry(e audit.Entry) {
	before := len(t.told)
	t.tell(e)
	for i := before; i < len(t.told); i++ {
		t.told[i].folds = append(t.told[i].folds, t.record(e))
	}
}

func (t *teller) tell(e audit.Entry) {
	switch e.Action {
	case audit.PayoutClaimed:
		t.claimed(e)
	case audit.PayoutAnswered, audit.PayoutReported:
		t.news(e)
	case audit.PayoutLooked:
		t.looked(e)
	case audit.PayoutPrepared, audit.PayoutStage, audit.PayoutUnmapped, audit.PayoutSentBack, audit.ConflictOpened:
		t.system(e)
	default:
		t.person(e)
	}
}

// person tells what somebody did.
func (t *teller) person(e audit.Entry) {
	d := detailsOf(e)
	key := "story." + string(e.Action)
	if !ui.L(t.ctx).Has(key) {
		key = "story.other"
	}
	ev := event{at: e.At, icon: "person", by: ui.T(t.ctx, "story.by.person"), words: d.text("reason")}
	means := ""
	switch e.Action {
	case audit.PayoutDrafted:
		if id := d.text("follows"); id != "" {
			ev.lines = []string{t.text("story.follows")}
			ev.href, ev.link = link.Payout(t.ctx, id), payout.ID(id).Number()
		}
	case audit.PayoutEdited, audit.PayoutMended:
		if was := d.text("was"); was == string(payout.Approved) || was == string(payout.Submitted) {
			ev.lines = []string{t.text("story.edit_voids", "State", ui.T(t.ctx, "state."+was))}
		}
	case audit.PayoutSubmitted, audit.PayoutResubmitted:
		ev.lines = []string{t.text("story.snapshot", "Digest", approvals.Digest(d.text("digest")))}
	case audit.PayoutApproved:
		ev.icon, ev.tone, means = "approved", views.Good, t.means(d.text("means"))
		if d.yes("one_person") {
			ev.lines = []string{t.text("story.one_person")}
		}
		t.proof(&ev, e)
	case audit.PayoutRejected:
		ev.icon, ev.tone = "rejected", views.Warn
	case audit.PayoutTestified, audit.PayoutSettled, audit.ConflictFound, audit.ConflictClosed:
		t.settled(&ev, d)
	case audit.PayoutWaits:
		t.waits(&ev, d)
	}
	ev.what = ui.Rich(key, "Name", strongName(e.ActorName), "Means", means, "Action", string(e.Action))
	t.add(ev)
}

func (t *teller) means(code string) string {
	if key := "approvals.means." + code; ui.L(t.ctx).Has(key) {
		return ui.T(t.ctx, key)
	}
	return ""
}

// settled tells what people found out about an unknown outcome.
func (t *teller) settled(ev *event, d details) {
	ev.words = d.text("text")
	if verdict := d.text("verdict"); verdict != "" {
		ev.lines = append(ev.lines, ui.T(t.ctx, "review.verdict."+verdict)+".")
	}
	if outcome := d.text("outcome"); outcome != "" {
		ev.lines = append(ev.lines, ui.T(t.ctx, "review.outcome."+outcome)+".")
	}
	if id := d.text("remote_id"); id != "" {
		ev.lines = append(ev.lines, t.text("story.number", "Number", id))
	}
	if d.yes("one_person") {
		ev.lines = append(ev.lines, t.text("story.one_person"))
	}
}

// waits tells that an open outcome was left open, and until when.
func (t *teller) waits(ev *event, d details) {
	ev.icon, ev.words = "clock", d.text("text")
	if until, err := time.Parse(time.RFC3339, d.text("until")); err == nil {
		ev.lines = append(ev.lines, t.text("story.until", "Until", ui.L(t.ctx).DateTime(until.In(views.From(t.ctx).Zone))))
	}
}

// claimed tells of the one send of a decision, with what was said.
func (t *teller) claimed(e audit.Entry) {
	d := detailsOf(e)
	ev := event{at: e.At, icon: "out", by: t.text("story.by.to"), what: ui.Rich("story.sent", "Reference", ui.Code(d.text("reference")))}
	if n := d.attempt(); n > 1 {
		ev.lines = []string{t.text("story.attempt", "Number", n)}
	}
	for _, x := range t.sends(d.attempt()) {
		ev.folds = append(ev.folds, t.request(x))
		if !t.answered(d.attempt()) { // it came too late to be told by itself
			ev.folds = append(ev.folds, t.answer(x))
		}
	}
	t.add(ev)
}

// answered reports whether the answer to an attempt is told by itself.
func (t *teller) answered(attempt int) bool {
	for _, e := range t.one.Entries {
		if e.Action == audit.PayoutAnswered && detailsOf(e).attempt() == attempt {
			return true
		}
	}
	return false
}

// news tells where the company's answer, a look-up or a webhook left the payout.
func (t *teller) news(e audit.Entry) {
	d := detailsOf(e)
	state := payout.State(d.text("state"))
	ev := event{at: e.At, by: "Paywicket", words: d.text("words"), led: e.Action == audit.PayoutReported}
	ev.tone, ev.icon = tone(state), icon(state)
	words := ui.Strong(ui.T(t.ctx, "state."+string(state)))
	ev.what = ui.Rich("story.state", "State", words)
	if id := d.text("remote_id"); id != "" {
		ev.what = ui.Rich("story.state_as", "State", words, "Number", ui.Code(id))
	}
	if key := "story.then." + string(state); ui.L(t.ctx).Has(key) {
		ev.lines = append(ev.lines, t.text(key))
	}
	if key := "story.code." + d.text("code"); ui.L(t.ctx).Has(key) {
		ev.lines = append(ev.lines, t.text(key))
	}
	if e.Action == audit.PayoutAnswered {
		ev.by = t.text("story.by.from")
		for _, x := range t.sends(d.attempt()) {
			ev.by = t.text("story.by.from_took", "Took", ui.L(t.ctx).Millis(x.Took))
			ev.folds = append(ev.folds, t.answer(x))
		}
	}
	t.add(ev)
}

// looked tells that asking proved nothing.
func (t *teller) looked(e audit.Entry) {
	d := detailsOf(e)
	t.add(event{at: e.At, icon: "ask", what: ui.Rich("story.asked", "Company", t.one.company()), by: t.text("story.by.look"),
		lines: []string{t.text("story.none.nothing_found")}, words: d.text("words"), led: true, quiet: true, looked: true})
}

// system tells what Paywicket noted by itself.
func (t *teller) system(e audit.Entry) {
	d := detailsOf(e)
	ev := event{at: e.At, icon: "note", by: "Paywicket", led: true}
	switch e.Action {
	case audit.PayoutPrepared:
		ev.what, ev.by = ui.Rich("story.named", "Company", t.one.company(), "Number", ui.Code(d.text("remote_id"))), t.text("story.by.from")
	case audit.PayoutStage:
		key := "story.stage." + cmp.Or(d.text("stage"), string(providers.StageProcessing))
		ev.what = ui.Rich(key, "Company", t.one.company(), "Word", ui.Code(d.text("word")))
		ev.lines = []string{t.text(key + "_text")}
	case audit.PayoutUnmapped:
		ev.tone, ev.what = views.Warn, ui.Rich("story.unmapped", "Company", t.one.company(), "Word", ui.Code(d.text("word")))
		ev.lines = []string{t.text("story.none.not_understood")}
	case audit.PayoutSentBack:
		ev.tone, ev.what = views.Warn, ui.Rich("story.sent_back")
		ev.lines = []string{t.text("payout.error." + d.text("code") + ".text")}
	case audit.ConflictOpened:
		ev.tone, ev.icon = views.Bad, "warn"
		ev.what = ui.Rich("story.conflict", "What", ui.Strong(ui.T(t.ctx, "review.conflict."+d.text("code"))))
		ev.lines = []string{t.text("story.conflict_text", "Expected", t.side(d, "expected"), "Got", t.side(d, "got"))}
	}
	t.add(ev)
}

// side is one side of a contradiction; a state is said in its words.
func (t *teller) side(d details, name string) string {
	value := d.text(name)
	if c := d.text("code"); c != "final" && c != "older_attempt" {
		return value
	}
	if key := "state." + value; ui.L(t.ctx).Has(key) {
		return ui.T(t.ctx, key)
	}
	return value
}

func tone(s payout.State) views.Tone {
	switch s {
	case payout.Paid:
		return views.Good
	case payout.Unknown:
		return views.Odd
	case payout.NotSent, payout.NotExecuted:
		return views.Warn
	case payout.Failed, payout.Refused, payout.Cancelled, payout.Returned:
		return views.Bad
	default:
		return ""
	}
}

// icon is the shape of a state, as on its badge.
func icon(s payout.State) string {
	switch s {
	case payout.NotSent:
		return "not-sent"
	case payout.NotExecuted:
		return "not-executed"
	default:
		return string(s)
	}
}

func strongName(name string) templ.Component { return strong(ui.Name(name)) }

func code(status int) string { return strconv.Itoa(status) }

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
