package runner

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers/httpx"
	"github.com/paywicket/paywicket/web/store"
)

func TestCalls(t *testing.T) {
	start := time.Date(2026, 5, 4, 10, 59, 50, 0, time.UTC)
	dated := http.Header{"Date": {start.Add(90 * time.Second).Format(http.TimeFormat)}}
	var c calls
	for _, x := range []httpx.Exchange{
		{Start: start, Took: time.Second, Status: 200},
		{Start: start, Took: 4 * time.Second, Status: 422, AnswerHeader: dated},
		{Start: start, Status: 404}, {Start: start, Status: 429},
		{Start: start, Status: 500}, {Start: start, Status: 503}, {Start: start, Status: 401}, {Start: start, Status: 403},
		{Start: start, Err: "timeout"}, {Start: start, Status: 200, Err: "reset"}, {Start: start},
		{Start: start.Add(20 * time.Second), Took: time.Second, Status: 201, AnswerHeader: http.Header{"Date": {"yesterday"}}},
	} {
		c.note("a", x)
	}
	c.note("b", httpx.Exchange{Start: start, Status: 200})
	hour := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	want := map[store.AccountID]store.Noted{
		"a": {Hours: map[time.Time]store.Calls{hour: {Good: 4, Bad: 7}, hour.Add(time.Hour): {Good: 1}},
			GoodAt: start.Add(21 * time.Second), Clock: 88500 * time.Millisecond, ClockAt: start.Add(4 * time.Second)},
		"b": {Hours: map[time.Time]store.Calls{hour: {Good: 1}}, GoodAt: start},
	}
	if diff := cmp.Diff(want, c.take()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if left := c.take(); len(left) > 0 {
		t.Errorf("taken twice: %v", left)
	}
	if _, ok := clockOf(httpx.Exchange{AnswerHeader: nil}); ok {
		t.Error("no answer tells the time")
	}
}
