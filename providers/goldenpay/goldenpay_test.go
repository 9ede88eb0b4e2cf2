package goldenpay

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
	"github.com/paywicket/paywicket/providers/sim"
)

func TestConformance(t *testing.T) {
	for name, live := range map[string]bool{"live": true, "test": false} {
		t.Run(name, func(t *testing.T) { providertest.Run(t, conformance(live)) })
	}
	t.Run("older", func(t *testing.T) {
		c := conformance(true)
		c.Definition.Simulator = func(cfg providers.SimulatorConfig) http.Handler {
			cfg.Switches = []string{switchOlder, switchMirror, switchProofs, switchChinese, switchNonces}
			return newSimulator(cfg)
		}
		providertest.Run(t, c)
	})
}

func conformance(live bool) providertest.Case {
	c := providertest.Case{
		Definition:    Definition(),
		Settings:      testSettings("10001", "gp_demo_token_7Qw3"),
		OtherSettings: testSettings("10001", "gp_other_token_9Zx8"), // only the key differs, so that it alone must tell
		Live:          live,
		Orders:        testOrders(),
		Amounts: []money.Amount{
			{Minor: 1_999, Currency: "VND"}, {Minor: 899_999_999, Currency: "VND"},
			{Minor: 10_101, Currency: "THB"}, {Minor: 123_456_789, Currency: "THB"}, {Minor: 5, Currency: "PHP"},
			{Minor: 3_099, Currency: "BRL"}, {Minor: 100_000_000, Currency: "INR"},
		},
		Scenario: playing,
		StatusWords: map[string]providers.Status{
			"10": providers.Accepted, "20": providers.Accepted, "50": providers.Failed, "60": providers.Paid,
		},
		LookupStatus: "payload.status", WebhookStatus: "status", SignatureMember: "sign",
		Sign: func(settings map[string]string, _ http.Header, body []byte) []byte {
			return signAs(settings["api_key"], body)
		},
	}
	if !live {
		c.Orders = append(c.Orders, mockOrders()...)
	}
	return c
}

func TestDefinition(t *testing.T) {
	d := Definition()
	if d.ID != "goldenpay" || len(d.Addresses) != 0 || d.Webhooks != providers.WebhooksPerOrder || !d.RepeatsRefused {
		t.Errorf("got %+v, want an address for each merchant, webhooks per order, repeats refused", d)
	}
}

// TestFormats: what the forms of the countries take.
func TestFormats(t *testing.T) {
	for _, test := range []struct {
		method, kind, name, value string
		ok                        bool
	}{
		{"vn_bank", "", "account_no", "19036512345678", true},
		{"vn_bank", "", "account_no", "AB12CD", true},
		{"vn_bank", "", "account_no", "ABCDEF", false}, // "not letters only"
		{"vn_bank", "", "account_no", "1903-6512", false},
		{"vn_bank", "", "account_no", "12345678901234567890123456789012345", false},
		{"vn_bank", "", "bank", "970425 PVCOMBANK", true},
		{"vn_bank", "", "bank", "970407", false}, // both are required
		{"vn_bank", "", "bank", "TECHCOMBANK  970407", false},
		{"th_bank", "", "bank", "KBANK", true},
		{"th_bank", "", "bank", "XYZ Bank of X", true},
		{"th_bank", "", "account_no", "123-4-56789-0", true},
		{"th_bank", "", "account_no", "123456789", false},
		{"th_bank", "", "account_no", "1234567890123456", false},
		{"ph_gcash", "", "account_no", "0917 123 4567", true},
		{"ph_gcash", "", "account_no", "+639171234567", true},
		{"ph_gcash", "", "account_no", "9171234567", false},
		{"ph_maya", "", "account_no", "09171234567", true},
		{"br_pix", keyCPF, "account_no", "529.982.247-25", true},
		{"br_pix", keyCPF, "account_no", "529.982.247-26", false},
		{"br_pix", keyCPF, "account_no", "joao@example.com", false},
		{"br_pix", keyCNPJ, "account_no", "11.222.333/0001-81", true},
		{"br_pix", keyCNPJ, "account_no", "529.982.247-25", false},
		{"br_pix", keyPhone, "account_no", "+55 11 98765-4321", true},
		{"br_pix", keyPhone, "account_no", "11 98765-4321", false},
		{"br_pix", keyEmail, "account_no", "joao@example.com", true},
		{"br_pix", keyEmail, "account_no", "joao", false},
		{"br_pix", keyRandom, "account_no", "123E4567-E89B-42D3-A456-426614174000", true},
		{"br_pix", keyRandom, "account_no", "123E4567", false},
		{"br_pix", keyEmail, "account_tin", "11222333000181", true},
		{"br_pix", keyEmail, "account_tin", "11222333000182", false},
		{"in_bank", "", "account_org_code", "hdfc0001234", true},
		{"in_bank", "", "account_org_code", "HDFC1001234", false},
	} {
		fields, err := bare(t).Fields(t.Context(), test.method)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range providers.Shown(fields, map[string]string{fieldKeyType: test.kind}) {
			if f.Name != test.name {
				continue
			}
			if err := f.Check(f.Clean(test.value)); (err == nil) != test.ok {
				t.Errorf("%s: %s %s = %q: got %v", test.method, test.kind, test.name, test.value, err)
			}
		}
	}
}

