package handlers

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net/http"
	"strings"
	"time"

	"github.com/pquerna/otp"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/views/me"
	"github.com/paywicket/paywicket/web/access"
)

// The picture of a seed, in pixels: readers need a white border around it.
const (
	pictureSize   = 208
	pictureBorder = 16
)

func (h *Handlers) showTOTP(w http.ResponseWriter, r *http.Request) error {
	if person(r).HasTOTP {
		return h.page(w, r, me.RemoveTOTP(me.TOTPForm{Person: person(r)}))
	}
	return h.totpPage(w, r, http.StatusOK, "", me.TOTPForm{})
}

// totpPage shows a seed, a new one if there is none yet. The seed travels with the form, bound to the person: no other
// is taken.
func (h *Handlers) totpPage(w http.ResponseWriter, r *http.Request, status int, seed string, f me.TOTPForm) error {
	f.Person = person(r)
	key, err := h.Access.NewTOTP(named(f.Person))
	if err != nil {
		return fmt.Errorf("make authenticator: %w", err)
	}
	if seed != "" {
		if key, err = otp.NewKeyFromURL(strings.Replace(key.URL(), key.Secret(), seed, 1)); err != nil {
			return fmt.Errorf("read authenticator: %w", err)
		}
	}
	f.Seed, f.Address = key.Secret(), key.URL()
	f.Seal = h.Options.Token(h.sealParts(r, f.Seed)...)
	if f.Picture, err = picture(key); err != nil {
		return err
	}
	return h.render(w, r, status, me.AddTOTP(f), nil)
}

// named gives a person whom the host program knows without an address something an authenticator app can show.
func named(p access.Person) access.Person {
	for _, name := range []string{p.Name, string(p.ID)} {
		if p.Email == "" {
			p.Email = name
		}
	}
	return p
}

func (h *Handlers) sealParts(r *http.Request, seed string) []string {
	return []string{"totp", string(person(r).ID), login(r), seed}
}

// picture is a seed as a code to point a camera at, as a data address.
func picture(key *otp.Key) (string, error) {
	code, err := key.Image(pictureSize, pictureSize)
	if err != nil {
		return "", fmt.Errorf("draw authenticator code: %w", err)
	}
	full := image.Rect(0, 0, pictureSize+2*pictureBorder, pictureSize+2*pictureBorder)
	out := image.NewPaletted(full, color.Palette{color.White, color.Black})
	draw.Draw(out, full.Inset(pictureBorder), code, code.Bounds().Min, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		return "", fmt.Errorf("write authenticator code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

type totpForm struct {
	Seed     string `form:"seed" validate:"required"`
	Seal     string `form:"seal" validate:"required"`
	Password string `form:"password"`
	Code     string `form:"code" validate:"required,max=20"`
}

func (h *Handlers) addTOTP(w http.ResponseWriter, r *http.Request) error {
	p := person(r)
	if p.HasTOTP {
		return h.redirect(w, r, link.MeTOTP(r.Context()))
	}
	var in totpForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	if !h.Options.CheckToken(in.Seal, h.sealParts(r, in.Seed)...) {
		return &formError{status: http.StatusBadRequest, key: "error.form"}
	}
	if in.Password == "" && p.HasPass {
		wrong["password"] = problem{key: "check.required"}
	}
	f := me.TOTPForm{PasswordError: text(r, wrong, "password"), CodeError: text(r, wrong, "code")}
	if len(wrong) == 0 {
		err = h.Access.AddTOTP(r.Context(), p, access.FactorChange{Password: in.Password, Seed: in.Seed, Code: in.Code, KeepLogin: login(r)})
		if err == nil {
			return h.factorChanged(w, r, "me.totp_added")
		}
		if f.Error = refusal(r, err); f.Error == "" {
			return err
		}
	}
	return h.totpPage(w, r, http.StatusUnprocessableEntity, in.Seed, f)
}

// factorChanged gives the session a new name, since what it takes to have one has changed.
func (h *Handlers) factorChanged(w http.ResponseWriter, r *http.Request, say string) error {
	if err := h.Sessions.RenewToken(r.Context()); err != nil {
		return err
	}
	h.say(w, r, "", say)
	return h.redirect(w, r, link.Me(r.Context()))
}

// refusal is what a person is told if what they typed to confirm a change of their sign-in does not fit, "" for any
// other error.
func refusal(r *http.Request, err error) string {
	l := views.From(r.Context()).Localizer
	if t, ok := errors.AsType[*access.ThrottledError](err); ok {
		return l.T("login.throttled", "Wait", max(time.Second, t.Wait.Round(time.Second)))
	}
	if !errors.Is(err, access.ErrSignIn) {
		return ""
	}
	if person(r).HasPass {
		return l.T("me.confirm_wrong")
	}
	return l.T("me.code_wrong")
}

type totpRemoveForm struct {
	Password string `form:"password" validate:"required"`
	Code     string `form:"code" validate:"required,max=20"`
}

func (h *Handlers) removeTOTP(w http.ResponseWriter, r *http.Request) error {
	p := person(r)
	if !p.HasTOTP || p.External {
		return h.redirect(w, r, link.MeTOTP(r.Context()))
	}
	var in totpRemoveForm
	wrong, err := h.decode(r, &in)
	if err != nil {
		return err
	}
	f := me.TOTPForm{Person: p, PasswordError: text(r, wrong, "password"), CodeError: text(r, wrong, "code")}
	if len(wrong) == 0 {
		err = h.Access.RemoveTOTP(r.Context(), p, access.FactorChange{Password: in.Password, Code: in.Code, KeepLogin: login(r)})
		if err == nil {
			return h.factorChanged(w, r, "me.totp_removed")
		}
		if f.Error = refusal(r, err); f.Error == "" {
			return err
		}
	}
	return h.render(w, r, http.StatusUnprocessableEntity, me.RemoveTOTP(f), nil)
}
