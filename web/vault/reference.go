package vault

import (
	"strconv"
	"strings"
)

const (
	referenceLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	referenceBody    = 18
	// referencePrime is the largest prime two letters can count to. Modulo this prime every changed letter and every two
	// letters exchanged are seen.
	referencePrime = 1021
)

// Reference gives the name under which a provider knows one decision to send: 20 letters A-Z and digits 2-7, the last two
// computed from the others. The same decision gives the same reference, also after a restore, so that a provider which
// refuses repeats protects us.
func (v *Vault) Reference(payoutID string, decision int) string {
	mac := v.reference(joined(payoutID, strconv.Itoa(decision)))
	body := plain32().EncodeToString(mac)[:referenceBody]
	return body + checkLetters(body)
}

// CheckReference reports whether a text is a reference without a typing error. It does not say that we made it.
func CheckReference(ref string) bool {
	if len(ref) != referenceBody+2 || strings.ContainsFunc(ref, notReference) {
		return false
	}
	return ref[referenceBody:] == checkLetters(ref[:referenceBody])
}

// checkLetters reads the body as a number to the base 32 and gives its remainder as two letters.
func checkLetters(body string) string {
	n := 0
	for i := range len(body) {
		n = (n*32 + strings.IndexByte(referenceLetters, body[i])) % referencePrime
	}
	return string([]byte{referenceLetters[n/32], referenceLetters[n%32]})
}

func notReference(r rune) bool { return !strings.ContainsRune(referenceLetters, r) }
