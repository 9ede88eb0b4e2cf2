package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/store"
)

func storeAdd(f *flag.FlagSet) func(context.Context, Env, []string) error {
	name := f.String("name", "", "name")
	zone := f.String("zone", "UTC", "time zone, such as Africa/Porto-Novo")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		st, err := app.Admin().Stores.OpenStore(ctx, operator(), *name, *zone)
		if e, ok := errors.AsType[*store.InputError](err); ok {
			return Usage(fmt.Sprintf("-%s does not pass", e.Field))
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.Out, st.ID)
		return err
	})
}

func storeList(f *flag.FlagSet) func(context.Context, Env, []string) error {
	asJSON := f.Bool("json", false, "for programs")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		stores, err := app.Admin().Stores.Stores(ctx, operator())
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(env.Out).Encode(stores)
		}
		for _, st := range stores {
			if _, err := fmt.Fprintf(env.Out, "%s  %s  %s\n", st.ID, st.Zone, st.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

func accountAdd(f *flag.FlagSet) func(context.Context, Env, []string) error {
	in := store.Connection{Settings: map[string]string{}}
	name := f.String("store", "", "store, by name or id")
	mode := f.String("mode", "test", "test or live")
	f.StringVar(&in.Provider, "provider", "", "provider")
	f.StringVar(&in.Label, "label", "", "your name for the account")
	f.StringVar(&in.Address, "address", "", "which of the provider's addresses, if there are several")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		if *mode != "test" && *mode != "live" {
			return Usage("-mode is test or live")
		}
		st, err := findStore(ctx, app, *name)
		if err != nil {
			return err
		}
		in.Store, in.Live = st.ID, *mode == "live"
		if err := readSettings(env, in.Settings); err != nil {
			return err
		}
		a, err := app.Admin().Stores.Connect(ctx, operator(), in)
		if wrong, ok := errors.AsType[store.InputErrors](err); ok {
			return Usage(describe(wrong))
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(env.Out, "%s\n%s\n", a.ID, app.HookLink(a))
		return err
	})
}

func describe(wrong store.InputErrors) string {
	var all []string
	for _, e := range wrong {
		all = append(all, e.Field+" ("+e.Key+")")
	}
	return "these values do not pass: " + strings.Join(all, ", ")
}

func readSettings(env Env, into map[string]string) error {
	lines := bufio.NewScanner(env.In)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			return Usage("standard input must hold key=value lines")
		}
		into[strings.TrimSpace(name)] = value
	}
	return lines.Err()
}

func freeze(f *flag.FlagSet) func(context.Context, Env, []string) error {
	reason := f.String("reason", "stopped on the command line", "what people read")
	return freezing(f, func(ctx context.Context, s admin, t frozenThing) error {
		switch {
		case t.account.ID != "":
			return s.Stores.Freeze(ctx, operator(), t.account, *reason)
		case t.store.ID != "":
			return s.Stores.FreezeStore(ctx, operator(), t.store, *reason)
		}
		return s.Access.Halt(ctx, operator(), *reason)
	})
}

func unfreeze(f *flag.FlagSet) func(context.Context, Env, []string) error {
	return freezing(f, func(ctx context.Context, s admin, t frozenThing) error {
		switch {
		case t.account.ID != "":
			return s.Stores.Unfreeze(ctx, operator(), t.account)
		case t.store.ID != "":
			return s.Stores.UnfreezeStore(ctx, operator(), t.store)
		}
		return s.Access.Halt(ctx, operator(), "")
	})
}

// frozenThing is what is stopped or let go on: an account, else a store, else everything.
type frozenThing struct {
	store   store.Store
	account store.Account
}

type admin = web.Admin

// freezing runs do for everything, for a store with all accounts it has or gets, or for one account.
func freezing(f *flag.FlagSet, do func(context.Context, admin, frozenThing) error) func(context.Context, Env, []string) error {
	name := f.String("store", "", "only this store, by name or id")
	id := f.String("account", "", "only this account, by id or label")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		var st store.Store
		var err error
		if *name != "" {
			if st, err = findStore(ctx, app, *name); err != nil {
				return err
			}
		}
		switch {
		case *id != "":
			return freezeAccounts(ctx, env, app, st.ID, *id, do)
		case *name != "":
			return errors.Join(do(ctx, app.Admin(), frozenThing{store: st}), say(env, st.Name))
		}
		return errors.Join(do(ctx, app.Admin(), frozenThing{}), say(env, "everything"))
	})
}

// freezeAccounts runs do for the accounts of an id or label, of one store if st names it.
func freezeAccounts(ctx context.Context, env Env, app *web.App, st store.ID, id string, do func(context.Context, admin, frozenThing) error) error {
	accounts, err := app.Admin().Stores.AllAccounts(ctx)
	if err != nil {
		return err
	}
	found := 0
	for _, a := range accounts {
		if (st == "" || a.Store == st) && (string(a.ID) == id || a.Label == id) {
			found++
			if err := errors.Join(do(ctx, app.Admin(), frozenThing{account: a}), say(env, a.Label)); err != nil {
				return err
			}
		}
	}
	if found == 0 {
		return Usage("no account fits")
	}
	return nil
}

func say(env Env, what string) error {
	_, err := fmt.Fprintln(env.Out, "done:", what)
	return err
}

func verify(f *flag.FlagSet) func(context.Context, Env, []string) error {
	asJSON := f.Bool("json", false, "for programs")
	file := f.String("export", "", "a file exported from the audit page: checks that instead")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		if *file != "" {
			return verifyExport(env, app, *file)
		}
		found, err := app.Verify(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			err = json.NewEncoder(env.Out).Encode(map[string]any{"ok": found.OK(), "rows": found.Audit.Count, "breaks": found.Audit.Breaks, "older": found.Older, "months": monthsOf(found)})
		} else {
			err = printReport(env, found)
		}
		if err == nil && !found.OK() {
			return errors.New("the database does not hold what was written: compare with a backup before anything is sent")
		}
		return err
	})
}

// verifyExport checks a file that was exported from the audit page.
func verifyExport(env Env, app *web.App, path string) error {
	in, err := os.Open(path) //nolint:gosec // the operator chose the path
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	report, err := app.VerifyExport(in)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Out, "%d audit rows, %d approvals, %d of them signed with passkeys\n", report.Rows, report.Approvals, report.Signed)
	for _, wrong := range report.Wrong {
		_, more := fmt.Fprintln(env.Out, "  "+wrong)
		err = errors.Join(err, more)
	}
	if err == nil && !report.OK() {
		return errors.New("this file is not what was exported")
	}
	return err
}

// monthsOf names the closed months that are not as they were locked.
func monthsOf(found web.Checked) []string {
	names := []string{}
	for _, k := range found.Books {
		names = append(names, k.String())
	}
	return names
}

func printReport(env Env, found web.Checked) error {
	pages := "every page of the file is well formed"
	if found.Pages != nil {
		pages = found.Pages.Error()
	}
	_, err := fmt.Fprintf(env.Out, "Database: %s\nAudit chain: %d rows\n", pages, found.Audit.Count)
	if found.Older != "" {
		_, more := fmt.Fprintf(env.Out, "  %s\n", found.Older)
		err = errors.Join(err, more)
	}
	for _, m := range monthsOf(found) {
		_, more := fmt.Fprintf(env.Out, "  closed month changed: %s\n", m)
		err = errors.Join(err, more)
	}
	for _, b := range found.Audit.Breaks {
		_, more := fmt.Fprintf(env.Out, "  broken: %s\n", b)
		err = errors.Join(err, more)
	}
	return err
}
