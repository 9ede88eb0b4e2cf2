package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
)

func (h *Handlers) hookRoutes() []route {
	return []route{{"POST /hooks/{token}", h.receiveHook, access.Anyone}}
}

// receiveHook hands a webhook to the inbox and answers as its provider expects. A body over the limit is kept as far as
// its beginning, with the size and digest of the whole, and refused.
func (h *Handlers) receiveHook(w http.ResponseWriter, r *http.Request) error {
	in, err := readHook(r.Body)
	if err != nil {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	in.Token, in.Address, in.Header = r.PathValue("token"), h.address(r), r.Header
	reply, err := h.Inbox.Receive(r.Context(), in)
	if err != nil {
		h.Log.ErrorContext(r.Context(), "keep webhook", "err", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return nil
	}
	if reply.Type != "" {
		w.Header().Set("Content-Type", reply.Type)
	}
	w.WriteHeader(max(reply.Status, http.StatusOK))
	_, err = w.Write(reply.Body)
	return err
}

// readHook reads a body. What is beyond the limit is only counted and goes into the digest, whatever becomes of the line then.
func readHook(from io.Reader) (inbox.Incoming, error) {
	var body bytes.Buffer
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(&body, sum), io.LimitReader(from, inbox.MaxBody))
	if err != nil {
		return inbox.Incoming{}, err
	}
	in := inbox.Incoming{Body: body.Bytes(), Size: int(n)}
	if n == inbox.MaxBody {
		rest, err := io.Copy(sum, io.LimitReader(from, inbox.MaxCounted-inbox.MaxBody))
		more, _ := io.CopyN(io.Discard, from, 1) // whether anything follows is all there is to know
		in.Size, in.AtLeast = int(n+rest), err != nil || more > 0
	}
	in.Digest = hex.EncodeToString(sum.Sum(nil))
	return in, nil
}
