package link

import (
	"context"
	"net/url"
)

// Books is the list of months.
func Books(ctx context.Context) string { return to(ctx, "books") }

// BooksQuery is the list with a filter.
func BooksQuery(ctx context.Context, query url.Values) string { return with(Books(ctx), query) }

// Book names one month of the books.
type Book struct {
	Store, Provider, Currency, Month string
	Test                             bool
}

// query is what tells the books of test money from those of real money.
func (b Book) query() url.Values {
	if b.Test {
		return url.Values{"mode": {"test"}}
	}
	return nil
}

func (b Book) at(ctx context.Context, part string) string {
	segments := []string{"books", b.Store, b.Provider, b.Currency, b.Month}
	if part != "" {
		segments = append(segments, part)
	}
	return with(to(ctx, segments...), b.query())
}

// and is the month with one thing more asked of it.
func (b Book) and(ctx context.Context, name, value string) string {
	return b.with(ctx, url.Values{name: {value}})
}

func (b Book) with(ctx context.Context, q url.Values) string {
	for key, values := range b.query() {
		q[key] = values
	}
	return with(to(ctx, "books", b.Store, b.Provider, b.Currency, b.Month), q)
}

// BookMonth is one month.
func BookMonth(ctx context.Context, b Book) string { return b.at(ctx, "") }

// BookLines is one month from a line on.
func BookLines(ctx context.Context, b Book, after string) string {
	return b.and(ctx, "after", after)
}

// BookExceptions is a month with exceptions of a kind, after one of them; "" narrows nothing.
func BookExceptions(ctx context.Context, b Book, kind, past string) string {
	q := url.Values{}
	if kind != "" {
		q.Set("kind", kind)
	}
	if past != "" {
		q.Set("past", past)
	}
	return b.with(ctx, q)
}

// BookSeal is a closed month whose lock is looked at.
func BookSeal(ctx context.Context, b Book) string { return b.and(ctx, "seal", "check") }

// BookStatement is a month from opening to closing.
func BookStatement(ctx context.Context, b Book) string { return b.at(ctx, "statement") }

// BookFile is the statement as a file.
func BookFile(ctx context.Context, b Book) string { return b.at(ctx, "statement.csv") }

// BookCheck is where a month is held against the provider's record anew.
func BookCheck(ctx context.Context, b Book) string { return b.at(ctx, "check") }

// BookFetch is where the provider's list is asked for.
func BookFetch(ctx context.Context, b Book) string { return b.at(ctx, "fetch") }

// BookUpload is where a file of the provider's portal is sent.
func BookUpload(ctx context.Context, b Book) string { return b.at(ctx, "upload") }

// BookClose is where a month is closed.
func BookClose(ctx context.Context, b Book) string { return b.at(ctx, "close") }

// Report is a file as it would be taken in.
func Report(ctx context.Context, id string) string { return to(ctx, "books", "reports", id) }

// BookException is where something is said about an exception.
func BookException(ctx context.Context, id string) string { return to(ctx, "books", "exceptions", id) }

// BookLine is where a match of a line is taken back.
func BookLine(ctx context.Context, seq string) string { return to(ctx, "books", "lines", seq) }
