package inbox_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// company signs its webhooks over the raw bytes and answers look-ups as it is told to.
type company struct {
	mu      sync.Mutex
	lookUps []providers.Attempt

	confirm bool // its webhooks have to be confirmed
	look    func(providers.Attempt) (providers.Result, error)
	read    func(providers.Webhook) error // called before a webhook is looked at
	perKept bool                          // signs with a secret it gave out with the order
	hides   bool                          // calls every failure of Find a wrong signature
	panics  bool
	silent  bool // says nothing of what to reply
}

// message is what its webhooks say.
type message struct {
	Event     string `json:"event,omitempty"`
	Reference string `json:"reference,omitempty"`
	ID        string `json:"id,omitempty"`
	Status    string `json:"status,omitempty"`
	Amount    string `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Method    string `json:"method,omitempty"`
	Account   string `json:"account,omitempty"`
	Live      *bool  `json:"live,omitempty"`
	Nonce     int    `json:"nonce,omitempty"`
}

func (m message) bytes() []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers
	}
	return b
}

func (m message) result() (providers.Result, error) {
	r := providers.Result{Attempt: providers.Attempt{Reference: m.Reference, RemoteID: m.ID}, Word: m.Status, Method: m.Method, Live: m.Live}
	if m.Account != "" {
		r.Details = map[string]string{"account": m.Account}
	}
	if m.Amount != "" {
		var err error
		if r.Amount, err = money.ParseDecimal(m.Amount, m.Currency); err != nil {
			return r, err
		}
	}
	switch m.Status {
	case "accepted", "paid", "failed", "cancelled", "returned":
		r.Status = providers.Status(m.Status)
	}
	return r, nil
}

func signature(key string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (c *company) definition() providers.Definition {
	return providers.Definition{
		ID: "toy", Name: "Toy", Webhooks: providers.WebhooksByHand, Settings: []providers.Field{{Name: "key", Type: providers.Secret}},
		Addresses: []providers.Address{{Name: "default", URL: "https://toy.example", Live: true, Test: true}},
		Open: func(cfg providers.Config) (providers.Provider, error) {
			return &adapter{Catalog: providers.Catalog{method()}, company: c, key: cfg.Settings.Get("key")}, nil
		},
	}
}

func method() providers.Method {
	return providers.Method{ID: "sepa", Name: "SEPA", Country: "DE", Currency: "EUR", Fields: []providers.Field{
		{Name: "name", Role: providers.RoleName}, {Name: "account", Role: providers.RoleAccount}}}
}

type adapter struct {
	providers.Catalog
	company *company
	key     string
}

func (a *adapter) Send(context.Context, providers.Order) (providers.Result, error) {
	return providers.Result{}, errors.New("nothing is sent in these tests")
}

func (a *adapter) ReadBack(*http.Request, []byte) (providers.Readback, error) {
	return providers.Readback{}, errors.New("nothing is sent in these tests")
}

func (a *adapter) Lookup(_ context.Context, at providers.Attempt) (providers.Result, error) {
	c := a.company
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lookUps = append(c.lookUps, at)
	if c.look == nil {
		return providers.Result{}, &providers.Error{Kind: providers.Unsupported}
	}
	return c.look(at)
}

func (a *adapter) ReadWebhook(ctx context.Context, w providers.Webhook) (providers.Event, error) {
	c := a.company
	if c.panics {
		panic("index out of range")
	}
	if c.read != nil {
		if err := c.read(w); err != nil {
			return providers.Event{}, err
		}
	}
	var m message
	decoded := json.Unmarshal(w.Body, &m)
	key, order := a.key, "450"
	if found, err := w.Find(ctx, providers.Attempt{Reference: m.Reference, RemoteID: m.ID}); err == nil {
		order = found.Order.Reference + found.Order.Amount.Decimal()
		if c.perKept {
			key = found.Attempt.Kept["token"]
		}
	} else if c.hides {
		return providers.Event{}, &providers.Error{Code: "signature"}
	} else if c.perKept {
		return providers.Event{}, err
	}
	steps := []providers.Step{{Name: "signature", OK: hmac.Equal([]byte(w.Header.Get("Sig")), []byte(signature(key, w.Body))), Note: "Sig"}}
	if !steps[0].OK || key == "" {
		return providers.Event{}, &providers.Error{Code: "signature", Steps: steps, Reply: &providers.Reply{Status: 403, Body: []byte("bad signature")}}
	}
	if decoded != nil {
		return providers.Event{}, &providers.Error{Code: "payload", Steps: steps}
	}
	r, err := m.result()
	if err != nil {
		return providers.Event{}, &providers.Error{Code: "payload", Steps: steps, Err: err}
	}
	e := providers.Event{Name: m.Event, Result: r, Ignore: m.Event == "login", Confirm: c.confirm, Steps: append(steps, providers.Step{Name: "payload", OK: true, Note: order}),
		Reply: providers.Reply{Status: 200, Type: "text/plain", Body: []byte("success")}, Unmatched: providers.Reply{Status: 500, Body: []byte("no such order yet")}}
	if c.silent {
		e.Reply, e.Unmatched = providers.Reply{}, providers.Reply{}
	}
	return e, nil
}

// asked is what it was asked about so far.
func (c *company) asked() []providers.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookUps
}

// says makes it answer every look-up with a record.
func (c *company) says(m message) {
	c.answers(func(providers.Attempt) (providers.Result, error) { return m.result() })
}

func (c *company) answers(f func(providers.Attempt) (providers.Result, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look = f
}
