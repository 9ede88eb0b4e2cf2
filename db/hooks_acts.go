package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// Did writes down what people had done with webhooks, in one commit.
func (r Hooks) Did(ctx context.Context, acts []inbox.Act, entries ...audit.Entry) error {
	return r.d.inTx(ctx, func(tx *sql.Tx) error {
		for _, a := range acts {
			if err := saveAct(ctx, tx, a); err != nil {
				return err
			}
		}
		return r.d.addEntries(ctx, tx, entries...)
	})
}

func saveAct(ctx context.Context, tx *sql.Tx, a inbox.Act) error {
	texts, err := encode(a.Versions)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `insert into hook_acts (hook, at, person, name, act, verdict, was, code, from_state, to_state, versions)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		a.Hook, millis(a.At), string(a.Person), a.Name, a.Kind, string(a.Verdict), string(a.Was), a.Code, string(a.From), string(a.To), texts[0])
	if err != nil {
		return fmt.Errorf("write down what was done with webhook %s: %w", a.Hook, err)
	}
	return nil
}

// Acts lists what people had done with a webhook, the first one first.
func (r Hooks) Acts(ctx context.Context, s payout.Scope, hook string) ([]inbox.Act, error) {
	where, args := within(s.Reach(), "h.store", 2)
	return collect(ctx, r.d.read, func(scan func(...any) error) (inbox.Act, error) {
		var a inbox.Act
		var at int64
		var versions string
		err := scan(&a.Hook, &at, &a.Person, &a.Name, &a.Kind, &a.Verdict, &a.Was, &a.Code, &a.From, &a.To, &versions)
		a.At = moment(at)
		if err == nil {
			err = json.Unmarshal([]byte(versions), &a.Versions)
		}
		return a, err
	}, `select a.hook, a.at, a.person, a.name, a.act, a.verdict, a.was, a.code, a.from_state, a.to_state, a.versions
		from hook_acts a join hooks h on h.id = a.hook where a.hook = $1 and `+where+` order by a.seq limit 200`, append([]any{hook}, args...)...)
}
