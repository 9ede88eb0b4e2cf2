package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// When a fault strikes.
const (
	before = "before" // nothing is booked
	after  = "after"  // the request was carried out
)

// keptMet is how many faults that were met are remembered.
const keptMet = 20

// mostDelay is how long webhooks may be asked to wait.
const mostDelay = time.Hour

// Armed is a fault that waits for a request.
type Armed struct {
	Fault  string `json:"fault"`
	When   string `json:"when"`             // "before" the request is carried out or "after"
	Method string `json:"method,omitempty"` // of the request it waits for; empty: any
	Path   string `json:"path,omitempty"`   // the end of that request's path; empty: any

	number int
}

// Met is a fault that a request met.
type Met struct {
	Armed
	At      time.Time `json:"at"`
	Request string    `json:"request"` // "POST /v1/payouts"
}

func (a Armed) matches(r *http.Request) bool {
	return (a.Method == "" || a.Method == r.Method) && strings.HasSuffix(r.URL.Path, a.Path)
}

// armFault has the next request that fits go wrong.
func (d *Desk) armFault(r *http.Request) (string, error) {
	a := Armed{Fault: r.FormValue("fault"), When: r.FormValue("when"), Method: strings.ToUpper(r.FormValue("method")), Path: r.FormValue("path")}
	if a.When == "" {
		a.When = before
	}
	i := slices.IndexFunc(d.broken, func(f NamedFault) bool { return f.Name == a.Fault })
	switch {
	case i < 0:
		return "", fmt.Errorf("%w: there is no fault %q; there are %s", errNothing, a.Fault, strings.Join(d.faultNames(), ", "))
	case a.When != before && a.When != after:
		return "", fmt.Errorf("%w: say when=before or when=after", errWrong)
	}
	d.mu.Lock()
	d.count++
	a.number = d.count
	d.armed = append(d.armed, a)
	d.mu.Unlock()
	add := d.faults.Next
	if a.When == after {
		add = d.faults.After
	}
	add(a.matches, func(w http.ResponseWriter, r *http.Request) {
		d.meet(a, r)
		d.broken[i].Fault(w, r)
	})
	return "the next request that fits meets the fault: " + a.Fault, nil
}

func (d *Desk) faultNames() []string {
	var all []string
	for _, f := range d.broken {
		all = append(all, f.Name)
	}
	return all
}

// meet notes that a request met a fault.
func (d *Desk) meet(a Armed, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = slices.DeleteFunc(d.armed, func(other Armed) bool { return other.number == a.number })
	d.met = append(d.met, Met{Armed: a, At: d.controls.Config.Now(), Request: r.Method + " " + r.URL.Path})
	if len(d.met) > keptMet {
		d.met = slices.Delete(d.met, 0, 1)
	}
}

func (d *Desk) clearFaults(*http.Request) (string, error) {
	d.faults.Reset()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = nil
	return "no fault waits any more", nil
}

// setDelay reads seconds, or a duration as "1m30s".
func (d *Desk) setDelay(r *http.Request) (string, error) {
	text := r.FormValue("delay")
	delay, err := time.ParseDuration(text)
	if seconds, plain := strconv.Atoi(text); plain == nil {
		delay, err = time.Duration(seconds)*time.Second, nil
	}
	mail := d.mail()
	switch {
	case mail == nil:
		return "", errNoWebhooks
	case err != nil || delay < 0 || delay > mostDelay:
		return "", fmt.Errorf("%w: say delay=30s, up to an hour", errWrong)
	}
	mail.Delay(delay)
	return fmt.Sprintf("webhooks wait %v", delay), nil
}

// elsewhere is where the fault "redirect" leads: nothing is carried out there.
func (d *Desk) elsewhere(w http.ResponseWriter, _ *http.Request) {
	d.mu.Lock()
	d.followed++
	d.mu.Unlock()
	JSON(w, http.StatusOK, map[string]string{"message": "a redirect was followed"})
}
