package moneroo

import (
	"context"
	_ "embed" // the list of methods
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/providers/money"
)

// The details that name the account paid to. Each method has one of them.
const (
	fieldPhone   = "msisdn"
	fieldAccount = "account_number"
)

// Bounds of what is believed of a fetched list.
const (
	maxName   = 100 // characters of a name or label
	maxFields = 8   // fields of a method; every documented one has one
)

// builtInFile is the list as documented: https://docs.moneroo.io/payouts/available-methods
//
//go:embed methods.json
var builtInFile []byte

// entry is a method of the built-in list.
type entry struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Field    string `json:"field"`
	Sandbox  bool   `json:"sandbox"`
}

// A list that cannot be read leaves none; a test reads it.
//
//nolint:gochecknoglobals // never changes
var builtInList = sync.OnceValue(func() []entry {
	var list []entry
	_ = json.Unmarshal(builtInFile, &list)
	return list
})

// builtIn returns a method of the built-in list, the zero value if it is not there.
func builtIn(code string) entry {
	for _, e := range builtInList() {
		if e.Code == code {
			return e
		}
	}
	return entry{}
}

func (e entry) method() providers.Method {
	return providers.Method{
		ID: e.Code, Name: e.Name, Country: e.Country, Currency: e.Currency, Note: noteOn(e.Currency),
		Fields: append([]providers.Field{accountField(e)}, person()...),
	}
}

// noteOn warns about the currencies that people write with decimals.
func noteOn(currency string) providers.Text {
	if digits, _ := money.Digits(currency); digits == 0 {
		return providers.Text{}
	}
	return providers.Text{Key: "moneroo.whole", English: "Moneroo pays whole amounts only: 12, not 12.50."}
}

// accountField is the field of the account paid to.
func accountField(e entry) providers.Field {
	if e.Field == fieldAccount {
		return accountNumber()
	}
	f := phone(e.Country)
	f.Operator = operatorOf(e.Code)
	return f
}

// operatorOf is the operator whose numbers a method pays, "" for wallets that take those of every network.
func operatorOf(code string) string {
	if name, ok := map[string]string{"mpesa_ke": "Safaricom", "mpesa_tz": "Vodacom", "tigo_gh": "AirtelTigo"}[code]; ok {
		return name
	}
	brand, _, _ := strings.Cut(code, "_")
	return map[string]string{
		"airtel": "Airtel", "moov": "Moov", "mtn": "MTN", "orange": "Orange", "tigo": "Tigo", "tnm": "TNM", "togocel": "Togocel",
		"vodacom": "Vodacom", "vodafone": "Vodafone", "zamtel": "Zamtel", "halopesa": "Halotel",
	}[brand]
}

func accountNumber() providers.Field {
	return providers.Field{
		Name: fieldAccount, Type: providers.Digits, Role: providers.RoleAccount, Max: 20, Example: "4149518161",
		Label: providers.Text{Key: "field.account_number", English: "Account number"},
		Help:  providers.Text{Key: "moneroo.demo.help", English: "4149518161 is paid, 4149518162 fails, 4149518163 stays pending."},
	}
}

// phone is a wallet's number. Moneroo checks that it begins with the country code; the rest is ours to warn about.
func phone(country string) providers.Field {
	plan := planOf(country)
	f := providers.Field{
		Name: fieldPhone, Type: providers.Phone, Role: providers.RoleAccount,
		Prefix: plan.prefix, Lengths: plan.lengths, Example: plan.example,
		Label: providers.Text{Key: "field.msisdn", English: "Mobile money number"},
		Help:  providers.Text{Key: "field.msisdn.help", English: "The number that receives the money, with the country code."},
	}
	if country == "BJ" {
		f.Help = providers.Text{Key: "moneroo.msisdn.benin", English: "With the country code, sent as you type it. Benin has " +
			"numbers of 8 digits and, since 2024, of 10 that begin with 01; Moneroo has been seen to pay the old form."}
	}
	return f
}

