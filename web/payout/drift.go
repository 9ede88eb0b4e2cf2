package payout

import "github.com/paywicket/paywicket/providers"

// Misfit is one way in which details do not fit what a company asks for now. Code is "method_gone", "lacking", "wrong" or
// "gone"; Field is what is asked for, of a gone one only its name.
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

// Typed are the details of a payout: of one that was submitted as they were checked, of a draft as typed.
func (p *Payout) Typed() map[string]string {
	if p.State == Draft || p.Content.Method == "" {
		return p.Input.Details
	}
	return p.Content.details()
}

// Mend is the input of a payout with some details replaced and those that are asked for no more left out. Nothing else of it
// changes.
func (p *Payout) Mend(typed map[string]string, m providers.Method) Input {
	in := p.Input
	in.Details = map[string]string{}
	for name, value := range p.Typed() {
		in.Details[name] = value
	}
	for name, value := range typed {
		in.Details[name] = value
	}
	for _, name := range providers.UnknownNames(m.Fields, in.Details) {
		delete(in.Details, name)
	}
	return in
}
