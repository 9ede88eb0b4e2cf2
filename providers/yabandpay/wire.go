package yabandpay

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// params are the members of "data" as text: numbers with the digits they came with, null as nothing.
type params map[string]string

// envelope is what every call is wrapped in.
type envelope struct {
	User   string      `json:"user"`
	Sign   string      `json:"sign"`
	Method string      `json:"method"`
	Time   json.Number `json:"time"`
	Data   params      `json:"data"`
}

// command is what is asked for, under either spelling.
func (e envelope) command() string { return cmp.Or(e.Data[keyCommand], e.Data[keyOlder]) }

// signature is over the members of data together with user, method and time.
func (e envelope) signature(key string) string {
	all := maps.Clone(e.Data)
	maps.Copy(all, params{"user": e.User, "method": e.Method, "time": e.Time.String()})
	return all.signature(key)
}

// signature signs members: name=value in the order of the names, joined by "&", nothing escaped; empty values take part
// (sign.html, and the company's PHP library).
func (p params) signature(key string) string {
	return hex.EncodeToString(p.sum(key))
}

func (p params) sum(key string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(p.text()))
	return mac.Sum(nil)
}

func (p params) text() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name != "sign" {
			parts = append(parts, name+"="+p[name])
		}
	}
	return strings.Join(parts, "&")
}

// signed reports whether a signature is right. Its letters may be large: the company's are small, but mean the same.
func (p params) signed(key, signature string) bool {
	given, err := hex.DecodeString(signature)
	return err == nil && hmac.Equal(given, p.sum(key))
}

// signatureStep says how the signature was checked.
func (p params) signatureStep(key, signature string) providers.Step {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(p)), func(name string) bool { return name == "sign" })
	return providers.Step{Name: stepSignature, OK: p.signed(key, signature), Note: "sign"}.Compared(p.sum(key), signature).Over("&", names, p)
}

// flat reads a JSON object. Members that are objects or lists take no part in signatures: they are left out and named. PHP
// writes true as 1 and false as nothing.
func flat(body []byte) (params, []string, error) {
	members, err := httpx.Members(body)
	if err != nil {
		return nil, nil, err
	}
	p, nested := params{}, []string(nil)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text, simple := httpx.Text(members[name])
		switch {
		case !simple:
			nested = append(nested, name)
			continue
		case string(members[name]) == "true":
			text = "1"
		case string(members[name]) == "false":
			text = ""
		}
		p[name] = text
	}
	return p, nested, nil
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// encode writes an order as data, without the nonce.
func (a *account) encode(o providers.Order) (params, error) {
	m, ok := a.ofCurrency(o.Amount.Currency)
	amount, err := o.Amount.DecimalN(decimals)
	switch {
	case !ok || m.ID != o.Method:
		return nil, providers.UnknownMethod(o.Method)
	case err != nil || o.Amount.Minor <= 0:
		return nil, errors.New("no amount that a wallet pays")
	case len(o.Details) > 0:
		return nil, errors.New("no recipient can be named")
	case o.CallbackURL == "" || o.Reference == "":
		return nil, errors.New("the company requires a reference and an address for its notices")
	}
	return params{
		keyCommand: commandPayout, "amount": amount, "currency": m.Currency, "reference": o.Reference, "notify_url": o.CallbackURL,
	}, nil
}

// ReadBack decodes a call. Written again from what was understood it must be the same: so nothing in it was overlooked.
func (a *account) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, path) {
		return providers.Readback{}, fmt.Errorf("%s %s is no call of this adapter", r.Method, r.URL.Path)
	}
	e, err := readEnvelope(body)
	if err != nil {
		return providers.Readback{}, err
	}
	rb, data := providers.Readback{}, askBalance(e.Data["currency"])
	if e.command() != commandBalance {
		o, err := a.decode(e)
		if err != nil {
			return providers.Readback{}, err
		}
		rb = providers.Readback{Moves: true, Order: &o}
		if data, err = a.encode(o); err != nil {
			return providers.Readback{}, err
		}
	}
	nonce := e.Data["nonce_string"]
	if again, err := a.envelope(data, nonce, e.Time.String()); err != nil || nonce == "" || !bytes.Equal(again, body) {
		return providers.Readback{}, errors.New("it holds more, or something else, than what it asks for")
	}
	return rb, nil
}

// readEnvelope reads a call strictly.
func readEnvelope(body []byte) (envelope, error) {
	members, err := httpx.Members(body)
	if err != nil {
		return envelope{}, err
	}
	outer, nested, err := flat(body)
	if err != nil || len(members) != 5 || len(nested) != 1 || nested[0] != "data" {
		return envelope{}, errors.New("no call of five members")
	}
	data, nested, err := flat(members["data"])
	if err != nil || len(nested) > 0 {
		return envelope{}, errors.New("no plain data in the call")
	}
	return envelope{User: outer["user"], Sign: outer["sign"], Method: outer["method"], Time: json.Number(outer["time"]), Data: data}, nil
}

// decode turns a call back into an order.
func (a *account) decode(e envelope) (providers.Order, error) {
	data := e.Data
	m, ok := a.ofCurrency(data["currency"])
	if !ok || e.command() != commandPayout {
		return providers.Order{}, fmt.Errorf("no wallet pays %q by %q", data["currency"], e.command())
	}
	amount, err := money.ParseDecimal(data["amount"], m.Currency)
	if err != nil {
		return providers.Order{}, err
	}
	return providers.Order{Reference: data["reference"], Method: m.ID, Amount: amount, CallbackURL: data["notify_url"]}, nil
}
