package gobipay

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// problems are what is wrong with the fields of a body, as Django REST framework answers it: a list of texts at each
// field, objects inside objects, and for a list one object an item.
type problems map[string]any

// What the simulated GobiPay says of a field.
const (
	saysMissing = "Ce champ est obligatoire."
	saysBlank   = "Ce champ ne peut être vide."
	saysFormat  = "Cette valeur n'a pas le format attendu."
	saysType    = "Ce n'est pas le type attendu."
	saysChoice  = "« Valeur » n'est pas un choix valide."
	saysUnknown = "Argument inconnu."
)

// decode reads and checks the body of the first step as the company would.
func (s *simulator) decode(body []byte) (providers.Order, problems) {
	var b initBody
	if err := json.Unmarshal(body, &b); err != nil {
		return providers.Order{}, typeProblem(err)
	}
	found := s.problems(b)
	amount, err := wholeAmount(b.Amount, s.currency)
	if err != nil || b.Amount <= 0 {
		found[keyAmount] = []string{"Un nombre positif est requis."}
	}
	details := map[string]string{}
	for _, arg := range b.Args {
		details[arg.Name] = arg.Value
	}
	return providers.Order{Method: string(b.Platform), Amount: amount, Details: details}, found
}

// typeProblem names the field that is of another type: an amount in quotes, a value without them.
func typeProblem(err error) problems {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field, _, _ := strings.Cut(e.Field, ".")
		return problems{field: []string{saysType}}
	}
	return problems{keyDetail: "JSON parse error"}
}

func (s *simulator) problems(b initBody) problems {
	found := problems{}
	if !s.offers(string(b.Platform)) {
		found[keyPlatform] = []string{"Plateforme inconnue ou inactive."}
	} else if wrong := argProblems(s.arguments[string(b.Platform)], b.Args); wrong != nil {
		found[keyArgs] = wrong
	}
	if !b.Direct {
		found[keyDirect] = []string{saysMissing}
	}
	if wrong := s.extraProblems(b.Extra); len(wrong) > 0 {
		found[keyExtra] = wrong
	}
	return found
}

// offers reports whether a platform is active and of the store's currency (ASM-5).
func (s *simulator) offers(platform string) bool {
	return slices.ContainsFunc(s.platforms, func(o object) bool {
		return o[keyIdentifier] == platform && o[keyActive] != false && o[keyCurrency] == s.currency
	})
}

func (s *simulator) extraProblems(e extraInfos) problems {
	found := problems{}
	if e.Store == "" || !s.fits(settingStore, e.Store) {
		found[keyStore] = []string{"Boutique inconnue."}
	}
	if e.Merchant != merchantWithdraw {
		found[keyMerchant] = []string{saysChoice}
	}
	if !strings.Contains(e.Email, "@") {
		found[keyEmail] = []string{"Saisissez une adresse e-mail valide."}
	}
	return found
}

// argProblems checks the arguments given against those wanted. An argument that is missing has no place in the list.
func argProblems(wanted []object, given []initArg) any {
	for _, want := range wanted {
		has := slices.ContainsFunc(given, func(arg initArg) bool { return arg.Name == want[keyName] })
		if !has && want[keyRequired] != false {
			return []string{"Argument manquant : " + text(want[keyName]) + "."}
		}
	}
	list, wrong := make([]problems, len(given)), false
	for i, arg := range given {
		list[i] = argProblem(wanted, arg)
		wrong = wrong || len(list[i]) > 0 || slices.ContainsFunc(given[:i], func(a initArg) bool { return a.Name == arg.Name })
	}
	if !wrong {
		return nil
	}
	return list
}

func argProblem(wanted []object, arg initArg) problems {
	i := slices.IndexFunc(wanted, func(want object) bool { return want[keyName] == arg.Name })
	switch {
	case i < 0:
		return problems{keyName: []string{saysUnknown}}
	case wanted[i][keyType] != arg.Type: // it must come back as it went out
		return problems{keyType: []string{saysType}}
	case arg.Value == "" && wanted[i][keyRequired] != false:
		return problems{keyValue: []string{saysBlank}}
	case !matches(text(wanted[i][keyRegex]), arg.Value):
		return problems{keyValue: []string{saysFormat}}
	case !among(wanted[i][keyOptions], arg.Value):
		return problems{keyValue: []string{saysChoice}}
	}
	return problems{}
}

func matches(pattern, value string) bool {
	whole, err := regexp.Compile("^(?:" + pattern + ")$")
	return pattern == "" || err == nil && whole.MatchString(value)
}

func among(options any, value string) bool {
	all := optionsOf(options)
	return len(all) == 0 || slices.ContainsFunc(all, func(o providers.Option) bool { return o.Value == value })
}
