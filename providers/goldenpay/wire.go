package goldenpay

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // the company's choice
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// params are the parameters of a call or the members of a message, as text. Numbers keep the digits they came with:
// what is signed is the text on the wire, and 500.00 is not 500.
type params map[string]string

// signature signs parameters: the key, then name=value in the order of the names, joined by signJoin, nothing escaped.
// Empty values and the signature itself do not take part.
func (p params) signature(key string) string {
	text := []byte(key)
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if name == "sign" || p[name] == "" {
			continue
		}
		text = append(text, signJoin+name+"="+p[name]...)
	}
	sum := md5.Sum(text) //nolint:gosec // the company's choice; every webhook is confirmed by a look-up
	return hex.EncodeToString(sum[:])
}

// signed reports whether the parameters carry the right signature. Older documents say that its case does not matter.
func (p params) signed(key string) bool {
	given, err := hex.DecodeString(p["sign"])
	want, _ := hex.DecodeString(p.signature(key)) // our own
	return err == nil && hmac.Equal(given, want)
}

// signatureStep says how the signature was checked.
func (p params) signatureStep(key string) providers.Step {
	want, _ := hex.DecodeString(p.signature(key)) // our own
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(p)), func(name string) bool { return name == "sign" || p[name] == "" })
	s := providers.Step{Name: stepSignature, OK: p.signed(key), Note: "sign"}.Compared(want, p["sign"]).Over(signJoin, names, p)
	s.Signed = "[key]" + signJoin + s.Signed
	return s
}

func (p params) query() string {
	values := url.Values{}
	for name, value := range p {
		values.Set(name, value)
	}
	return values.Encode()
}

// body writes the parameters as JSON. The two that the documents of 2026 call integers are numbers; all others are
// texts, amounts too.
func (p params) body() ([]byte, error) {
	members := map[string]any{}
	for name, value := range p {
		members[name] = value
	}
	for _, name := range []string{"mch_id", "timestamp"} {
		members[name] = json.Number(p[name])
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // an address with "&" is signed as it is
	if err := enc.Encode(members); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// flat reads a JSON object. Members that are objects or lists take no part in signatures: they are left out and named.
func flat(body []byte) (params, []string, error) {
	members, err := httpx.Members(body)
	if err != nil {
		return nil, nil, err
	}
	p, nested := params{}, []string(nil)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		text, simple := httpx.Text(members[name])
		p[name] = text
		if !simple {
			nested = append(nested, name)
		}
	}
	return p, nested, nil
}

// encode writes an order as parameters, without those that every call carries.
func (a *account) encode(o providers.Order) (params, error) {
	m, ok := a.byID(o.Method)
	if !ok {
		return nil, providers.UnknownMethod(o.Method)
	}
	amount, err := o.Amount.DecimalN(decimals)
	if err != nil || o.Amount.Currency != m.Currency || o.Amount.Minor <= 0 {
		return nil, fmt.Errorf("no amount that %s pays", m.ID)
	}
	if o.CallbackURL == "" || o.Reference == "" {
		return nil, errors.New("the company requires a reference and an address for its webhook")
	}
	p := m.encode(o.Details)
	maps.Copy(p, params{
		"trans_id": o.Reference, "channel": m.channel, "amount": amount, "currency": m.Currency, "callback_url": o.CallbackURL,
	})
	return p, nil
}

// ReadBack decodes the only POST there is. Written again from what was understood it must be the same: so nothing in it
// was overlooked.
func (a *account) ReadBack(r *http.Request, body []byte) (providers.Readback, error) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, pathOrders) {
		return providers.Readback{}, fmt.Errorf("%s %s is no call of this adapter", r.Method, r.URL.Path)
	}
	p, _, err := flat(body) // a nested member has no text, and nothing like it is written again
	if err != nil {
		return providers.Readback{}, err
	}
	o, err := a.decode(p)
	if err != nil {
		return providers.Readback{}, err
	}
	again, err := a.encode(o)
	if err != nil {
		return providers.Readback{}, err
	}
	maps.Copy(again, params{"mch_id": a.merchant(), "nonce": p["nonce"], "timestamp": p["timestamp"]})
	again["sign"] = a.signature(again)
	if !maps.Equal(again, p) {
		return providers.Readback{}, errors.New("it holds more, or something else, than the order it describes")
	}
	return providers.Readback{Moves: true, Order: &o}, nil
}

// decode turns parameters back into an order.
func (a *account) decode(p params) (providers.Order, error) {
	m, ok := a.byChannel(p["channel"], p[memberCurrency])
	if !ok {
		return providers.Order{}, fmt.Errorf("no method pays %q by %q", p[memberCurrency], p["channel"])
	}
	amount, err := money.ParseDecimal(p["amount"], m.Currency)
	if err != nil {
		return providers.Order{}, err
	}
	return providers.Order{
		Reference: p["trans_id"], Method: m.ID, Amount: amount, Details: m.decode(p), CallbackURL: p["callback_url"],
	}, nil
}
