package httpx

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMembers(t *testing.T) {
	for body, want := range map[string]map[string]string{
		`{"a":"1","A":1.50,"b":null,"c":true}`: {"a": "1", "A": "1.50", "b": "", "c": "true"},
		` { "n" : {"x":[1]} , "l":[] } `:       {"n": "-", "l": "-"},
		`{"u":"\u00e9\/"}`:                     {"u": "é/"},
		`{}`:                                   {},
		`{"a":1,"a":1}`:                        nil,
		`{"a":1}{}`:                            nil,
		`{"a":1} x`:                            nil,
		`{"a":1`:                               nil,
		`{"a":}`:                               nil,
		`[1]`:                                  nil,
		`null`:                                 nil,
		``:                                     nil,
		"{\"a\":\"\xff\"}":                     nil,
	} {
		members, err := Members([]byte(body))
		if (err != nil) != (want == nil) {
			t.Errorf("%s: got %v", body, err)
			continue
		}
		var got map[string]string
		if err == nil {
			got = map[string]string{}
		}
		for name, value := range members {
			text, simple := Text(value)
			if !simple {
				text = "-"
			}
			got[name] = text
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	if text, ok := Text(json.RawMessage(nil)); text != "" || !ok {
		t.Errorf("of no value: got %q, %v", text, ok)
	}
}
