package sim

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paywicket/paywicket/providers"
)

// shownOrder is an order as the page and scripts see it.
type shownOrder struct {
	ID        string           `json:"id"` // the company's
	Reference string           `json:"reference"`
	Method    string           `json:"method"`
	Amount    string           `json:"amount"` // "50.00"
	Minor     int64            `json:"minor"`
	Currency  string           `json:"currency"`
	Word      string           `json:"word"`             // the company's status word
	Status    providers.Status `json:"status,omitempty"` // what the word means, of those that end an order
	Executed  bool             `json:"executed"`         // booked as money moved
	Created   time.Time        `json:"created"`
	Updated   time.Time        `json:"updated"`
	Past      []string         `json:"past"`            // the words before
	Next      []string         `json:"next"`            // the words that its plan has yet
	Looks     int              `json:"looks,omitempty"` // how many look-ups still see the word
	Scenario  Scenario         `json:"scenario"`
	Does      string           `json:"does"`
	Held      bool             `json:"held"` // its webhooks are held back
}

// shownDelivery is a webhook as it was posted.
type shownDelivery struct {
	Number   int               `json:"number"`
	At       time.Time         `json:"at"`
	Order    string            `json:"order"`
	Word     string            `json:"word"`
	Kind     string            `json:"kind"` // "genuine", "forged", "wrong amount", "late", "wrong amount, late" …
	URL      string            `json:"url"`
	Try      int               `json:"try"`
	ByHand   bool              `json:"by_hand"`
	Header   map[string]string `json:"header,omitempty"`
	Body     string            `json:"body,omitempty"`
	Answer   int               `json:"answer,omitempty"` // the HTTP status
	Said     string            `json:"said,omitempty"`   // the beginning of the answer
	Error    string            `json:"error,omitempty"`  // why there is no answer
	Accepted bool              `json:"accepted"`
}

// shownState is everything that is about no order.
type shownState struct {
	Provider  string         `json:"provider"`
	Name      string         `json:"name"`
	Orders    int            `json:"orders"`
	Accepts   []shownSetting `json:"accepts"`
	Switches  []shownSwitch  `json:"switches"`
	Webhooks  bool           `json:"webhooks"` // the company sends some
	ByHand    bool           `json:"by_hand"`  // it is told by hand where to post them; else each order says it
	PostsTo   []string       `json:"posts_to"` // what it was told
	Delay     string         `json:"delay"`
	Faults    []shownFault   `json:"faults"` // those there are
	Armed     []Armed        `json:"armed"`
	Met       []Met          `json:"met"` // newest first
	Followed  int            `json:"redirects_followed"`
	Scenarios []shownRow     `json:"scenarios"`
	Ends      []shownEnd     `json:"ends"`
	Balance   []shownFunds   `json:"balance"`
}

type (
	shownSetting struct {
		Name  string `json:"name"`
		Label string `json:"label"`
		Value string `json:"value"`
	}
	shownSwitch struct {
		Name string `json:"name"`
		Does string `json:"does"`
		On   bool   `json:"on"`
	}
	shownFault struct {
		Name string `json:"name"`
		Does string `json:"does"`
	}
	shownRow struct {
		Last     int      `json:"last"`
		Scenario Scenario `json:"scenario"`
		Does     string   `json:"does"`
	}
	shownEnd struct {
		Word   string           `json:"word"`
		Status providers.Status `json:"status"`
	}
	shownFunds struct {
		Amount   string `json:"amount"`
		Currency string `json:"currency"`
	}
)

// state describes the simulator.
func (d *Desk) state() shownState {
	def := d.controls.Definition
	s := shownState{Provider: def.ID, Name: def.Name, Orders: len(d.controls.Ledger.Orders(time.Time{}, time.Time{})), Delay: "0s",
		Accepts: []shownSetting{}, Switches: []shownSwitch{}, Scenarios: []shownRow{}, Ends: []shownEnd{}, PostsTo: []string{}, Balance: []shownFunds{}}
	for _, f := range def.Settings {
		s.Accepts = append(s.Accepts, shownSetting{f.Name, cmp.Or(f.Label.English, f.Name), d.controls.Config.Settings[f.Name]})
	}
	for _, f := range d.broken {
		s.Faults = append(s.Faults, shownFault{f.Name, f.Does})
	}
	for _, row := range d.controls.Table {
		s.Scenarios = append(s.Scenarios, shownRow(row))
	}
	for _, e := range d.controls.Ends {
		s.Ends = append(s.Ends, shownEnd(e))
	}
	for _, a := range d.controls.Ledger.Balance() {
		s.Balance = append(s.Balance, shownFunds{a.Decimal(), a.Currency})
	}
	if mail := d.mail(); mail != nil {
		s.Webhooks, s.ByHand, s.Delay = true, def.Webhooks == providers.WebhooksByHand, mail.Delayed().String()
		s.PostsTo = append(s.PostsTo, d.controls.Config.WebhookURLs()...)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(def.Switches)) {
		s.Switches = append(s.Switches, shownSwitch{name, def.Switches[name], slices.Contains(d.on, name)})
	}
	s.Armed, s.Met, s.Followed = append([]Armed{}, d.armed...), append([]Met{}, d.met...), d.followed
	slices.Reverse(s.Met)
	return s
}

