package sim

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

// post is one delivery as it arrived.
type post struct {
	After  time.Duration
	URL    string
	Status string
	Minor  int64
	Forged string
}

func TestCourier(t *testing.T) {
	policy := Policy{Timeout: 3 * time.Second, Gaps: []time.Duration{10 * time.Second, time.Minute}}
	strict := policy
	strict.Accepts = Says("ok")
	tests := []struct {
		name    string
		policy  Policy
		notice  Notice
		url     string
		answers []int // 0: an error; the last one repeats
		want    []post
	}{
		{"accepted", policy, Notice{}, "http://order", []int{204}, []post{{0, "http://order", "paid", 5000, ""}}},
		{"never accepted", policy, Notice{}, "http://order", []int{500}, []post{
			{0, "http://order", "paid", 5000, ""}, {10 * time.Second, "http://order", "paid", 5000, ""}, {70 * time.Second, "http://order", "paid", 5000, ""}}},
		{"accepted at last", policy, Notice{}, "http://order", []int{0, 200}, []post{
			{0, "http://order", "paid", 5000, ""}, {10 * time.Second, "http://order", "paid", 5000, ""}}},
		{"its own idea of accepted", strict, Notice{}, "http://order", []int{204, 200}, []post{
			{0, "http://order", "paid", 5000, ""}, {10 * time.Second, "http://order", "paid", 5000, ""}}},
		{"forged", policy, Notice{Forged: true}, "http://order", []int{400}, []post{{0, "http://order", "paid", 5000, "forged"}}},
		{"wrong amount", policy, Notice{Off: true}, "http://order", []int{200}, []post{{0, "http://order", "paid", 5001, ""}}},
		{"another status", policy, Notice{Status: "pending"}, "http://order", []int{200}, []post{{0, "http://order", "pending", 5000, ""}}},
		{"configured addresses", policy, Notice{}, "", []int{200}, []post{{0, "http://a", "paid", 5000, ""}, {0, "http://b", "paid", 5000, ""}}},
		{"once by default", Policy{}, Notice{}, "http://order", []int{500}, []post{{0, "http://order", "paid", 5000, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got []post
				start := time.Now()
				c := &Courier{Policy: tt.policy, Build: build, Config: providers.SimulatorConfig{
					WebhookURLs: func() []string { return []string{"http://a", "http://b"} },
					Deliver: func(r *http.Request) (providers.Reply, error) {
						if until, bounded := r.Context().Deadline(); !bounded || time.Until(until) > 5*time.Second {
							t.Errorf("got a delivery without its deadline")
						}
						got = append(got, arrived(start, r))
						answer := tt.answers[min(len(got), len(tt.answers))-1]
						if answer == 0 {
							return providers.Reply{}, errors.New("connection refused")
						}
						return providers.Reply{Status: answer, Body: []byte(" ok\n")}, nil
					},
				}}
				c.Notify(Order{Order: providers.Order{Amount: xof(5000), CallbackURL: tt.url}, Status: "paid"}, tt.notice)
				time.Sleep(time.Hour)
				synctest.Wait()
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("deliveries differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

type messageKey struct{}

// build makes a request that carries the message beside it.
func build(m Message) (*http.Request, error) {
	return http.NewRequestWithContext(context.WithValue(context.Background(), messageKey{}, m), http.MethodPost, m.URL, nil)
}

func arrived(start time.Time, r *http.Request) post {
	m := r.Context().Value(messageKey{}).(Message)
	p := post{After: time.Since(start), URL: r.URL.String(), Status: m.Order.Status, Minor: m.Order.Amount.Minor}
	if m.Forged {
		p.Forged = "forged"
	}
	return p
}

func TestCourierWithoutMessage(t *testing.T) {
	c := &Courier{Build: func(Message) (*http.Request, error) { return nil, nil }}
	c.Config.Deliver = func(*http.Request) (providers.Reply, error) {
		t.Error("got a delivery, want none")
		return providers.Reply{Status: 200}, nil
	}
	c.Notify(Order{Order: providers.Order{CallbackURL: "http://order"}}, Notice{})
}
