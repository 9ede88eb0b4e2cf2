package handlers

func (h *Handlers) draftRoutes() []route { return nil }
