package access

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
)

// Lengths of passwords, in characters (OWASP ASVS 5.0, 6.2.1 and 6.2.9; a super admin's guards money).
const (
	minPassword      = 12
	minSuperPassword = 15
	maxPassword      = 128
)

// PasswordError says why a password will not do. The sentence is in the catalogs under "password.<code>".
type PasswordError struct {
	Code string // "short", "long", "personal", "simple"
	Min  int
}

func (e *PasswordError) Error() string { return "password is " + e.Code }

// CheckPassword refuses passwords that are short, made of a pattern, or made of what everybody knows of the person.
func CheckPassword(password string, p Person) error {
	least := minPassword
	if p.IsSuper() {
		least = minSuperPassword
	}
	n, low := utf8.RuneCountInString(password), strings.ToLower(password)
	switch {
	case n < least:
		return &PasswordError{Code: "short", Min: least}
	case n > maxPassword:
		return &PasswordError{Code: "long", Min: least}
	case isSimple(low):
		return &PasswordError{Code: "simple", Min: least}
	}
	name, _, _ := strings.Cut(strings.ToLower(p.Email), "@")
	for _, known := range append(strings.Fields(strings.ToLower(p.Name)), name, "paywicket") {
		if len(known) >= 4 && strings.Contains(low, known) && n-utf8.RuneCountInString(known) < minPassword-4 {
			return &PasswordError{Code: "personal", Min: least}
		}
	}
	return nil
}

// isSimple finds repetitions and the runs that keyboards and alphabets offer: what is left without them is too short.
func isSimple(low string) bool {
	distinct := map[rune]bool{}
	for _, r := range low {
		distinct[r] = true
	}
	rest := low
	for _, run := range []string{"password", "passwort", "motdepasse", "welcome", "letmein", "admin", "qwerty", "azerty",
		"123456789", "12345678", "1234567", "123456", "12345", "1234", "abcdef", "abc123", "iloveyou"} {
		rest = strings.ReplaceAll(rest, run, "")
	}
	return len(distinct) < 5 || utf8.RuneCountInString(rest) < 6
}

// usualParams take a tenth of a second and 64 MiB (OWASP password storage cheat sheet asks for 19 MiB at least).
func usualParams() *argon2id.Params {
	return &argon2id.Params{Memory: 64 * 1024, Iterations: 1, Parallelism: 2, SaltLength: 16, KeyLength: 32}
}

// hasher makes and checks password hashes, a few at a time: each takes 64 MiB for a tenth of a second.
type hasher struct {
	slots  chan struct{}
	params *argon2id.Params
	dummy  string // hash of nobody's password, so that an unknown address takes as long as a wrong password
}

// nobody is the hash of a password nobody has, made with the usual parameters: making it at each start would take a tenth of
// a second.
const nobody = "$argon2id$v=19$m=65536,t=1,p=2$QwnFH+7oOcdDzYxD6Bx1mA$AuH4TH8NEVPMMRcB5No3740VvkUP72OLVin1EqHao64"

func newHasher(params *argon2id.Params) (*hasher, error) {
	if params == nil {
		params = usualParams()
	}
	h := &hasher{slots: make(chan struct{}, 2), params: params, dummy: nobody}
	var err error
	if usual := usualParams(); *params != *usual {
		h.dummy, err = h.hash("nobody's password")
	}
	return h, err
}

func (h *hasher) hash(password string) (string, error) {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	hash, err := argon2id.CreateHash(password, h.params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// check compares; stale says that the hash was made with other parameters and should be made again.
func (h *hasher) check(password, hash string) (bool, bool) {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	fits, params, err := argon2id.CheckHash(password, hash)
	if err != nil || !known || !fits {
		return false, false
	}
	return true, params.Memory != h.params.Memory || params.Iterations != h.params.Iterations
}
