package providertest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

// toy is the adapter of a company that does not exist: two steps, look-ups by either number, signed webhooks. It can be
// made to have one defect, to see that the suite finds it.
type toy struct {
	providers.Catalog
	cfg    providers.Config
	defect string
}

type record struct {
	ID        string            `json:"id,omitempty"`
	Reference string            `json:"reference,omitempty"`
	Method    string            `json:"method,omitempty"`
	Amount    string            `json:"amount,omitempty"`
	Currency  string            `json:"currency,omitempty"`
	Details   map[string]string `json:"details,omitempty"`
	Status    string            `json:"status,omitempty"`
	Message   string            `json:"message,omitempty"`
}

func toyFields(defect string) []providers.Field {
	label := providers.Text{Key: "field.account_number", English: "Account number"}
	if defect == "text nobody wrote" {
		label.Key = "toy.nothing"
	}
	fields := []providers.Field{
		{Name: "account", Label: label, Type: providers.Digits, Pattern: `[0-9]{8}`, Example: "12345678", Role: providers.RoleAccount},
		{Name: "name", Label: providers.Text{English: "Name"}, Role: providers.RoleName},
	}
	if defect == "example that does not pass" {
		fields[0].Example = "1234"
	}
	return fields
}

func toyDefinition(defect string) providers.Definition {
	d := providers.Definition{
		ID: "toy", Name: "Toy", DocsURL: "https://toy.example/docs", Webhooks: providers.WebhooksByHand, RepeatsRefused: true,
		Settings: []providers.Field{{Name: "secret", Type: providers.Secret, Label: providers.Text{Key: "field.secret_key", English: "Secret"}}},
	}
	if defect == "secret shown" {
		d.Settings[0].Type = providers.String
	}
	d.Open = func(cfg providers.Config) (providers.Provider, error) {
		if defect == "asks while opening" {
			res, err := cfg.HTTP.Get(cfg.BaseURL)
			if err == nil {
				res.Body.Close()
			}
		}
		method := providers.Method{ID: "bank", Name: "Bank", Country: "US", Currency: "USD", Fields: toyFields(defect)}
		return &toy{Catalog: providers.Catalog{method}, cfg: cfg, defect: defect}, nil
	}
	d.Simulator = func(cfg providers.SimulatorConfig) http.Handler { return toySimulator(cfg, defect) }
	return d
}

func (t *toy) call(req *http.Request) (record, error) {
	req.Header.Set("Authorization", "Bearer "+t.cfg.Settings.Get("secret"))
	answer, err := httpx.Call(t.cfg.HTTP, req)
	if err != nil {
		return record{}, err
	}
	var r record
	if err := answer.JSON(&r); err != nil && answer.OK() {
		return record{}, err
	}
	if !answer.OK() || r.ID == "" {
		e := answer.Unexpected(r.Message)
		switch {
		case answer.Status == http.StatusUnprocessableEntity, t.defect == "believes any refusal":
			e.Kind = providers.Refused
		case answer.Status == http.StatusNotFound && r.Message == "no such order":
			e.NotFound = true
		}
		return record{}, e
	}
	return r, nil
}

func (t *toy) post(ctx context.Context, path string, r record) (record, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return record{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.cfg.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return record{}, err
	}
	return t.call(req)
}

func (t *toy) Send(ctx context.Context, o providers.Order) (providers.Result, error) {
	r, err := t.send(ctx, o)
	if e, ok := errors.AsType[*providers.Error](err); ok && t.defect == "says not sent" {
		e.Kind = providers.NotSent
	}
	if e, ok := errors.AsType[*providers.Error](err); ok && t.defect == "secret in an error" {
		e.Message = "refused key " + t.cfg.Settings.Get("secret")
	}
	return r, err
}

func (t *toy) send(ctx context.Context, o providers.Order) (providers.Result, error) {
	if t.defect == "secret in the log" {
		t.cfg.Log.Debug("sending", "key", t.cfg.Settings.Get("secret"))
	}
	amount := o.Amount.Decimal()
	if t.defect == "drops cents" {
		amount, _, _ = strings.Cut(amount, ".")
	}
	first, err := t.post(ctx, "/init", record{Reference: o.Reference, Method: o.Method, Amount: amount, Currency: o.Amount.Currency, Details: o.Details})
	if err != nil {
		if t.defect == "unknown after the first step" {
			return providers.Result{}, errors.New("init failed")
		}
		return providers.Result{}, httpx.NothingMoved(err)
	}
	if err := o.Checkpoint(ctx, providers.Attempt{Reference: o.Reference, RemoteID: first.ID}); err != nil {
		if t.defect != "unknown after the checkpoint" {
			err = &providers.Error{Kind: providers.NotSent, Code: "checkpoint", Err: err}
		} else {
			err = &providers.Error{Code: "checkpoint", Err: err}
		}
		return providers.Result{}, err
	}
	paid, err := t.post(ctx, "/pay/"+first.ID, record{})
	if err != nil {
		return providers.Result{}, err
	}
	return t.result(paid)
}

func (t *toy) Lookup(ctx context.Context, a providers.Attempt) (providers.Result, error) {
	query := url.Values{"id": {a.RemoteID}, "reference": {a.Reference}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.cfg.BaseURL+"/orders?"+query.Encode(), nil)
	if err != nil {
		return providers.Result{}, err
	}
	r, err := t.call(req)
	if err != nil {
		if e, ok := errors.AsType[*providers.Error](err); ok && e.NotFound && t.defect == "not found is failed" {
			return providers.Result{Status: providers.Failed}, nil
		}
		if e, ok := errors.AsType[*providers.Error](err); ok && e.Kind == providers.Refused {
			e.Kind = providers.Unknown
		}
		return providers.Result{}, err
	}
	return t.result(r)
}

