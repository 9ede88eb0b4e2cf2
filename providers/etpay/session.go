package etpay

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/httpx"
)

// session is the sign-in of an account. The token lives in memory only.
type session struct {
	turn chan struct{} // held by who signs in: one at a time

	mu    sync.Mutex
	value string
	until time.Time // when it is renewed: some time before its end
	end   time.Time
}

// held is the token if it need not be renewed yet, else "".
func (s *session) held(now time.Time) string { return s.heldFor(now, 0) }

func (s *session) heldFor(now time.Time, life time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == "" || !now.Add(life).Before(s.until) {
		return ""
	}
	return s.value
}

func (s *session) keep(value string, now time.Time, life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.until, s.end = value, now.Add(life-min(tokenMargin, life/2)), now.Add(life)
}

// outlives reports whether the token is good for life from now on.
func (s *session) outlives(now time.Time, life time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value != "" && now.Add(life).Before(s.end)
}

// drop forgets a token that was refused, unless another one has taken its place.
func (s *session) drop(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.value == value {
		s.value = ""
	}
}

// token gives a token that is good for life, and signs in if there is none. One that is never good for so long is given as
// it is.
func (a *account) token(ctx context.Context, life time.Duration) (string, error) {
	select {
	case a.session.turn <- struct{}{}:
		defer func() { <-a.session.turn }()
	case <-ctx.Done():
		return "", &providers.Error{Code: httpx.CodeTimeout, Err: ctx.Err()}
	}
	if token := a.session.heldFor(a.cfg.Now(), life); token != "" {
		return token, nil
	}
	return a.signIn(ctx)
}

// login is the documented body of a sign-in. Inside "merchant" the names are shorter than in the list of credentials.
type login struct {
	Username string        `json:"username"`
	Password string        `json:"password"`
	Merchant loginMerchant `json:"merchant"`
}

type loginMerchant struct {
	Code     string `json:"code"`
	APIToken string `json:"api_token"`
}

func (a *account) login() ([]byte, error) {
	return encode(login{Username: a.cfg.Settings.Get(settingUser), Password: a.cfg.Settings.Get(settingPassword),
		Merchant: loginMerchant{Code: a.merchant(), APIToken: a.cfg.Settings.Get(settingToken)}})
}

func (a *account) signIn(ctx context.Context) (string, error) {
	body, err := a.login()
	if err != nil {
		return "", &providers.Error{Code: httpx.CodeRequest, Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.BaseURL+pathLogin, bytes.NewReader(body))
	if err != nil {
		return "", &providers.Error{Code: httpx.CodeRequest, Err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := httpx.Call(a.cfg.HTTP, req)
	if err != nil {
		return "", err
	}
	if !answer.OK() {
		return "", failure(answer)
	}
	now := a.cfg.Now()
	token, life := granted(answer.Body, now)
	if token == "" {
		return "", unreadable("no token in the answer to the sign-in")
	}
	a.session.keep(token, now, life)
	return token, nil
}

// granted reads the answer to a sign-in: the token and how long it lives. No token: it cannot be read. Only a text is one:
// what is recorded of exchanges masks texts.
func granted(body []byte, now time.Time) (string, time.Duration) {
	all, err := records(body)
	if err != nil || len(all) != 1 {
		return "", 0
	}
	for _, name := range namesToken {
		if token := all[0].quoted(name); token != "" {
			return token, lifeOf(token, all[0].text(memberExpires), now)
		}
	}
	return "", 0
}

// lifeOf is how long a token lives: as it says itself, else as the answer says, else as assumed.
func lifeOf(token, seconds string, now time.Time) time.Duration {
	if parts := strings.Split(token, "."); len(parts) == 3 {
		claims, err := readSegment(parts[1])
		if end, ok := claims.time(claimEnd); ok && err == nil {
			return end.Sub(now)
		}
	}
	if n, err := strconv.ParseUint(seconds, 10, 31); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	return tokenLife
}

// get reads something. A token that is refused is renewed, and the reading repeated, once.
func (a *account) get(ctx context.Context, path string) (httpx.Answer, error) {
	for again := true; ; again = false {
		token, err := a.token(ctx, 0)
		if err != nil {
			return httpx.Answer{}, err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.BaseURL+path, nil)
		if err != nil {
			return httpx.Answer{}, &providers.Error{Code: httpx.CodeRequest, Err: err}
		}
		req.Header.Set(header, scheme+token)
		answer, err := httpx.Call(a.cfg.HTTP, req)
		if err != nil || answer.Status != http.StatusUnauthorized || !again {
			return answer, err
		}
		a.session.drop(token)
	}
}
