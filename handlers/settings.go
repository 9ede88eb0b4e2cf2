package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/settings"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/inbox"
)

func (h *Handlers) settingsRoutes() []route {
	return []route{
		{"GET /settings", h.showSettings, access.ManageSettings},
		{"POST /settings", h.saveSettings, access.ManageSettings},
		{"POST /settings/webhooks", h.saveHookDays, access.ManageSettings},
	}
}

func (h *Handlers) showSettings(w http.ResponseWriter, r *http.Request) error {
	return h.settingsPage(w, r, http.StatusOK, "", "")
}

// settingsPage draws the settings. mode is what was chosen, "" for what holds.
func (h *Handlers) settingsPage(w http.ResponseWriter, r *http.Request, status int, mode, problem string) error {
	setup, err := h.Access.Setup(r.Context())
	if err != nil {
		return err
	}
	s, err := h.situation(r.Context())
	if err != nil {
		return err
	}
	if mode == "" {
		mode = twoPeople
		if setup.OnePerson {
			mode = onePerson
		}
	}
	p := settings.Page{Mode: mode, ModeError: problem, OnePerson: setup.OnePerson, Supers: len(s.supers), Host: h.Options.Identify != nil,
		Ancestors: h.Options.Ancestors, NotReady: h.Options.Ready(r.Context())}
	if p.HookDays, err = h.Hooks.KeepDays(r.Context()); err != nil {
		return err
	}
	for _, prefix := range h.Options.Proxies {
		p.Proxies = append(p.Proxies, prefix.String())
	}
	for _, l := range h.Bundle.Languages() {
		p.Languages = append(p.Languages, l.Name)
	}
	return h.render(w, r, status, settings.Settings(p), nil)
}

type settingsForm struct {
	Mode string `form:"mode" validate:"required,oneof=two one"`
}

func (h *Handlers) saveSettings(w http.ResponseWriter, r *http.Request) error {
	var in settingsForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if len(wrong) == 0 {
		if err := refused(wrong, h.Access.SetOnePerson(r.Context(), person(r), in.Mode == onePerson)); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return h.settingsPage(w, r, http.StatusUnprocessableEntity, in.Mode, text(r, wrong, "mode"))
	}
	h.say(w, r, views.Good, "settings.saved_"+in.Mode)
	return h.redirect(w, r, link.Settings(r.Context()))
}

type hookDaysForm struct {
	Days string `form:"days" validate:"required,number"`
}

// saveHookDays sets for how long webhooks are kept whole.
func (h *Handlers) saveHookDays(w http.ResponseWriter, r *http.Request) error {
	var in hookDaysForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(in.Days)
	if len(wrong) == 0 && err == nil {
		err = h.Inbox.SetKeepDays(r.Context(), person(r), days)
	}
	if len(wrong) > 0 || errors.Is(err, inbox.ErrDays) || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		return &formError{status: http.StatusUnprocessableEntity, key: "error.form"} // the page offers no other
	}
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "settings.saved_hooks")
	return h.redirect(w, r, link.Settings(r.Context()))
}
