package goldenpay

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// TestCalls: each call of a vector is made with its parameters, and carries its signature.
func TestCalls(t *testing.T) {
	create := func(method, reference string, amount money.Amount, callback string, details map[string]string) func(*line) error {
		return func(l *line) error {
			_, err := l.send(providers.Order{Reference: reference, Method: method, Amount: amount, CallbackURL: callback, Details: details})
			return err
		}
	}
	const hook = "https://pay.example.com/hooks/goldenpay/1"
	for name, test := range map[string]struct {
		live bool
		call func(*line) error
	}{
		"create-vnd": {true, func(l *line) error { _, err := l.send(orderOf(vnd(250_000))); return err }},
		"create-thb-with-empty-and-null": {true, create("th_bank", "WDL-20260504-0002", money.Amount{Minor: 50_000, Currency: "THB"}, hook,
			map[string]string{"bank": "KBANK", "account_no": "1234567890", "account_name": "SOMCHAI JAIDEE"})},
		"create-php-gcash": {true, create("ph_gcash", "WDL-20260504-0003", money.Amount{Minor: 100_050, Currency: "PHP"}, hook,
			map[string]string{"account_no": "09171234567", "account_name": "Juan dela Cruz"})},
		"create-brl-pix-legacy": {false, create("mock_brl", "WDL-20260504-0004", money.Amount{Minor: 7_510, Currency: "BRL"}, hook+"?src=br&v=2",
			map[string]string{"account_type": keyRandom, "account_no": "123e4567-e89b-42d3-a456-426614174000", "account_name": "João da Conceição",
				"account_org": "PIX", "account_tin": "52998224725", "account_phone": "5511987654321", "account_email": "joao@example.com"})},
		"query-by-trans-id": {true, func(l *line) error {
			_, err := l.Lookup(l.t.Context(), providers.Attempt{Reference: "WDL-20260504-0001", RemoteID: "P202605040001"})
			return err
		}},
		"balance-thb": {true, func(l *line) error { _, err := l.Balance(l.t.Context()); return err }},
		"info":        {true, func(l *line) error { return l.Check(l.t.Context()) }},
	} {
		t.Run(name, func(t *testing.T) {
			want := vectorOf(t, name)
			var got []params
			l := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = append(got, received(t, r))
				saying(200, `{"code":200,"payload":{"id":"10001","trans_id":"T1","status":20,"balance":1}}`)(w, r)
			}), test.live)
			if name == "balance-thb" {
				l.cfg.Settings = providers.NewSettings(map[string]string{settingMerchant: "10001", settingKey: testKey})
				l.rows = []row{{Method: providers.Method{Currency: "THB"}}}
			}
			seconds, err := strconv.ParseInt(want["timestamp"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			l.cfg.Now, l.cfg.Nonce = func() time.Time { return time.Unix(seconds, 0) }, func(int) string { return want["nonce"] }
			if err := test.call(l); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]params{want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// vectorOf is what a vector has on the wire: its members that are not empty, and its signature.
func vectorOf(t *testing.T, name string) params {
	t.Helper()
	for _, v := range vectors(t) {
		if v.Name != name {
			continue
		}
		p, _, err := flat(v.Fields)
		if err != nil {
			t.Fatal(err)
		}
		for member, value := range p {
			if value == "" {
				delete(p, member)
			}
		}
		p["sign"] = v.Sign
		return p
	}
	t.Fatalf("no vector %q", name)
	return nil
}

// received are the parameters of a request.
func received(t *testing.T, r *http.Request) params {
	t.Helper()
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p, _, err := flat(body)
		if err != nil {
			t.Error(err)
		}
		return p
	}
	p := params{}
	for name, values := range r.URL.Query() {
		p[name] = values[0]
	}
	return p
}

// TestTimeUnsigned: an account can be told that the time is not signed, and then its calls carry the digest of the vector
// without it.
func TestTimeUnsigned(t *testing.T) {
	settings := testSettings("10001", testKey)
	settings[settingTime] = timeUnsigned
	provider, err := open(providers.Config{Settings: providers.NewSettings(settings), Live: true, Now: clockOfTest,
		Nonce: func(int) string { return "q1w2e3r4t5" }})
	if err != nil {
		t.Fatal(err)
	}
	a := provider.(*account)
	got := a.sign(params{memberID: "T1"})
	want := params{memberID: "T1", "mch_id": "10001", "nonce": "q1w2e3r4t5"}.signature(testKey)
	if got["sign"] != want || got["timestamp"] == "" {
		t.Errorf("got %v, want the time sent and not signed: %s", got, want)
	}
	p, err := a.encode(orderOf(vnd(250_000)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := a.sign(p).body()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ReadBack(httptest.NewRequest(http.MethodPost, "https://api.example"+pathOrders, nil), body); err != nil {
		t.Errorf("read back: %v", err)
	}
}

// TestProofs: the documents say that there is a list, and not what of.
func TestProofs(t *testing.T) {
	const one, two = "https://files.example/1.png", "https://files.example/2.png"
	for attachments, want := range map[string][]string{
		`[]`: nil, `null`: nil, `""`: nil, `7`: nil, `{}`: nil, `["http://files.example/1.png","x",7,null,true]`: nil,
		`"` + one + `"`: {one},
		`["` + one + `","` + two + `","` + one + `"]`:                {one, two},
		`[{"name":"1.png","url":"` + one + `"},{"u":"` + two + `"}]`: {one, two},
		`[["` + one + `"],[[{"file":{"path":"` + two + `"}}]]]`:      {one, two},
		`{"b":"` + two + `","a":"` + one + `"}`:                      {one, two},
	} {
		l := connect(t, saying(200, `{"code":200,"payload":{"id":"P1","status":60,"attachments":`+attachments+`}}`), true)
		got, err := l.Lookup(t.Context(), providers.Attempt{Reference: "T1"})
		if diff := cmp.Diff(want, got.Proofs); diff != "" || err != nil {
			t.Errorf("%s: got %v (-want +got):\n%s", attachments, err, diff)
		}
	}
}

// TestFieldTables: what is asked for in each country is what the documents list for it, required where they require it.
func TestFieldTables(t *testing.T) {
	var file struct {
		Fields []struct {
			Name         string
			Newer, Older map[string]string
		}
	}
	data, err := os.ReadFile("testdata/payout_fields.json")
	if err == nil {
		err = json.Unmarshal(data, &file)
	}
	if err != nil {
		t.Fatal(err)
	}
	// Where we ask for more, or for less, than the table: reasons stand in the text of the documents, or in fields.go.
	differs := map[string]string{
		"BR account_phone": "optional", "BR account_email": "optional", // "needed when the type is PHONE": it is the key then
		"IN account_org_code": "required", // the place of the IFSC
		"IN account_type":     "", "IN account_tin": "",
	}
	a := bare(t)
	for method, country := range map[string]string{
		"vn_bank": "VN", "th_bank": "TH", "ph_gcash": "PH", "ph_maya": "PH", "br_pix": "BR", "in_bank": "IN",
	} {
		fields, err := a.Fields(t.Context(), method)
		if err != nil {
			t.Fatal(err)
		}
		got := members(fields)
		want := map[string]string{}
		for _, f := range file.Fields {
			table := f.Newer
			if table["VN"] == "" || country == "BR" || country == "IN" {
				table = f.Older
			}
			if need := table[country]; need != "" && (country == "BR" || country == "IN" || f.Newer[country] != "") {
				want[f.Name] = need
			}
		}
		for place, need := range differs {
			if place[:2] == country {
				want[place[3:]] = need
			}
		}
		for name, need := range want {
			if need == "" {
				delete(want, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", method, diff)
		}
	}
}

// members are what a request has, by whether it must.
func members(fields []providers.Field) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"mch_id", "trans_id", "channel", "amount", "currency", "callback_url", "nonce", "timestamp", "sign"} {
		all[name] = "required"
	}
	for _, f := range fields {
		need := "required"
		if f.Optional {
			need = "optional"
		}
		all[f.Name] = need
	}
	if need := all[fieldBank]; need != "" {
		all["account_org"], all["account_org_code"] = need, need
		delete(all, fieldBank)
	}
	return all
}
