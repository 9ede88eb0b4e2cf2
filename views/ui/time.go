package ui

import (
	"context"
	"time"

	"github.com/paywicket/paywicket/views"
)

// here is t in the zone of the page.
func here(ctx context.Context, t time.Time) time.Time { return t.In(views.From(ctx).Zone) }

// in is t in a zone, that of the page if there is none.
func in(ctx context.Context, t time.Time, zone *time.Location) time.Time {
	if zone == nil {
		return here(ctx, t)
	}
	return t.In(zone)
}

// since is how long ago t was when the page was asked for.
func since(ctx context.Context, t time.Time) time.Duration { return views.From(ctx).Now.Sub(t) }
