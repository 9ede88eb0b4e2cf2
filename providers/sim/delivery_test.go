package sim

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
)

// letter is a delivery in short.
type letter struct {
	After  time.Duration
	Number int
	Word   string
	URL    string
	Try    int
	ByHand bool
	Answer int
	Error  string
}

// office is a courier whose webhooks are answered as told.
func office(answers ...int) *Courier {
	n := 0
	return &Courier{
		Policy: Policy{Gaps: []time.Duration{10 * time.Second, time.Minute}},
		Build: func(m Message) (*http.Request, error) {
			req, err := http.NewRequest(http.MethodPost, m.URL, strings.NewReader(`{"status":"`+m.Order.Status+`"}`))
			req.Header.Set("X-Signature", "made up")
			return req, err
		},
		Config: providers.SimulatorConfig{Deliver: func(*http.Request) (providers.Reply, error) {
			n++
			if status := answers[min(n, len(answers))-1]; status != 0 {
				return providers.Reply{Status: status}, nil
			}
			return providers.Reply{}, errors.New("connection refused")
		}},
	}
}

func letters(c *Courier, start time.Time) []letter {
	var all []letter
	for _, d := range c.Deliveries() {
		l := letter{After: d.At.Sub(start), Number: d.Number, Word: d.Word, URL: d.URL, Try: d.Try, ByHand: d.ByHand, Answer: d.Reply.Status}
		if d.Err != nil {
			l.Error = d.Err.Error()
		}
		all = append(all, l)
	}
	return all
}

func booked(status string) Order {
	return Order{RemoteID: "o1", Status: status, Order: providers.Order{Amount: xof(5000), CallbackURL: "http://hook"}}
}

func TestDeliveries(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name    string
		answers []int
		do      func(c *Courier)
		want    []letter
	}{
		{"as they come", []int{500, 0, 200}, func(c *Courier) { c.Notify(booked("paid"), Notice{}) }, []letter{
			{0, 1, "paid", "http://hook", 1, false, 500, ""}, {10 * s, 2, "paid", "http://hook", 2, false, 0, "connection refused"},
			{70 * s, 3, "paid", "http://hook", 3, false, 200, ""}}},
		{"delayed", []int{500, 200}, func(c *Courier) {
			c.Delay(30 * s)
			c.Notify(booked("paid"), Notice{})
			c.Send(booked("open"), Notice{})
		}, []letter{{0, 1, "open", "http://hook", 1, true, 500, ""}, {10 * s, 2, "open", "http://hook", 2, true, 200, ""},
			{30 * s, 3, "paid", "http://hook", 1, false, 200, ""}}},
		{"held back", []int{200}, func(c *Courier) {
			c.Hold("o1", true)
			c.Notify(booked("open"), Notice{})
			c.Send(booked("open"), Notice{})
			c.Hold("o1", false)
			c.Notify(booked("paid"), Notice{})
		}, []letter{{0, 1, "open", "http://hook", 1, false, 0, "held back"}, {0, 2, "open", "http://hook", 1, true, 200, ""},
			{0, 3, "paid", "http://hook", 1, false, 200, ""}}},
		{"repetitions held back", []int{500}, func(c *Courier) {
			c.Notify(booked("paid"), Notice{})
			c.Hold("o1", true)
		}, []letter{{0, 1, "paid", "http://hook", 1, false, 500, ""}, {10 * s, 2, "paid", "http://hook", 2, false, 0, "held back"}}},
		{"held back while it waits", []int{200}, func(c *Courier) {
			c.Delay(s)
			c.Notify(booked("paid"), Notice{})
			c.Hold("o1", true)
		}, []letter{{s, 1, "paid", "http://hook", 1, false, 0, "held back"}}},
		{"nowhere to go", []int{200}, func(c *Courier) {
			o := booked("paid")
			o.CallbackURL = ""
			c.Notify(o, Notice{})
		}, []letter{{0, 1, "paid", "", 1, false, 0, "no address is known to post to"}}},
		{"asked", []int{500}, func(c *Courier) {
			if reply, err := c.Ask(Message{Order: booked("open"), URL: "http://ask"}); err != nil || reply.Status != 500 {
				panic("not what was answered")
			}
			c.Hold("o1", true)
			if _, err := c.Ask(Message{Order: booked("open"), URL: "http://ask"}); err == nil {
				panic("an answer to what was not sent")
			}
		}, []letter{{0, 1, "open", "http://ask", 1, false, 500, ""}, {0, 2, "open", "http://ask", 1, false, 0, "held back"}}},
		{"taken over", []int{500, 200}, func(c *Courier) {
			c.Notify(booked("paid"), Notice{})
			c.Hold("o2", true)
			next := office(204)
			next.adopt(c)
			o := booked("open")
			o.RemoteID = "o2"
			next.Notify(o, Notice{})
			c.Delay(5 * s)
			next.Notify(booked("late"), Notice{})
		}, []letter{{0, 1, "paid", "http://hook", 1, false, 500, ""}, {0, 2, "open", "http://hook", 1, false, 0, "held back"},
			{5 * s, 3, "late", "http://hook", 1, false, 204, ""}, {10 * s, 4, "paid", "http://hook", 2, false, 200, ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, start := office(tt.answers...), time.Now()
				tt.do(c)
				time.Sleep(time.Hour)
				synctest.Wait()
				if diff := cmp.Diff(tt.want, letters(c, start)); diff != "" {
					t.Errorf("deliveries differ (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDeliveriesAreKept(t *testing.T) {
	c := office(200)
	for range keptDeliveries + 7 {
		c.Notify(booked("paid"), Notice{})
	}
	all := c.Deliveries()
	if len(all) != keptDeliveries || all[0].Number != 8 {
		t.Fatalf("got %d, first number %d, want the last fifty", len(all), all[0].Number)
	}
	if d := all[0]; string(d.Body) != `{"status":"paid"}` || d.Header.Get("X-Signature") != "made up" || !d.Accepted {
		t.Errorf("got %q, %v, accepted %v, want what was posted", d.Body, d.Header, d.Accepted)
	}
	all[0].Number = 0
	if c.Deliveries()[0].Number == 0 {
		t.Error("got a list that callers can change")
	}
}

func TestUnwrittenIsNotKept(t *testing.T) {
	c, written := office(200), 0
	c.Config.After = func(_ time.Duration, f func()) { f() }
	c.Build = func(Message) (*http.Request, error) { written++; return nil, errors.New("no such word") }
	c.Notify(booked("paid"), Notice{})
	if got := c.Deliveries(); len(got) != 0 || written != 1 {
		t.Errorf("got %+v, written %d times, want none, and one try", got, written)
	}
}
