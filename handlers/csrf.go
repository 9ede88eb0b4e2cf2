package handlers

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
)

// csrfToken is the token a form carries: bound to this login of this person. It looks different on every page, so that
// compressing a page beside something a stranger chose tells nothing of it (the BREACH attack).
func (h *Handlers) csrfToken(person, login string) string {
	token := []byte(h.Options.Token(csrfName, person, login))
	pad := make([]byte, len(token))
	_, _ = rand.Read(pad) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(append(pad, mixed(token, pad)...))
}

// checkCSRF reports whether a posted form carries the token of this session.
func (h *Handlers) checkCSRF(r *http.Request) bool {
	both, err := base64.RawURLEncoding.DecodeString(r.PostForm.Get(csrfName))
	if err != nil || len(both)%2 != 0 {
		return false
	}
	pad, token := both[:len(both)/2], both[len(both)/2:]
	return h.Options.CheckToken(string(mixed(token, pad)), csrfName, string(person(r).ID), login(r))
}

func mixed(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}
