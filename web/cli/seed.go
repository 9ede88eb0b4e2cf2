package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/paywicket/paywicket/web"
)

// seedHistory fills an empty installation with a made-up history.
func seedHistory(f *flag.FlagSet) func(context.Context, Env, []string) error {
	var s settings
	s.declare(f)
	payouts := f.Int("payouts", 10_000, "how many payouts")
	webhooks := f.Int("webhooks", 0, "how many webhooks (default: as many as payouts)")
	stores := f.Int("stores", 4, "how many stores, with five accounts each")
	number := f.Uint64("seed", 1, "the same number makes the same history")
	asJSON := f.Bool("json", false, "for programs")
	return func(ctx context.Context, env Env, args []string) error {
		given := false
		f.Visit(func(one *flag.Flag) { given = given || one.Name == "webhooks" })
		if !given {
			*webhooks = *payouts
		}
		if len(args) > 0 || *payouts < 1 || *webhooks < 0 || *stores < 1 {
			return Usage("paywicket seed takes -payouts and -stores above 0, and -webhooks of 0 or more")
		}
		app, err := s.open(ctx, env, true)
		if err != nil {
			return err
		}
		show := func(done web.Seeded) {
			if !*asJSON {
				_, _ = fmt.Fprintf(env.Out, "\r%d of %d payouts, %.0f rows/s ", done.Payouts, *payouts, float64(done.Rows())/done.Took.Seconds())
			}
		}
		done, err := app.Seed(ctx, *payouts, *webhooks, *stores, *number, show)
		if err = errors.Join(err, app.Close()); err != nil {
			return err
		}
		return tellSeeded(env, done, *asJSON)
	}
}

func tellSeeded(env Env, done web.Seeded, asJSON bool) error {
	rate := float64(done.Rows()) / done.Took.Seconds()
	if asJSON {
		return json.NewEncoder(env.Out).Encode(map[string]any{"stores": done.Stores, "accounts": done.Accounts, "payouts": done.Payouts,
			"attempts": done.Attempts, "webhooks": done.Webhooks, "bookings": done.Bookings, "seconds": done.Took.Seconds(), "rows_per_second": rate})
	}
	_, err := fmt.Fprintf(env.Out, "\nMade up %d stores, %d accounts, %d payouts, %d attempts, %d webhooks and %d bookings in %s: %.0f rows a second, indexes included.\n"+
		"Nothing of it is ever sent. paywicket serve shows it; its first start prints a link with which you become the first super admin.\n",
		done.Stores, done.Accounts, done.Payouts, done.Attempts, done.Webhooks, done.Bookings, done.Took.Round(time.Millisecond), rate)
	return err
}
