package approvals

import (
	"context"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views/ui"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// Drift is what of a payout its company does not take any more. The zero value is nothing.
type Drift struct {
	Account store.AccountID
	Company string
	Misfits []payout.Misfit
}

// Misfit says in a sentence what does not fit.
func Misfit(ctx context.Context, m payout.Misfit, company string) string {
	if m.Code == "wrong" {
		return ui.T(ctx, "offer.misfit.wrong", "Field", FieldName(ctx, m.Field), "Problem", ui.L(ctx).Say("check."+m.Problem.Code, m.Problem.Args))
	}
	return ui.T(ctx, "offer.misfit."+m.Code, "Field", FieldName(ctx, m.Field), "Company", company)
}

// FieldName is what a field is called: by its company, else by us, else as it is named in the wire format.
func FieldName(ctx context.Context, f providers.Field) string {
	if words := ui.Words(ctx, f.Label); words != "" {
		return words
	}
	return ui.L(ctx).TextOr("field."+f.Name, f.Name)
}
