package sim

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// action is what can be done to an order. It returns what it did, to be said behind the order's number.
type action struct {
	name string
	do   func(o Order, word string) (string, error)
}

// actions are all that can be done to an order.
func (d *Desk) actions() []action {
	return []action{
		{"advance", d.advance},
		{"end", d.end},
		{"send", d.send("sent again", Notice{})},
		{"send-twice", d.send("sent twice", Notice{}, Notice{})},
		{"send-forged", d.send("sent with a wrong signature", Notice{Forged: true})},
		{"send-wrong-amount", d.send("sent with a wrong amount", Notice{Off: true})},
		{"send-late", d.sendLate},
		{"hold", d.hold(true, "further webhooks are held back")},
		{"release", d.hold(false, "webhooks are held back no more")},
	}
}

// act does something to an order.
func (d *Desk) act(w http.ResponseWriter, r *http.Request) {
	o, found := d.controls.Ledger.Find(providers.Attempt{RemoteID: r.PathValue("id")})
	if !found || o.RemoteID == "" {
		d.fail(w, r, ErrNotFound)
		return
	}
	all, name := d.actions(), r.PathValue("action")
	i := slices.IndexFunc(all, func(a action) bool { return a.name == name })
	if i < 0 {
		var names []string
		for _, a := range all {
			names = append(names, a.name)
		}
		d.fail(w, r, fmt.Errorf("%w: there is no action %q; there are %s", errNothing, name, strings.Join(names, ", ")))
		return
	}
	before := d.lastDelivery()
	did, err := all[i].do(o, r.FormValue("word"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	posted := d.deliveries(o.RemoteID, before)
	for _, one := range slices.Backward(posted) {
		did += ", webhook " + one.forPage().Result
	}
	said := d.say(o.RemoteID + ": " + did)
	if wantsPage(r) {
		back(w, r, o.RemoteID)
		return
	}
	o, _ = d.controls.Ledger.Find(providers.Attempt{RemoteID: o.RemoteID})
	JSON(w, http.StatusOK, map[string]any{"message": said, "order": d.shown(o), "deliveries": posted})
}

func (d *Desk) advance(o Order, _ string) (string, error) {
	now, err := d.controls.Ledger.Advance(o.RemoteID)
	return "now " + now.Status, err
}

func (d *Desk) end(o Order, word string) (string, error) {
	i := slices.IndexFunc(d.controls.Ends, func(e End) bool { return e.Word == word })
	if i < 0 {
		var words []string
		for _, e := range d.controls.Ends {
			words = append(words, e.Word)
		}
		return "", fmt.Errorf("%w: say with word= how it ends, one of %s", errWrong, strings.Join(words, ", "))
	}
	now, err := d.controls.Ledger.End(o.RemoteID, d.controls.Ends[i], Notice{})
	return "ended as " + now.Status, err
}

// send tells about an order as it is, or nearly.
func (d *Desk) send(did string, notices ...Notice) func(Order, string) (string, error) {
	return func(o Order, _ string) (string, error) {
		mail := d.mail()
		if mail == nil {
			return "", errNoWebhooks
		}
		for _, n := range notices {
			mail.Send(o, n)
		}
		return did, nil
	}
}

// sendLate tells about a status that the order has no more: the last one, or the word asked for.
func (d *Desk) sendLate(o Order, word string) (string, error) {
	switch {
	case len(o.Past) == 0:
		return "", fmt.Errorf("%w: the order has had no other status", errWrong)
	case word == "":
		word = o.Past[len(o.Past)-1]
	case !slices.Contains(o.Past, word):
		return "", fmt.Errorf("%w: the order was never %q", errWrong, word)
	}
	return d.send("sent late, as "+word, Notice{Status: word})(o, "")
}

func (d *Desk) hold(held bool, did string) func(Order, string) (string, error) {
	return func(o Order, _ string) (string, error) {
		mail := d.mail()
		if mail == nil {
			return "", errNoWebhooks
		}
		mail.Hold(o.RemoteID, held)
		return did, nil
	}
}

// lastDelivery is the number of the last webhook so far.
func (d *Desk) lastDelivery() int {
	if all := d.deliveries("", 0); len(all) > 0 {
		return all[0].Number
	}
	return 0
}

// change makes a change that is about no order.
func (d *Desk) change(do func(*http.Request) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		did, err := do(r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		d.say(did)
		if wantsPage(r) {
			back(w, r, "")
			return
		}
		JSON(w, http.StatusOK, map[string]any{"message": did, "state": d.state()})
	}
}

// wantsPage tells a browser from a script.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// back leads from a form to the page, with an order open on it.
func back(w http.ResponseWriter, r *http.Request, remoteID string) {
	to := providers.ControlPath
	if remoteID != "" {
		to += "?order=" + url.QueryEscape(remoteID) + "#" + url.PathEscape(remoteID)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// fail says what is wrong, on the page or as JSON.
func (d *Desk) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusConflict
	switch {
	case errors.Is(err, errNothing) || errors.Is(err, ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, errWrong):
		status = http.StatusUnprocessableEntity
	}
	if wantsPage(r) {
		d.draw(w, r, status, err.Error())
		return
	}
	JSON(w, status, map[string]string{"message": err.Error()})
}
