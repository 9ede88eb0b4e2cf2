package providers

import (
	"strings"
	"unicode/utf8"
)

// clean writes a value as the format has it.
func (f Format) clean(value string) string {
	switch f {
	case CPF, CNPJ, CPFCNPJ:
		return upper(without(value, "./-"+dashes))
	case IFSC:
		return upper(value)
	case UUID:
		return lower(value)
	case RUT:
		return cleanRUT(value)
	case CLABE:
		return without(value, ".-"+dashes)
	default:
		return value
	}
}

// fault says what is wrong with a cleaned value of the format: the code of a FieldError and its Args, "" if it fits.
// Formats this version does not know fit.
func (f Format) fault(value string) (string, map[string]any) {
	switch f {
	case CPF:
		return faultCPF(value)
	case CNPJ:
		return faultCNPJ(value)
	case CPFCNPJ:
		if len(value) <= 11 {
			return faultCPF(value)
		}
		return faultCNPJ(value)
	case RUT:
		return faultRUT(value)
	case CLABE:
		return faultNumber(value, "clabe", 18, clabeFits)
	case UUID:
		return faultUUID(value)
	case IFSC:
		return faultIFSC(value)
	default:
		return "", nil
	}
}

// strange is the first character that does not belong, as an argument for the sentence about it; nil if all do.
func strange(value string, fits func(rune) bool) map[string]any {
	for _, r := range value {
		if !fits(r) {
			return map[string]any{"Found": string(r)}
		}
	}
	return nil
}

func lengths(value string, want int) map[string]any {
	return map[string]any{"Got": utf8.RuneCountInString(value), "Want": want}
}

// faultNumber checks a number of fixed length that checks itself. The code for check digits that do not fit is the name.
func faultNumber(value, name string, length int, fits func(string) bool) (string, map[string]any) {
	if found := strange(value, isDigit); found != nil {
		return "digits", found
	}
	if len(value) != length {
		return name + "_length", lengths(value, length)
	}
	if !fits(value) {
		return name, nil
	}
	return "", nil
}

// faultCPF checks the number of a person in Brazil. Eleven times the same digit has fitting check digits and is given to
// nobody.
func faultCPF(value string) (string, map[string]any) {
	if len(value) == 11 && isDigits(value) && isRepeated(value) {
		return "repeated", nil
	}
	return faultNumber(value, "cpf", 11, func(v string) bool { return checkDigitsFit(v, 11) })
}

// faultCNPJ checks the number of a company in Brazil, whose first twelve characters may be letters since July 2026
// (Instrução Normativa RFB 2.229/2024):
// https://www.gov.br/receitafederal/pt-br/centrais-de-conteudo/publicacoes/documentos-tecnicos/cnpj
func faultCNPJ(value string) (string, map[string]any) {
	if found := strange(value, isUpperOrDigit); found != nil {
		return "characters", found
	}
	if len(value) != 14 {
		return "cnpj_length", lengths(value, 14)
	}
	if found := strange(value[12:], isDigit); found != nil {
		return "cnpj_end", found
	}
	if isRepeated(value) {
		return "repeated", nil
	}
	if !checkDigitsFit(value, 9) {
		return "cnpj", nil
	}
	return "", nil
}

// faultRUT checks the number of a person or a company in Chile as cleanRUT leaves it: up to eight digits, a dash, and a
// check character, modulo 11, of which ten is written K.
func faultRUT(value string) (string, map[string]any) {
	body, check, ok := strings.Cut(value, "-")
	switch {
	case !ok || body == "" || len(check) != 1:
		return "rut_length", lengths(without(value, "-"), 9)
	case !isDigits(body):
		return "digits", strange(body, isDigit)
	case len(body) > 8:
		return "rut_length", lengths(body+check, 9)
	case check[0] != rutCheck(body):
		return "rut", nil
	}
	return "", nil
}

// cleanRUT writes a RUT with a dash before its check character, without dots and leading zeros.
func cleanRUT(value string) string {
	value = strings.TrimLeft(upper(without(value, ".-"+dashes)), "0")
	if len(value) < 2 || value[len(value)-1] >= utf8.RuneSelf {
		return value
	}
	return value[:len(value)-1] + "-" + value[len(value)-1:]
}

func rutCheck(body string) byte {
	sum, weight := 0, 2
	for i := len(body) - 1; i >= 0; i-- {
		sum += int(body[i]-'0') * weight
		if weight++; weight > 7 {
			weight = 2
		}
	}
	return "0K987654321"[sum%11]
}

// clabeFits checks the last of the 18 digits of a bank account in Mexico: weights 3, 7, 1 in turn, each product and their
// sum modulo 10.
func clabeFits(value string) bool {
	sum := 0
	for i := range 17 {
		sum += int(value[i]-'0') * [...]int{3, 7, 1}[i%3] % 10
	}
	return int(value[17]-'0') == (10-sum%10)%10
}

// faultIFSC checks the code of a bank branch in India: four letters, a zero, six letters or digits.
func faultIFSC(value string) (string, map[string]any) {
	if found := strange(value, isUpperOrDigit); found != nil {
		return "characters", found
	}
	switch {
	case len(value) != 11:
		return "ifsc_length", lengths(value, 11)
	case strange(value[:4], isUpper) != nil:
		return "ifsc_bank", strange(value[:4], isUpper)
	case value[4] != '0':
		return "ifsc_zero", map[string]any{"Found": value[4:5]}
	}
	return "", nil
}

// faultUUID checks 8-4-4-4-12 lower-case hexadecimal digits, of any version.
func faultUUID(value string) (string, map[string]any) {
	bare := without(value, "-")
	if found := strange(bare, isHex); found != nil {
		return "characters", found
	}
	if len(bare) != 32 {
		return "uuid_length", lengths(bare, 32)
	}
	if !isUUID(value) {
		return "uuid", nil
	}
	return "", nil
}

// checkDigitsFit computes the last two characters from those before, modulo 11. Weights rise from 2 at the right and
// begin again after the given top.
func checkDigitsFit(value string, top int) bool {
	for end := len(value) - 2; end < len(value); end++ {
		if value[end] != checkDigit(value[:end], top) {
			return false
		}
	}
	return true
}

func checkDigit(value string, top int) byte {
	sum, weight := 0, 2
	for i := len(value) - 1; i >= 0; i-- {
		sum += int(value[i]-'0') * weight // letters count as their code less 48
		if weight++; weight > top {
			weight = 2
		}
	}
	if sum%11 < 2 {
		return '0'
	}
	return byte('0' + 11 - sum%11)
}

func isUUID(value string) bool {
	parts := strings.Split(value, "-")
	if len(parts) != 5 {
		return false
	}
	for i, n := range [...]int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n || !isMadeOf(parts[i], isHex) {
			return false
		}
	}
	return true
}

func isRepeated(value string) bool { return strings.Count(value, value[:1]) == len(value) }

func isDigits(value string) bool { return value != "" && isMadeOf(value, isDigit) }

func isMadeOf(value string, fits func(rune) bool) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return !fits(r) })
}

func isDigit(r rune) bool        { return r >= '0' && r <= '9' }
func isUpper(r rune) bool        { return r >= 'A' && r <= 'Z' }
func isUpperOrDigit(r rune) bool { return isUpper(r) || isDigit(r) }
func isHex(r rune) bool          { return isDigit(r) || r >= 'a' && r <= 'f' }
