package handlers

func (h *Handlers) webhookRoutes() []route { return nil }
