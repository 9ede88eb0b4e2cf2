package handlers

import (
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/access"
)

// Two exports a person, four in all; each that ends makes room once.
func TestPlacesForExports(t *testing.T) {
	var e exports
	take := func(by access.PersonID, want bool) func() {
		t.Helper()
		end, ok := e.begin(by)
		if ok != want {
			t.Fatalf("%s: got %v, want %v", by, ok, want)
		}
		return end
	}
	first := take("a", true)
	take("a", true)
	take("a", false)
	take("b", true)
	take("c", true)
	take("d", false)
	first()
	take("d", true)
	take("a", false)
	if len(e.running) != 4 || e.all != maxExports {
		t.Errorf("got %v, %d in all", e.running, e.all)
	}
}

// What is watched is its owner's only, and is forgotten after a while.
func TestPlannedExports(t *testing.T) {
	var e exports
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	j := e.plan("a", 7, now)
	if e.find("a", j.id) != j || e.find("b", j.id) != nil || e.find("a", "") != nil {
		t.Error("an export is found by somebody else, or not by its owner")
	}
	e.plan("a", 7, now.Add(jobLife+time.Second))
	if e.find("a", j.id) != nil {
		t.Error("an old one is remembered")
	}
	long := e.plan("a", 7, now)
	if !long.start() || long.start() {
		t.Error("it starts not at once, or twice")
	}
	if e.plan("a", 7, now.Add(2*jobLife)); e.find("a", long.id) != long {
		t.Error("one that runs is forgotten")
	}
	for range 2 * manyJobs {
		e.plan("a", 7, now)
	}
	if len(e.jobs) > manyJobs {
		t.Errorf("%d are remembered", len(e.jobs))
	}
}
