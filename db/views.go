package db

import (
	"context"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// Views lists a person's own views and those that others share, by name.
func (r Payouts) Views(ctx context.Context, of access.PersonID) ([]payout.View, error) {
	return collect(ctx, r.d.read, func(scan func(...any) error) (payout.View, error) {
		var v payout.View
		var shared int
		err := scan(&v.ID, &v.Owner, &v.OwnerName, &v.Name, &v.Query, &shared)
		v.Shared = shared == 1
		return v, err
	}, `select v.id, v.owner, p.name, v.name, v.query, v.shared from views v join people p on p.id = v.owner
		where v.owner = $1 or v.shared = 1 order by v.name collate nocase, v.id limit 500`, string(of))
}

// SaveView keeps a view, in place of the one with its id.
func (r Payouts) SaveView(ctx context.Context, v payout.View, e audit.Entry) error {
	return r.d.exec(ctx, []audit.Entry{e}, "save view", `insert into views (id, owner, name, query, shared, made_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (id) do update set name = $3, query = $4, shared = $5`,
		v.ID, string(v.Owner), v.Name, v.Query, bit(v.Shared), millis(e.At))
}

// RemoveView drops a view.
func (r Payouts) RemoveView(ctx context.Context, id string, e audit.Entry) error {
	return r.d.exec(ctx, []audit.Entry{e}, "remove view", `delete from views where id = $1`, id)
}
