package handlers

import (
	"bytes"
	"io"
	"net/http"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
)

func (h *Handlers) hookRoutes() []route {
	return []route{{"POST /hooks/{token}", h.receiveHook, access.Anyone}}
}

// receiveHook hands a webhook to the inbox and answers as its provider expects. A body over the limit is kept as far as
// it was read, and refused.
func (h *Handlers) receiveHook(w http.ResponseWriter, r *http.Request) error {
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(r.Body, inbox.MaxBody+1))
	if err != nil {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	kept := body.Bytes()[:min(body.Len(), inbox.MaxBody)]
	reply, err := h.Inbox.Receive(r.Context(), inbox.Incoming{
		Token: r.PathValue("token"), Address: h.address(r), Header: r.Header, Body: kept, Size: int(n)})
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
