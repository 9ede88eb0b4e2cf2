package handlers

func (h *Handlers) payoutRoutes() []route { return nil }