// person are the fields about the one who is paid. Moneroo refuses a name that is empty.
func person() []providers.Field {
	return []providers.Field{
		{
			Name: fieldFirst, Role: providers.RoleGiven, Example: "Élodie",
			Label: providers.Text{Key: "field.first_name", English: "First name"},
		},
		{
			Name: fieldLast, Role: providers.RoleFamily, Example: "N’Diaye",
			Label: providers.Text{Key: "field.last_name", English: "Last name"},
			Help:  providers.Text{Key: "moneroo.last_name.help", English: "Moneroo wants both names. Enter a single name twice."},
		},
		{
			Name: fieldEmail, Type: providers.Email, Role: providers.RoleEmail, Example: "elodie@example.com",
			Label: providers.Text{Key: "field.email", English: "E-mail"},
		},
	}
}

// plan is how the numbers of a country look.
type plan struct {
	prefix  string
	lengths []int // after the prefix; for warnings only
	example string
}

// plans are those of the countries of the built-in list. Benin's numbers were lengthened in 2024, and which form is paid
// depends on the gateway.
func plans() map[string]plan {
	return map[string]plan{
		"BJ": {"229", []int{8, 10}, "22951345020"},
		"CD": {"243", []int{9}, "243810010203"},
		"CI": {"225", []int{10}, "2250701020304"},
		"CM": {"237", []int{9}, "237670010203"},
		"GH": {"233", []int{9}, "233240010203"},
		"KE": {"254", []int{9}, "254700010203"},
		"ML": {"223", []int{8}, "22370010203"},
		"MW": {"265", []int{9}, "265990010203"},
		"NG": {"234", []int{10}, "2348030010203"},
		"RW": {"250", []int{9}, "250780010203"},
		"SN": {"221", []int{9}, "221770010203"},
		"TG": {"228", []int{8}, "22890010203"},
		"TZ": {"255", []int{9}, "255740010203"},
		"UG": {"256", []int{9}, "256770010203"},
		"ZM": {"260", []int{9}, "260970010203"},
	}
}

// planOf is the zero value for a country that is not among them.
func planOf(country string) plan { return plans()[country] }

// Methods lists the built-in methods, brought up to date by the list Moneroo publishes: its names, what it has switched
// off, what it has added. If that cannot be read the built-in list is returned as it is. Callers should keep the answer
// for a while. Whether the merchant has connected a gateway for a method is told by no call.
func (a *adapter) Methods(ctx context.Context) ([]providers.Method, error) {
	published, err := a.published(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "list of methods not read, the built-in one is used", "error", err)
	}
	return a.merged(published), nil
}

// Fields returns what Moneroo must be told for a method. Only a method that is not built in is asked for.
func (a *adapter) Fields(ctx context.Context, method string) ([]providers.Field, error) {
	m, err := a.method(ctx, method)
	return m.Fields, err
}

func (a *adapter) method(ctx context.Context, code string) (providers.Method, error) {
	if e := builtIn(code); e.Code != "" {
		if e.Sandbox && a.live {
			return providers.Method{}, providers.UnknownMethod(code)
		}
		return e.method(), nil
	}
	published, err := a.published(ctx)
	if err != nil {
		return providers.Method{}, fmt.Errorf("look for method %q: %w", code, err)
	}
	for _, m := range a.merged(published) {
		if m.ID == code {
			return m, nil
		}
	}
	return providers.Method{}, providers.UnknownMethod(code)
}

// published fetches the public list: https://docs.moneroo.io/payouts/available-methods
//
// 11. Its form is not documented; the members read here are those of Moneroo's own mobile client.
func (a *adapter) published(ctx context.Context) ([]object, error) {
	answer, err := a.call(ctx, http.MethodGet, methodsPath, nil)
	if err != nil {
		return nil, err
	}
	if !answer.OK() {
		e := answer.Unexpected("")
		e.Credentials = false // none were given
		return nil, e
	}
	return listIn(answer)
}

func listIn(answer httpx.Answer) ([]object, error) {
	body, err := decode(answer.Body)
	if err != nil {
		return nil, err
	}
	items, ok := body["data"].([]any)
	if !ok {
		return nil, unreadable("the answer holds no list")
	}
	var list []object
	for _, item := range items {
		if o, ok := item.(object); ok {
			list = append(list, o)
		}
	}
	return list, nil
}

