package db

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

// What payouts.booked holds: 0 until the payout stands in the books, then the month it was booked in, 202606. Those that were booked
// before the month was kept have a 1, and only their booking tells.
const bookedSomewhere = 1

// bookedAs is a month as payouts.booked holds it.
func bookedAs(m books.Month) int {
	n, err := strconv.Atoi(strings.Replace(string(m), "-", "", 1))
	if err != nil {
		return bookedSomewhere
	}
	return n
}

// firstDifference is the first of what differs about a payout, with a "+" behind it if somebody explained it. It is one look into a small
// index.
const firstDifference = `(select e.code || case when e.owner <> '' and e.reason <> '' then '+' else '' end from month_exceptions e
	where e.payout = p.id and e.payout <> '' and e.gone_at = 0 order by e.owner <> '' and e.reason <> '', abs(e.minor) desc, e.code limit 1)`

// booksColumn is how a payout stands in the books, for lists and exports that tell it of each: the month, with a "+" behind it if that is
// closed; a stroke; then the first difference, or "matched" if the provider's record has the payout as we do, or nothing.
//
// A month that was checked says by itself that what does not differ matches: the lines of the provider's record, as many as there are
// payouts and in another order, are looked at only where something came since, or there were more exceptions than are kept.
func booksColumn() string {
	return `coalesce((select m.month || case when m.closed_at > 0 then '+|' else '|' end || coalesce(` + firstDifference + `, case
			when m.checked >= m.version and m.checked_at > 0 and m.exceptions <= ` + strconv.Itoa(books.MostExceptions) + ` then case when m.lines > 0 then '` + payout.Matched + `' else '' end
			when exists (select 1 from report_lines l where l.payout = p.id and l.payout <> '' and l.gone = 0 and l.minor = p.minor
				and l.status in ('paid', 'returned')) then '` + payout.Matched + `' else '' end)
		from book_months m where p.booked > 0 and m.store = p.store and m.provider = p.provider and m.currency = p.currency and m.live = p.live
			and m.month = case p.booked when 1 then (select b.month from bookings b where b.payout = p.id and b.kind = 'paid')
				else (p.booked / 100) || '-' || substr(p.booked, 5) end),
	'|' || coalesce(` + firstDifference + `, ''))`
}

// bookedOf reads it.
func bookedOf(text string) payout.Booked {
	var b payout.Booked
	month, match, _ := strings.Cut(text, "|")
	b.Month, b.Closed = strings.CutSuffix(month, "+")
	b.Match, b.Explained = strings.CutSuffix(match, "+")
	return b
}

// maxBooked is how many payouts are asked about at once.
const maxBooked = 200

// Booked tells how payouts stand in the books.
func (r Payouts) Booked(ctx context.Context, s payout.Scope, ids []payout.ID) (map[payout.ID]payout.Booked, error) {
	all := map[payout.ID]payout.Booked{}
	if len(ids) == 0 {
		return all, nil
	}
	names := make([]string, min(len(ids), maxBooked))
	for i := range names {
		names[i] = string(ids[i])
	}
	var w where
	w.scope(s, "p.store")
	w.in("p.id", names)
	_, err := collect(ctx, r.d.read, func(scan func(...any) error) (struct{}, error) {
		var id payout.ID
		var text string
		err := scan(&id, &text)
		all[id] = bookedOf(text)
		return struct{}{}, err
	}, `select p.id, `+booksColumn()+` from payouts p where `+w.String(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("tell how payouts stand in the books: %w", err)
	}
	return all, nil
}
