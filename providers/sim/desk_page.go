package sim

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

//go:embed desk.html
var deskPage string

//go:embed desk.css
var deskStyle string

// mostOrders is how many orders the page lists.
const mostOrders = 50

// deskView is what the control page is drawn from.
type deskView struct {
	At, Host     string // its path, and where it is
	Style        template.CSS
	State        shownState
	DelaySeconds int
	Search       string
	Orders       []pageOrder
	More         int // orders that are not listed
	Deliveries   []pageDelivery
	Error        string
	Said         string
	SaidAt       time.Time
}

// pageOrder is an order with what can be done to it.
type pageOrder struct {
	shownOrder
	At       string // where its actions are
	Open     bool
	Webhooks bool
	Ends     []shownEnd
	Late     []string // the words of before that can be told now
}

// pageDelivery is a webhook with what became of it in a word.
type pageDelivery struct {
	shownDelivery
	Tone, Result string
}

func (d *Desk) showPage(w http.ResponseWriter, r *http.Request) { d.draw(w, r, http.StatusOK, "") }

// draw draws the page, with what went wrong if something did.
func (d *Desk) draw(w http.ResponseWriter, r *http.Request, status int, problem string) {
	t, err := template.New("page").Funcs(template.FuncMap{"tone": tone, "group": group, "means": means}).Parse(deskPage)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d.pageFor(r, problem)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256([]byte(deskStyle))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sum[:])))
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	write(w, b.Bytes())
}

func (d *Desk) pageFor(r *http.Request, problem string) deskView {
	p := deskView{At: providers.ControlPath, Host: r.Host, Style: template.CSS(deskStyle), State: d.state(), Search: r.URL.Query().Get("q"), Error: problem} //nolint:gosec // our own file
	if mail := d.mail(); mail != nil {
		p.DelaySeconds = int(mail.Delayed().Seconds())
	}
	found := d.orders(p.Search)
	p.More = max(0, len(found)-mostOrders)
	open := r.URL.Query().Get("order")
	if r.PathValue("id") != "" {
		open = r.PathValue("id")
	}
	for i, o := range found {
		if i >= mostOrders && o.ID != open {
			continue
		}
		late := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(o.Past))), func(word string) bool { return word == o.Word })
		p.Orders = append(p.Orders, pageOrder{shownOrder: o, At: providers.ControlPath + "/orders/" + o.ID, Webhooks: p.State.Webhooks, Ends: p.State.Ends,
			Open: o.ID == open || open == "" && i == 0, Late: late})
	}
	for _, one := range d.deliveries("", 0) {
		p.Deliveries = append(p.Deliveries, one.forPage())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Said, p.SaidAt = d.said, d.saidAt
	return p
}

func (s shownDelivery) forPage() pageDelivery {
	switch {
	case s.Accepted:
		return pageDelivery{s, "good", fmt.Sprintf("answered %d", s.Answer)}
	case s.Answer != 0:
		return pageDelivery{s, "wait", fmt.Sprintf("answered %d", s.Answer)}
	case s.Error == errHeld.Error():
		return pageDelivery{s, "none", "held back"}
	default:
		return pageDelivery{s, "bad", "no answer"}
	}
}

// group writes thousands apart: "1,250,500.25".
func group(figure string) string {
	whole, rest, _ := strings.Cut(figure, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// means says what a word means where that is another one: "60 (paid)".
func means(word string, s providers.Status) string {
	if s == "" || word == string(s) {
		return word
	}
	return fmt.Sprintf("%s (%s)", word, s)
}

// tone is the look of what a status word means.
func tone(s providers.Status) string {
	switch s {
	case providers.Paid:
		return "good"
	case providers.Failed, providers.Returned:
		return "bad"
	case providers.Cancelled:
		return "none"
	}
	return "move"
}
