package db

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/payout"
)

func TestScratch(t *testing.T) {
	ctx := context.Background()
	i := 0
	d, err := Open(ctx, filepath.Join(t.TempDir(), "x.db"), Options{Now: time.Now, NewID: func() string { i++; return fmt.Sprint(i) }})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, s := range []string{"s1", "s2", "s3"} {
		d.write.ExecContext(ctx, "insert into stores (id,name,zone,created_at) values ($1,$1,'UTC',1)", s)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 4000 {
		at := time.Now().Add(-time.Duration(i) * 7 * time.Minute)
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("P%011d", i)), Store: []access.StoreID{"s1", "s2", "s3"}[r.IntN(3)], State: payout.States()[r.IntN(16)], Version: 1, CreatedAt: at, UpdatedAt: at,
			Content: payout.Content{Account: "a", Provider: "x", Method: "m", MethodName: "M", Company: "C", Live: true, Amount: money.Amount{Minor: 5, Currency: []string{"XOF", "EUR", "VND"}[r.IntN(3)]}, Details: []payout.Detail{{Name: "n", Value: "v", Role: providers.RoleName}}}}
		if err := d.Payouts().Insert(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	q := d.Payouts()
	for name, s := range map[string]payout.Scope{"all": payout.Everywhere(), "s1": payout.InStore("s1")} {
		timeit := func(what string, f func() error) {
			start := time.Now()
			for range 50 {
				if err := f(); err != nil {
					t.Fatal(err)
				}
			}
			t.Log(name, what, time.Since(start)/50)
		}
		timeit("totals", func() error { _, err := q.Totals(ctx, s, payout.Filter{}); return err })
		timeit("list", func() error { _, err := q.List(ctx, s, payout.Filter{}); return err })
		timeit("used", func() error { u, err := q.Used(ctx, s); if len(u.Currencies) != 3 || len(u.Methods) != 1 { t.Fatal(u) }; return err })
		timeit("methods", func() error { _, err := q.usedMethods(ctx, s); return err })
		timeit("counts", func() error { _, err := q.Counts(ctx, s); return err })
		timeit("volume", func() error { _, err := q.Volume(ctx, s, time.Now().Add(-14*24*time.Hour)); return err })
		rows, _ := d.read.QueryContext(ctx, `explain query plan select `+totalColumns+` from payouts p where `+map[string]string{"all": "true", "s1": "p.store in ('s1')"}[name]+` group by p.currency, p.live, p.state order by p.currency, p.live desc, p.state`)
		for rows.Next() {
			var a, b, c int
			var s string
			rows.Scan(&a, &b, &c, &s)
			t.Log(s)
		}
	}
}
