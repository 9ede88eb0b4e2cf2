package handlers

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/views/payouts"
	"github.com/paywicket/paywicket/web/access"
)

// How many exports run at once: of one person, and in all. Each reads the database from end to end.
const (
	maxExportsEach = 2
	maxExports     = 4
)

// How many exports are remembered for those who watch them, and for how long.
const (
	manyJobs = 1000
	jobLife  = 30 * time.Minute
)

var errTooManyExports = &formError{status: http.StatusTooManyRequests, key: "error.exports"}

// exportJob is one export, for whoever started it to watch.
type exportJob struct {
	id    string
	by    access.PersonID
	total int // rows the filter found when it was asked for
	at    time.Time

	rows  atomic.Int64
	state atomic.Pointer[payouts.Progress] // nil: it has not begun
}

// progress is how far it has come.
func (j *exportJob) progress() payouts.Progress {
	p := payouts.Progress{Job: j.id, Total: j.total}
	if s := j.state.Load(); s != nil {
		p.Stage, p.SHA256 = s.Stage, s.SHA256
	}
	p.Rows = int(j.rows.Load())
	return p
}

// start reports whether this is its first download.
func (j *exportJob) start() bool {
	return j.state.CompareAndSwap(nil, &payouts.Progress{Stage: payouts.Running})
}

// runs reports whether it is under way, which may take longer than anything is remembered.
func (j *exportJob) runs() bool {
	s := j.state.Load()
	return s != nil && s.Stage == payouts.Running
}

func (j *exportJob) set(stage payouts.Stage, sum string) {
	j.state.Store(&payouts.Progress{Stage: stage, SHA256: sum})
}

// exports knows the exports that run and those that are watched. The zero value is ready. It forgets at a restart, which cuts
// exports off anyway.
type exports struct {
	mu      sync.Mutex
	all     int
	running map[access.PersonID]int
	jobs    map[string]*exportJob
}

// plan remembers an export that is about to be fetched.
func (e *exports) plan(by access.PersonID, total int, now time.Time) *exportJob {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.jobs == nil {
		e.jobs = map[string]*exportJob{}
	}
	maps.DeleteFunc(e.jobs, func(_ string, j *exportJob) bool {
		return !j.runs() && (now.Sub(j.at) > jobLife || len(e.jobs) >= manyJobs)
	})
	j := &exportJob{id: strings.ToLower(rand.Text()), by: by, total: total, at: now}
	e.jobs[j.id] = j
	return j
}

// find is an export of a person, nil if they have none of that name.
func (e *exports) find(by access.PersonID, id string) *exportJob {
	e.mu.Lock()
	defer e.mu.Unlock()
	if j := e.jobs[id]; j != nil && j.by == by {
		return j
	}
	return nil
}

// begin takes a place for an export, and says how to give it back; false if there is none.
func (e *exports) begin(by access.PersonID) (func(), bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all >= maxExports || e.running[by] >= maxExportsEach {
		return nil, false
	}
	if e.running == nil {
		e.running = map[access.PersonID]int{}
	}
	e.all++
	e.running[by]++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all--
		if e.running[by]--; e.running[by] == 0 {
			delete(e.running, by)
		}
	}, true
}
