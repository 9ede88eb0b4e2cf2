package moneroo

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/sim"
)

func TestBuiltInList(t *testing.T) {
	list := builtInList()
	if len(list) != 41 {
		t.Fatalf("got %d methods, want the 41 documented", len(list))
	}
	seen := map[string]bool{}
	for _, e := range list {
		_, known := money.Digits(e.Currency)
		prefix := planOf(e.Country).prefix
		if seen[e.Code] || !isCode(e.Code) || !isName(e.Name) || !isCountry(e.Country) || !known || (prefix == "") != e.Sandbox {
			t.Errorf("got %+v with prefix %q", e, prefix)
		}
		seen[e.Code] = true
	}
	if !slices.IsSortedFunc(list, func(a, b entry) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("the list is not sorted")
	}
}

// TestEveryMethodPays sends one payout by each method.
func TestEveryMethodPays(t *testing.T) {
	a := newAccount(t, Simulator(providers.SimulatorConfig{Settings: testSettings()}))
	for _, e := range builtInList() {
		m := e.method()
		o := testOrder()
		o.Method, o.Amount, o.Details = m.ID, money.Amount{Minor: 550_000, Currency: m.Currency}, map[string]string{}
		for _, f := range m.Fields {
			o.Details[f.Name] = f.Example
		}
		if err := a.Prepare(t.Context(), o); err != nil {
			t.Errorf("prepare %s: %v", m.ID, err)
		}
		if _, err := a.pay(t, o); err != nil {
			t.Errorf("pay %s: %v", m.ID, err)
		}
	}
}

// TestPhone: numbers are kept as digits, and nothing else is done to them.
func TestPhone(t *testing.T) {
	for _, c := range []struct {
		method, typed, want, wrong, warning string
	}{
		{"mtn_bj", "+229 51 34 50 20", "22951345020", "", ""},
		{"mtn_bj", "00229-51-34-50-20", "22951345020", "", ""},
		{"mtn_bj", "+229 01 51 34 50 20", "2290151345020", "", ""},
		{"mtn_bj", "229513450", "229513450", "", "phone_length"},
		{"mtn_bj", "51345020", "51345020", "phone_prefix", ""},
		{"mtn_bj", "+228 90 01 02 03", "22890010203", "phone_prefix", ""},
		{"mtn_bj", "229", "229", "phone", ""},
		{"orange_ci", "+225 07 01 02 03 04", "2250701020304", "", ""},
		{"orange_ci", "+225 01 02 03 04", "22501020304", "", "phone_length"},
		{"mtn_ng", "+234 803 001 0203", "2348030010203", "", ""},
		{"mpesa_ke", "+254 (0)700 010203", "2540700010203", "", "phone_length"},
	} {
		f := builtIn(c.method).method().Fields[0]
		got := f.Clean(c.typed)
		if got != c.want {
			t.Errorf("%s: %q: got %q, want %q", c.method, c.typed, got, c.want)
		}
		if e, _ := f.Check(got).(*providers.FieldError); (e == nil) != (c.wrong == "") || e != nil && e.Code != c.wrong {
			t.Errorf("%s: %q: got %v, want %q", c.method, c.typed, e, c.wrong)
		}
		if e := f.Warn(got); (e == nil) != (c.warning == "") || e != nil && e.Code != c.warning {
			t.Errorf("%s: %q: got warning %v, want %q", c.method, c.typed, e, c.warning)
		}
	}
}

func ids(all []providers.Method) []string {
	var names []string
	for _, m := range all {
		names = append(names, m.ID)
	}
	return names
}

