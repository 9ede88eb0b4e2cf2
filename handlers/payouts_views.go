package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/payout"
)

// saveView gives a filter a name. What is wrong with it comes back above the list it is about.
func (h *Handlers) saveView(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name   string `form:"name"`
		Query  string `form:"query"`
		Shared string `form:"shared"`
	}
	if err := h.readBody(w, r, maxForm); err != nil {
		return err
	}
	if _, err := h.decode(r, &in); err != nil {
		return err
	}
	values, err := url.ParseQuery(in.Query)
	if err != nil {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	q := payouts.ReadQuery(values).With("", "")
	err = h.Views.Save(r.Context(), person(r), in.Name, q.Named(), in.Shared != "")
	if wrong, ok := errors.AsType[payout.FieldErrors](err); ok {
		return h.refuseView(w, r, q, payouts.Naming{Name: in.Name, Shared: in.Shared != "", Error: words(r).Say(wrong[0].Key, wrong[0].Args)})
	}
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "payouts.view_saved", "View", in.Name)
	return h.redirect(w, r, q.Href(r.Context()))
}

func (h *Handlers) refuseView(w http.ResponseWriter, r *http.Request, q payouts.Query, naming payouts.Naming) error {
	r = inHistory(r, q)
	list, err := h.history(r, q)
	if err != nil {
		return err
	}
	list.Naming = naming
	return h.render(w, r, http.StatusUnprocessableEntity, payouts.ListPage(list), payouts.History(list, true))
}

func (h *Handlers) removeView(w http.ResponseWriter, r *http.Request) error {
	v, err := h.Views.Remove(r.Context(), person(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "payouts.view_removed", "View", v.Name)
	return h.redirect(w, r, link.Payouts(r.Context()))
}
