package books

import (
	"context"

	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/ui"
	book "github.com/paywicket/paywicket/web/books"
)

// fewExceptions is how many need no views by kind: one sees them all.
const fewExceptions = 10

// Exceptions is the address of a month with the exceptions that are looked at.
func Exceptions(ctx context.Context, k book.Key, at book.Place) string {
	return link.BookExceptions(ctx, Of(k), at.Kind, at.Past)
}

// kinds are the views of the exceptions, where there are many and of several kinds.
func (p Page) kinds(ctx context.Context) []ui.Tab {
	all, count := []ui.Tab{}, 0
	for _, k := range p.Kinds {
		count += k.Count
		all = append(all, ui.Tab{Text: kindWord(ctx, k.Code), Count: ui.L(ctx).Number(k.Count), Current: p.At.Kind == k.Code,
			Href: Exceptions(ctx, p.key(), book.Place{Kind: k.Code})})
	}
	if p.At.Kind == "" && (len(all) < 2 || count <= fewExceptions) {
		return nil
	}
	whole := ui.Tab{Text: ui.T(ctx, "books.all_kinds"), Count: ui.L(ctx).Number(count), Current: p.At.Kind == "", Href: Exceptions(ctx, p.key(), book.Place{})}
	return append([]ui.Tab{whole}, all...)
}

// kindWord is a difference in a word.
func kindWord(ctx context.Context, code string) string { return ui.T(ctx, "payouts.booked."+code) }

// count is how many exceptions the view of a kind has.
func (p Page) count() int {
	n := 0
	for _, k := range p.Kinds {
		if p.At.Kind == "" || p.At.Kind == k.Code {
			n += k.Count
		}
	}
	return n
}

// unkept is how many exceptions were counted beyond those that are kept.
func (p Page) unkept() int {
	n := p.Status.Exceptions
	for _, k := range p.Kinds {
		n -= k.Count
	}
	return n
}

func (p Page) exceptionPager(ctx context.Context) ui.PagerOpts {
	o := ui.PagerOpts{Label: ui.T(ctx, "books.exceptions"), Shown: ui.N(ctx, "books.exceptions_shown", p.count(), "Shown", len(p.Exceptions))}
	if p.At.Past != "" {
		o.Newer = Exceptions(ctx, p.key(), book.Place{Kind: p.At.Kind})
	}
	if p.Past != "" {
		o.Older = Exceptions(ctx, p.key(), book.Place{Kind: p.At.Kind, Past: p.Past})
	}
	return o
}
