package histories_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// bank is a company of one page of JSON that counts what it carries out. Its adapter is below.
type bank struct {
	*httptest.Server
	mu       sync.Mutex
	booked   map[string]order // by reference
	executed []order          // every time money moved
	asked    map[string]int   // requests by path
	seed     uint64
	faults   bool
	wire     map[string]int // requests to pay, by reference
	tries    map[string]int
	counts   map[string]int
	looks    int
	strange  []string      // what arrived and should not have
	early    func(o order) // posts a webhook
	arrive   func(o order) // told of each request to pay before anything is made of it

	look  func(w http.ResponseWriter, o order) // nil: as it is booked
	login func(w http.ResponseWriter)          // nil: fine

	// What the adapter does.
	prepares  bool
	twoSteps  bool
	panicIn   string // "send" before the request, "sent" after it, "lookup", "prepare", "webhook", "balance"
	stubborn  bool   // goes on after a checkpoint that failed
	noLookup  bool
	confirms  bool   // asks to confirm its webhooks
	reference bool   // its look-up answers with the reference
	claims    string // what it says of a send whatever happened: "not sent", "unsupported"; "done" without a request
}

// order is what the bank is asked for and what it says of it.
type order struct {
	ID        string `json:"id,omitempty"`
	Reference string `json:"reference,omitempty"`
	Amount    string `json:"amount,omitempty"`
	Currency  string `json:"currency,omitempty"`
	Name      string `json:"name,omitempty"`
	Account   string `json:"account,omitempty"`
	Status    string `json:"status,omitempty"`
	Message   string `json:"message,omitempty"`
}

func newBank(t testing.TB) *bank {
	t.Helper()
	b := &bank{booked: map[string]order{}, asked: map[string]int{}, wire: map[string]int{}, tries: map[string]int{}, counts: map[string]int{}, reference: true}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", b.handle(func(w http.ResponseWriter, _ *http.Request, _ order) {
		b.mu.Lock()
		login := b.login
		b.mu.Unlock()
		if login == nil {
			login = func(w http.ResponseWriter) { reply(w, 200, order{Status: "ok"}) }
		}
		login(w)
	}))
	mux.HandleFunc("POST /open", b.handle(func(w http.ResponseWriter, _ *http.Request, o order) {
		o.ID = "r-" + o.Reference
		b.mu.Lock()
		b.booked[o.Reference] = o
		b.mu.Unlock()
		reply(w, 200, o)
	}))
	mux.HandleFunc("POST /pay", b.handle(b.payFaulty))
	mux.HandleFunc("GET /orders", b.handle(func(w http.ResponseWriter, r *http.Request, _ order) { b.lookOne(w, r) }))
	mux.HandleFunc("GET /balance", b.handle(func(w http.ResponseWriter, _ *http.Request, _ order) {
		reply(w, 200, order{Amount: "1000.00", Currency: "EUR"})
	}))
	b.Server = shared.take(mux)
	return b
}

// shared is the one server of all histories: each in turn is served by its own bank.
var shared turn

type turn struct {
	once   sync.Once
	server *httptest.Server
	now    atomic.Pointer[http.ServeMux]
}

func (u *turn) take(mux *http.ServeMux) *httptest.Server {
	u.now.Store(mux)
	u.once.Do(func() {
		u.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { u.now.Load().ServeHTTP(w, r) }))
	})
	return u.server
}

func (b *bank) handle(f func(http.ResponseWriter, *http.Request, order)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.asked[r.URL.Path]++
		b.mu.Unlock()
		var o order
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
		}
		if r.URL.Path != "/login" && r.Header.Get("Key") != secretKey && r.Header.Get("Key") != otherKey {
			http.Error(w, `{"message":"who are you?"}`, http.StatusUnauthorized)
			return
		}
		f(w, r, o)
	}
}

// execute moves the money.
func (b *bank) execute(o order, status string) order {
	b.mu.Lock()
	defer b.mu.Unlock()
	o.ID, o.Status = "r-"+o.Reference, status
	b.executed = append(b.executed, o)
	b.booked[o.Reference] = o
	return o
}

