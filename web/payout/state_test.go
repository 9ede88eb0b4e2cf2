package payout_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
)

// published is the table of states as the documents have it, written down a second time on purpose.
const published = `
	draft         submitted discarded
	submitted     approved rejected withdrawn draft
	approved      sending submitted draft withdrawn
	sending       accepted paid failed cancelled refused not_sent unknown
	accepted      paid failed cancelled
	unknown       accepted paid failed cancelled not_executed
	not_sent      submitted
	refused       submitted
	not_executed  submitted
	paid          returned
	failed
	cancelled
	returned
	rejected
	withdrawn
	discarded`

func publishedEdges() map[payout.State][]payout.State {
	edges := map[payout.State][]payout.State{}
	for line := range strings.Lines(strings.TrimSpace(published)) {
		words := strings.Fields(line)
		from := payout.State(words[0])
		edges[from] = []payout.State{}
		for _, to := range words[1:] {
			edges[from] = append(edges[from], payout.State(to))
		}
	}
	return edges
}

// Invariants 2 and 5: only the published edges exist, and none leads out of an end state or from sending or unknown back
// to approved.
func TestEdges(t *testing.T) {
	edges := publishedEdges()
	if got := payout.States(); len(got) != len(edges) {
		t.Fatalf("got %d states, want the %d published ones", len(got), len(edges))
	}
	for _, from := range payout.States() {
		for _, to := range append(payout.States(), "", "done") {
			want := slices.Contains(edges[from], to)
			p := &payout.Payout{State: from, DueAt: begin}
			err := p.Move(to, begin)
			if moved := err == nil; moved != want || from.CanBecome(to) != want {
				t.Errorf("%s to %s: got %v, want %v", from, to, moved, want)
			}
			switch {
			case want && (p.State != to || !p.DueAt.IsZero()):
				t.Errorf("%s to %s: got %s due %v, want %s due never", from, to, p.State, p.DueAt, to)
			case !want && (p.State != from || p.DueAt.IsZero() || code(err) != payout.CodeState):
				t.Errorf("%s to %s: got %s and %v, want it untouched and refused", from, to, p.State, err)
			}
			if ends := want && (len(edges[to]) == 0 || to == payout.Paid); ends != !p.EndedAt.IsZero() {
				t.Errorf("%s to %s: got end at %v, want it set: %v", from, to, p.EndedAt, ends)
			}
		}
	}
}

func TestStateProperties(t *testing.T) {
	flight := []payout.State{payout.Sending, payout.Accepted, payout.Unknown}
	final := []payout.State{payout.Paid, payout.Failed, payout.Cancelled, payout.Returned, payout.Rejected, payout.Withdrawn, payout.Discarded}
	for _, s := range payout.States() {
		if got, want := s.InFlight(), slices.Contains(flight, s); got != want {
			t.Errorf("%s in flight: got %v, want %v", s, got, want)
		}
		if got, want := s.Final(), slices.Contains(final, s); got != want {
			t.Errorf("%s final: got %v, want %v", s, got, want)
		}
	}
}

// operation is one thing the service can be asked for, and where it leads from the setups in which it is possible.
type operation struct {
	name string
	do   func(*rig, *payout.Payout) error
	to   map[string]payout.State
}

