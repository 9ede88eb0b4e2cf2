package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/demo"
)

// every is the name under which the simulators of all providers run.
const every = "all"

// simulation is the flags of simulate.
type simulation struct {
	addr             string
	pace             time.Duration
	hooks, on        list
	set              []string
	json, list, help bool
}

func simulate(f *flag.FlagSet) func(context.Context, Env, []string) error {
	var s simulation
	f.StringVar(&s.addr, "addr", "127.0.0.1:9001", "address to listen on; \"all\" takes a port for each provider, from this one on")
	f.DurationVar(&s.pace, "pace", 2*time.Second, "time between two states of an order")
	f.Var(&s.hooks, "webhook-url", "where it posts its webhooks, for providers that are told so by hand; may be given several times")
	f.Var(&s.on, "switch", "have it play what the provider's documents leave open or tell in two ways the other way; may be given several times; -h lists them")
	f.Func("set", "name=value of a credential that it accepts instead of the made-up one; may be given several times", func(text string) error {
		s.set = append(s.set, text)
		return nil
	})
	f.BoolVar(&s.json, "json", false, "print what runs, or what there is, as JSON")
	f.BoolVar(&s.list, "list", false, "list the providers with their switches, and end")
	f.BoolVar(&s.help, "h", false, "this help, with the switches of each provider")
	f.BoolVar(&s.help, "help", false, "the same")
	return func(ctx context.Context, env Env, args []string) error { return s.run(ctx, env, f, args) }
}

func (s *simulation) run(ctx context.Context, env Env, f *flag.FlagSet, args []string) error {
	defs := env.Providers
	if len(args) > 0 {
		var err error
		if defs, err = pick(env.Providers, args[0]); err != nil {
			return err
		}
		if err := s.parse(f, args[1:]); err != nil {
			return err
		}
	}
	switch {
	case s.help:
		f.Usage()
		_, err := fmt.Fprint(f.Output(), "\n"+overview(defs))
		return err
	case (s.list || len(args) == 0) && s.json:
		return printJSON(env, listed(defs))
	case s.list || len(args) == 0:
		_, err := fmt.Fprint(env.Out, overview(defs))
		return err
	}
	all, err := s.start(ctx, defs, args[0] == every)
	if err != nil {
		return err
	}
	if err := s.tell(env, all); err != nil {
		return err
	}
	return serveAll(ctx, all)
}

// parse reads the flags behind the provider's name. Those that may be given several times there replace what came before,
// also from the environment.
func (s *simulation) parse(f *flag.FlagSet, args []string) error {
	before := *s
	s.hooks, s.on, s.set = nil, nil, nil
	if err := f.Parse(args); err != nil {
		return Usage(err.Error())
	}
	if len(f.Args()) > 0 {
		return Usage(fmt.Sprintf("name one provider, or %q; then come flags, not %q", every, f.Arg(0)))
	}
	if s.hooks == nil {
		s.hooks = before.hooks
	}
	if s.on == nil {
		s.on = before.on
	}
	if s.set == nil {
		s.set = before.set
	}
	return nil
}

// pick takes a provider by its name, or all.
func pick(defs []providers.Definition, name string) ([]providers.Definition, error) {
	if name == every {
		return defs, nil
	}
	var names []string
	for _, d := range defs {
		if d.ID == name {
			return []providers.Definition{d}, nil
		}
		names = append(names, d.ID)
	}
	return nil, Usage(fmt.Sprintf("name one of the providers %s, or %s", strings.Join(names, ", "), every))
}

// running is a simulator with the address it listens on.
type running struct {
	Provider string            `json:"provider"`
	Name     string            `json:"name"`
	URL      string            `json:"url"`
	Control  string            `json:"control"` // the control page
	Accepts  map[string]string `json:"accepts"` // made-up credentials
	Switches []string          `json:"switches"`

	def      providers.Definition
	handler  http.Handler
	listener net.Listener
}

