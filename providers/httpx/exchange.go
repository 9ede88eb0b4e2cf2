package httpx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// errTooLarge is the error of a body over the limit.
var errTooLarge = fmt.Errorf("more than %d bytes", maxBody)

// exchange is one request on its way.
type exchange struct {
	client  *Client
	permit  *Permit
	start   time.Time
	req     *http.Request // ours: the caller's is left alone
	body    []byte
	moves   bool
	written atomic.Bool

	res       *http.Response
	answer    []byte
	truncated bool
}

// run carries the request out. It returns nil once an answer was read to its end.
func (x *exchange) run(ctx context.Context, req *http.Request) error {
	if r := x.prepare(ctx, req); r != nil {
		return x.failed(r.code, r)
	}
	if r := x.guard(); r != nil {
		return x.failed(r.code, r)
	}
	conn, r := x.dial(ctx)
	if r != nil {
		return x.failed(r.code, r)
	}
	err := x.send(conn)
	_ = conn.Close() // the answer is read; from here on no byte of the request can leave
	if err != nil {
		return x.failed(codeOf(ctx, err), err)
	}
	return nil
}

// prepare copies the request with its whole body in memory, and refuses what this client does not send.
func (x *exchange) prepare(ctx context.Context, req *http.Request) *refusal {
	body, err := drain(req.Body)
	x.body = body
	x.req = req.Clone(ctx)
	x.req.GetBody, x.req.TransferEncoding, x.req.Trailer, x.req.Close = nil, nil, nil, true
	x.req.Body, x.req.ContentLength = http.NoBody, int64(len(body))
	if x.req.Method == "" {
		x.req.Method = http.MethodGet
	}
	if x.req.Header == nil {
		x.req.Header = http.Header{}
	}
	if x.req.Header.Get("User-Agent") == "" {
		x.req.Header.Set("User-Agent", userAgent)
	}
	if len(body) > 0 {
		x.req.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err != nil {
		return &refusal{code: CodeRequest, text: "read the body of the request", err: err}
	}
	return x.check()
}

// check refuses requests that go elsewhere or that net/http might repeat by itself.
func (x *exchange) check() *refusal {
	if !x.client.sameOrigin(x.req.URL) || x.req.Host != "" && !strings.EqualFold(x.req.Host, x.req.URL.Host) {
		return refuse(CodeAddress, "only the address of the account may be called")
	}
	if x.reads() && len(x.body) > 0 {
		return refuse(CodeRequest, x.req.Method+" carries no body")
	}
	for name := range x.req.Header {
		if strings.EqualFold(name, "Idempotency-Key") || strings.EqualFold(name, "X-Idempotency-Key") {
			return refuse(CodeRequest, "header "+name+" would let net/http repeat the request")
		}
	}
	return nil
}

// reads reports whether the request can change nothing.
func (x *exchange) reads() bool {
	return x.req.Method == http.MethodGet || x.req.Method == http.MethodHead
}

// guard has the request decoded again and compares it with what was approved.
func (x *exchange) guard() *refusal {
	if x.reads() {
		return nil
	}
	p := x.client.provider.Load()
	if p == nil {
		return refuse(CodeReadBack, "no adapter is bound to this client")
	}
	rb, err := (*p).ReadBack(x.forReadBack(), bytes.Clone(x.body))
	if err != nil {
		return &refusal{code: CodeReadBack, text: "decode the request", err: err}
	}
	x.moves = rb.Moves
	return x.permit.allow(rb)
}

// forReadBack is a copy for the adapter to look at; what it changes there does not leave.
func (x *exchange) forReadBack() *http.Request {
	r := x.req.Clone(x.req.Context())
	r.Body = io.NopCloser(bytes.NewReader(bytes.Clone(x.body)))
	return r
}

// begin is called before the first byte of the request.
func (x *exchange) begin() bool {
	if x.moves && !x.permit.write() {
		return false
	}
	x.written.Store(true)
	return true
}

// send writes the request to its connection and reads the answer to its end.
func (x *exchange) send(conn net.Conn) error {
	res, err := singleUse(conn).RoundTrip(x.req) //nolint:bodyclose // drain closes it
	if err != nil {
		return err
	}
	x.res = res
	x.answer, err = drain(res.Body)
	x.truncated = errors.Is(err, errTooLarge)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	res.Body = io.NopCloser(bytes.NewReader(x.answer))
	return nil
}

// singleUse is a transport that knows one connection and one request. A shared one might hand the connection of one
// request to another, or keep dialing after the request was given up.
func singleUse(conn net.Conn) *http.Transport {
	var used atomic.Bool
	give := func(context.Context, string, string) (net.Conn, error) {
		if used.Swap(true) {
			return nil, errors.New("a request has one connection")
		}
		return conn, nil
	}
	only1 := new(http.Protocols)
	only1.SetHTTP1(true)
	return &http.Transport{
		DialContext: give, DialTLSContext: give,
		Protocols: only1, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
}

// drain reads a body up to the limit and closes it. What was read is returned with the error.
func drain(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if len(data) > maxBody {
		return data[:maxBody], errTooLarge
	}
	return data, err
}

// failed says what an error means for the money. Nothing was sent if no byte of this request was written, and none of
// another request of the same send that moves the money.
func (x *exchange) failed(code string, err error) *providers.Error {
	r, refused := errors.AsType[*refusal](err)
	moved := x.permit.Written() || refused && r.spent
	e := &providers.Error{Code: code, Err: &cause{text: x.client.mask.text(err.Error()), err: err, moved: moved}}
	if !x.written.Load() && !moved {
		e.Kind = providers.NotSent
	}
	return e
}

// record hands the exchange on, masked.
func (x *exchange) record(ctx context.Context, failed error) {
	m := x.client.mask
	e := Exchange{
		Start: x.start, Took: x.client.now().Sub(x.start), Moves: x.moves, Written: x.written.Load(), Truncated: x.truncated,
		Method: x.req.Method, Header: m.header(x.req.Header), Body: m.body(x.body, len(x.body) == maxBody),
	}
	if x.req.URL != nil {
		e.URL = m.text(x.req.URL.String())
	}
	if x.res != nil {
		e.Status, e.AnswerHeader, e.Answer = x.res.StatusCode, m.header(x.res.Header), m.body(x.answer, failed != nil)
	}
	if failed != nil {
		e.Err = failed.Error()
	}
	x.client.note(ctx, e)
}
