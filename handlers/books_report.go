package handlers

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/paywicket/paywicket/views"
	pages "github.com/paywicket/paywicket/views/books"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
)

// maxUpload is the largest form with a file that is read.
const maxUpload = books.MaxFile + maxForm

// takesFile reports whether a route takes a file, and the person may send one.
func takesFile(r *http.Request, rt route) bool {
	return strings.HasSuffix(rt.pattern, "/upload") && access.CanSomewhere(person(r), rt.permission)
}

// readFile reads a posted form with a file. What is large lies on the disk until the answer is made.
func (h *Handlers) readFile(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	err := r.ParseMultipartForm(1 << 20) //nolint:gosec // bounded above
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &formError{status: http.StatusRequestEntityTooLarge, key: "error.413"}
	}
	switch {
	case err != nil:
		err = &formError{status: http.StatusBadRequest, key: "error.form"}
	case !h.checkCSRF(r):
		err = errCSRF // here, so that nothing of the file stays behind
	}
	if err != nil && r.MultipartForm != nil {
		return errors.Join(err, r.MultipartForm.RemoveAll())
	}
	return err
}

func (h *Handlers) uploadReport(w http.ResponseWriter, r *http.Request) error {
	if r.MultipartForm != nil {
		defer func() { _ = r.MultipartForm.RemoveAll() }() // what stays is in the temporary folder
	}
	k, err := bookKey(r)
	if err != nil {
		return err
	}
	rep, err := h.keepUpload(r, k)
	if said := bookWords(r, err); said != "" {
		return h.monthPage(w, r, k, http.StatusUnprocessableEntity, func(p *pages.Page) { p.Upload = said })
	}
	if err != nil {
		return err
	}
	return h.redirect(w, r, link.Report(r.Context(), rep.ID))
}

func (h *Handlers) keepUpload(r *http.Request, k books.Key) (books.Report, error) {
	if r.MultipartForm == nil {
		return books.Report{}, &books.Error{Code: "no_file"}
	}
	file, head, err := r.FormFile("file")
	if err != nil {
		return books.Report{}, &books.Error{Code: "no_file", Err: err}
	}
	defer func() { _ = file.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(file, books.MaxFile+1))
	if err != nil {
		return books.Report{}, err
	}
	return h.Books.Upload(r.Context(), person(r), k, head.Filename, data)
}

func (h *Handlers) showReport(w http.ResponseWriter, r *http.Request) error {
	return h.previewPage(w, r, http.StatusOK, books.Mapping{}, nil)
}

// previewPage writes a file as it would be taken in.
func (h *Handlers) previewPage(w http.ResponseWriter, r *http.Request, status int, m books.Mapping, cause error) error {
	p, err := h.Books.Look(r.Context(), person(r), r.PathValue("id"), m)
	if err != nil {
		return err
	}
	page := pages.Preview{Preview: p, Company: h.Stores.Catalog.Name(p.Report.Key.Provider), Problem: bookWords(r, cause)}
	if p.Problem != nil {
		page.Problem = bookWords(r, p.Problem)
	}
	return h.render(w, h.inMode(r, p.Report.Key.Live, p.Report.Key.Store), status, pages.PreviewPage(page), nil)
}

func (h *Handlers) takeReport(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.Books.Report(r.Context(), person(r), r.PathValue("id")); err != nil {
		return err
	}
	var in struct {
		Do      string `form:"do" validate:"required,oneof=take look drop"`
		Decimal string `form:"decimal" validate:"omitempty,oneof=point comma"`
		Dates   string `form:"dates" validate:"omitempty,oneof=iso dmy mdy"`
	}
	if wrong, err := h.decode(r, &in, "column["); err != nil || len(wrong) > 0 {
		return errors.Join(err, ifWrong(wrong))
	}
	m := mappingOf(r, in.Decimal, in.Dates)
	switch in.Do {
	case "look":
		return h.previewPage(w, r, http.StatusUnprocessableEntity, m, nil) // nothing is done yet: the form comes back
	case "drop":
		rep, err := h.Books.Drop(r.Context(), person(r), r.PathValue("id"))
		if err != nil {
			return err
		}
		h.say(w, r, views.Good, "books.dropped")
		return h.redirect(w, r, link.BookMonth(r.Context(), pages.Of(rep.Key)))
	}
	rep, err := h.Books.Take(r.Context(), person(r), r.PathValue("id"), m)
	if bookWords(r, err) != "" {
		return h.previewPage(w, r, http.StatusUnprocessableEntity, m, err)
	}
	if err != nil {
		return err
	}
	h.say(w, r, views.Good, "books.taken")
	return h.redirect(w, r, link.BookMonth(r.Context(), pages.Of(rep.Key)))
}
