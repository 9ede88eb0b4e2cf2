package payout

import (
	"slices"

	"github.com/paywicket/paywicket/providers"
)

// Misfit is one way in which details do not fit what a company asks for now. Code is "method_gone", "lacking", "wrong",
// "gone" or "rewritten"; Field is what is asked for, of a gone one only its name.
type Misfit struct {
	Code    string
	Field   providers.Field
	Problem *providers.FieldError // of "wrong"
}

// Misfits holds details against what a company asks for in their method; nil: it does not offer the method any more. They
// come in the order of the fields, what is asked for no more at the end.
func Misfits(details map[string]string, m *providers.Method) []Misfit {
	if m == nil {
		return []Misfit{{Code: "method_gone"}}
	}
	var all []Misfit
	_, wrong := providers.CheckAll(m.Fields, details)
	for _, f := range providers.Shown(m.Fields, details) {
		for _, e := range wrong {
			switch {
			case e.Field != f.Name:
			case e.Code == "required":
				all = append(all, Misfit{Code: "lacking", Field: f})
			default:
				all = append(all, Misfit{Code: "wrong", Field: f, Problem: e})
			}
		}
	}
	for _, name := range providers.UnknownNames(m.Fields, details) {
		if details[name] != "" {
			all = append(all, Misfit{Code: "gone", Field: providers.Field{Name: name}})
		}
	}
	return all
}

// Rewritten names the details that pass but are written in another way now. A company that is told exactly what was approved
// would not take them.
func Rewritten(details map[string]string, m *providers.Method) []Misfit {
	if m == nil {
		return nil
	}
	var all []Misfit
	clean, _ := providers.CheckAll(m.Fields, details)
	for _, f := range providers.Shown(m.Fields, details) {
		if value := details[f.Name]; f.Check(clean[f.Name]) == nil && value != "" && clean[f.Name] != value {
			all = append(all, Misfit{Code: "rewritten", Field: f})
		}
	}
	return all
}

// Newly leaves the misfits that were none before: what a draft lacked all along is no change of the company.
func Newly(now, before []Misfit) []Misfit {
	same := func(a, b Misfit) bool {
		return a.Code == b.Code && a.Field.Name == b.Field.Name && (a.Problem == nil || b.Problem == nil || a.Problem.Code == b.Problem.Code)
	}
	return slices.DeleteFunc(slices.Clone(now), func(m Misfit) bool {
		return slices.ContainsFunc(before, func(b Misfit) bool { return same(m, b) })
	})
}

// Typed are the details of a payout: of one that was submitted as they were checked, of a draft as typed.
func (p *Payout) Typed() map[string]string {
	if p.State == Draft || p.Content.Method == "" {
		return p.Input.Details
	}
	return p.Content.details()
}
