package demo

import (
	"bytes"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers/all"
)

// TestWelcome: what the demo prints leads to the control page of every simulator.
func TestWelcome(t *testing.T) {
	d := &Demo{clock: newClock(), public: "http://localhost:8080"}
	defer d.Close()
	for _, def := range all.Definitions() {
		s, err := d.startSimulator(t.Context(), def)
		if err != nil {
			t.Fatal(err)
		}
		d.sims = append(d.sims, s)
	}
	var out bytes.Buffer
	if err := d.Welcome(&out); err != nil {
		t.Fatal(err)
	}
	for _, s := range d.sims {
		if line := "  " + s.def.Name + strings.Repeat(" ", 10-len(s.def.Name)) + " " + s.url + "/_simulator\n"; !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in\n%s", line, out.String())
		}
	}
}