func operations() []operation {
	both := func(to payout.State, names ...string) map[string]payout.State {
		m := map[string]payout.State{}
		for _, n := range names {
			m[n] = to
		}
		return m
	}
	return []operation{
		{"edit", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Edit(r.ctx, mia(), p.ID, p.Version, input())
			return err
		}, both(payout.Draft, "draft", "submitted", "approved")},
		{"mend", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Mend(r.ctx, mia(), p.ID, p.Version, map[string]string{"bank": "01"}, r.form())
			return err
		}, map[string]payout.State{"draft": payout.Draft, "submitted": payout.Submitted, "approved": payout.Submitted}},
		{"autosave", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Edit(r.ctx, mia(), p.ID, 0, input())
			return err
		}, both(payout.Draft, "draft")},
		{"submit", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Submit(r.ctx, mia(), p.ID, r.form())
			return err
		}, both(payout.Submitted, "draft")},
		{"approve", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Approve(r.ctx, sol(), p.ID, r.stepUp("sol", string(p.ID), p.Digest))
			return err
		}, both(payout.Approved, "submitted", "submitted again")},
		{"reject", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Reject(r.ctx, sol(), p.ID, p.Version, "no")
			return err
		}, both(payout.Rejected, "submitted", "submitted again")},
		{"withdraw", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Withdraw(r.ctx, mia(), p.ID)
			return err
		}, both(payout.Withdrawn, "submitted", "submitted again", "approved", "approved again")},
		{"discard", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Discard(r.ctx, mia(), p.ID)
			return err
		}, both(payout.Discarded, "draft")},
		{"again", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Again(r.ctx, mia(), p.ID)
			return err
		}, both(payout.Submitted, "not_sent", "refused", "not_executed")},
		{"testify", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Testify(r.ctx, mia(), p.ID, p.Version, payout.Review{Verdict: payout.Missing, Text: "not in the portal"})
			return err
		}, both(payout.Unknown, "unknown", "unknown, evidence waits")},
		{"settle", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.Settle(r.ctx, sol(), p.ID, "250000", r.stepUp("sol", string(p.ID), p.ReviewDigest()))
			return err
		}, both(payout.NotExecuted, "unknown, evidence waits")},
		{"claim", func(r *rig, p *payout.Payout) error {
			_, err := r.tryClaim(p.ID)
			return err
		}, both(payout.Sending, "approved", "approved again")},
		{"send back", func(r *rig, p *payout.Payout) error {
			return r.svc.SendBack(r.ctx, payout.InStore("s1"), p.ID, &providers.Error{Message: "no such bank"}, nil)
		}, both(payout.Submitted, "approved", "approved again")},
		{"postpone", func(r *rig, p *payout.Payout) error {
			return r.svc.Postpone(r.ctx, payout.InStore("s1"), p.ID, r.now(), nil)
		}, both(payout.Approved, "approved", "approved again")},
		{"checkpoint", func(r *rig, p *payout.Payout) error {
			return r.svc.Checkpoint(r.ctx, payout.InStore("s1"), p.ID, 1, "R1", nil)
		}, both(payout.Sending, "sending")},
		{"look now", func(r *rig, p *payout.Payout) error {
			_, err := r.svc.LookNow(r.ctx, ann(), p.ID)
			return err
		}, map[string]payout.State{"accepted": payout.Accepted, "unknown": payout.Unknown, "unknown, evidence waits": payout.Unknown}},
		{"orphan", func(r *rig, p *payout.Payout) error {
			_, err := r.db.Payouts().Update(r.ctx, payout.InStore("s1"), p.ID, func(p *payout.Payout, _ payout.World) error { return p.Orphan(r.now()) })
			return err
		}, both(payout.Unknown, "sending")},
	}
}

// Everything the service can do, in every state: it leads where it should, or it is refused and changes nothing.
func TestOperationsInEveryState(t *testing.T) {
	r := newRig(t)
	for _, s := range setups() {
		for _, op := range operations() {
			t.Run(s.name+"/"+op.name, func(t *testing.T) {
				r.during(t)
				p := r.find(s.make(r))
				if p.State != s.state || s.sent != (len(p.Attempts) > 0) {
					t.Fatalf("got %s with %d attempts, want %s", p.State, len(p.Attempts), s.state)
				}
				head, err := r.db.Audit().Head(r.ctx)
				r.must(err)
				err = op.do(r, p)
				after := r.find(p.ID)
				if want, ok := op.to[s.name]; ok {
					if err != nil || after.State != want || after.Version != p.Version+1 {
						t.Errorf("got %s version %d and %v, want %s", after.State, after.Version, err, want)
					}
					return
				}
				if err == nil {
					t.Errorf("got %s and no error, want it refused", after.State)
				}
				if diff := cmp.Diff(p, after, exported()); diff != "" {
					t.Errorf("refused, but changed (-before +after):\n%s", diff)
				}
				if now, _ := r.db.Audit().Head(r.ctx); now.Seq != head.Seq {
					t.Errorf("refused, but %d audit rows were written", now.Seq-head.Seq)
				}
			})
		}
	}
}
