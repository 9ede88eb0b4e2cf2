package handlers

func (h *Handlers) auditRoutes() []route { return nil }
