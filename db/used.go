package db

import (
	"context"

	"github.com/paywicket/paywicket/web/payout"
)

// Corrections lists the payouts that correct one.
func (r Payouts) Corrections(ctx context.Context, s payout.Scope, id payout.ID) ([]payout.Row, error) {
	var w where
	w.scope(s, "p.store")
	w.add("p.follows = ? and p.follows <> ''", string(id))
	return collect(ctx, r.d.read, scanRow, `select `+rowColumns+rowTables+w.String()+` order by p.created_at, p.id`, w.args...)
}

// Used lists the methods and currencies there are payouts of. It steps through an index from one value to the next, so
// that its cost does not grow with the history.
func (r Payouts) Used(ctx context.Context, s payout.Scope) (payout.Used, error) {
	var u payout.Used
	var err error
	if u.Methods, err = r.usedMethods(ctx, s); err != nil {
		return u, err
	}
	u.Currencies, err = r.usedCurrencies(ctx, s)
	return u, err
}

// used yields the stores of a scope, each with the values of a column its payouts have.
func used(s payout.Scope, column string) (string, []any) {
	var w where
	w.scope(s, "id")
	return `with recursive used (store, value) as (
		select id, (select min(` + column + `) from payouts where store = stores.id and ` + column + ` > '') from stores where ` + w.String() + `
		union all
		select store, (select min(p.` + column + `) from payouts p where p.store = used.store and p.` + column + ` > used.value)
		from used where value is not null) `, w.args
}

func (r Payouts) usedMethods(ctx context.Context, s payout.Scope) ([]payout.UsedMethod, error) {
	query, args := used(s, "method")
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.UsedMethod, error) {
		var m payout.UsedMethod
		err := scan(&m.ID, &m.Name, &m.Company)
		return m, err
	}, query+`select used.value, coalesce(max(json_extract(p.content, '$.method_name')), ''), coalesce(max(json_extract(p.content, '$.company')), '')
		from used join payouts p on p.seq = (select seq from payouts where store = used.store and method = used.value limit 1)
		group by used.value order by 2, 3, 1`, args...)
}

func (r Payouts) usedCurrencies(ctx context.Context, s payout.Scope) ([]string, error) {
	query, args := used(s, "currency")
	return collect(ctx, r.d.read, func(scan func(...any) error) (string, error) {
		var currency string
		err := scan(&currency)
		return currency, err
	}, query+`select distinct value from used where value is not null order by value`, args...)
}
