package sim

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Controls is what a simulator gives its [Desk] to control it with.
type Controls struct {
	Definition providers.Definition
	Config     providers.SimulatorConfig // what the simulator was made with
	Ledger     *Ledger
	Courier    *Courier // nil: the company sends no webhooks
	Table      []Row    // the company's own table of scenarios; nil: [Table]
	Ends       []End    // the words with which its orders end
}

// Desk puts a control page before a simulator, at /_simulator on the simulator's own address, and the same as JSON for
// scripts below it. Whoever reaches the address may use it. Every other request is the simulator's.
//
// A switch that is turned makes the simulator anew, as if the company had begun to behave in the other way: its orders,
// its money and its webhooks stay, and what else it remembered, such as sessions and nonces, is gone.
type Desk struct {
	controls Controls
	pages    http.Handler
	faults   *Faults
	broken   []NamedFault

	mu       sync.Mutex
	next     http.Handler // the simulator
	courier  *Courier
	on       []string // switches
	count    int      // faults so far
	armed    []Armed
	met      []Met
	followed int // redirects of a fault that a client followed
	said     string
	saidAt   time.Time
}

// NewDesk puts a desk before a simulator.
func NewDesk(next http.Handler, c Controls) *Desk {
	c.Config = Defaults(c.Config)
	if c.Table == nil {
		c.Table = Table()
	}
	d := &Desk{controls: c, next: next, courier: c.Courier, on: slices.Sorted(slices.Values(c.Config.Switches)), broken: Broken(elsewherePath)}
	d.faults = NewFaults(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.simulator().ServeHTTP(w, r) }))
	d.pages = http.NewCrossOriginProtection().Handler(d.routes())
	return d
}

// elsewherePath is where the fault "redirect" leads.
const elsewherePath = providers.ControlPath + "/elsewhere"

// routes are the page and its actions. Forms of the page get the page again, scripts get JSON.
func (d *Desk) routes() http.Handler {
	const at = providers.ControlPath
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+at, d.showPage)
	mux.HandleFunc("GET "+at+"/state", func(w http.ResponseWriter, _ *http.Request) { JSON(w, http.StatusOK, d.state()) })
	mux.HandleFunc("GET "+at+"/orders", d.showOrders)
	mux.HandleFunc("GET "+at+"/orders/{id}", d.showOrder)
	mux.HandleFunc("POST "+at+"/orders/{id}/{action}", d.act)
	mux.HandleFunc("GET "+at+"/deliveries", func(w http.ResponseWriter, _ *http.Request) {
		JSON(w, http.StatusOK, map[string]any{"deliveries": d.deliveries("", 0)})
	})
	mux.HandleFunc("POST "+at+"/faults", d.change(d.armFault))
	mux.HandleFunc("POST "+at+"/faults/clear", d.change(d.clearFaults))
	mux.HandleFunc("POST "+at+"/delay", d.change(d.setDelay))
	mux.HandleFunc("POST "+at+"/switches/{name}", d.change(d.turn))
	mux.HandleFunc(elsewherePath, d.elsewhere)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.fail(w, r, fmt.Errorf("%w: the control page is %s", errNothing, at))
	})
	return mux
}

// The errors of what is asked of a desk.
var (
	errNothing    = errors.New("there is nothing here")
	errWrong      = errors.New("this cannot be done")
	errNoWebhooks = errors.New("this company sends no webhooks")
)

// ServeHTTP shows the control page, carries a request out, or lets it go wrong.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != providers.ControlPath && !strings.HasPrefix(r.URL.Path, providers.ControlPath+"/") {
		d.faults.ServeHTTP(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	w.Header().Set("Cache-Control", "no-store")
	d.pages.ServeHTTP(w, r)
}

// simulator returns what is behind the desk.
func (d *Desk) simulator() http.Handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next
}

// mail returns the courier, nil if there is none.
func (d *Desk) mail() *Courier {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.courier
}

// say keeps what was done last, for the page.
func (d *Desk) say(what string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said, d.saidAt = what, d.controls.Config.Now()
	return what
}

// turn turns one switch on or off.
func (d *Desk) turn(r *http.Request) (string, error) {
	name, on := r.PathValue("name"), r.FormValue("on") == "true"
	known := d.controls.Definition.Switches
	switch {
	case known[name] == "":
		return "", fmt.Errorf("%w: there is no switch %q; there are %s", errNothing, name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
	case !on && r.FormValue("on") != "false":
		return "", fmt.Errorf("%w: say on=true or on=false", errWrong)
	}
	if err := d.remake(name, on); err != nil {
		return "", err
	}
	return fmt.Sprintf("switch %s is %s", name, map[bool]string{true: "on", false: "off"}[on]), nil
}

// remake makes the simulator anew with a switch turned.
func (d *Desk) remake(name string, on bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(d.on), func(s string) bool { return s == name })
	if on {
		all = append(all, name)
		slices.Sort(all)
	}
	cfg := d.controls.Config
	cfg.Switches = all
	fresh, ok := d.controls.Definition.Simulator(cfg).(*Desk)
	if !ok {
		return fmt.Errorf("%w: the simulator cannot be made with the switches %s", errWrong, strings.Join(all, ", "))
	}
	fresh.controls.Ledger.adopt(d.controls.Ledger)
	if fresh.courier != nil && d.courier != nil {
		fresh.courier.adopt(d.courier)
	}
	d.next, d.courier, d.on = fresh.next, fresh.courier, all
	return nil
}