// shown describes an order.
func (d *Desk) shown(o Order) shownOrder {
	s := shownOrder{ID: o.RemoteID, Reference: o.Reference, Method: o.Method, Amount: cmp.Or(o.Amount.Decimal(), strconv.FormatInt(o.Amount.Minor, 10)), Minor: o.Amount.Minor, Currency: o.Amount.Currency,
		Word: o.Status, Executed: o.Executed, Created: o.Created, Updated: o.Updated, Past: append([]string{}, o.Past...), Next: []string{},
		Scenario: Normal, Does: "in progress, then paid"}
	for _, e := range d.controls.Ends {
		if e.Word == o.Status {
			s.Status = e.Status
		}
	}
	for _, step := range o.Plan[min(o.Taken, len(o.Plan)):] {
		s.Next = append(s.Next, cmp.Or(step.Status, o.Status))
	}
	if o.Executed && o.Taken < len(o.Plan) {
		s.Looks = max(0, o.Plan[o.Taken].Looks-o.Looks)
	}
	for _, row := range d.controls.Table {
		if row.Last == LastTwo(o.Amount) {
			s.Scenario, s.Does = row.Scenario, row.Does
		}
	}
	if mail := d.mail(); mail != nil {
		s.Held = mail.Held(o.RemoteID)
	}
	return s
}

// orders returns the orders that a search finds, newest first. It looks for a part of the number or of our reference.
func (d *Desk) orders(search string) []shownOrder {
	all := []shownOrder{}
	for _, o := range slices.Backward(d.controls.Ledger.Orders(time.Time{}, time.Time{})) {
		if strings.Contains(strings.ToLower(o.RemoteID+" "+o.Reference), strings.ToLower(strings.TrimSpace(search))) {
			all = append(all, d.shown(o))
		}
	}
	return all
}

func (d *Desk) showOrders(w http.ResponseWriter, r *http.Request) {
	JSON(w, http.StatusOK, map[string]any{"orders": d.orders(r.FormValue("q"))})
}

func (d *Desk) showOrder(w http.ResponseWriter, r *http.Request) {
	o, found := d.controls.Ledger.Find(providers.Attempt{RemoteID: r.PathValue("id")})
	if !found {
		d.fail(w, r, ErrNotFound)
		return
	}
	JSON(w, http.StatusOK, map[string]any{"order": d.shown(o)})
}

// deliveries returns the last webhooks after one of them, of an order or of all, newest first.
func (d *Desk) deliveries(remoteID string, after int) []shownDelivery {
	all := []shownDelivery{}
	mail := d.mail()
	if mail == nil {
		return all
	}
	for _, one := range slices.Backward(mail.Deliveries()) {
		if one.Number > after && (remoteID == "" || remoteID == one.RemoteID) {
			all = append(all, one.shown())
		}
	}
	return all
}

// mostSaid is how much of an answer is shown.
const mostSaid = 300

func (d Delivery) shown() shownDelivery {
	s := shownDelivery{Number: d.Number, At: d.At, Order: d.RemoteID, Word: d.Word, Kind: d.Notice.kind(), URL: d.URL, Try: d.Try, ByHand: d.ByHand,
		Body: string(d.Body), Answer: d.Reply.Status, Said: cut(string(d.Reply.Body), mostSaid), Accepted: d.Accepted}
	if len(d.Header) > 0 {
		s.Header = map[string]string{}
	}
	for name, values := range d.Header {
		s.Header[name] = strings.Join(values, ", ")
	}
	if d.Err != nil {
		s.Error = d.Err.Error()
	}
	return s
}

// kind says what is odd about a notice.
func (n Notice) kind() string {
	var odd []string
	for _, k := range []struct {
		is   bool
		name string
	}{{n.Forged, "forged"}, {n.Off, "wrong amount"}, {n.Status != "", "late"}} {
		if k.is {
			odd = append(odd, k.name)
		}
	}
	return cmp.Or(strings.Join(odd, ", "), "genuine")
}

// cut shortens a text to n bytes, between two characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return fmt.Sprintf("%s …", text[:n])
}
