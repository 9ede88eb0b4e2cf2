package httpx

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers"
)

func TestNothingMoved(t *testing.T) {
	plainError := errors.New("answer makes no sense")
	tests := []struct {
		name string
		err  error
		want providers.Kind
	}{
		{"unknown", &providers.Error{Code: CodeReset}, providers.NotSent},
		{"not sent", &providers.Error{Kind: providers.NotSent}, providers.NotSent},
		{"refused", &providers.Error{Kind: providers.Refused}, providers.Refused},
		{"unsupported", &providers.Error{Kind: providers.Unsupported}, providers.Unsupported},
		{"of the adapter", plainError, providers.NotSent},
		{"after the move", &providers.Error{Err: &cause{moved: true}}, providers.Unknown},
	}
	for _, tt := range tests {
		got := NothingMoved(tt.err)
		if providers.KindOf(got) != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := NothingMoved(nil); got != nil {
		t.Errorf("got %v, want nil", got)
	}
	if got := NothingMoved(plainError); !errors.Is(got, plainError) {
		t.Errorf("got %v, want it to wrap %v", got, plainError)
	}
	kept := errorOf(t, NothingMoved(&providers.Error{Code: "http_401", Credentials: true, Message: "no"}))
	if kept.Code != "http_401" || !kept.Credentials || kept.Message != "no" {
		t.Errorf("got %+v, want what it says kept", kept)
	}
}

func TestCallHidesTheQuery(t *testing.T) {
	c, _ := client(t, Options{BaseURL: "http://nothing.invalid", Named: true})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://nothing.invalid/?sign=0f0f", nil)
	if _, err := Call(c.HTTP(), req); strings.Contains(err.Error(), "0f0f") {
		t.Errorf("got %v, want no query in it", err)
	}
}

// broken is a round tripper of somebody else's.
type broken struct{ body io.Reader }

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.body == nil {
		return nil, errors.New("broken")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(b.body), Request: r}, nil
}

func TestCallWithAnotherClient(t *testing.T) {
	for name, rt := range map[string]broken{"fails": {}, "endless": {body: strings.NewReader(strings.Repeat("x", 2<<20))}} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.invalid", nil)
		if e := errorOf(t, second(Call(&http.Client{Transport: rt}, req))); e.Kind != providers.Unknown {
			t.Errorf("%s: got %v, want unknown", name, e)
		}
	}
}

func TestAnswerJSON(t *testing.T) {
	for body, fits := range map[string]bool{`{"id":"r1"}`: true, ` {"id":"r1"} ` + "\n": true, ``: false, `<html>`: false,
		`{"id":"r1"}{}`: false, `{"id":"r1"}}`: false, `{"id":`: false, `{"id":7}`: false} {
		var v struct{ ID string }
		err := Answer{Status: 200, Body: []byte(body)}.JSON(&v)
		if (err == nil) != fits || fits && v.ID != "r1" {
			t.Errorf("%s: got %v, %q, want ok %v", body, err, v.ID, fits)
		}
		if err != nil && providers.KindOf(err) != providers.Unknown {
			t.Errorf("%s: got %v, want unknown", body, err)
		}
	}
}

func TestUnexpected(t *testing.T) {
	tests := []struct {
		status      int
		header      http.Header
		credentials bool
		wait        time.Duration
	}{
		{401, nil, true, 0},
		{403, nil, false, 0},
		{429, http.Header{"Retry-After": {"7"}}, false, 7 * time.Second},
		{503, http.Header{"Retry-After": {"Thu, 01 Oct 2026 08:00:30 GMT"}, "Date": {"Thu, 01 Oct 2026 08:00:00 GMT"}}, false, 30 * time.Second},
		{503, http.Header{"Retry-After": {"Thu, 01 Oct 2026 08:00:30 GMT"}}, false, 0},
		{503, http.Header{"Retry-After": {"-1"}}, false, 0},
	}
	for _, tt := range tests {
		e := Answer{Status: tt.status, Header: tt.header}.Unexpected("words")
		if e.Kind != providers.Unknown || e.Credentials != tt.credentials || e.RetryAfter != tt.wait || e.Message != "words" {
			t.Errorf("%d: got %+v, want credentials %v, wait %v", tt.status, e, tt.credentials, tt.wait)
		}
	}
	if got := (Answer{Status: 204}).OK(); !got {
		t.Error("got 204 not ok, want it ok")
	}
}

func TestLargeRequestIsRefused(t *testing.T) {
	s := serve(t, ok)
	c, b := client(t, Options{BaseURL: s.URL, Named: true})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(strings.Repeat("x", maxBody+1)))
	if e := errorOf(t, second(Call(c.HTTP(), req))); e.Kind != providers.NotSent || e.Code != CodeRequest || s.conns.Load() != 0 {
		t.Errorf("got %v, want not sent, request", e)
	}
	if e := b.only(t); len(e.Body) != maxBody || e.Written {
		t.Errorf("got %d bytes recorded, want %d", len(e.Body), maxBody)
	}
}
