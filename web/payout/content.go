package payout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/store"
)

// Input is a payout as a person typed it, whole or not. It is kept as it is, so that nothing typed is lost.
type Input struct {
	Account     store.AccountID   `json:"account,omitempty"`
	Country     string            `json:"country,omitempty"`
	Method      string            `json:"method,omitempty"`
	Amount      string            `json:"amount,omitempty"` // as typed
	Language    string            `json:"language,omitempty"`
	Description string            `json:"description,omitempty"`
	Details     map[string]string `json:"details,omitempty"`
}

// Form is what an input is checked against: the account as it is now and what its company asks for.
type Form struct {
	Account      store.Account
	ProviderName string
	Method       providers.Method
	Fields       []providers.Field
}

// Content is a payout that passed its checks.
type Content struct {
	Account     store.AccountID `json:"account"`
	Provider    string          `json:"provider"`
	Company     string          `json:"company"` // the company's name
	Live        bool            `json:"live"`
	Address     string          `json:"address"` // which of the company's addresses is used
	Credential  int             `json:"credential"`
	Method      string          `json:"method"`
	MethodName  string          `json:"method_name"`
	Country     string          `json:"country"`
	Amount      money.Amount    `json:"amount"`
	Description string          `json:"description"`
	Details     []Detail        `json:"details"`
	Own         bool            `json:"own,omitempty"` // goes to the merchant's own account: no recipient is named
}

// Detail is one value the company is told, with the words it was asked by.
type Detail struct {
	Name  string         `json:"name"`
	Label providers.Text `json:"label"`
	Value string         `json:"value"`
	Shown string         `json:"shown,omitempty"` // the option's words, if Value is a code
	Role  providers.Role `json:"role,omitempty"`
}

// maxDescription is the longest reason kept: long enough for an invoice line, short enough for every company.
const maxDescription = 200

// Check makes content of an input. Everything wrong is told at once, as FieldErrors.
func Check(in Input, form Form) (Content, error) {
	var problems FieldErrors
	c := Content{
		Account: form.Account.ID, Provider: form.Account.Provider, Company: form.ProviderName, Live: form.Account.Live,
		Address: form.Account.Address, Credential: form.Account.Version,
		Method: form.Method.ID, MethodName: form.Method.Name, Country: form.Method.Country,
		Description: strings.TrimSpace(in.Description), Own: form.Method.Own,
	}
	c.Details, problems = checkDetails(in.Details, form.Fields)
	amount, err := money.Parse(in.Amount, in.Language, form.Method.Currency)
	if err != nil {
		problems = append(problems, amountProblem(err))
	}
	c.Amount = amount
	problems = append(problems, checkDescription(c.Description)...)
	if len(problems) > 0 {
		return Content{}, problems
	}
	return c, nil
}

func amountProblem(err error) FieldProblem {
	if e, ok := errors.AsType[*money.ParseError](err); ok {
		return FieldProblem{Field: "amount", Key: "amount." + e.Code, Args: map[string]any{"Currency": e.Currency, "Digits": e.Digits}}
	}
	return FieldProblem{Field: "amount", Key: "amount.not_a_number"}
}

func checkDescription(text string) FieldErrors {
	if err := (providers.Field{Name: "description", Max: maxDescription}).Check(text); err != nil {
		return FieldErrors{problemOf("description", err)}
	}
	return nil
}

func problemOf(field string, err error) FieldProblem {
	if e, ok := errors.AsType[*providers.FieldError](err); ok {
		return FieldProblem{Field: field, Key: "check." + e.Code, Args: e.Args}
	}
	return FieldProblem{Field: field, Key: "check.pattern"}
}

func checkDetails(typed map[string]string, fields []providers.Field) ([]Detail, FieldErrors) {
	var problems FieldErrors
	for _, name := range providers.UnknownNames(fields, typed) {
		problems = append(problems, FieldProblem{Field: "fields[" + name + "]", Key: "check.unknown_field", Args: map[string]any{"Name": name}})
	}
	clean, wrong := providers.CheckAll(fields, typed)
	for _, e := range wrong {
		problems = append(problems, FieldProblem{Field: "fields[" + e.Field + "]", Key: "check." + e.Code, Args: e.Args})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	var details []Detail
	for _, f := range providers.Shown(fields, clean) {
		if value, ok := clean[f.Name]; ok && value != "" {
			details = append(details, Detail{Name: f.Name, Label: f.Label, Value: value, Shown: optionWords(f, value), Role: f.Role})
		}
	}
	return details, nil
}

func optionWords(f providers.Field, value string) string {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label.English
		}
	}
	return ""
}

