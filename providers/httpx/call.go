package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Answer is an answer read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Call sends a request and reads its answer. An answer of any status is no failure, except for a redirect: that is
// returned together with an error of kind Unknown. Every error is a *providers.Error. It is of kind NotSent if no byte
// of this request was written (and none of a money-moving request of the same send), else of kind Unknown; a step
// that moves no money may then be passed through [NothingMoved].
func Call(client *http.Client, req *http.Request) (Answer, error) {
	res, err := client.Do(req) //nolint:bodyclose,gosec // drain closes it; the client holds to the address of the account
	if err != nil {
		return Answer{}, plain(err)
	}
	body, err := drain(res.Body)
	answer := Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	switch {
	case err != nil:
		return answer, &providers.Error{Code: codeOf(req.Context(), err), Err: err}
	case res.StatusCode >= 300 && res.StatusCode <= 399:
		return answer, &providers.Error{Code: CodeRedirect, Err: fmt.Errorf("status %d", res.StatusCode)}
	}
	return answer, nil
}

// plain takes off the wrapping of http.Client, which prints the URL with its query.
func plain(err error) *providers.Error {
	if e, ok := errors.AsType[*providers.Error](err); ok {
		return e
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return &providers.Error{Code: CodeUnreadable, Err: err}
}

// OK reports whether the status is one of success.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status <= 299 }

// JSON decodes the body into v. Numbers keep their digits where v is open to anything (json.Number). An error is of
// kind Unknown; it tells nothing of the body, which may hold anything.
func (a Answer) JSON(v any) error {
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return &providers.Error{Code: CodeUnreadable, Err: fmt.Errorf("status %d: answer is not the JSON expected", a.Status)}
	}
	if _, err := d.Token(); err != io.EOF {
		return &providers.Error{Code: CodeUnreadable, Err: fmt.Errorf("status %d: more than one JSON value", a.Status)}
	}
	return nil
}

// Unexpected is what an answer means that is not on the company's reject list: kind Unknown. It marks refused
// credentials (401) and how long to wait (Retry-After).
func (a Answer) Unexpected(message string) *providers.Error {
	return &providers.Error{
		Code:        "http_" + strconv.Itoa(a.Status),
		Message:     message,
		Credentials: a.Status == http.StatusUnauthorized,
		RetryAfter:  a.retryAfter(),
	}
}

// retryAfter reads the header in seconds; a date is measured against the answer's own Date.
func (a Answer) retryAfter() time.Duration {
	value := a.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	until, err := http.ParseTime(value)
	now, dateErr := http.ParseTime(a.Header.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return max(0, until.Sub(now))
}