func (t *toy) result(r record) (providers.Result, error) {
	amount, err := money.ParseDecimal(r.Amount, r.Currency)
	if err != nil {
		return providers.Result{}, &providers.Error{Code: httpx.CodeUnreadable, Err: err}
	}
	status := map[string]providers.Status{"open": providers.Accepted, "done": providers.Paid, "dead": providers.Failed}[r.Status]
	if t.defect == "unknown word is paid" && status == "" {
		status = providers.Paid
	}
	return providers.Result{Attempt: providers.Attempt{Reference: r.Reference, RemoteID: r.ID}, Status: status, Word: r.Status, Amount: amount}, nil
}

func (t *toy) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	if id, ok := strings.CutPrefix(r.URL.Path, "/pay/"); ok {
		return providers.Readback{Moves: true, RemoteID: id}, nil
	}
	var said record
	if err := json.Unmarshal(body, &said); err != nil {
		return providers.Readback{}, err
	}
	amount, err := money.ParseDecimal(said.Amount, said.Currency)
	if err != nil {
		return providers.Readback{}, err
	}
	return providers.Readback{Order: &providers.Order{
		Reference: said.Reference, Method: said.Method, Amount: amount, Details: said.Details,
	}}, nil
}

func toySign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func (t *toy) ReadWebhook(_ context.Context, w providers.Webhook) (providers.Event, error) {
	given, err := hex.DecodeString(w.Header.Get("X-Toy-Signature"))
	want, _ := hex.DecodeString(toySign(t.cfg.Settings.Get("secret"), w.Body))
	switch t.defect {
	case "takes unsigned webhooks":
		err, given = nil, want
	case "compares half a signature":
		if err == nil && len(given) == len(want) {
			given, want = given[:16], want[:16]
		}
	}
	if err != nil || !hmac.Equal(given, want) {
		return providers.Event{}, &providers.Error{Code: "signature"}
	}
	var r record
	if err := json.Unmarshal(w.Body, &r); err != nil {
		return providers.Event{}, &providers.Error{Code: "payload", Err: err}
	}
	result, err := t.result(r)
	if t.defect == "amount of ours in the webhook" {
		if found, err := w.Find(context.Background(), result.Attempt); err == nil {
			result.Amount = found.Order.Amount
		}
	}
	return providers.Event{Result: result, Steps: []providers.Step{{Name: "signature", OK: true}}}, err
}

func toySimulator(cfg providers.SimulatorConfig, defect string) http.Handler {
	cfg = sim.Defaults(cfg)
	words := sim.Words{Start: "open", Paid: "done", Failed: "dead"}
	courier := &sim.Courier{Config: cfg, Build: func(m sim.Message) (*http.Request, error) {
		secret := cfg.Settings["secret"]
		if m.Forged {
			secret = "another"
		}
		body, err := json.Marshal(toyRecord(m.Order))
		if err != nil {
			return nil, err
		}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, m.URL, bytes.NewReader(body))
		if err == nil {
			req.Header.Set("X-Toy-Signature", toySign(secret, body))
		}
		return req, err
	}}
	ledger := sim.NewLedger(sim.Options{Config: cfg, Notify: courier.Notify, Unique: true})
	mux := http.NewServeMux()
	fail := func(w http.ResponseWriter, status int, message string) { sim.JSON(w, status, record{Message: message}) }
	mux.HandleFunc("POST /init", func(w http.ResponseWriter, r *http.Request) {
		var said record
		body, _ := io.ReadAll(r.Body)
		amount, err := money.Amount{}, json.Unmarshal(body, &said)
		if err == nil {
			amount, err = money.ParseDecimal(said.Amount, said.Currency)
		}
		complete := said.Details["account"] != "" && said.Details["name"] != "" || defect == "lenient simulator"
		if err != nil || !complete || sim.ForAmount(amount) == sim.Refused {
			fail(w, http.StatusUnprocessableEntity, "no")
			return
		}
		o, err := ledger.Open(sim.Order{
			Order: providers.Order{Reference: said.Reference, Method: said.Method, Amount: amount, Details: said.Details}, Status: "open",
			Plan: words.Plan(sim.ForAmount(amount)),
		})
		if err != nil {
			fail(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		sim.JSON(w, http.StatusOK, toyRecord(o))
	})
	mux.HandleFunc("POST /pay/{id}", func(w http.ResponseWriter, r *http.Request) {
		o, ok := ledger.Find(providers.Attempt{RemoteID: r.PathValue("id")})
		if !ok {
			fail(w, http.StatusNotFound, "no such order")
			return
		}
		sim.Play(w, r, sim.Call{
			Scenario: sim.ForAmount(o.Amount),
			Book:     func() (sim.Order, error) { return ledger.Execute(o.RemoteID) },
			Answer:   func(w http.ResponseWriter, o sim.Order) { sim.JSON(w, http.StatusOK, toyRecord(o)) },
			Refuse:   func(w http.ResponseWriter, err error) { fail(w, http.StatusConflict, err.Error()) },
		})
	})
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		o, ok := ledger.Look(providers.Attempt{RemoteID: query.Get("id"), Reference: query.Get("reference")})
		if !ok {
			fail(w, http.StatusNotFound, "no such order")
			return
		}
		sim.JSON(w, http.StatusOK, toyRecord(o))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+cfg.Settings["secret"] {
			fail(w, http.StatusUnauthorized, "who are you?")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func toyRecord(o sim.Order) record {
	return record{ID: o.RemoteID, Reference: o.Reference, Amount: o.Amount.Decimal(), Currency: o.Amount.Currency, Status: o.Status}
}
