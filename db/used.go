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

func (r Payouts) usedMethods(ctx context.Context, s payout.Scope) ([]payout.UsedMethod, error) {
	var w where
	w.scope(s, "id")
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.UsedMethod, error) {
		var m payout.UsedMethod
		return m, scan(&m.ID, &m.Name, &m.Provider, &m.Company)
	}, `with recursive used (store, method) as (
		select id, (select min(method) from payouts where store = stores.id and method > '') from stores where `+w.String()+`
		union all
		select store, (select min(p.method) from payouts p where p.store = used.store and p.method > used.method) from used where method is not null)
		select used.method, coalesce(max(json_extract(p.content, '$.method_name')), ''), max(p.provider), coalesce(max(json_extract(p.content, '$.company')), '')
		from used join payouts p on p.seq = (select seq from payouts where store = used.store and method = used.method limit 1)
		group by used.method order by 2, 4, 1`, w.args...)
}

func (r Payouts) usedCurrencies(ctx context.Context, s payout.Scope) ([]string, error) {
	var w where
	w.scope(s, "store")
	w.add("span = ? and currency <> ''", allTime)
	return collect(ctx, r.d.read, func(scan func(...any) error) (string, error) {
		var currency string
		return currency, scan(&currency)
	}, `select distinct currency from sums where `+w.String()+` order by currency`, w.args...)
}
