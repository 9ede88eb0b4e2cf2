package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-playground/form/v4"
	"github.com/go-playground/validator/v10"

	"github.com/paywicket/paywicket/views"
)

// maxForm is the largest form that is read: the longest fields of the largest form, with room to spare.
const maxForm = 64 << 10

// maxDraft is the same for the form of a payout: a value that is far too long comes back with the rest of the form kept.
const maxDraft = 4 << 20

// formError is a form that a browser showing our page could not have sent.
type formError struct {
	status int
	key    string
	name   string
}

func (e *formError) Error() string { return fmt.Sprintf("form: %s %s", e.key, e.name) }

// readBody reads a posted form once, with a limit. What it holds comes from the body alone, never from the address.
func (h *Handlers) readBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &formError{status: http.StatusRequestEntityTooLarge, key: "error.413"}
		}
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	return nil
}

// decode reads a form into a struct with form and validate tags. Names the struct does not know and names that stand
// twice are refused: our pages send neither. Names that begin with one of free (such as "fields[") are left to the
// caller. What does not pass comes back by input name as a message key and its argument.
func (h *Handlers) decode(r *http.Request, into any, free ...string) (map[string]problem, error) {
	if err := checkNames(r, into, free); err != nil {
		return nil, err
	}
	d := form.NewDecoder()
	d.SetMode(form.ModeExplicit)
	if err := d.Decode(into, r.PostForm); err != nil {
		return nil, &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(formName)
	err := v.Struct(into)
	if wrong, ok := errors.AsType[validator.ValidationErrors](err); ok {
		return problemsOf(wrong), nil
	}
	return map[string]problem{}, err
}

// problem is what is wrong with one input.
type problem struct {
	key  string
	args []any
}

func problemsOf(wrong validator.ValidationErrors) map[string]problem {
	all := map[string]problem{}
	for _, e := range wrong {
		switch e.Tag() {
		case "required":
			all[e.Field()] = problem{key: "check.required"}
		case "max":
			all[e.Field()] = problem{key: "check.too_long", args: []any{"Max", e.Param()}}
		case "email":
			all[e.Field()] = problem{key: "check.email"}
		default:
			all[e.Field()] = problem{key: "check.unknown_option"}
		}
	}
	return all
}

// text is the sentence of an input's problem, "" if it passes.
func text(r *http.Request, all map[string]problem, name string) string {
	p, ok := all[name]
	if !ok {
		return ""
	}
	return views.From(r.Context()).Localizer.T(p.key, p.args...)
}

func checkNames(r *http.Request, into any, free []string) error {
	known := append(formNames(into), csrfName)
	for name, values := range r.PostForm {
		isFree := slices.ContainsFunc(free, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if !isFree && !slices.Contains(known, name) {
			return &formError{status: http.StatusBadRequest, key: "error.form_unknown", name: name}
		}
		if len(values) > 1 {
			return &formError{status: http.StatusBadRequest, key: "error.form_twice", name: name}
		}
	}
	return nil
}

// mapped collects the inputs named prefix[name].
func mapped(r *http.Request, prefix string) map[string]string {
	all := map[string]string{}
	for name, values := range r.PostForm {
		if inner, ok := strings.CutPrefix(name, prefix+"["); ok && strings.HasSuffix(inner, "]") {
			all[strings.TrimSuffix(inner, "]")] = values[0]
		}
	}
	return all
}

func formName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("form"), ",")
	return name
}

func formNames(into any) []string {
	t := reflect.TypeOf(into).Elem()
	var names []string
	for i := range t.NumField() {
		if name := formName(t.Field(i)); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}
