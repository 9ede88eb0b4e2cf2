// Package demo is the product on throw-away data: simulators of every provider on loopback, a few people and stores, and
// payouts that went through everything a payout can go through. Nothing in it is faked: the payouts were drafted, approved
// and sent as they are in real use, only faster. It is not promised to stay compatible.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/paper"
	"github.com/paywicket/paywicket/web/vault"
	"github.com/paywicket/paywicket/web/workbook"
)

// Options is how a demo is set up.
type Options struct {
	Data      string // folder to keep the data in; "": a temporary one that is removed
	Addr      string
	Providers []providers.Definition
	Version   string
	Log       *slog.Logger
}

// Demo is a running demo.
type Demo struct {
	App      *web.App
	Listener net.Listener

	opts   Options
	folder string
	public string
	clock  *clock
	sims   []*simulator
	boss   atomic.Pointer[access.Person] // a super admin, once the past is made
	key    vault.MasterKey
	server *http.Server
	stop   context.CancelFunc
	ran    chan error
}

// simulator is one provider's simulator on loopback.
type simulator struct {
	def      providers.Definition
	settings map[string]string
	url      string
	server   *http.Server
	hooks    atomic.Pointer[[]string] // webhook addresses of its accounts
}

// New starts simulators and console and makes the data. The demo then serves until it is closed.
func New(ctx context.Context, o Options) (*Demo, error) {
	d := &Demo{opts: o, clock: newClock()}
	err := errors.Join(d.listen(ctx), d.makeFolder())
	if err == nil {
		err = d.start(ctx)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("make demo: %w", err)
	}
	return d, nil
}

func (d *Demo) start(ctx context.Context) error {
	var urls []string
	for _, def := range d.opts.Providers {
		s, err := d.startSimulator(ctx, def)
		if err != nil {
			return err
		}
		d.sims = append(d.sims, s)
		urls = append(urls, def.ID+"="+s.url)
	}
	dead, err := deadAddress(ctx)
	if err != nil {
		return err
	}
	urls = append(urls, deadProvider+"=http://"+dead)
	receipt, err := paper.New("")
	if err != nil {
		return err
	}
	if d.App, err = web.New(ctx, web.Config{
		Database: filepath.Join(d.folder, "paywicket.db"), MasterKey: vault.FromBytes([]byte(d.key.Reveal())), Providers: d.opts.Providers,
		PublicURL: d.public, ProviderURLs: urls, Simulate: true, Version: d.opts.Version, Log: d.opts.Log, Now: d.clock.Now,
		Timeout: 5 * time.Second, SampleSettings: d.sample, Workbook: workbook.New, Receipt: receipt,
	}); err != nil {
		return err
	}
	d.serve(ctx)
	return d.fill(ctx, dead)
}

// serve runs the console and its background part, which the simulators report to while the data is made.
func (d *Demo) serve(ctx context.Context) {
	d.server = &http.Server{Handler: d.App, ReadHeaderTimeout: 10 * time.Second}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.ran = make(chan error, 2)
	go func() { d.ran <- d.server.Serve(d.Listener) }()
	go func() { d.ran <- d.App.Run(ctx) }()
}

// Wait serves until ctx ends or something fails.
func (d *Demo) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-d.ran:
		return err
	}
}

// listen takes the address, or any other if somebody has it.
func (d *Demo) listen(ctx context.Context) error {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", d.opts.Addr)
	if err != nil {
		host, _, _ := net.SplitHostPort(d.opts.Addr)
		if l, err = c.Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err != nil {
			return err
		}
	}
	d.Listener = l
	_, port, err := net.SplitHostPort(l.Addr().String())
	d.public = "http://localhost:" + port
	return err
}

func (d *Demo) makeFolder() error {
	key, err := vault.NewMasterKey(nil)
	if err != nil {
		return err
	}
	d.key = key
	if d.opts.Data != "" {
		d.folder = d.opts.Data
		return os.MkdirAll(d.folder, 0o700)
	}
	d.folder, err = os.MkdirTemp("", "paywicket-demo-")
	return err
}

// Close ends the simulators and removes the data if nobody wanted to keep it.
func (d *Demo) Close() {
	if d.server != nil {
		_ = d.server.Close() // it is only a demo: what is open is cut
		d.stop()
		_ = errors.Join(<-d.ran, <-d.ran) // both were told to end
	}
	for _, s := range d.sims {
		_ = s.server.Close() // it only served the demo
	}
	if d.App != nil {
		_ = d.App.Close() // nothing is lost that anybody wanted
	}
	if d.opts.Data == "" && d.folder != "" {
		_ = os.RemoveAll(d.folder) // a temporary folder: the system clears what is left
	}
}

// Public is where the demo is.
func (d *Demo) Public() string { return d.public }

func (d *Demo) sample(provider string) map[string]string {
	for _, s := range d.sims {
		if s.def.ID == provider {
			return s.settings
		}
	}
	return nil
}

// deadProvider lists its methods without being asked, so that a payout can be drafted for an address that is dead.
const deadProvider = "moneroo"

// deadAddress is an address nobody answers at, for a payout that was never sent.
func deadAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
