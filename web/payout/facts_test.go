package payout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/payout"
)

// ago is an earlier payout of that many days before.
func ago(days int, state payout.State, minor int64) payout.Row {
	return payout.Row{ID: payout.ID(rune('A' + days)), State: state, Amount: xof(minor), CreatedAt: begin.Add(-time.Duration(days) * 24 * time.Hour), Number: "111"}
}

func TestKnow(t *testing.T) {
	tests := []struct {
		name string
		e    payout.Earlier
		want payout.Familiar
	}{
		{"never", payout.Earlier{}, payout.Familiar{Code: "never"}},
		{"asked for, never paid", payout.Earlier{SameAccount: []payout.Row{ago(1, payout.Failed, 1)}, SameName: []payout.Row{ago(1, payout.Rejected, 1)}}, payout.Familiar{Code: "never"}},
		{"same", payout.Earlier{SameAccount: []payout.Row{ago(1, payout.Paid, 1), ago(2, payout.Failed, 1), ago(3, payout.Paid, 1)}},
			payout.Familiar{Code: "same", Count: 2, Last: ago(1, "", 0).CreatedAt}},
		{"same again after another account", payout.Earlier{SameAccount: []payout.Row{ago(1, payout.Paid, 1)}, SameName: []payout.Row{ago(2, payout.Paid, 1)}},
			payout.Familiar{Code: "same", Count: 1, Last: ago(1, "", 0).CreatedAt}},
		{"changed", payout.Earlier{SameName: []payout.Row{ago(2, payout.Paid, 1)}}, payout.Familiar{Code: "changed", Last: ago(2, "", 0).CreatedAt, Was: "111"}},
		{"changed back", payout.Earlier{SameAccount: []payout.Row{ago(3, payout.Paid, 1)}, SameName: []payout.Row{ago(2, payout.Paid, 1)}},
			payout.Familiar{Code: "changed", Count: 1, Last: ago(2, "", 0).CreatedAt, Was: "111"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.e.Know()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffers(t *testing.T) {
	paid := func(minors ...int64) []payout.Row {
		var rows []payout.Row
		for i, m := range minors {
			rows = append(rows, ago(10+i, payout.Paid, m))
		}
		return rows
	}
	of := func(rows ...payout.Row) payout.Earlier { return payout.Earlier{SameAccount: rows} }
	fact := func(code, tone string, r payout.Row) payout.Fact {
		return payout.Fact{Code: code, Tone: tone, Amount: r.Amount, At: r.CreatedAt, State: r.State, Other: r.ID}
	}
	other := payout.Row{State: payout.Paid, Amount: money.Amount{Minor: 5, Currency: "EUR"}}
	failed := ago(1, payout.Failed, 7)
	failed.Reason = "wallet closed"
	tests := []struct {
		name string
		e    payout.Earlier
		want []payout.Fact
	}{
		{"nothing", payout.Earlier{}, nil},
		{"same amount a day ago", of(ago(1, payout.Paid, 600)), []payout.Fact{fact("duplicate", "bad", ago(1, payout.Paid, 600))}},
		{"two of them: one is red", of(ago(1, payout.Submitted, 600), ago(2, payout.Unknown, 600)), []payout.Fact{
			fact("duplicate", "bad", ago(1, payout.Submitted, 600)), fact("duplicate", "warn", ago(2, payout.Unknown, 600)),
			{Code: "last_unknown", Tone: "warn", At: ago(2, "", 0).CreatedAt, State: payout.Unknown, Other: ago(2, "", 0).ID}}},
		{"four of them: three are told", of(ago(1, payout.Paid, 600), ago(2, payout.Paid, 600), ago(3, payout.Paid, 600), ago(4, payout.Paid, 600)), []payout.Fact{
			fact("duplicate", "bad", ago(1, payout.Paid, 600)), fact("duplicate", "warn", ago(2, payout.Paid, 600)), fact("duplicate", "warn", ago(3, payout.Paid, 600))}},
		{"a week ago", of(ago(7, payout.Paid, 600)), nil},
		{"another amount", of(ago(1, payout.Paid, 601)), nil},
		{"a draft", of(ago(1, payout.Draft, 600)), nil},
		{"rejected", of(ago(1, payout.Rejected, 600)), nil},
		{"the last one failed", of(failed, ago(2, payout.Paid, 8)), []payout.Fact{
			{Code: "last_failed", Tone: "warn", At: failed.CreatedAt, State: payout.Failed, Other: failed.ID, Name: "wallet closed"}}},
		{"failed before the last", of(ago(1, payout.Paid, 7), failed), nil},
		{"neither paid nor failed", of(ago(1, payout.Rejected, 7), ago(2, payout.Refused, 7)), []payout.Fact{
			{Code: "last_refused", Tone: "warn", At: ago(2, "", 0).CreatedAt, State: payout.Refused, Other: ago(2, "", 0).ID}}},
		{"three times the usual", of(paid(100, 200, 300)...), []payout.Fact{{Code: "larger", Tone: "warn", Count: 3, Amount: xof(200)}}},
		{"less than three times", of(paid(100, 201, 300)...), nil},
		{"paid once: no usual", of(paid(1)...), nil},
		{"usual of nothing", of(paid(0, 0)...), nil},
		{"third of a week", payout.Earlier{ByAuthor: []payout.Row{ago(1, payout.Paid, 10), ago(2, payout.Failed, 20)}}, []payout.Fact{{Code: "week", Count: 3, Amount: xof(630)}}},
		{"second of a week", payout.Earlier{ByAuthor: []payout.Row{ago(1, payout.Paid, 10), ago(2, payout.Draft, 20), ago(2, payout.Discarded, 20), other}}, nil},
		{"a sum nobody can write", payout.Earlier{ByAuthor: []payout.Row{ago(1, payout.Paid, 1<<62), ago(2, payout.Paid, 1<<62), ago(3, payout.Paid, 1)}},
			[]payout.Fact{{Code: "week", Count: 3, Amount: xof(1<<62 + 601)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &payout.Payout{SubmittedAt: begin, Content: payout.Content{Amount: xof(600)}}
			got := tt.e.Differs(p)
			if diff := cmp.Diff(tt.want, got, cmp.Transformer("none", func(f []payout.Fact) []payout.Fact {
				if len(f) == 0 {
					return nil
				}
				return f
			})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
