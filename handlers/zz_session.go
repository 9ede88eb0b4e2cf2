package handlers

import "net/http"

func (h *Handlers) sessionRoutes() []route { return nil }

func (h *Handlers) askToSignIn(w http.ResponseWriter, r *http.Request) error { return errForbidden }
