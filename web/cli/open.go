package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/paper"
	"github.com/paywicket/paywicket/web/vault"
	"github.com/paywicket/paywicket/web/workbook"
)

// settings is the flags of every command that opens the database.
type settings struct {
	data, keyFile, publicURL, proxies, logFormat, fonts string
	providerURLs                                        list
}

// list is a flag that may be given several times, or once with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(v string) error {
	*l = append(*l, strings.Split(v, ",")...)
	return nil
}

func (s *settings) declare(f *flag.FlagSet) {
	f.StringVar(&s.data, "data", "./paywicket-data", "folder of the database")
	f.StringVar(&s.keyFile, "master-key-file", "", "file of the master key; it must not lie in the data folder (default: the data folder's name with .key)")
	f.StringVar(&s.publicURL, "public-url", "http://localhost:8080", "what people and providers call, with the path if there is one")
	f.Var(&s.providerURLs, "provider-url", "provider=url: adds an address accounts may use; may be given several times")
	f.StringVar(&s.proxies, "trusted-proxy", "", "address ranges, with commas, whose X-Forwarded-For is believed")
	f.StringVar(&s.fonts, "fonts", "", "folder of TrueType fonts for receipts (default: Helvetica, which knows Western European letters)")
	f.StringVar(&s.logFormat, "log-format", "text", "text or json")
}

func (s *settings) database() string { return filepath.Join(s.data, "paywicket.db") }

func (s *settings) key() string {
	if s.keyFile != "" {
		return s.keyFile
	}
	return filepath.Clean(s.data) + ".key"
}

// anchor is where the end of the audit chain is kept besides: next to the master key, outside the data folder, if that may be
// written to. In a container the folder of the key often may not.
func (s *settings) anchor() string {
	path := s.key() + ".anchor"
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the operator chose the path
	if err != nil {
		return ""
	}
	info, err := f.Stat()
	if errors.Join(err, f.Close()) == nil && info.Size() == 0 {
		err = os.Remove(path) // it was made just now, to see whether it can be
	}
	if err != nil {
		return ""
	}
	return path
}

// open opens the app on the data folder. create lets a first start make the master key.
func (s *settings) open(ctx context.Context, env Env, create bool) (*web.App, error) {
	if err := s.prepareKey(ctx, env, create); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(os.TempDir(), 0o700); err != nil { // in a container it lies in a folder mounted empty
		return nil, fmt.Errorf("make temporary folder: %w", err)
	}
	log, err := logger(env.Err, s.logFormat)
	if err != nil {
		return nil, err
	}
	proxies, err := parseProxies(s.proxies)
	if err != nil {
		return nil, err
	}
	receipt, err := paper.New(s.fonts)
	if err != nil {
		return nil, err
	}
	app, err := web.New(ctx, web.Config{Database: s.database(), MasterKey: vault.FromFile(s.key()), Providers: env.Providers,
		PublicURL: s.publicURL, ProviderURLs: s.providerURLs, Proxies: proxies, Version: env.Version, Log: log, Anchor: s.anchor(), Workbook: workbook.New, Receipt: receipt})
	if wrong, ok := errors.AsType[*vault.WrongKeyError](err); ok {
		return nil, fmt.Errorf("%w\nThe file read was %s", wrong, s.key())
	}
	return app, err
}

func logger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, Usage(fmt.Sprintf("-log-format is text or json, not %q", format))
}

func parseProxies(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !strings.Contains(part, "/") {
			part += map[bool]string{true: "/128", false: "/32"}[strings.Contains(part, ":")]
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, Usage(fmt.Sprintf("-trusted-proxy %q is no address range; write 10.0.0.0/8", part))
		}
		all = append(all, p)
	}
	return all, nil
}

// prepareKey makes the master key of a first start, and never one for a database that has its own.
func (s *settings) prepareKey(ctx context.Context, env Env, create bool) error {
	if inside(s.key(), s.data) {
		return unsafeError{"the master key file " + s.key() + " lies in the data folder: whoever gets the folder would get both. Put it elsewhere with -master-key-file"}
	}
	if _, err := os.Stat(s.key()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	id, err := web.MasterKeyOf(ctx, s.database())
	if err != nil {
		return err
	}
	if id != "" {
		return unsafeError{fmt.Sprintf("the master key file %s is missing. This database was made with master key %s: put that file back. Without it nothing in the database can be opened", s.key(), id)}
	}
	if !create {
		return fmt.Errorf("there is no database in %s yet; start paywicket serve first", s.data)
	}
	key, err := vault.CreateFile(s.key())
	if err != nil {
		return fmt.Errorf("make master key: %w", err)
	}
	_, err = fmt.Fprintf(env.Out, "Made master key %s in %s\nKeep a copy elsewhere: without it the stored provider keys are lost.\n\n", key.ID(), s.key())
	return err
}

func inside(path, folder string) bool {
	p, errP := filepath.Abs(path)
	f, errF := filepath.Abs(folder)
	rel, err := filepath.Rel(f, p)
	return errP == nil && errF == nil && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// demoLog keeps quiet unless asked: what the demo prints is meant to be read.
func demoLog(env Env, verbose bool) *slog.Logger {
	level := slog.LevelError
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(env.Err, &slog.HandlerOptions{Level: level}))
}
