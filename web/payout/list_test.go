package payout_test

import (
	"testing"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// A day is that of the calendar where the time is looked at, whatever the clocks there do.
func TestDayOf(t *testing.T) {
	zone := func(name string) *time.Location {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	late := time.Date(2026, 10, 24, 22, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Unix(0, 0).UTC(), "1970-01-01"},
		{late, "2026-10-24"},
		{late.In(zone("Europe/Amsterdam")), "2026-10-25"}, // the night the clocks go back
		{late.In(zone("America/Santiago")), "2026-10-24"},
		{late.In(zone("Pacific/Kiritimati")), "2026-10-25"},
		{time.Date(2026, 10, 25, 23, 59, 59, 0, zone("Europe/Amsterdam")), "2026-10-25"}, // a day of 25 hours
		{time.Date(2026, 3, 29, 23, 59, 59, 0, zone("Europe/Amsterdam")), "2026-03-29"},  // and one of 23
		{time.Date(2028, 2, 29, 0, 0, 0, 0, zone("Asia/Bangkok")), "2028-02-29"},
	} {
		if got := payout.DayOf(c.at).Time(); got.Format(time.DateTime) != c.want+" 00:00:00" || got.Location() != time.UTC {
			t.Errorf("%v: got %v, want the beginning of %s in UTC", c.at, got, c.want)
		}
	}
	if next := payout.DayOf(late.AddDate(0, 0, 1)) - payout.DayOf(late); next != 1 {
		t.Errorf("got %d days from one to the next, want 1", next)
	}
}
