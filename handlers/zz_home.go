package handlers

func (h *Handlers) homeRoutes() []route { return nil }
