package payouts

import (
	"context"
	"strings"
	"time"

	"github.com/paywicket/paywicket/views"
	bookviews "github.com/paywicket/paywicket/views/books"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
)

// tracing tells a payout's timeline what the books hold of it.
type tracing struct {
	ctx     context.Context //nolint:containedctx // lives as long as one page is made
	company string
	names   map[access.PersonID]string
	all     []Happening
}

// BooksStory is what the books tell of a payout, for its timeline.
func BooksStory(ctx context.Context, t books.Trace, company string, names map[access.PersonID]string) []Happening {
	s := tracing{ctx: ctx, company: company, names: names}
	for _, l := range t.Lines {
		s.line(l)
	}
	for _, e := range t.Exceptions {
		s.exception(e)
	}
	for _, c := range t.Closes {
		s.closed(c)
	}
	for _, e := range t.Entries {
		if e.Late != "" {
			s.late(e)
		}
	}
	return s.all
}

func (s *tracing) text(key string, args ...any) string {
	return ui.T(s.ctx, key, append(args, "Company", s.company)...)
}

func (s *tracing) name(id access.PersonID) string {
	if name := s.names[id]; name != "" {
		return name
	}
	return string(id)
}

func (s *tracing) month(m books.Month) string { return ui.L(s.ctx).Month(m.Begin(time.UTC)) }

// add leads to the month it happened in.
func (s *tracing) add(k books.Key, h Happening, raw any) {
	h.Href, h.Link, h.Raw = link.BookMonth(s.ctx, bookviews.Of(k)), s.month(k.Month), indented(raw)
	s.all = append(s.all, h)
}

// line tells that the provider's own record has the payout.
func (s *tracing) line(l books.TracedLine) {
	at := l.Taken.DoneAt
	if at.IsZero() {
		at = l.Taken.At
	}
	h := Happening{At: at, Icon: "in", What: ui.Rich("story.books.line", "Company", s.company, "Line", l.Line), By: s.text("story.books.by."+l.Source, "File", l.Taken.Name)}
	word := l.Word
	if word == "" {
		word = "–"
	}
	h.Lines = []string{s.text("story.books.says", "Amount", ui.MoneyText(s.ctx, l.Amount), "Word", word), s.text("story.books.taken", "Name", l.Taken.ByName)}
	if l.MatchedBy != "" {
		h.Lines = append(h.Lines, s.text("story.books.by_hand", "Name", s.name(access.PersonID(l.MatchedBy))))
	}
	s.add(l.Key, h, l)
}

// exception tells what differed, and apart from it who explained it.
func (s *tracing) exception(e books.TracedException) {
	what := bookviews.Sentence(s.ctx, e.Difference, s.company)
	h := Happening{At: e.At, Tone: views.Bad, Icon: "warn", By: s.text("story.books.by.books"), What: ui.Rich("story.books.exception", "What", what)}
	if e.Owner != "" {
		h.Lines = append(h.Lines, s.text("story.books.owner", "Name", s.name(e.Owner)))
	}
	if !e.GoneAt.IsZero() {
		h.Tone = views.Warn
		h.Lines = append(h.Lines, s.text("story.books.gone"))
	}
	s.add(e.Key, h, e)
	if e.Reason == "" {
		return
	}
	s.add(e.Key, Happening{At: e.SaidAt, Icon: "person", By: ui.T(s.ctx, "story.by.person"), What: ui.Rich("story.books.explained", "Name", strongName(s.name(e.By))),
		Lines: []string{ui.L(s.ctx).Quote(e.Reason), strings.TrimSpace(what)}}, e)
}

func (s *tracing) closed(c books.TracedClose) {
	h := Happening{At: c.At, Tone: views.Good, Icon: "lock", By: ui.T(s.ctx, "story.by.person"),
		What: ui.Rich("story.books.closed", "Name", strongName(c.ByName), "Month", s.month(c.Key.Month))}
	if c.Forged {
		h.Tone, h.Lines = views.Bad, []string{ui.T(s.ctx, "books.forged")}
	}
	s.add(c.Key, h, c)
}

// late tells of news about a month that was closed before they came.
func (s *tracing) late(e books.Entry) {
	s.add(e.Key, Happening{At: e.At, Tone: views.Warn, Icon: "note", By: s.text("story.books.by.books"),
		What:  ui.Rich("story.books.late", "Month", s.month(e.Late), "What", ui.T(s.ctx, "books.late."+string(e.Kind))),
		Lines: []string{s.text("story.books.lands", "Month", s.month(e.Key.Month), "Amount", ui.MoneyText(s.ctx, e.Moved()))}}, e)
}
