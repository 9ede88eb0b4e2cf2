package handlers

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// draftForm is the form as it is posted, without the provider's fields.
type draftForm struct {
	ID          string `form:"id"`
	Version     string `form:"version"`
	Key         string `form:"key"`
	Follows     string `form:"follows"`
	Drawn       string `form:"drawn"` // what the fields were made for
	Language    string `form:"language"`
	Store       string `form:"store"`
	Account     string `form:"account"`
	Country     string `form:"country"`
	Method      string `form:"method"`
	Amount      string `form:"amount"`
	Description string `form:"description"`
	Do          string `form:"do"`  // which button: "submit", "draft", "next"
	Use         string `form:"use"` // an earlier payout whose recipient is to be taken
}

func (f draftForm) input(details map[string]string) payout.Input {
	return payout.Input{Account: store.AccountID(f.Account), Country: f.Country, Method: f.Method, Amount: f.Amount,
		Language: f.Language, Description: f.Description, Details: details}
}

// draft is one request about a form: what was typed, and what is kept of it.
type draft struct {
	form    draftForm
	in      payout.Input
	p       *payout.Payout // nil: nothing is kept yet
	key     string
	follows payout.ID
	query   string   // a search for somebody paid before
	long    []string // inputs whose values were too long to be meant
	opened  bool     // it comes from what is kept, not from a form
	notices []drafts.Notice
}

func (d *draft) notice(n drafts.Notice) { d.notices = append(d.notices, n) }

// version is the one that was on screen, 0 if the form did not say.
func (d *draft) version() int {
	n, _ := strconv.Atoi(d.form.Version) // what is no number fits no version
	return n
}

// kept is the form of what is kept.
func kept(p *payout.Payout) *draft {
	d := &draft{in: p.Input, p: p, opened: true}
	d.form.Store, d.form.Version = string(p.Store), strconv.Itoa(p.Version)
	return d
}

// Values longer than this are not kept: no field needs them. The second is what the message says.
const (
	longest  = 10_000
	shownMax = 200
)

// readDraft reads a posted form. id is the one of the address, "" or "new" where the form says which draft it is.
func (h *Handlers) readDraft(r *http.Request, id payout.ID) (*draft, error) {
	d := &draft{}
	if _, err := h.decode(r, &d.form, "fields["); err != nil {
		return nil, err
	}
	if err := checkFieldNames(r); err != nil {
		return nil, err
	}
	d.in = d.form.input(mapped(r, "fields"))
	d.cut()
	if !h.speaks(d.in.Language) {
		d.in.Language = views.From(r.Context()).Language
	}
	d.follows, d.key = payout.ID(d.form.Follows), d.form.Key
	return d, h.findDraft(r, d, id)
}

// findDraft finds what is kept of a form already.
func (h *Handlers) findDraft(r *http.Request, d *draft, id payout.ID) error {
	if id == "" || id == "new" {
		id = payout.ID(d.form.ID)
	} else if d.form.ID != "" && d.form.ID != string(id) {
		return &formError{status: http.StatusBadRequest, key: "error.form_unknown", name: "id"}
	}
	if id == "" && d.key != "" {
		id = h.drafts.find(keyOf(r, d.key))
	}
	if id != "" {
		var err error
		d.p, err = h.draftable(r, id)
		if err == nil && d.p.State == payout.Discarded { // thrown away in another window: what is typed here makes a new one
			d.p, d.key = nil, ""
		}
		return err
	}
	if d.follows == "" {
		return nil
	}
	p, err := h.draftable(r, d.follows)
	if err == nil && (!correctable(p.State) || d.form.Store != "" && d.form.Store != string(p.Store)) {
		d.follows = ""
	}
	return err
}

func keyOf(r *http.Request, key string) string { return string(person(r).ID) + "/" + key }

// checkFieldNames refuses names that only look like a provider's field.
func checkFieldNames(r *http.Request) error {
	for name := range r.PostForm {
		inner, ok := strings.CutPrefix(name, "fields[")
		if !ok {
			continue
		}
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok || inner == "" || len(inner) > shownMax || strings.ContainsAny(inner, "[]") {
			return &formError{status: http.StatusBadRequest, key: "error.form_unknown", name: name}
		}
	}
	return nil
}

// cut takes out what is too long to be meant.
func (d *draft) cut() {
	for name, value := range map[string]*string{"amount": &d.in.Amount, "description": &d.in.Description,
		"country": &d.in.Country, "method": &d.in.Method} {
		if len(*value) > longest {
			*value, d.long = "", append(d.long, name)
		}
	}
	for name, value := range d.in.Details {
		if len(value) > longest {
			d.long = append(d.long, "fields["+name+"]")
			delete(d.in.Details, name)
		}
	}
	slices.Sort(d.long)
}

func (h *Handlers) speaks(tag string) bool {
	for _, l := range h.Bundle.Languages() {
		if l.Tag == tag {
			return true
		}
	}
	return false
}

// typed reports whether there is anything to keep besides choices.
func (d *draft) typed() bool {
	for _, value := range d.in.Details {
		if !blank(value) {
			return true
		}
	}
	return !blank(d.in.Amount) || !blank(d.in.Description)
}

// settle makes of what was typed what is kept: values of fields that another choice has taken off the page go, a bank's
// name becomes its code. A field that the page did not lose is left, so that the check can name it.
func settle(d *draft, s *drafts.Sheet) {
	if !s.Known {
		return
	}
	in := &s.In
	in.Details = maps.Clone(in.Details)
	if d.form.Drawn != "" && d.form.Drawn != s.Drawn() {
		for _, name := range providers.UnknownNames(s.Fields, in.Details) {
			delete(in.Details, name)
		}
	}
	for _, f := range s.Fields {
		if f.Type != providers.Bank {
			continue
		}
		for _, o := range f.Options {
			if strings.EqualFold(strings.TrimSpace(in.Details[f.Name]), o.Label.English) {
				in.Details[f.Name] = o.Value
			}
		}
	}
}
