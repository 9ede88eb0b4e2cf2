package handlers

func (h *Handlers) meRoutes() []route { return nil }
