package goldenpay

import (
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vector is one row of testdata/vectors.json: inputs, the text that is signed, the digest.
type vector struct {
	Name   string
	Token  string
	Fields json.RawMessage
	Wire   string `json:"wire_json"`
	Text   string `json:"string_to_sign"`
	Sign   string
}

func vectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 13 {
		t.Fatalf("got %d vectors, want all of them", len(file.Vectors))
	}
	return file.Vectors
}

// params are the inputs of a vector.
func (v vector) params(t *testing.T) params {
	t.Helper()
	text := v.Wire
	if text == "" {
		text = string(v.Fields)
	}
	p, _, err := flat([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSignature(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			p := v.params(t)
			if got := p.signature(v.Token); got != v.Sign {
				t.Errorf("got %s, want %s", got, v.Sign)
			}
			for _, given := range []string{v.Sign, strings.ToUpper(v.Sign)} {
				p["sign"] = given
				if !p.signed(v.Token) || p.signed(v.Token+"x") {
					t.Errorf("%s: got it refused, or accepted with another key", given)
				}
			}
			for _, given := range []string{"", v.Sign[:31], v.Sign + "0", v.Sign[1:] + "g", strings.Repeat("0", 32)} {
				p["sign"] = given
				if p.signed(v.Token) {
					t.Errorf("%q: got it accepted", given)
				}
			}
		})
	}
}

// TestSignatureBits: a vector with any one bit of any member, of any name, of the signature or of the key changed is
// refused.
func TestSignatureBits(t *testing.T) {
	changed := 0
	for _, v := range vectors(t) {
		genuine := v.params(t)
		genuine["sign"] = v.Sign
		if !genuine.signed(v.Token) {
			t.Fatalf("%s: got it refused", v.Name)
		}
		refused := func(p params, key, what string) {
			if changed++; p.signed(key) {
				t.Errorf("%s: got it accepted with %s changed", v.Name, what)
			}
		}
		for name, value := range genuine {
			for _, other := range flipped(value) {
				if name == "sign" && strings.EqualFold(other, value) {
					continue // the case of a hex digit says nothing
				}
				p := maps.Clone(genuine)
				p[name] = other
				refused(p, v.Token, name)
			}
			if name == "sign" || value == "" {
				continue
			}
			for _, other := range flipped(name) {
				p := maps.Clone(genuine)
				delete(p, name)
				p[other] = value
				refused(p, v.Token, "the name "+name)
			}
		}
		for _, other := range flipped(v.Token) {
			refused(genuine, other, "the key")
		}
	}
	if changed < 20_000 {
		t.Errorf("got %d changes tried, want all of them", changed)
	}
}

// flipped is a text with each of its bits changed in turn.
func flipped(text string) []string {
	var all []string
	for i := range len(text) * 8 {
		b := []byte(text)
		b[i/8] ^= 1 << (i % 8)
		all = append(all, string(b))
	}
	return all
}

func TestFlat(t *testing.T) {
	got, nested, err := flat([]byte(`{"a":"x","b":250000.00,"c":null,"d":true,"e":{"a":[1,{"b":2}]},"f":[],"g":"\u00e9&"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := params{"a": "x", "b": "250000.00", "c": "", "d": "true", "e": "", "f": "", "g": "é&"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"e", "f"}, nested); diff != "" {
		t.Errorf("nested (-want +got):\n%s", diff)
	}
}

func TestFlatRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "null": "null", "a list": `[{"a":1}]`, "a text": `"a"`, "cut off": `{"a":1`, "cut off inside": `{"a":{"b":1}`,
		"a name twice":    `{"a":1,"b":2,"a":1}`,
		"null and again":  `{"a":null,"a":1}`,
		"the same escape": `{"sign":"x","\u0073ign":"y"}`,
		"something else":  `{"a":1}{"a":2}`, "a bracket more": `{"a":1}]`, "no name": `{1:2}`, "no comma": `{"a":1 "b":2}`,
		"broken UTF-8": "{\"a\":\"\xff\"}", "broken name": "{\"\xc3\":1}", "wrong end": `{"a":[1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if p, _, err := flat([]byte(body)); err == nil {
				t.Errorf("got %v, want an error", p)
			}
		})
	}
}

// TestBody holds the request to the vector of the documents: the members, their kinds and their order do not matter for
// the signature, but amounts are texts and numbers are not quoted.
func TestBody(t *testing.T) {
	p := params{"mch_id": "10001", "timestamp": "1777860600", "amount": "250000.00", "callback_url": "https://a.example/?a=1&b=<2>"}
	got, err := p.body()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"amount":"250000.00","callback_url":"https://a.example/?a=1&b=<2>","mch_id":10001,"timestamp":1777860600}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStatus(t *testing.T) {
	for word, want := range map[string]string{
		"10": "accepted", "20": "accepted", "50": "failed", "60": "paid",
		"": "", "0": "", "30": "", "40": "", "61": "", "60.0": "", "060": "", "6e1": "", " 60": "", "success": "", "true": "",
	} {
		if got := string(status(word)); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
