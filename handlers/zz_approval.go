package handlers

func (h *Handlers) approvalRoutes() []route { return nil }
