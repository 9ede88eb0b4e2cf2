package handlers

func (h *Handlers) accountRoutes() []route { return nil }
