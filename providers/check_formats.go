package providers

import "strings"

// clean writes a value as the format has it.
func (f Format) clean(value string) string {
	switch f {
	case CPF, CNPJ, CPFCNPJ:
		return upper(without(value, "./-"+dashes))
	case IFSC:
		return upper(value)
	case UUID:
		return lower(value)
	default:
		return value
	}
}

// fits reports whether a cleaned value is of the format. Formats this version does not know fit.
func (f Format) fits(value string) bool {
	switch f {
	case CPF:
		return isCPF(value)
	case CNPJ:
		return isCNPJ(value)
	case CPFCNPJ:
		return isCPF(value) || isCNPJ(value)
	case UUID:
		return isUUID(value)
	case IFSC:
		return isIFSC(value)
	default:
		return true
	}
}

// isCPF checks the number of a person in Brazil. Eleven times the same digit has fitting check digits and is given to
// nobody.
func isCPF(value string) bool {
	return len(value) == 11 && isDigits(value) && !isRepeated(value) && checkDigitsFit(value, 11)
}

// isCNPJ checks the number of a company in Brazil, whose first twelve characters may be letters since July 2026
// (Instrução Normativa RFB 2.229/2024):
// https://www.gov.br/receitafederal/pt-br/centrais-de-conteudo/publicacoes/documentos-tecnicos/cnpj
func isCNPJ(value string) bool {
	return len(value) == 14 && isMadeOf(value, isUpperOrDigit) && !isRepeated(value) && checkDigitsFit(value, 9)
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

// isUUID checks 8-4-4-4-12 lower-case hexadecimal digits, of any version.
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

// isIFSC checks the code of a bank branch in India: four letters, a zero, six letters or digits.
func isIFSC(value string) bool {
	return len(value) == 11 && isMadeOf(value[:4], isUpper) && value[4] == '0' && isMadeOf(value[5:], isUpperOrDigit)
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
