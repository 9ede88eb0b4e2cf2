package db

import (
	"context"
	"fmt"
	"strings"

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

// stepsThrough lists what a column of all payouts holds, which some index begins with.
func stepsThrough(column string) string {
	return strings.ReplaceAll(`with recursive used (value) as (
		select min(column) from payouts where column > ''
		union all
		select (select min(p.column) from payouts p where p.column > used.value) from used where value is not null)`, "column", column)
}

// methodsIn lists the methods of the payouts of some stores, each with one of the stores.
const methodsIn = `with recursive steps (store, method) as (
		select id, (select min(method) from payouts where store = stores.id and method > '') from stores where %s
		union all
		select store, (select min(p.method) from payouts p where p.store = steps.store and p.method > steps.method) from steps where method is not null),
		used (store, value) as (select min(store), method from steps group by method)`

func (r Payouts) usedMethods(ctx context.Context, s payout.Scope) ([]payout.UsedMethod, error) {
	var w where
	used, one := stepsThrough("method"), "method = used.value"
	if !s.Reach().All {
		w.scope(s, "id")
		used, one = fmt.Sprintf(methodsIn, w.String()), "store = used.store and method = used.value"
	}
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.UsedMethod, error) {
		var m payout.UsedMethod
		return m, scan(&m.ID, &m.Name, &m.Provider, &m.Company)
	}, used+` select p.method, coalesce(json_extract(p.content, '$.method_name'), ''), p.provider, coalesce(json_extract(p.content, '$.company'), '')
		from used join payouts p on p.seq = (select seq from payouts where `+one+` limit 1) order by 2, 4, 1`, w.args...)
}

func (r Payouts) usedCurrencies(ctx context.Context, s payout.Scope) ([]string, error) {
	var w where
	used := stepsThrough("currency") + ` select value from used where value is not null`
	if !s.Reach().All {
		w.scope(s, "store")
		w.add("span = ? and currency <> ''", allTime)
		used = `select distinct currency from sums where ` + w.String() + ` order by currency`
	}
	return collect(ctx, r.d.read, func(scan func(...any) error) (string, error) {
		var currency string
		return currency, scan(&currency)
	}, used, w.args...)
}
