package payout

import (
	"context"
	"maps"
	"slices"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

// Mend gives a payout that was not sent yet what its company asks for now, leaves out what it asks for no more, and changes
// nothing else of it. version is the one that was on screen.
//
// A draft stays one: what is typed has to pass, what else it lacks is told when approval is asked for. One that waits for
// approval or has it is asked for anew in the same commit, and its approvals are void; if it does not pass as a whole, it
// stays as it was. What is wrong comes back as FieldErrors.
func (s *Service) Mend(ctx context.Context, by access.Person, id ID, version int, typed map[string]string, form Form) (*Payout, error) {
	return s.repo.Update(ctx, ScopeOf(by, access.DraftPayouts), id, func(p *Payout, w World) error {
		if err := p.expect(version); err != nil {
			return err
		}
		form, err := form.current(p, w)
		if err != nil {
			return err
		}
		return p.mend(by, typed, form, s)
	})
}

func (p *Payout) mend(by access.Person, typed map[string]string, form Form, s *Service) error {
	was, amount, now, in := p.State, p.Content.Amount, s.opts.Now(), p.filledIn(typed, form.Fields)
	if problems := unfit(in.Details, typed, form.Fields); len(problems) > 0 && was == Draft {
		return problems
	}
	left := slices.Sorted(maps.Keys(p.Typed()))
	left = slices.DeleteFunc(left, func(name string) bool { _, kept := in.Details[name]; return kept })
	if err := p.edit(by, in, now); err != nil {
		return err
	}
	p.note(now, actorOf(by), audit.PayoutMended, facts{"was": string(was), "filled_in": slices.Sorted(maps.Keys(typed)), "left_out": left})
	if was == Draft {
		return nil
	}
	if err := p.submit(by, form, now); err != nil {
		return err
	}
	if p.Content.Amount != amount { // the company counts the method in another currency now
		return refuse(CodeChanged)
	}
	return nil
}

// filledIn is the input of a payout with some details replaced and those that are asked for no more left out.
func (p *Payout) filledIn(typed map[string]string, fields []providers.Field) Input {
	in := p.Input
	in.Details = FillIn(p.Typed(), typed, fields)
	return in
}

// FillIn replaces some details and leaves out those that are asked for no more.
func FillIn(details, typed map[string]string, fields []providers.Field) map[string]string {
	all := map[string]string{}
	maps.Copy(all, details)
	maps.Copy(all, typed)
	for _, name := range providers.UnknownNames(fields, all) {
		delete(all, name)
	}
	return all
}

// unfit is what is wrong with the details that were typed.
func unfit(details, typed map[string]string, fields []providers.Field) FieldErrors {
	var problems FieldErrors
	_, wrong := providers.CheckAll(fields, details)
	for _, e := range wrong {
		if _, asked := typed[e.Field]; asked {
			problems = append(problems, problemOf("fields["+e.Field+"]", e))
		}
	}
	return problems
}

// current is the form with the account as it is now. It refuses a form of other credentials, or for another choice than the
// payout's: it was edited since the form was made.
func (f Form) current(p *Payout, w World) (Form, error) {
	account, err := w.Account(f.Account.ID)
	if err != nil {
		return f, err
	}
	if account.Store != p.Store || account.Version != f.Account.Version {
		return f, refuse(CodeAccount)
	}
	if account.ID != p.Input.Account || f.Method.ID != p.Input.Method {
		return f, refuse(CodeChanged)
	}
	f.Account = account
	return f, nil
}
