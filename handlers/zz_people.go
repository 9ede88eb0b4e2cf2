package handlers

func (h *Handlers) peopleRoutes() []route { return nil }
