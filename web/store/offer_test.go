package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/store"
)

func method(id string, fields ...providers.Field) providers.Method {
	return providers.Method{ID: id, Name: id, Currency: "XOF", Fields: fields}
}

// TestCompare: every difference that decides about a value is told, and nothing else is.
func TestCompare(t *testing.T) {
	base := providers.Field{Name: "a", Max: 10, Pattern: "[0-9]+", Options: []providers.Option{{Value: "1"}, {Value: "2"}}}
	with := func(change func(*providers.Field)) []providers.Method {
		f := base
		f.Options = slices.Clone(base.Options)
		change(&f)
		return []providers.Method{method("m", f)}
	}
	type told struct {
		Code, Field string
		What        []string
	}
	for name, test := range map[string]struct {
		is   []providers.Method
		want []told
	}{
		"nothing":              {with(func(*providers.Field) {}), nil},
		"words":                {with(func(f *providers.Field) { f.Label.English, f.Help.English, f.Example = "x", "y", "z" }), nil},
		"options reordered":    {with(func(f *providers.Field) { slices.Reverse(f.Options) }), nil},
		"a new method":         {[]providers.Method{method("m", base), method("n")}, []told{{"method_new", "", nil}}},
		"a method gone":        {nil, []told{{"method_gone", "", nil}}},
		"a new field":          {[]providers.Method{method("m", base, providers.Field{Name: "b"})}, []told{{"field_new", "b", nil}}},
		"a field gone":         {[]providers.Method{method("m")}, []told{{"field_gone", "a", nil}}},
		"renamed":              {with(func(f *providers.Field) { f.Name = "b" }), []told{{"field_new", "b", nil}, {"field_gone", "a", nil}}},
		"for another case":     {with(func(f *providers.Field) { f.When = map[string][]string{"x": {"1"}} }), []told{{"field_new", "a", nil}, {"field_gone", "a", nil}}},
		"optional now":         {with(func(f *providers.Field) { f.Optional = true }), []told{{"field_optional", "a", nil}}},
		"type":                 {with(func(f *providers.Field) { f.Type = providers.Digits }), []told{{"field_changed", "a", []string{"type"}}}},
		"format":               {with(func(f *providers.Field) { f.Format = providers.CPF }), []told{{"field_changed", "a", []string{"format"}}}},
		"length and pattern":   {with(func(f *providers.Field) { f.Max, f.Pattern = 9, "x" }), []told{{"field_changed", "a", []string{"length", "pattern"}}}},
		"prefix":               {with(func(f *providers.Field) { f.Prefix = "229" }), []told{{"field_changed", "a", []string{"prefix"}}}},
		"an option less":       {with(func(f *providers.Field) { f.Options = f.Options[:1] }), []told{{"field_changed", "a", []string{"options"}}}},
		"optional and another": {with(func(f *providers.Field) { f.Optional, f.Max = true, 1 }), []told{{"field_changed", "a", []string{"length"}}}},
	} {
		var got []told
		for _, c := range store.Compare([]providers.Method{method("m", base)}, test.is) {
			got = append(got, told{c.Code, c.Field.Name, c.What})
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	optional := base
	optional.Optional = true
	got := store.Compare([]providers.Method{method("m", optional)}, []providers.Method{method("m", base)})
	if len(got) != 1 || got[0].Code != "field_required" {
		t.Errorf("required now: got %+v", got)
	}
}

// TestKeepOffer: a new version only for a change, whatever the order; each account its own.
func TestKeepOffer(t *testing.T) {
	w := newWorld(t)
	a, other := w.connect(w.ama, w.one, keyOne), w.connect(w.ama, w.one, keyTwo)
	if o, err := w.Offer(w.ctx, a.ID); err != nil || o.Version != 0 || o.Fresh(a, w.now()) || o.Usable(a, w.now()) {
		t.Errorf("before: got %+v, %v", o, err)
	}
	x, y := method("x", providers.Field{Name: "f", When: map[string][]string{"g": {"1"}}}), method("y")
	begin := w.now()
	for _, step := range []struct {
		methods []providers.Method
		version int
	}{{[]providers.Method{x, y}, 1}, {[]providers.Method{y, x}, 1}, {[]providers.Method{x}, 2}, {[]providers.Method{x, y}, 3}} {
		w.at = w.at.Add(time.Minute)
		o, err := w.KeepOffer(w.ctx, a, step.methods)
		if err != nil || o.Version != step.version || !o.CheckedAt.Equal(w.now()) {
			t.Errorf("got %+v, %v, want version %d", o, err, step.version)
		}
	}
	all, err := w.Offers(w.ctx, a.ID)
	if err != nil || len(all) != 3 || all[0].Version != 3 || all[2].CheckedAt.Sub(begin) != 2*time.Minute || all[2].FetchedAt.Sub(begin) != time.Minute {
		t.Errorf("got %+v, %v", all, err)
	}
	if diff := cmp.Diff([]providers.Method{x, y}, all[0].Methods); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	changed, err := w.Changed(w.ctx, begin)
	if err != nil || len(changed) != 1 || !changed[a.ID].Equal(w.now()) {
		t.Errorf("changed: got %v, %v", changed, err)
	}
	if o, err := w.Offer(w.ctx, other.ID); err != nil || o.Version != 0 {
		t.Errorf("another account: got %+v, %v", o, err)
	}
	latest := all[0]
	newer := a
	newer.Version++
	for name, test := range map[string]struct {
		account       store.Account
		after         time.Duration
		fresh, usable bool
	}{
		"at once": {a, 0, true, true}, "ten minutes later": {a, 10 * time.Minute, false, true}, "an hour later": {a, time.Hour, false, false},
		"other keys": {newer, 0, false, false},
	} {
		at := w.now().Add(test.after)
		if latest.Fresh(test.account, at) != test.fresh || latest.Usable(test.account, at) != test.usable {
			t.Errorf("%s: got fresh %v, usable %v", name, latest.Fresh(test.account, at), latest.Usable(test.account, at))
		}
	}
}

// TestMendRecipient: kept by who may draft in the account's store, and only for payouts from then on.
func TestMendRecipient(t *testing.T) {
	w := newWorld(t)
	a := w.connect(w.ama, w.one, keyOne)
	m := store.Mended{Account: a.ID, Method: "x", Key: "K", Details: map[string]string{"f": "1"}}
	before := w.now()
	w.at = w.at.Add(time.Minute)
	w.must(w.MendRecipient(w.ctx, w.ama, m, a))
	for after, want := range map[time.Time]map[string]string{before: m.Details, w.now(): nil, w.now().Add(time.Hour): nil} {
		got, err := w.Mended(w.ctx, a.ID, "x", "K", after)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("after %v: %v (-want +got):\n%s", after, err, diff)
		}
	}
	if got, err := w.Mended(w.ctx, a.ID, "y", "K", before); got != nil || err != nil {
		t.Errorf("another method: got %v, %v", got, err)
	}
	other := a
	other.ID = "another"
	if err := w.MendRecipient(w.ctx, w.ama, m, other); err == nil {
		t.Error("kept for another account")
	}
	stranger := w.ama
	stranger.Grants = nil
	if err := w.MendRecipient(w.ctx, stranger, m, a); err == nil {
		t.Error("kept by somebody who may not draft")
	}
}

// TestNote: calls add up by hour and account, and the latest of what was seen stands.
func TestNote(t *testing.T) {
	w := newWorld(t)
	a, other := w.connect(w.ama, w.one, keyOne), w.connect(w.ama, w.one, keyTwo)
	hour := w.now().Truncate(time.Hour)
	seen := w.now()
	for range 2 {
		w.must(w.Note(w.ctx, a.ID, store.Noted{Hours: map[time.Time]store.Calls{hour: {Good: 3, Bad: 1}, hour.Add(-30 * time.Hour): {Bad: 9}},
			GoodAt: seen, Clock: -90 * time.Second, ClockAt: seen}))
	}
	w.must(w.Note(w.ctx, a.ID, store.Noted{GoodAt: seen.Add(-time.Hour)})) // nothing newer
	got, err := w.Calls(w.ctx, a.ID)
	if want := (store.Calls{Good: 6, Bad: 2}); got != want || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if now := w.reload(a); !now.GoodAt.Equal(seen) || now.Clock != -90*time.Second || !now.ClockAt.Equal(seen) {
		t.Errorf("got %+v", now)
	}
	if got, err := w.Calls(w.ctx, other.ID); got != (store.Calls{}) || err != nil {
		t.Errorf("another account: got %+v, %v", got, err)
	}
}