func (b *bank) lookOne(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var found order
	for _, o := range b.booked {
		if id := r.URL.Query().Get("id"); (id != "" && o.ID == id) || o.Reference == r.URL.Query().Get("reference") {
			found = o
		}
	}
	look := b.look
	b.mu.Unlock()
	switch {
	case look != nil:
		look(w, found)
	case found.Reference == "":
		reply(w, 404, order{Message: "no such order"})
	default:
		b.lookFaulty(w, found)
	}
}

// change alters the bank between two steps.
func (b *bank) change(f func(*bank)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b)
}

func reply(w http.ResponseWriter, status int, o order) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(o) // the other end may be gone
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// Secrets of the accounts; none may ever show.
const (
	secretKey = "CANARY-key-5e90b7"
	otherKey  = "CANARY-key-77a1c2"
)

func (b *bank) definition() providers.Definition {
	return providers.Definition{
		ID: "toy", Name: "Toy Bank", Webhooks: providers.WebhooksByHand,
		Settings: []providers.Field{{Name: "merchant"}, {Name: "key", Type: providers.Secret}},
		Open:     func(c providers.Config) (providers.Provider, error) { return b.open(c), nil },
	}
}

func (b *bank) open(c providers.Config) providers.Provider {
	a := &adapter{bank: b, cfg: c, Catalog: providers.Catalog{method()}}
	if b.prepares {
		return &preparing{a}
	}
	return a
}

func method() providers.Method {
	return providers.Method{ID: "sepa", Name: "SEPA", Country: "DE", Currency: "EUR", Fields: []providers.Field{
		{Name: "name", Role: providers.RoleName}, {Name: "account", Role: providers.RoleAccount}}}
}

// adapter is how the bank is talked to.
type adapter struct {
	providers.Catalog
	bank *bank
	cfg  providers.Config
}

// preparing is the adapter of a bank that wants a sign-in first.
type preparing struct{ *adapter }

func (a *preparing) Prepare(ctx context.Context, _ providers.Order) error {
	a.bank.panics("prepare")
	answer, err := a.call(ctx, http.MethodPost, "/login", order{})
	switch {
	case err != nil:
		return httpx.NothingMoved(err)
	case answer.Status == http.StatusUnprocessableEntity:
		return &providers.Error{Kind: providers.Refused, Code: "closed", Message: "this account is closed"}
	case !answer.OK():
		return answer.Unexpected("")
	}
	return nil
}

func (b *bank) panics(where string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.panicIn == where {
		panic("nil map of " + secretKey)
	}
}

func (a *adapter) call(ctx context.Context, verb, path string, o order) (httpx.Answer, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return httpx.Answer{}, err
	}
	if verb == http.MethodGet {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, verb, a.cfg.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return httpx.Answer{}, err
	}
	if body == nil {
		req.Body = http.NoBody
	}
	req.Header.Set("Key", a.cfg.Settings.Get("key"))
	return httpx.Call(a.cfg.HTTP, req)
}

func (a *adapter) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	a.bank.panics("send")
	if a.bank.claims == "done" {
		return providers.Result{Attempt: providers.Attempt{Reference: o.Reference, RemoteID: "made up"}, Status: providers.Paid}, nil
	}
	wire := order{Reference: o.Reference, Amount: o.Amount.Decimal(), Currency: o.Amount.Currency, Name: o.Details["name"], Account: o.Details["account"]}
	if a.bank.twoSteps {
		opened, err := a.call(ctx, http.MethodPost, "/open", wire)
		if err != nil {
			return providers.Result{}, httpx.NothingMoved(err)
		}
		var got order
		if err := opened.JSON(&got); err != nil {
			return providers.Result{}, httpx.NothingMoved(err)
		}
		err = o.Checkpoint(ctx, providers.Attempt{Reference: o.Reference, RemoteID: got.ID, Kept: map[string]string{"token": "CANARY-kept"}})
		if err != nil && !a.bank.stubborn {
			return providers.Result{}, err
		}
		wire = order{ID: got.ID}
	}
	answer, err := a.call(ctx, http.MethodPost, "/pay", wire)
	if err != nil {
		return providers.Result{}, err
	}
	a.bank.panics("sent")
	switch a.bank.claims {
	case "not sent":
		return providers.Result{}, &providers.Error{Kind: providers.NotSent}
	case "unsupported":
		return providers.Result{}, &providers.Error{Kind: providers.Unsupported}
	}
	return a.result(answer)
}

