package payout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

// codes are misfits in short: what is wrong with which field.
func codes(all []payout.Misfit) []string {
	var short []string
	for _, m := range all {
		line := m.Code + " " + m.Field.Name
		if m.Problem != nil {
			line += " " + m.Problem.Code
		}
		short = append(short, line)
	}
	return short
}

func TestMisfits(t *testing.T) {
	method := &providers.Method{Fields: []providers.Field{{Name: "name"}, {Name: "phone", Type: providers.Phone, Prefix: "229"}, {Name: "note", Optional: true, Max: 5}}}
	for name, c := range map[string]struct {
		details map[string]string
		method  *providers.Method
		want    []string
	}{
		"fits":                {map[string]string{"name": "Ana", "phone": "+2290197126630"}, method, nil},
		"method gone":         {map[string]string{"name": "Ana"}, nil, []string{"method_gone "}},
		"one is lacking":      {map[string]string{"phone": "+2290197126630"}, method, []string{"lacking name"}},
		"one is wrong":        {map[string]string{"name": "Ana", "phone": "+2290197126630", "note": "too long"}, method, []string{"wrong note too_long"}},
		"one is gone":         {map[string]string{"name": "Ana", "phone": "+2290197126630", "bank": "x"}, method, []string{"gone bank"}},
		"gone, but empty":     {map[string]string{"name": "Ana", "phone": "+2290197126630", "bank": ""}, method, nil},
		"all three, in order": {map[string]string{"phone": "+2290197126630", "note": "too long", "bank": "x"}, method, []string{"lacking name", "wrong note too_long", "gone bank"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, codes(payout.Misfits(c.details, c.method))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRewritten(t *testing.T) {
	method := &providers.Method{Fields: []providers.Field{{Name: "name"}, {Name: "phone", Type: providers.Phone, Prefix: "229"}}}
	details := map[string]string{"name": "Ana", "phone": "+229 01 97 12 66 30"}
	got := payout.Rewritten(details, method)
	if diff := cmp.Diff([]string{"rewritten phone"}, codes(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	clean, _ := providers.CheckAll(method.Fields, details)
	if got := payout.Rewritten(clean, method); len(got) > 0 {
		t.Errorf("as it is written now: got %v, want none", codes(got))
	}
	if got := payout.Rewritten(details, nil); got != nil {
		t.Errorf("no method: got %v, want none", codes(got))
	}
}

// What was amiss before is no news; the same field amiss in another way is.
func TestNewly(t *testing.T) {
	amiss := func(code, field, problem string) payout.Misfit {
		m := payout.Misfit{Code: code, Field: providers.Field{Name: field}}
		if problem != "" {
			m.Problem = &providers.FieldError{Field: field, Code: problem}
		}
		return m
	}
	lacking, long, chars := amiss("lacking", "name", ""), amiss("wrong", "note", "too_long"), amiss("wrong", "note", "pattern")
	for name, c := range map[string]struct{ now, before, want []payout.Misfit }{
		"all new":               {[]payout.Misfit{lacking, long}, nil, []payout.Misfit{lacking, long}},
		"none new":              {[]payout.Misfit{lacking, long}, []payout.Misfit{long, lacking}, nil},
		"another field":         {[]payout.Misfit{amiss("lacking", "phone", "")}, []payout.Misfit{lacking}, []payout.Misfit{amiss("lacking", "phone", "")}},
		"amiss in another way":  {[]payout.Misfit{amiss("gone", "name", "")}, []payout.Misfit{lacking}, []payout.Misfit{amiss("gone", "name", "")}},
		"wrong in another way":  {[]payout.Misfit{chars}, []payout.Misfit{long}, []payout.Misfit{chars}},
		"wrong, and was unsaid": {[]payout.Misfit{long}, []payout.Misfit{amiss("wrong", "note", "")}, nil},
	} {
		if diff := cmp.Diff(codes(c.want), codes(payout.Newly(c.now, c.before))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
