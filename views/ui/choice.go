package ui

import (
	"context"
	"slices"

	"github.com/a-h/templ"
)

// group are the attributes of a set of radios or checkboxes.
func (f Field) group() templ.Attributes {
	all := templ.Attributes{}
	set(all, map[string]string{"aria-describedby": f.describedBy()})
	if f.Error != "" {
		all["data-invalid"] = "true"
	}
	return all
}

func (f Field) checkValue() string {
	if f.Value == "" {
		return "on"
	}
	return f.Value
}

// secret adds what is said about a stored key.
func (f Field) secret(ctx context.Context) Field {
	if f.Stored {
		f.Help = Then(ctx, f.Help, T(ctx, "form.keep_secret"))
	}
	if f.Stored && f.Placeholder == "" {
		f.Placeholder = "••••••••"
	}
	f.Value, f.Autocomplete = "", ""
	return f
}

// amount makes the control one for figures.
func (f Field) amount() Field {
	f.InputMode, f.Autocomplete = "decimal", "off"
	return f
}

// withBankHelp says how a bank is found.
func (f Field) withBankHelp(ctx context.Context) Field {
	if f.Help == "" {
		f.Help = T(ctx, "form.bank_help")
	}
	return f
}

func has(values []string, value string) bool { return slices.Contains(values, value) }
