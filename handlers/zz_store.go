package handlers

func (h *Handlers) storeRoutes() []route { return nil }
