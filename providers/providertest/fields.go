package providertest

import (
	"fmt"
	"maps"
	"testing"

	"github.com/paywicket/paywicket/providers"
)

// checkFields: the examples pass, and each of their values, left out or damaged, is refused; by the form and, where it
// is required, by the company too.
func checkFields(t *testing.T, c Case) {
	b := newBench(t, c, setup{})
	checkAllShown(t, b)
	for _, e := range c.Orders {
		t.Run(e.Method, func(t *testing.T) {
			fields, err := b.provider.Fields(t.Context(), e.Method)
			if err != nil {
				t.Fatalf("fields: %v", err)
			}
			if _, wrong := providers.CheckAll(fields, e.Details); len(wrong) > 0 {
				t.Errorf("the example does not pass: %v", wrong)
			}
			if unknown := providers.UnknownNames(fields, e.Details); len(unknown) > 0 {
				t.Errorf("the example has values of no field: %q", unknown)
			}
			for _, f := range byName(providers.Shown(fields, e.Details)) {
				checkWithout(t, c, fields, e, f)
				checkDamaged(t, fields, e, f)
			}
		})
	}
}

// checkAllShown: of the methods that are ordered by, each field applies to at least one of the orders.
func checkAllShown(t *testing.T, b *bench) {
	t.Helper()
	shown := map[string]bool{}
	var all []string
	for _, e := range b.c.Orders {
		fields, err := b.provider.Fields(t.Context(), e.Method)
		if err != nil {
			t.Fatalf("fields of %s: %v", e.Method, err)
		}
		for _, f := range fields {
			all = append(all, variant(e, f))
		}
		for _, f := range providers.Shown(fields, e.Details) {
			shown[variant(e, f)] = true
		}
	}
	for _, name := range all {
		if !shown[name] {
			t.Errorf("no order of the case fills in %s", name)
		}
	}
}

// variant tells fields of the same name apart by when they apply.
func variant(e Example, f providers.Field) string {
	return fmt.Sprint(e.Method, " ", f.Name, " ", f.When)
}

// checkWithout leaves one value out.
func checkWithout(t *testing.T, c Case, fields []providers.Field, e Example, f providers.Field) {
	t.Helper()
	if f.Optional {
		return
	}
	details := maps.Clone(e.Details)
	delete(details, f.Name)
	if _, wrong := providers.CheckAll(fields, details); len(wrong) == 0 {
		t.Errorf("without %s: got no error from the form", f.Name)
	}
	b := newBench(t, c, setup{})
	o := b.order(e)
	delete(o.Details, f.Name)
	if s := b.send(o); s.err == nil || len(b.executions()) > 0 {
		t.Errorf("without %s: got %v and %d orders executed, want an error and none", f.Name, s.err, len(b.executions()))
	}
}

// checkDamaged makes one value wrong.
func checkDamaged(t *testing.T, fields []providers.Field, e Example, f providers.Field) {
	t.Helper()
	value := e.Details[f.Name]
	if value == "" {
		return
	}
	for _, bad := range damage(f, value) {
		details := maps.Clone(e.Details)
		details[f.Name] = bad
		if _, wrong := providers.CheckAll(fields, details); len(wrong) == 0 {
			t.Errorf("%s = %q: got no error", f.Name, bad)
		}
	}
}

// damage lists values that cannot be right for a field.
func damage(f providers.Field, value string) []string {
	all := []string{value + "\x00", value + "\u202e", string(make([]byte, 20_000))}
	switch f.Type {
	case providers.Digits, providers.Phone:
		all = append(all, value+"§")
	case providers.Email:
		all = append(all, "nobody", value+"@example.com")
	case providers.Choice:
		all = append(all, value+"?")
	}
	if f.Format != "" || f.Pattern != "" {
		all = append(all, "§§§"+value)
	}
	return all
}
