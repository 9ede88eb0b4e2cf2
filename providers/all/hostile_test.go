package all_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web/demo"
)

// hostile are bodies made to break whoever reads them, some with a genuine one inside. None is larger than what is kept.
func hostile(genuine []byte) map[string][]byte {
	const most = 1 << 20
	deep := func(open, shut string, n int) []byte {
		return []byte(strings.Repeat(open, n) + string(genuine) + strings.Repeat(shut, n))
	}
	return map[string][]byte{
		"deep lists":          deep("[", "]", 500_000),
		"deep objects":        deep(`{"data":`, "}", 100_000),
		"deep, never shut":    []byte(strings.Repeat(`{"data":[`, most/9)),
		"deep in a member":    append(bytes.TrimSuffix(bytes.TrimSpace(genuine), []byte("}")), []byte(`,"x":`+strings.Repeat("[", 300_000)+strings.Repeat("]", 300_000)+"}")...),
		"many members":        []byte("{" + strings.Repeat(`"a":1,`, most/6-10) + `"b":1}`),
		"one long text":       []byte(`{"sign":"` + strings.Repeat("a", most-20) + `"}`),
		"a long number":       []byte(`{"amount":` + strings.Repeat("9", most-20) + `}`),
		"not UTF-8":           append([]byte("\xff\xfe"), genuine...),
		"not UTF-8 inside":    bytes.Replace(genuine, []byte(`"`), []byte("\"\xc3\x28"), 1),
		"zeros":               make([]byte, most),
		"escapes without end": []byte(`{"a":"` + strings.Repeat(`\`, most-20)),
		"percent signs":       []byte("callback=" + strings.Repeat("%", most-20)),
	}
}

// TestHostileBodies: every verifier says no to what is made to break it, without breaking down and before long.
func TestHostileBodies(t *testing.T) {
	for _, v := range verifiers(t) {
		for name, body := range hostile(v.posts[0].body) {
			start := time.Now()
			_, err := v.read(v.reader, post{header: v.posts[0].header, body: body})
			if _, ok := errors.AsType[*providers.Error](err); !ok {
				t.Errorf("%s, %s: got %v, want a refusal", v.id, name, err)
			}
			if took := time.Since(start); took > 10*time.Second { // tenths of a second, on a machine with nothing else to do
				t.Errorf("%s, %s: took %s", v.id, name, took)
			}
		}
	}
}

// TestStepsShowBeginnings: what a refusal shows is enough to see that signatures differ, and too little to sign with. Invariant 15.
func TestStepsShowBeginnings(t *testing.T) {
	secrets := map[string][]string{}
	for _, def := range all.Definitions() {
		settings := demo.Settings(def)
		for _, f := range def.Settings {
			if f.Type == providers.Secret {
				secrets[def.ID] = append(secrets[def.ID], settings[f.Name])
			}
		}
	}
	for _, v := range verifiers(t) {
		for _, f := range v.stored {
			for _, kept := range f.Attempt.Kept {
				secrets[v.id] = append(secrets[v.id], kept)
			}
		}
		p := v.posts[0]
		_, err := v.read(v.other, p)
		e, ok := errors.AsType[*providers.Error](err)
		var steps []providers.Step
		if ok {
			steps = e.Steps
		} else { // the key is the payout's, not the store's
			steps = p.event.Steps
		}
		compared := false
		for _, s := range append(steps, p.event.Steps...) {
			compared = compared || s.Expected != "" && s.Got != ""
			if utf8.RuneCountInString(s.Expected) > 8 || utf8.RuneCountInString(s.Got) > 8 {
				t.Errorf("%s: %+v shows more than the beginnings", v.id, s)
			}
			for _, secret := range secrets[v.id] {
				if len(secret) > 4 && strings.Contains(fmt.Sprint(s), secret) {
					t.Errorf("%s: step %s shows a secret", v.id, s.Name)
				}
			}
		}
		if !compared {
			t.Errorf("%s: no step compares: %+v", v.id, steps)
		}
	}
}
