package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/paywicket/paywicket/web"
)

func serve(f *flag.FlagSet) func(context.Context, Env, []string) error {
	var s settings
	s.declare(f)
	addr := f.String("addr", "127.0.0.1:8080", "address to listen on")
	cert := f.String("tls-cert", "", "certificate file; with -tls-key the program serves https itself")
	key := f.String("tls-key", "", "key file of the certificate")
	return func(ctx context.Context, env Env, _ []string) error {
		if (*cert == "") != (*key == "") {
			return Usage("-tls-cert and -tls-key go together")
		}
		app, err := s.open(ctx, env, true)
		if err != nil {
			return err
		}
		defer func() { _ = app.Close() }() // after everything is written
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		if err := greet(ctx, env, app, s.publicURL); err != nil {
			return err
		}
		return Serve(ctx, app, app, l, *cert, *key)
	}
}

func greet(ctx context.Context, env Env, app *web.App, public string) error {
	link, err := app.SetupLink(ctx)
	if err != nil {
		return err
	}
	if link != "" {
		_, err = fmt.Fprintf(env.Out, "Paywicket is not set up yet. Open this link once, within a day:\n\n  %s\n\n", link)
		return err
	}
	_, err = fmt.Fprintf(env.Out, "Paywicket serves %s\n", public)
	return err
}

// runnable is the background part of an app.
type runnable interface{ Run(context.Context) error }

// Serve serves h on l and runs the background part until ctx ends or one of them fails. Requests and sends under way are
// finished first.
func Serve(ctx context.Context, h http.Handler, r runnable, l net.Listener, cert, key string) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 5 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ran := make(chan error, 1)
	go func() {
		err := r.Run(ctx)
		cancel(err)
		ran <- err
	}()
	go func() {
		<-ctx.Done()
		stop, end := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer end()
		_ = server.Shutdown(stop) // what is still open then is cut
	}()
	go giveBack(ctx, heldMemory, freeMemory)
	err := listen(server, l, cert, key)
	cancel(err)
	return errors.Join(err, <-ran)
}

func listen(server *http.Server, l net.Listener, cert, key string) error {
	var err error
	if cert != "" {
		err = server.ServeTLS(l, cert, key)
	} else {
		err = server.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func health(f *flag.FlagSet) func(context.Context, Env, []string) error {
	addr := f.String("addr", "127.0.0.1:8080", "address it listens on")
	public := f.String("public-url", "http://localhost:8080", "its public address, for the path")
	return func(ctx context.Context, env Env, _ []string) error {
		u, err := url.Parse(*public)
		if err != nil {
			return Usage("-public-url is no address")
		}
		host, port, err := net.SplitHostPort(*addr)
		if err != nil {
			return Usage("-addr is no address to listen on")
		}
		if host == "" || host == "0.0.0.0" || host == "::" {
			host = "127.0.0.1"
		}
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+u.Path+"/healthz", http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return fmt.Errorf("it does not answer: %w", err)
		}
		_ = res.Body.Close() // the status is all that counts
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("it answers %s", res.Status)
		}
		_, err = fmt.Fprintln(env.Out, "ok")
		return err
	}
}

func printVersion(*flag.FlagSet) func(context.Context, Env, []string) error {
	return func(_ context.Context, env Env, _ []string) error {
		_, err := fmt.Fprintln(env.Out, "paywicket", env.Version)
		return err
	}
}
