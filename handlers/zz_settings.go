package handlers

func (h *Handlers) settingsRoutes() []route { return nil }