func testSettings(merchant, key string) map[string]string {
	return map[string]string{settingMerchant: merchant, settingKey: key, settingBrazil: "pix", settingIndia: "imps"}
}

// playing is the suite's own choice by amount, with the ordinary amounts above those of our own scenarios.
func playing(s sim.Scenario, like money.Amount) money.Amount {
	last := 50
	for _, row := range table() {
		if row.Scenario == s {
			last = row.Last
		}
	}
	if s == sim.Normal && scenarioOf(like) == sim.Normal {
		return like
	}
	one := money.Amount{Minor: 1, Currency: like.Currency}
	for sim.LastTwo(one) == 0 {
		one.Minor *= 10
	}
	like.Minor += int64(last-sim.LastTwo(like)) * one.Minor
	return like
}

func vnd(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "VND"} }

func testOrders() []providertest.Example {
	return []providertest.Example{
		{Method: "vn_bank", Amount: vnd(250_000), Details: map[string]string{
			"bank": "970407 TECHCOMBANK", "account_no": "19036512345678", "account_name": "NGUYEN VAN A",
			"account_sub_org": "Hà Nội", "remarks": "a<b & c", "account_phone": "+84 912 345 678", "account_email": "a@example.com",
		}},
		{Method: "vn_bank", Amount: vnd(260_000), Details: map[string]string{
			"bank": "970425 PVCOMBANK", "account_no": "AB12", "account_name": "TRẦN THỊ B",
		}},
		{Method: "th_bank", Amount: money.Amount{Minor: 50_000, Currency: "THB"}, Details: map[string]string{
			"bank": "KBANK", "account_no": "123-4-56789-0", "account_name": "สมชาย ใจดี",
		}},
		{Method: "ph_gcash", Amount: money.Amount{Minor: 100_050, Currency: "PHP"}, Details: map[string]string{
			"account_no": "0917 123 4567", "account_name": "Juan dela Cruz",
		}},
		{Method: "ph_maya", Amount: money.Amount{Minor: 110_050, Currency: "PHP"}, Details: map[string]string{
			"account_no": "+63 917 123 4567", "account_name": "Maria Clara",
		}},
		pix(keyCPF, "529.982.247-25", "account_phone", "+55 11 98765-4321"),
		pix(keyCNPJ, "12.ABC.345/01DE-35", "account_email", "joao@example.com"),
		pix(keyPhone, "+55 11 98765-4321", "account_email", "joao@example.com"),
		pix(keyEmail, "joao@example.com", "account_phone", "5511987654321"),
		pix(keyRandom, "123E4567-E89B-42D3-A456-426614174000", "account_phone", ""),
		{Method: "in_bank", Amount: money.Amount{Minor: 150_000, Currency: "INR"}, Details: map[string]string{
			"account_org_code": "hdfc0001234", "account_org": "HDFC Bank", "account_no": "50100012345678", "account_name": "Priya Sharma",
		}},
	}
}

func pix(kind, key, extra, value string) providertest.Example {
	return providertest.Example{Method: "br_pix", Amount: money.Amount{Minor: 17_550, Currency: "BRL"}, Details: map[string]string{
		"account_type": kind, "account_no": key, "account_name": "João da Conceição", "account_tin": "529.982.247-25",
		"account_org": "PIX", extra: value,
	}}
}

func mockOrders() []providertest.Example {
	var all []providertest.Example
	seen := map[string]bool{}
	for _, e := range testOrders() {
		if currency := e.Amount.Currency; !seen[currency] || e.Method == "br_pix" {
			seen[currency] = true
			e.Method = map[string]string{
				"VND": "mock_vnd", "THB": "mock_thb", "PHP": "mock_php", "BRL": "mock_brl", "INR": "mock_inr",
			}[currency]
			all = append(all, e)
		}
	}
	return all
}

// signAs signs a webhook that was changed, as the company would.
func signAs(key string, body []byte) []byte {
	members, err := rawMembers(body)
	if err != nil {
		return body
	}
	delete(members, "sign")
	signed, err := signBody(members, key, false)
	if err != nil {
		return body
	}
	return signed
}

// rawMembers reads a JSON object with its values as they stand.
func rawMembers(body []byte) (map[string]any, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, err
	}
	members := map[string]any{}
	for name, value := range raw {
		members[name] = value
	}
	return members, nil
}
