package gobipay

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// Bounds on what a company may list: far beyond what it has, far below what hurts.
const (
	maxPages     = 20
	maxArguments = 60
	maxLabel     = 120
)

const codePaging = "paging" // pages that lead elsewhere, or do not end

// object is a JSON object whose members are only assumed.
type object map[string]any

// Methods lists the active platforms of the store's currency (ASM-5), asking for them anew.
func (a *adapter) Methods(ctx context.Context) ([]providers.Method, error) {
	list, err := a.list(ctx, pathPlatforms)
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Code == codePaging && len(list) > 0 {
		a.log.WarnContext(ctx, "gobipay lists platforms on pages that are not read", "read", len(list))
		err = nil
	}
	if err != nil {
		return nil, err
	}
	var methods []providers.Method
	seen, odd := map[platformID]bool{}, 0
	for _, o := range list {
		id := platformID(text(o[keyIdentifier]))
		switch {
		case !id.valid():
			odd++
		case o[keyActive] != false && currencyOf(o, id) == a.currency && !seen[id]:
			seen[id] = true
			methods = append(methods, methodOf(o, id))
		}
	}
	if odd > 0 {
		a.log.WarnContext(ctx, "gobipay lists platforms without a usable identifier", "left_out", odd)
	}
	return methods, nil
}

func methodOf(o object, id platformID) providers.Method {
	return providers.Method{ID: string(id), Name: labelOf(o, string(id)), Country: countryOf(o), Currency: currencyOf(o, id)}
}

// labelOf is what a platform or an argument is called.
func labelOf(o object, otherwise string) string {
	for _, key := range labelKeys() {
		if label := tidy(text(o[key]), maxLabel); label != "" {
			return label
		}
	}
	return otherwise
}

// currencyOf is what a platform says, else the end of its identifier: MTN_BEN_XOF.
func currencyOf(o object, id platformID) string {
	if code := codeOf(o[keyCurrency]); code != "" {
		return strings.ToUpper(code)
	}
	return strings.ToUpper(string(id[strings.LastIndexByte(string(id), '_')+1:]))
}

// countryOf turns the three letters a platform says into the two we use; "" if they are no country.
func countryOf(o object) string {
	code := codeOf(o[keyCountry])
	if len(code) != 2 && len(code) != 3 || strings.ContainsFunc(code, unicode.IsDigit) {
		return ""
	}
	region, err := language.ParseRegion(code)
	if err != nil || !region.IsCountry() {
		return ""
	}
	return region.String()
}

// codeOf reads a code that may stand in an object of its own.
func codeOf(v any) string {
	if inner, ok := v.(map[string]any); ok {
		return text(inner[keyCode])
	}
	return text(v)
}

// Fields lists what a platform asks for, reading both lists anew.
func (a *adapter) Fields(ctx context.Context, method string) ([]providers.Field, error) {
	args, err := a.offered(ctx, method)
	if err != nil {
		return nil, err
	}
	fields := fieldsOf(args)
	for i := range fields {
		if fields[i].Type == providers.Phone {
			fields[i].Operator = operatorOf(method)
		}
	}
	return fields, nil
}

// operatorOf is the operator whose numbers a platform pays, by the first part of its identifier, "" for others.
func operatorOf(platform string) string {
	brand, _, _ := strings.Cut(platform, "_")
	return map[string]string{"MTN": "MTN", "MOOV": "Moov", "ORANGE": "Orange", "AIRTEL": "Airtel", "CELTIIS": "Celtiis", "TOGOCEL": "Togocel"}[brand]
}

// offered reads the arguments of a method that the account offers.
func (a *adapter) offered(ctx context.Context, method string) ([]argument, error) {
	if !platformID(method).valid() {
		return nil, providers.UnknownMethod(method)
	}
	methods, err := a.Methods(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(methods, func(m providers.Method) bool { return m.ID == method }) {
		return nil, providers.UnknownMethod(method)
	}
	return a.readArguments(ctx, platformID(method))
}

// readArguments asks a platform what it needs, and remembers it for Send.
func (a *adapter) readArguments(ctx context.Context, id platformID) ([]argument, error) {
	list, err := a.list(ctx, id.argumentsPath())
	if err != nil {
		return nil, err
	}
	args, err := argumentsOf(list)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		if arg.skipped {
			a.log.WarnContext(ctx, "pattern of a gobipay argument is not understood", "platform", string(id), "argument", arg.field.Name)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[id] = args
	return args, nil
}

// arguments are those last read, or read now if there are none, as after a restart.
func (a *adapter) arguments(ctx context.Context, id platformID) ([]argument, error) {
	a.mu.Lock()
	args, ok := a.known[id]
	a.mu.Unlock()
	if ok {
		return args, nil
	}
	return a.readArguments(ctx, id)
}

// list reads a list with all its pages. What was read is returned with an error of code "paging".
func (a *adapter) list(ctx context.Context, path string) ([]object, error) {
	var all []object
	at := path
	for range maxPages {
		answer, err := a.get(ctx, at)
		if err != nil {
			return nil, err
		}
		page, next, err := readPage(answer)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" {
			return all, nil
		}
		query, ok := a.queryOf(next)
		if !ok {
			return all, &providers.Error{Code: codePaging, Err: errors.New("the next page is not on the account's host")}
		}
		at = path + "?" + query
	}
	return all, &providers.Error{Code: codePaging, Err: errors.New("too many pages")}
}

// queryOf is what leads to the next page of the same route, if that stays on the host.
func (a *adapter) queryOf(next string) (string, bool) {
	u, err := url.Parse(next)
	if err != nil || u.Host != "" && !strings.EqualFold(u.Host, a.base.Host) || u.RawQuery == "" {
		return "", false
	}
	return u.Query().Encode(), true
}

// readPage reads a list that is the whole answer or a member of it (ASM-2), and where the next page is.
func readPage(answer httpx.Answer) ([]object, string, error) {
	var v any
	if err := answer.JSON(&v); err != nil {
		return nil, "", err
	}
	next := ""
	if whole, ok := v.(map[string]any); ok {
		v, next = nil, text(whole[keyNext])
		for _, key := range listKeys() {
			if inner, ok := whole[key].([]any); ok {
				v = inner
				break
			}
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, "", unreadable("the answer is no list")
	}
	list, err := objects(items)
	return list, next, err
}

func objects(items []any) ([]object, error) {
	list := make([]object, len(items))
	for i, item := range items {
		o, ok := item.(map[string]any)
		if !ok {
			return nil, unreadable("the list holds something that is no object")
		}
		list[i] = o
	}
	return list, nil
}

// unreadable is an answer that is not what is assumed.
func unreadable(why string) *providers.Error {
	return &providers.Error{Code: httpx.CodeUnreadable, Err: errors.New(why)}
}
