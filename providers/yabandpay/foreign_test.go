package yabandpay

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is a client of others, written from the company's documents and its PHP library alone: it knows nothing of this
// package. It posts JSON as a form, as cURL does by default.
type shop struct {
	t   *testing.T
	url string

	user, secret string
	nonce        int
	sign         func(secret string, all map[string]any) string
}

// shopSign is Cryptography::sign of the PHP library: ksort, key=value, "&", HMAC-SHA256.
func shopSign(secret string, all map[string]any) string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s=%v", name, all[name])
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(names, "&")))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *shop) call(data map[string]any) map[string]any {
	s.t.Helper()
	if _, ok := data["nonce_string"]; !ok {
		s.nonce++
		data["nonce_string"] = fmt.Sprintf("shop%016d", s.nonce)
	}
	signed := map[string]any{"user": s.user, "method": "v3.MerchantBalance", "time": testNow().Unix()}
	for k, v := range data {
		signed[k] = v
	}
	body, err := json.Marshal(map[string]any{"user": s.user, "sign": s.sign(s.secret, signed), "method": "v3.MerchantBalance",
		"time": testNow().Unix(), "data": data})
	if err != nil {
		s.t.Fatal(err)
	}
	body = bytes.ReplaceAll(body, []byte("/"), []byte(`\/`)) // as PHP writes it
	res, err := http.Post(s.url+"/Payments", "application/x-www-form-urlencoded", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("got status %d and %v", res.StatusCode, err)
	}
	return answer
}

func payout(amount any) map[string]any {
	return map[string]any{"command": "payout", "amount": amount, "currency": "EUR", "reference": "456789", "notify_url": "https://shop.example/notify"}
}

// TestForeignClient: a client written by others pays out, and verifies what it is told.
func TestForeignClient(t *testing.T) {
	s := newStreet(t)
	balance := s.call(map[string]any{"commond": "getBalance", "currency": "EUR"})
	data, _ := balance["data"].(map[string]any)
	if balance["status"] != true || data["usable"] != "9999800.00" || data["available"] != "10000000.00" {
		t.Errorf("got %v", balance)
	}
	for _, amount := range []any{"100.50", 100.5, 100} {
		answer := s.call(payout(amount))
		data, _ := answer["data"].(map[string]any)
		if answer["status"] != true || data["state"] != "awaiting approval" || data["payout_id"] == "" || data["reference"] != "456789" {
			t.Fatalf("got %v", answer)
		}
	}
	s.settle()
	var states []string
	for _, body := range s.posted {
		var n struct {
			Data map[string]any
			Sign string
		}
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber()
		if err := d.Decode(&n); err != nil || shopSign(testSecret, n.Data) != n.Sign {
			t.Errorf("a notice the shop does not believe: %s", body)
		}
		states = append(states, n.Data["state"].(string))
	}
	slices.Sort(states)
	if diff := cmp.Diff([]string{"completed", "completed", "completed", "pending", "pending", "pending"}, states); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
