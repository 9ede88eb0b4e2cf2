package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/export"
	"github.com/paywicket/paywicket/web/vault"
)

// Config says how an App is set up. Fields without the word "required" have useful zero values.
type Config struct {
	Database  string                 // required: path of the SQLite file; it is made if there is none
	MasterKey vault.KeySource        // required: where the master key comes from
	Providers []providers.Definition // required: usually all.Definitions()
	PublicURL string                 // required: what people and providers call, "https://shop.example/payouts"

	// Identify says whom the host program knows a request to come from; nil: the app has its own sign-in. An error
	// or an empty subject is a visitor.
	Identify func(*http.Request) (access.Identity, error)

	Languages    []string       // nil: all there are
	ProviderURLs []string       // "provider=url": addresses the operator adds to those built in
	Simulate     bool           // those addresses are simulators; every page says so
	Ancestors    string         // who may show the console in a frame, as in CSP; "": nobody
	Proxies      []netip.Prefix // whose X-Forwarded-For is believed
	Version      string
	// Workbook writes exports as workbooks: workbook.New, which a host program carries only if it names it. nil: there are none.
	Workbook export.Sheets
	// Receipt prints receipts: made by paper.New, which a host program carries only if it names it. nil: there are none.
	Receipt export.Print
	// SampleSettings is what a simulator accepts, shown where an account is connected. Only the demo sets it.
	SampleSettings func(provider string) map[string]string
	Log            *slog.Logger     // nil: slog.Default()
	Now            func() time.Time // nil: time.Now

	// Anchor is a file outside the folder of the database that keeps the end of the audit chain as well, so that an older
	// folder put back as a whole is noticed; "": none.
	Anchor string

	// Timeout is the total deadline of a call to a provider; 0: 30 s.
	Timeout time.Duration
}

// check fills in what is left out and refuses what cannot work.
func (c *Config) check() (*url.URL, error) {
	switch {
	case c.Database == "":
		return nil, errors.New("web: Config.Database is missing")
	case c.MasterKey == nil:
		return nil, errors.New("web: Config.MasterKey is missing")
	case len(c.Providers) == 0:
		return nil, errors.New("web: Config.Providers is empty")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Ancestors == "" {
		c.Ancestors = "'none'"
	}
	return parsePublic(c.PublicURL)
}

func parsePublic(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("web: public address %q: write it like https://shop.example/payouts", text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if strings.ContainsAny(u.Path, "{}%") || strings.Contains(u.Path, "//") {
		return nil, fmt.Errorf("web: public address %q: the path may hold only letters, digits, dashes and slashes", text)
	}
	return u, nil
}
