// Paywicket gets a merchant's money out: a console for payouts through whatever providers a merchant uses, in which nobody
// pays alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	_ "time/tzdata" // the image has no zone files

	"github.com/peterbourgon/ff/v3"
	_ "golang.org/x/crypto/x509roots/fallback" // nor certificates

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/cli"
)

// version is set when a release is built.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the whole program: it returns the exit code. 0 done, 1 failed, 2 wrong usage, 3 refused for safety.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	env := cli.Env{In: in, Out: out, Err: errOut, Providers: all.Definitions(), Version: web.Version(version)}
	err := dispatch(ctx, env, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	_, _ = fmt.Fprintln(errOut, "paywicket: "+err.Error()) // nothing is left to do if this fails
	return cli.ExitCode(err)
}

func dispatch(ctx context.Context, env cli.Env, args []string) error {
	c, args, err := find(args)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("paywicket "+c.Name, flag.ContinueOnError)
	flags.SetOutput(env.Err)
	flags.Usage = func() { usage(flags, c) }
	run := c.Setup(flags)
	if err := ff.Parse(flags, args, ff.WithEnvVarPrefix("PAYWICKET")); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return cli.Usage(err.Error())
	}
	return run(ctx, env, flags.Args())
}

// find takes a command's name, of one word or two, from the arguments. Without one the program serves.
func find(args []string) (cli.Command, []string, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"serve"}, args...)
	}
	for _, c := range cli.Commands() {
		words := strings.Fields(c.Name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			return c, args[len(words):], nil
		}
	}
	return cli.Command{}, nil, cli.Usage(fmt.Sprintf("there is no command %q; there are %s", args[0], strings.Join(names(), ", ")))
}

func usage(flags *flag.FlagSet, c cli.Command) {
	_, _ = fmt.Fprintf(flags.Output(), "paywicket %s %s\n\n%s\n\n", c.Name, c.Args, c.Summary)
	flags.PrintDefaults()
	_, _ = fmt.Fprintf(flags.Output(), "\nEvery flag can come from the environment: -public-url is PAYWICKET_PUBLIC_URL.\nCommands: %s\n", strings.Join(names(), ", "))
}

func names() []string {
	var all []string
	for _, c := range cli.Commands() {
		all = append(all, c.Name)
	}
	return all
}