func published1(t *testing.T, change func(map[string]any)) string {
	t.Helper()
	item := map[string]any{
		"name": "Orange Burkina", "short_code": "orange_bf", "is_enabled": true,
		"fields":    []any{map[string]any{"label": "Number", "type": "integer", "name": "msisdn", "length": nil}},
		"currency":  map[string]any{"code": "XOF"},
		"countries": []any{map[string]any{"code": "BF", "dial_code": "+226"}},
	}
	change(item)
	text, err := json.Marshal(map[string]any{"message": "ok", "data": []any{item}, "errors": nil})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPublishedList: a new method is offered as it is published, or not at all.
func TestPublishedList(t *testing.T) {
	field := func(name string) map[string]any {
		return map[string]any{"label": "Label of " + name, "type": "string", "name": name}
	}
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		want   string // names and types of the fields, "" if it is left out
	}{
		{"as usual", func(map[string]any) {}, "msisdn/phone/226/account"},
		{"an account", func(m map[string]any) { m["fields"] = []any{field("account_number")} }, "account_number/digits//account"},
		{"two fields", func(m map[string]any) { m["fields"] = []any{field("bank"), field("account_number")} }, "bank/// account_number/digits//account"},
		{"an unknown field", func(m map[string]any) { m["fields"] = []any{field("iban")} }, "iban///account"},
		{"many countries", func(m map[string]any) {
			m["countries"] = []any{map[string]any{"code": "BF"}, map[string]any{"code": "ML"}}
		}, "msisdn/phone//account"},
		{"odd dial code", func(m map[string]any) { m["countries"] = []any{map[string]any{"code": "BF", "dial_code": "(226)"}} }, "msisdn/phone//account"},
		{"off", func(m map[string]any) { m["is_enabled"] = false }, ""},
		{"off as PHP may say it", func(m map[string]any) { m["is_enabled"] = 0 }, ""},
		{"no fields", func(m map[string]any) { m["fields"] = []any{} }, ""},
		{"a field of the customer", func(m map[string]any) { m["fields"] = []any{field("email")} }, ""},
		{"a field twice", func(m map[string]any) { m["fields"] = []any{field("iban"), field("iban")} }, ""},
		{"too many fields", func(m map[string]any) {
			m["fields"] = []any{field("aa"), field("ab"), field("ac"), field("ad"), field("ae"), field("af"), field("ag"), field("ah"), field("ai")}
		}, ""},
		{"an odd field", func(m map[string]any) { m["fields"] = []any{field("a b")} }, ""},
		{"an odd code", func(m map[string]any) { m["short_code"] = "orange/bf" }, ""},
		{"no code", func(m map[string]any) { m["short_code"] = nil }, ""},
		{"an odd name", func(m map[string]any) { m["name"] = "Orange\u202e" }, ""},
		{"unknown currency", func(m map[string]any) { m["currency"] = map[string]any{"code": "QQQ"} }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccount(t, canned(200, published1(t, c.change)))
			all, err := a.Methods(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			fields, err := a.Fields(t.Context(), "orange_bf")
			if c.want == "" {
				if len(all) != 41 || asError(t, err).Code != providers.CodeUnknownMethod {
					t.Errorf("got %d methods, and fields %v, %v", len(all), fields, err)
				}
				return
			}
			if len(all) != 42 || all[41].ID != "orange_bf" || err != nil {
				t.Fatalf("got %q, %v", ids(all), err)
			}
			var got []string
			for _, f := range fields[:len(fields)-3] {
				got = append(got, strings.Join([]string{f.Name, string(f.Type), f.Prefix, string(f.Role)}, "/"))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %s, want %s", text, c.want)
			}
		})
	}
}

// TestMethodsRefreshed: what is built in takes its name from the published list, and goes when it is switched off.
func TestMethodsRefreshed(t *testing.T) {
	body := `{"data":[{"short_code":"mtn_bj","name":"MTN Bénin","is_enabled":true,"currency":{"code":"USD"}},` +
		`{"short_code":"wave_sn","name":"Wave","is_enabled":false},{"short_code":"mtn_ci","name":""},"odd",null]}`
	all, err := newAccount(t, canned(200, body)).Methods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, m := range all {
		names[m.ID] = m.Name + " " + m.Currency
	}
	if len(all) != 40 || names["mtn_bj"] != "MTN Bénin XOF" || names["mtn_ci"] != "MTN MoMo CI XOF" || names["wave_sn"] != "" {
		t.Errorf("got %d methods: %v", len(all), names)
	}
}