// Value is the detail with a role; a name in two parts is put together.
func (c Content) Value(role providers.Role) string {
	part := func(want providers.Role) string {
		for _, d := range c.Details {
			if d.Role == want {
				return d.Value
			}
		}
		return ""
	}
	if v := part(role); v != "" || role != providers.RoleName {
		return v
	}
	return strings.TrimSpace(part(providers.RoleGiven) + " " + part(providers.RoleFamily))
}

// Recipient is the recipient's name; where a company asks for none, the account number stands in for it.
func (c Content) Recipient() string {
	if name := c.Value(providers.RoleName); name != "" {
		return name
	}
	return c.AccountNumber()
}

// AccountNumber is the account or wallet the money goes to, "" where the company pays the merchant's own.
func (c Content) AccountNumber() string {
	if v := c.Value(providers.RoleAccount); v != "" {
		return v
	}
	return c.Value(providers.RolePhone)
}

// RecipientKey tells recipients apart: two payouts with the same key go to the same account.
func (c Content) RecipientKey() string {
	number := c.AccountNumber()
	switch {
	case c.Own:
		number = "OWN " + string(c.Account) // whatever is registered with the company: the same until it is changed there
	case number == "":
		return ""
	}
	return strings.ToUpper(number) + "|" + strings.ToUpper(c.Value(providers.RoleBank)) + "|" + c.Amount.Currency
}

// details is the map the company's adapter gets.
func (c Content) details() map[string]string {
	m := make(map[string]string, len(c.Details))
	for _, d := range c.Details {
		m[d.Name] = d.Value
	}
	return m
}

// snapshot is what an approver sees and signs, as bytes that are the same for the same content.
type snapshot struct {
	Format  string   `json:"format"`
	Payout  ID       `json:"payout"`
	Store   store.ID `json:"store"`
	Content Content  `json:"content"`
}

const snapshotFormat = "paywicket-snapshot-1"

func encodeSnapshot(p *Payout, c Content) ([]byte, error) {
	b, err := json.Marshal(snapshot{Format: snapshotFormat, Payout: p.ID, Store: p.Store, Content: c})
	if err != nil {
		return nil, fmt.Errorf("encode snapshot of %s: %w", p.ID, err)
	}
	return b, nil
}

// decodeSnapshot reads the snapshot back and holds it against the payout it belongs to.
func decodeSnapshot(p *Payout) (Content, error) {
	var s snapshot
	if err := json.Unmarshal(p.Snapshot, &s); err != nil {
		return Content{}, &Error{Code: CodeSnapshot, Err: err}
	}
	again, err := encodeSnapshot(p, p.Content)
	switch {
	case err != nil:
		return Content{}, err
	case string(again) != string(p.Snapshot): // also if it is another payout's, or another store's
		return Content{}, &Error{Code: CodeSnapshot, Err: errors.New("what is stored differs from it")}
	case digestOf(p.Snapshot) != p.Digest:
		return Content{}, &Error{Code: CodeSnapshot, Err: errors.New("its digest differs")}
	case p.Torn:
		return Content{}, &Error{Code: CodeSnapshot, Err: errors.New("the row contradicts itself")}
	}
	return s.Content, nil
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Signed is the content an approver decides about, read back from the snapshot and from nothing else.
func (p *Payout) Signed() (Content, error) { return decodeSnapshot(p) }

// Order makes the company's order from the approved snapshot and nothing else.
func (p *Payout) Order(callback string) (providers.Order, error) {
	c, err := decodeSnapshot(p)
	if err != nil {
		return providers.Order{}, err
	}
	return providers.Order{
		Reference: p.Reference(), Method: c.Method, Amount: c.Amount, Description: c.Description,
		Details: maps.Clone(c.details()), CallbackURL: callback,
	}, nil
}
