package handlers

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/paywicket/paywicket/web/access"
)

func (h *Handlers) healthRoutes() []route {
	return []route{
		{"GET /healthz", h.alive, access.Anyone},
		{"GET /readyz", h.ready, access.Anyone},
	}
}

// alive answers as long as the program runs.
func (h *Handlers) alive(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := io.WriteString(w, "ok\n")
	return err
}

// ready says whether the program can serve and send, and if not, why.
func (h *Handlers) ready(w http.ResponseWriter, r *http.Request) error {
	reasons := h.Options.Ready(r.Context())
	w.Header().Set("Content-Type", "application/json")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	return json.NewEncoder(w).Encode(map[string]any{"ready": len(reasons) == 0, "reasons": reasons})
}
