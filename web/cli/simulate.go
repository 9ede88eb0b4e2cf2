package cli

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/demo"
)

func simulate(f *flag.FlagSet) func(context.Context, Env, []string) error {
	addr := f.String("addr", "127.0.0.1:9001", "address to listen on")
	pace := f.Duration("pace", 2*time.Second, "time between two states of an order")
	var hooks, on, set list
	f.Var(&hooks, "webhook-url", "where it posts its webhooks, for providers that are told so by hand")
	f.Var(&on, "switch", "have it play what the provider's documents tell in two ways the other way; without a provider they are listed")
	f.Var(&set, "set", "name=value of a credential that it accepts instead of the made-up one")
	return func(ctx context.Context, env Env, args []string) error {
		if len(args) == 0 {
			_, err := fmt.Fprint(env.Out, overview(env.Providers))
			return err
		}
		def, rest, err := pick(env, args)
		if err != nil {
			return err
		}
		if err := f.Parse(rest); err != nil {
			return Usage(err.Error())
		}
		settings, err := accepted(def, set)
		if err != nil {
			return err
		}
		for _, name := range on {
			if _, ok := def.Switches[name]; !ok {
				return Usage(fmt.Sprintf("%s has no switch %q; there are %s", def.Name, name, strings.Join(slices.Sorted(maps.Keys(def.Switches)), ", ")))
			}
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		h := def.Simulator(providers.SimulatorConfig{Settings: settings, Pace: *pace, Deliver: demo.Deliver, Switches: on,
			WebhookURLs: func() []string { return hooks }})
		_, err = fmt.Fprintf(env.Out, "Simulator of %s on http://%s\nIt accepts:\n%sUse it with: paywicket -provider-url %s=http://%s\n"+
			"The last two digits of an amount choose what happens: docs/providers/%s.md has the table.\n", def.Name, l.Addr(), lines(def, settings), def.ID, l.Addr(), def.ID)
		if err != nil {
			return err
		}
		return Serve(ctx, h, idle{}, l, "", "")
	}
}

// accepted are the credentials a simulator takes: made up, but for what is set.
func accepted(def providers.Definition, set []string) (map[string]string, error) {
	settings := demo.Settings(def)
	for _, one := range set {
		name, value, ok := strings.Cut(one, "=")
		if _, known := settings[name]; !ok || !known {
			return nil, Usage(fmt.Sprintf("-set %s: write name=value, with one of the names %s", name, strings.Join(slices.Sorted(maps.Keys(settings)), ", ")))
		}
		settings[name] = value
	}
	return settings, nil
}

// overview lists the providers with their switches.
func overview(defs []providers.Definition) string {
	var b strings.Builder
	b.WriteString("paywicket simulate PROVIDER [flags]\n\nProviders and their switches:\n")
	for _, def := range defs {
		fmt.Fprintf(&b, "  %s\n", def.ID)
		for _, name := range slices.Sorted(maps.Keys(def.Switches)) {
			fmt.Fprintf(&b, "    -switch %s\n        %s\n", name, def.Switches[name])
		}
	}
	return b.String()
}

// idle is a background part with nothing to do.
type idle struct{}

func (idle) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// pick takes the provider's name from the arguments and leaves the flags that follow it.
func pick(env Env, args []string) (providers.Definition, []string, error) {
	var names []string
	for _, d := range env.Providers {
		names = append(names, d.ID)
		if len(args) > 0 && d.ID == args[0] {
			return d, args[1:], nil
		}
	}
	return providers.Definition{}, nil, Usage("name one of the providers " + strings.Join(names, ", "))
}

func lines(def providers.Definition, settings map[string]string) string {
	var b strings.Builder
	for _, s := range def.Settings {
		fmt.Fprintf(&b, "  %s=%s\n", s.Name, settings[s.Name])
	}
	return b.String()
}

func runDemo(f *flag.FlagSet) func(context.Context, Env, []string) error {
	data := f.String("data", "", "folder to keep the demo's data in (default: thrown away)")
	addr := f.String("addr", "127.0.0.1:8080", "address to listen on; if it is taken, another one is used")
	verbose := f.Bool("v", false, "log what happens")
	return func(ctx context.Context, env Env, _ []string) error {
		if _, err := fmt.Fprintln(env.Out, "Making the demo: payouts are drafted, approved and sent to simulators. A few seconds …"); err != nil {
			return err
		}
		d, err := demo.New(ctx, demo.Options{Data: *data, Addr: *addr, Providers: env.Providers, Version: env.Version, Log: demoLog(env, *verbose)})
		if err != nil {
			return err
		}
		defer d.Close()
		if err := d.Welcome(env.Out); err != nil {
			return err
		}
		return d.Wait(ctx)
	}
}
