package gobipay

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

func mustURL(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// FuzzRecord: no answer ends an order unless it names it, and no identifier leads out of its route.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{
		`{"identifier":"w-1","status":"SUCCESS"}`, `{"data":{"identifier":"w-1","status":"FAILED","amount":"50.00"}}`,
		`{"status":"success","data":{"exchange_transaction":{"id":7,"status":"PENDING"}}}`, `{"identifier":"../../x"}`, `null`, `[]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r, err := readRecord(httpx.Answer{Status: 200, Body: []byte(body)})
		if err != nil {
			return
		}
		got := r.result("w-1", currencyXOF)
		if final := got.Status != "" && got.Status != providers.Accepted; final && got.Attempt.RemoteID != "w-1" {
			t.Errorf("got %+v, an end of something else", got)
		}
		if !utf8.ValidString(got.Message) || utf8.RuneCountInString(got.Message) > maxMessage || strings.ContainsAny(got.Message, "<>\n") {
			t.Errorf("got message %q", got.Message)
		}
		if id := r.identifier(); id != "" {
			if back, ok := withdrawIn(id.cashOutPath(), pathCashOut); !ok || back != id {
				t.Errorf("got %q back from %q", back, id.cashOutPath())
			}
		}
	})
}

// FuzzRefusalText: whatever came, what is shown is short, plain and never empty.
func FuzzRefusalText(f *testing.F) {
	for _, seed := range []string{`{"detail":"x"}`, `{"args":[{},{"value":["x"]}]}`, `<html>`, `{"<b>":["x"]}`, "{\"a\":\"\\u202e\"}"} {
		f.Add(seed, 400)
	}
	f.Fuzz(func(t *testing.T, body string, code int) {
		got := refusalText(httpx.Answer{Status: code, Body: []byte(body)})
		if got == "" || !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxMessage || strings.ContainsAny(got, "<>\n\x00\u202e") {
			t.Errorf("got %q", got)
		}
	})
}

// FuzzLists: what is offered can be named in a path and asked for.
func FuzzLists(f *testing.F) {
	for _, name := range []string{"platforms.json", "arguments.json"} {
		data, err := lists.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`{"results":[{"name":"a","type":"select","options":[1,{"value":"x"}]}],"next":"?page=2"}`)
	f.Fuzz(func(t *testing.T, body string) {
		page, _, err := readPage(httpx.Answer{Status: 200, Body: []byte(body)})
		if err != nil {
			return
		}
		for _, o := range page {
			if id := platformID(text(o[keyIdentifier])); id.valid() && strings.Count(id.argumentsPath(), "/") != strings.Count(pathArguments, "/") {
				t.Errorf("got path %q", id.argumentsPath())
			}
		}
		args, err := argumentsOf(page)
		for _, arg := range args {
			field := arg.field
			if field.Name == "" || field.Label.English == "" || field.Type == providers.Choice && len(field.Options) == 0 {
				t.Errorf("got %+v, %v", field, err)
			}
			_ = field.Check("1") // must not panic
		}
	})
}

// FuzzReadBack: a body that is read back says the same as the bytes that go out.
func FuzzReadBack(f *testing.F) {
	a := &adapter{base: mustURL(f, "https://api.example/api"), mode: modeTest, currency: currencyXOF, store: "s", email: "a@b.c"}
	good, err := json.Marshal(initBody{
		Platform: "MTN_BEN_XOF", Amount: 5, Direct: true, Args: []initArg{{"a", "1", "phone"}}, Extra: extraInfos{"s", merchantWithdraw, "a@b.c"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pathInit, good)
	f.Add(withdrawID("w").cashOutPath(), []byte(emptyBody))
	f.Add("/gobipay/withdraw/%2e%2e/cash-out/", []byte(emptyBody))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://api.example/api"+path, nil)
		if err != nil {
			return
		}
		r.Header.Set(headerMode, modeTest)
		got, err := a.ReadBack(r, body)
		switch {
		case err != nil:
			return
		case got.Moves && (got.RemoteID == "" || r.URL.EscapedPath() != "/api"+withdrawID(got.RemoteID).cashOutPath()):
			t.Errorf("%s: got %+v", path, got)
		case got.Order != nil:
			wantSameOrder(t, *got.Order, body)
		}
	})
}

func wantSameOrder(t *testing.T, o providers.Order, body []byte) {
	t.Helper()
	var sent map[string]json.RawMessage
	var args []map[string]string
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(sent[keyArgs], &args); err != nil {
		t.Fatal(err)
	}
	if string(sent[keyAmount]) != o.Amount.Decimal() || len(args) != len(o.Details) {
		t.Errorf("%s: got %+v", body, o)
	}
	if slices.ContainsFunc(args, func(arg map[string]string) bool { return o.Details[arg[keyName]] != arg[keyValue] }) {
		t.Errorf("%s: got %+v", body, o)
	}
}