func (a *adapter) result(answer httpx.Answer) (providers.Result, error) {
	var o order
	err := answer.JSON(&o)
	switch {
	case err == nil && answer.Status == http.StatusBadRequest:
		return providers.Result{}, &providers.Error{Kind: providers.Refused, Code: "refused", Message: o.Message}
	case !answer.OK():
		return providers.Result{}, answer.Unexpected(o.Message)
	case err != nil:
		return providers.Result{}, err
	}
	return a.decode(o)
}

func (a *adapter) decode(o order) (providers.Result, error) {
	r := providers.Result{Attempt: providers.Attempt{RemoteID: o.ID}, Word: o.Status, Message: o.Message}
	if a.bank.reference {
		r.Attempt.Reference = o.Reference
	}
	if o.Amount != "" {
		amount, err := money.ParseDecimal(o.Amount, o.Currency)
		if err != nil {
			return providers.Result{}, err
		}
		r.Amount = amount
	}
	if o.Account != "" {
		r.Details = map[string]string{"account": o.Account}
	}
	switch o.Status {
	case "accepted", "paid", "failed", "cancelled", "returned":
		r.Status = providers.Status(o.Status)
	}
	return r, nil
}

func (a *adapter) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	var o order
	if err := json.Unmarshal(body, &o); err != nil {
		return providers.Readback{}, err
	}
	if r.URL.Path == "/login" {
		return providers.Readback{}, nil
	}
	rb := providers.Readback{Moves: r.URL.Path == "/pay"}
	if o.Reference == "" {
		rb.RemoteID = o.ID
		return rb, nil
	}
	amount, err := money.ParseDecimal(o.Amount, o.Currency)
	rb.Order = &providers.Order{Reference: o.Reference, Method: "sepa", Amount: amount, Details: map[string]string{"name": o.Name, "account": o.Account}}
	return rb, err
}

func (a *adapter) Lookup(ctx context.Context, at providers.Attempt) (providers.Result, error) {
	a.bank.panics("lookup")
	if a.bank.noLookup {
		return providers.Result{}, &providers.Error{Kind: providers.Unsupported}
	}
	query := url.Values{"reference": {at.Reference}, "id": {at.RemoteID}}
	answer, err := a.call(ctx, http.MethodGet, "/orders?"+query.Encode(), order{})
	if err != nil {
		return providers.Result{}, err
	}
	if answer.Status == http.StatusNotFound {
		return providers.Result{}, &providers.Error{Code: "404", NotFound: true}
	}
	return a.result(answer)
}

func (a *adapter) Balance(ctx context.Context) ([]money.Amount, error) {
	a.bank.panics("balance")
	answer, err := a.call(ctx, http.MethodGet, "/balance", order{})
	if err != nil {
		return nil, err
	}
	var o order
	if err := answer.JSON(&o); err != nil {
		return nil, err
	}
	amount, err := money.ParseDecimal(o.Amount, o.Currency)
	return []money.Amount{amount}, err
}

// ReadWebhook takes what carries the account's key in a header.
func (a *adapter) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	a.bank.panics("webhook")
	if !hmac.Equal([]byte(w.Header.Get("Key")), []byte(a.cfg.Settings.Get("key"))) {
		return providers.Event{}, &providers.Error{Code: "signature"}
	}
	var o order
	if err := json.Unmarshal(w.Body, &o); err != nil {
		return providers.Event{}, &providers.Error{Code: "payload", Err: errors.New("no JSON")}
	}
	r, err := a.decode(o)
	if err != nil {
		return providers.Event{}, &providers.Error{Code: "payload", Err: err}
	}
	return providers.Event{Name: fmt.Sprint("order.", o.Status), Result: r, Confirm: a.bank.confirms, Reply: providers.Reply{Status: 200, Body: []byte("kept")}}, nil
}
