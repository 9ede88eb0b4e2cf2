package handlers

func (h *Handlers) reviewRoutes() []route { return nil }