// start makes simulators and takes their addresses. They do not serve yet.
func (s *simulation) start(ctx context.Context, defs []providers.Definition, together bool) ([]running, error) {
	if together && len(s.on)+len(s.set) > 0 {
		return nil, Usage("-switch and -set are for one provider; name it. Switches can also be turned on each control page")
	}
	var all []running
	for i, def := range defs {
		r, err := s.startOne(ctx, def, i)
		if err != nil {
			for _, started := range all {
				_ = started.listener.Close() // nobody has connected yet
			}
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (s *simulation) startOne(ctx context.Context, def providers.Definition, place int) (running, error) {
	settings, err := accepted(def, s.set)
	if err != nil {
		return running{}, err
	}
	for _, name := range s.on {
		if _, ok := def.Switches[name]; !ok {
			return running{}, Usage(fmt.Sprintf("%s has no switch %q; there are %s", def.Name, name, strings.Join(slices.Sorted(maps.Keys(def.Switches)), ", ")))
		}
	}
	addr, err := nthAddress(s.addr, place)
	if err != nil {
		return running{}, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return running{}, fmt.Errorf("listen: %w", err)
	}
	hooks := slices.Clone(s.hooks)
	url := addressOf(l)
	return running{
		Provider: def.ID, Name: def.Name, URL: url, Control: url + providers.ControlPath, Accepts: settings, Switches: append([]string{}, s.on...),
		def: def, listener: l,
		handler: def.Simulator(providers.SimulatorConfig{Settings: settings, Pace: s.pace, Deliver: demo.Deliver, Switches: s.on,
			WebhookURLs: func() []string { return hooks }}),
	}, nil
}

// nthAddress is an address some ports further. Port 0 is any.
func nthAddress(addr string, place int) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	n, portErr := strconv.Atoi(port)
	if err != nil || portErr != nil {
		return "", Usage(fmt.Sprintf("-addr %s is no address to listen on; write 127.0.0.1:9001", addr))
	}
	if n != 0 {
		n += place
	}
	return net.JoinHostPort(host, strconv.Itoa(n)), nil
}

// addressOf is where a listener is reached from this machine.
func addressOf(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return "http://" + net.JoinHostPort("127.0.0.1", port)
	}
	return "http://" + l.Addr().String()
}

// tell says what runs and how it is used.
func (s *simulation) tell(env Env, all []running) error {
	command := "paywicket"
	for _, r := range all {
		command += " -provider-url " + r.Provider + "=" + r.URL
	}
	if s.json {
		return printJSON(env, map[string]any{"simulators": all, "command": command})
	}
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "Simulator of %s on %s\nControl page: %s\nIt accepts:\n%s", r.Name, r.URL, r.Control, lines(r.def, r.Accepts))
		if r.def.Webhooks == providers.WebhooksByHand && len(s.hooks) == 0 {
			b.WriteString("It posts no webhooks: say where with -webhook-url. The page of the account in Paywicket shows the address.\n")
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "Use with: %s\nThe last two digits of an amount choose what happens: the table is on the control page.\n", command)
	_, err := fmt.Fprint(env.Out, b.String())
	return err
}

// serveAll serves until ctx ends or one simulator fails.
func serveAll(ctx context.Context, all []running) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, len(all))
	for _, r := range all {
		go func() {
			err := Serve(ctx, r.handler, idle{}, r.listener, "", "")
			stop()
			ended <- err
		}()
	}
	var err error
	for range all {
		err = errors.Join(err, <-ended)
	}
	return err
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

// overview lists providers with their switches.
func overview(defs []providers.Definition) string {
	var b strings.Builder
	b.WriteString("paywicket simulate PROVIDER [flags]\npaywicket simulate all [flags]\n\nProviders and their switches:\n")
	for _, def := range defs {
		fmt.Fprintf(&b, "  %s\n", def.ID)
		for _, name := range slices.Sorted(maps.Keys(def.Switches)) {
			fmt.Fprintf(&b, "    -switch %s\n        %s\n", name, def.Switches[name])
		}
	}
	return b.String()
}

// listedProvider is a provider in the list.
type listedProvider struct {
	Provider string            `json:"provider"`
	Name     string            `json:"name"`
	Switches map[string]string `json:"switches"`
	Accepts  []string          `json:"accepts"` // the names of its credentials, for -set
}

func listed(defs []providers.Definition) []listedProvider {
	all := []listedProvider{}
	for _, def := range defs {
		p := listedProvider{Provider: def.ID, Name: def.Name, Switches: def.Switches, Accepts: []string{}}
		if p.Switches == nil {
			p.Switches = map[string]string{}
		}
		for _, f := range def.Settings {
			p.Accepts = append(p.Accepts, f.Name)
		}
		all = append(all, p)
	}
	return all
}

func printJSON(env Env, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(env.Out, string(text))
	}
	return err
}

// idle is a background part with nothing to do.
type idle struct{}

func (idle) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
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
