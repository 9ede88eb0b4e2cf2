package handlers

import (
	"errors"
	"net/http"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/stores"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

func (h *Handlers) storeRoutes() []route {
	return []route{
		{"GET /stores", h.listStores, access.ViewAccounts},
		{"GET /stores/new", h.newStore, access.ManageStores},
		{"POST /stores", h.openStore, access.ManageStores},
		{"GET /stores/{id}", h.showStore, access.ViewAccounts},
		{"POST /stores/{id}", h.renameStore, access.ManageStores},
	}
}

// storeForm is what is typed about a store.
type storeForm struct {
	Name string `form:"name" validate:"required,max=100"`
	Zone string `form:"zone" validate:"required,max=60"`
}

func (h *Handlers) listStores(w http.ResponseWriter, r *http.Request) error {
	accounts, err := h.Stores.Accounts(r.Context(), person(r), access.ViewAccounts)
	if err != nil {
		return err
	}
	return h.page(w, r, stores.ListPage(stores.List{Stores: views.From(r.Context()).Stores, Accounts: accounts, Catalog: h.Stores.Catalog}))
}

func (h *Handlers) newStore(w http.ResponseWriter, r *http.Request) error {
	return h.page(w, r, stores.NewPage(stores.Form{Zone: views.From(r.Context()).Zone.String()}))
}

func (h *Handlers) openStore(w http.ResponseWriter, r *http.Request) error {
	var in storeForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if len(wrong) == 0 {
		st, err := h.Stores.OpenStore(r.Context(), person(r), in.Name, in.Zone)
		if err == nil {
			err = h.Access.SelfGrant(r.Context(), person(r), st.ID)
		}
		if wrong = storeProblems(err); wrong == nil {
			if err != nil {
				return err
			}
			h.say(w, r, views.Good, "stores.opened", "Name", st.Name)
			return h.redirect(w, r, link.Store(r.Context(), string(st.ID)))
		}
	}
	return h.render(w, r, http.StatusUnprocessableEntity, stores.NewPage(storeFormOf(r, in, wrong)), nil)
}

func storeFormOf(r *http.Request, in storeForm, wrong map[string]problem) stores.Form {
	return stores.Form{Name: in.Name, Zone: in.Zone, NameError: text(r, wrong, "name"), ZoneError: text(r, wrong, "zone")}
}

// storeProblems is what is wrong with the input, nil if err is none or something else.
func storeProblems(err error) map[string]problem {
	if e, ok := errors.AsType[*store.InputError](err); ok {
		return map[string]problem{e.Field: {key: e.Key}}
	}
	return nil
}

func (h *Handlers) showStore(w http.ResponseWriter, r *http.Request) error {
	st, err := h.Stores.Store(r.Context(), person(r), store.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	return h.drawStore(w, r, http.StatusOK, st, stores.Form{Name: st.Name, Zone: st.Zone})
}

func (h *Handlers) drawStore(w http.ResponseWriter, r *http.Request, status int, st store.Store, f stores.Form) error {
	accounts, err := h.Stores.Accounts(r.Context(), person(r), access.ViewAccounts)
	if err != nil {
		return err
	}
	return h.render(w, r, status, stores.ShowPage(stores.Show{Store: st, Accounts: stores.Of(accounts, st.ID), Catalog: h.Stores.Catalog, Form: f}), nil)
}

func (h *Handlers) renameStore(w http.ResponseWriter, r *http.Request) error {
	st, err := h.Stores.Store(r.Context(), person(r), store.ID(r.PathValue("id")))
	if err != nil {
		return err
	}
	var in storeForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if len(wrong) == 0 {
		err := h.Stores.RenameStore(r.Context(), person(r), st.ID, in.Name, in.Zone)
		if wrong = storeProblems(err); wrong == nil {
			if err != nil {
				return err
			}
			h.say(w, r, views.Good, "stores.saved")
			return h.redirect(w, r, link.Store(r.Context(), string(st.ID)))
		}
	}
	return h.drawStore(w, r, http.StatusUnprocessableEntity, st, storeFormOf(r, in, wrong))
}
