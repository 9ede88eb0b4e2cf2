package providers

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// Warn tells what is unusual about a value that Check finds no fault with; nil if nothing is. A warning never stops
// a payout: numbering plans change faster than what companies accept.
func (f Field) Warn(value string) *FieldError {
	if f.Type != Phone || value == "" || f.check(value) != nil {
		return nil
	}
	if got := len(value) - len(f.Prefix); len(f.Lengths) > 0 && !slices.Contains(f.Lengths, got) {
		return f.fail("phone_length", map[string]any{"Got": got, "Want": listed(f.Lengths)})
	}
	// Without the country code there is no plan to look into.
	if value[0] == '0' {
		return nil
	}
	number, err := phonenumbers.Parse("+"+modern(value), "")
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return f.fail("phone_unlikely", nil)
	}
	return f.warnOperator(number)
}

func listed(numbers []int) string {
	all := make([]string, len(numbers))
	for i, n := range numbers {
		all[i] = strconv.Itoa(n)
	}
	return strings.Join(all, ", ")
}

func (f Field) checkPhone(value string) *FieldError {
	if found := strange(value, isDigit); found != nil {
		return f.fail("phone_characters", found)
	}
	if len(value) > maxPhone {
		return f.fail("phone_long", map[string]any{"Got": len(value), "Max": maxPhone})
	}
	if value == f.Prefix {
		return f.fail("phone", nil)
	}
	if !strings.HasPrefix(value, f.Prefix) {
		return f.fail("phone_prefix", map[string]any{"Prefix": f.Prefix})
	}
	return nil
}

// warnOperator compares the operator that is asked for with the one the number was given out to. Nothing is said where
// either is unknown: wallets such as Wave take the numbers of every network.
func (f Field) warnOperator(number *phonenumbers.PhoneNumber) *FieldError {
	names := networks()[f.Operator]
	if len(names) == 0 {
		return nil
	}
	// Numbers keep their digits when they move to another operator, so it is a guess; data that cannot be read says nothing.
	found, err := phonenumbers.GetCarrierForNumber(number, "en")
	same := func(name string) bool { return strings.HasPrefix(lower(found), lower(name)) } // "MTN Cameroon" is MTN
	if err != nil || found == "" || slices.ContainsFunc(names, same) {
		return nil
	}
	return f.fail("phone_operator", map[string]any{"Found": found, "Want": f.Operator})
}

// modern is the number of today of one that is still written as before: Benin put 01 before its 8 digits on 30 November
// 2024. It serves to look numbers up; what is sent stays as it was typed.
func modern(value string) string {
	const benin, before = "229", 8
	if rest, ok := strings.CutPrefix(value, benin); ok && len(rest) == before {
		return benin + "01" + rest
	}
	return value
}

// networks are the operators that numbers are compared with: those of Field.Operator, each with how its name begins in
// libphonenumber's data, which has some under the name of before or after.
func networks() map[string][]string {
	return map[string][]string{
		"9mobile":    {"9mobile"},
		"Africell":   {"Africell"},
		"Airtel":     {"Airtel", "Tigo"}, // Tigo of Rwanda is Airtel since 2018; AirtelTigo of Ghana begins with Airtel
		"AirtelTigo": {"Airtel", "Tigo"},
		"Camtel":     {"Camtel"},
		"Celtiis":    {"Celtiis"},
		"Expresso":   {"Expresso"},
		"Free":       {"Free"}, // Senegal
		"Glo":        {"Glo"},
		"Halotel":    {"Viettel", "Halotel"}, // Tanzania
		"MTN":        {"MTN", "Areeba"},
		"Moov":       {"Moov", "Onatel", "Sotelma"}, // Burkina Faso and Mali
		"Orange":     {"Orange"},
		"Safaricom":  {"Safaricom"},
		"TNM":        {"TNM"},
		"Telecel":    {"Telecel", "Vodafone"}, // Vodafone of Ghana is Telecel since 2024
		"Telkom":     {"Telkom"},
		"Tigo":       {"Tigo", "Yas", "Airtel"}, // Tigo of Tanzania is Yas since 2024, that of Ghana AirtelTigo
		"Togocel":    {"Togo", "Yas"},
		"Vodacom":    {"Vodacom"},
		"Vodafone":   {"Vodafone", "Telecel"},
		"Zamtel":     {"Zamtel"},
	}
}