// merged brings the built-in list up to date. Country, currency and fields of a built-in method stay as documented.
func (a *adapter) merged(published []object) []providers.Method {
	byCode := map[string]object{}
	for _, o := range published {
		byCode[o.text("short_code")] = o
	}
	var all []providers.Method
	for _, e := range builtInList() {
		o := byCode[e.Code]
		if e.Sandbox && a.live || o.isOff() {
			continue
		}
		if name := o.text("name"); isName(name) {
			e.Name = name
		}
		all = append(all, e.method())
	}
	for _, o := range published {
		m, ok := o.method()
		known := slices.ContainsFunc(all, func(b providers.Method) bool { return b.ID == m.ID })
		if ok && !known && !o.isOff() {
			all = append(all, m)
		}
	}
	return all
}

// isOff reports whether a published method is switched off. One that is not published is not.
func (o object) isOff() bool {
	enabled := o.text("is_enabled")
	return enabled == "false" || enabled == "0"
}

func isName(text string) bool { return providers.Field{Max: maxName}.Check(text) == nil }

// method makes a method of a published one that is not built in. It is left out if it asks for anything that could not
// be filled in faithfully.
func (o object) method() (providers.Method, bool) {
	country := o.onlyCountry()
	m := providers.Method{ID: o.text("short_code"), Name: o.text("name"), Currency: o.text("currency.code")}
	if code := country.text("code"); isCountry(code) {
		m.Country = code
	}
	_, known := money.Digits(m.Currency)
	if builtIn(m.ID).Code != "" || !known || !isCode(m.ID) || !isName(m.Name) {
		return m, false
	}
	fields, ok := o.fields(m.Country, strings.TrimPrefix(country.text("dial_code"), "+"))
	m.Note, m.Fields = noteOn(m.Currency), append(fields, person()...)
	return m, ok
}

func isCode(text string) bool {
	matched, err := regexp.MatchString("^[a-z][a-z0-9_]{1,63}$", text)
	return err == nil && matched
}

// isCountry reports whether a text is written like a country code of ISO 3166-1.
func isCountry(text string) bool {
	matched, err := regexp.MatchString("^[A-Z]{2}$", text)
	return err == nil && matched
}

// onlyCountry is the country of a published method, if it has just one.
func (o object) onlyCountry() object {
	countries, _ := o["countries"].([]any)
	if len(countries) != 1 {
		return nil
	}
	only, _ := countries[0].(object)
	return only
}

// fields makes the fields of a published method; false if there are none, too many or odd ones.
func (o object) fields(country, prefix string) ([]providers.Field, bool) {
	items, _ := o["fields"].([]any)
	if len(items) == 0 || len(items) > maxFields {
		return nil, false
	}
	var fields []providers.Field
	for _, item := range items {
		listed, _ := item.(object)
		f := field(listed, country)
		if f.Type == providers.Phone && f.Prefix == "" && (providers.Field{Type: providers.Digits}).Check(prefix) == nil {
			f.Prefix = prefix
		}
		if !isCode(f.Name) || isCustomer(f.Name) || !isName(f.Label.English) || has(fields, f.Name) {
			return nil, false
		}
		fields = append(fields, f)
	}
	if !slices.ContainsFunc(fields, func(f providers.Field) bool { return f.Role == providers.RoleAccount }) {
		fields[0].Role = providers.RoleAccount
	}
	return fields, true
}

func has(fields []providers.Field, name string) bool {
	return slices.ContainsFunc(fields, func(f providers.Field) bool { return f.Name == name })
}

// field makes a field of a published one.
func field(o object, country string) providers.Field {
	f := providers.Field{Name: o.text("name"), Label: providers.Text{English: o.text("label", "name")}}
	switch {
	case f.Name == fieldPhone:
		return phone(country)
	case f.Name == fieldAccount:
		f = accountNumber()
		f.Help, f.Example = providers.Text{}, ""
	case o.text("type") == "integer":
		f.Type = providers.Digits
	}
	return f
}