// TestMethodsOffline: without the published list the built-in one serves, and an unknown code stays unknown to us.
func TestMethodsOffline(t *testing.T) {
	for _, fault := range sim.Broken("https://elsewhere.example") {
		if fault.Name == "hang" || fault.Name == "drip" {
			continue // as "cut", but slower
		}
		t.Run(fault.Name, func(t *testing.T) {
			a := newAccount(t, http.HandlerFunc(fault.Fault))
			all, err := a.Methods(t.Context())
			if err != nil || len(all) != 41 {
				t.Errorf("got %d methods, %v", len(all), err)
			}
			if _, err := a.Fields(t.Context(), "mtn_bj"); err != nil {
				t.Errorf("fields of a built-in method: %v", err)
			}
			if _, err := a.Fields(t.Context(), "orange_bf"); err == nil || asError(t, err).Code == providers.CodeUnknownMethod {
				t.Errorf("fields of a method that may exist: got %v", err)
			}
		})
	}
}

// TestListRefused: a list that asks for a key says nothing about ours.
func TestListRefused(t *testing.T) {
	_, err := newAccount(t, canned(401, `{"message":"Unauthenticated."}`)).Fields(t.Context(), "orange_bf")
	if e := asError(t, err); e.Credentials || e.Code != "http_401" {
		t.Errorf("got %+v", e)
	}
}

// TestListKeyless: the public list is asked for without the key.
func TestListKeyless(t *testing.T) {
	a := newAccount(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.URL.Path != "/utils/payout/methods" {
			t.Errorf("got %s with %v", r.URL, r.Header)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	if _, err := a.Methods(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDemoMethodOnlyInTests(t *testing.T) {
	for _, live := range []bool{false, true} {
		a := newAccount(t, Simulator(providers.SimulatorConfig{Settings: testSettings()}), func(c *providers.Config) { c.Live = live })
		all, err := a.Methods(t.Context())
		if err != nil || slices.Contains(ids(all), demoMethod) == live {
			t.Errorf("live %v: got %q, %v", live, ids(all), err)
		}
		if _, err := a.Fields(t.Context(), demoMethod); (err == nil) == live {
			t.Errorf("live %v: fields: got %v", live, err)
		}
	}
}

// TestLocales: both languages say the same things, and English says them as the code does.
func TestLocales(t *testing.T) {
	read := func(name string) map[string]string {
		data, err := fs.ReadFile(Definition().Messages, "locales/"+name+".json")
		var all map[string]string
		if err == nil {
			err = json.Unmarshal(data, &all)
		}
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	english, french := read("en"), read("fr")
	inCode := map[string]string{}
	fields := append(Definition().Settings, accountNumber(), phone("BJ"))
	for _, f := range append(fields, person()...) {
		inCode[f.Help.Key] = f.Help.English
	}
	inCode[noteOn("USD").Key] = noteOn("USD").English
	inCode[Definition().Portal.Key] = Definition().Portal.English
	delete(inCode, "")
	if diff := cmp.Diff(inCode, english); diff != "" {
		t.Errorf("(-code +locales/en.json):\n%s", diff)
	}
	for key := range english {
		if french[key] == "" || french[key] == english[key] || len(french) != len(english) {
			t.Errorf("no French for %s", key)
		}
	}
}

// TestOperators: the number is looked at for the operator it belongs to, where a method has one.
func TestOperators(t *testing.T) {
	for code, want := range map[string]string{
		"mtn_bj": "MTN", "moov_ci": "Moov", "mpesa_ke": "Safaricom", "mpesa_tz": "Vodacom", "tigo_gh": "AirtelTigo", "tigo_tz": "Tigo",
		"wave_ci": "", "djamo_sn": "", "togocel": "Togocel",
	} {
		e := builtIn(code)
		if f := accountField(e); f.Operator != want {
			t.Errorf("%s: got %q, want %q", code, f.Operator, want)
		}
	}
	f := accountField(builtIn("mtn_bj"))
	if w := f.Warn("2290195121925"); w == nil || w.Code != "phone_operator" {
		t.Errorf("a number of Moov: got %v", w)
	}
	if w := f.Warn("2290197000926"); w != nil {
		t.Errorf("a number of MTN: got %v", w)
	}
}
