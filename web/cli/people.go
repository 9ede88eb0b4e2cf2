package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/store"
)

// withApp declares the flags that open the database, and opens it for the length of a command.
func withApp(f *flag.FlagSet, run func(context.Context, Env, *web.App) error) func(context.Context, Env, []string) error {
	var s settings
	s.declare(f)
	return func(ctx context.Context, env Env, _ []string) error {
		app, err := s.open(ctx, env, false)
		if err != nil {
			return err
		}
		return errors.Join(run(ctx, env, app), app.Close())
	}
}

// readLine reads a secret from standard input: as an argument it would be in the process list and the shell's history.
func readLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// operator acts for whoever owns the machine.
func operator() access.Person {
	return access.Person{ID: "command-line", Name: "Command line", Grants: []access.Grant{{Role: access.SuperAdmin}}}
}

func userAdd(f *flag.FlagSet) func(context.Context, Env, []string) error {
	email := f.String("email", "", "e-mail address")
	name := f.String("name", "", "name")
	role := f.String("role", "", "merchant-admin, accountant or super-admin")
	invite := f.Bool("invite", false, "print a link instead of reading a password")
	var stores list
	f.Var(&stores, "store", "store, by name or id; may be given several times")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		grants, err := grantsOf(ctx, app, access.Role(*role), stores)
		if err != nil {
			return err
		}
		admin := app.Admin()
		if *invite {
			token, i, err := admin.Access.Invite(ctx, operator(), *email, *name, grants)
			if err != nil {
				return inputError(err)
			}
			return printLink(env, app, token, i)
		}
		password, err := readLine(env.In)
		if err != nil {
			return err
		}
		p, err := admin.Access.AddDirect(ctx, access.Person{Email: *email, Name: *name, Grants: grants}, password)
		if err != nil {
			return inputError(err)
		}
		_, err = fmt.Fprintf(env.Out, "Added %s as %s\n", p.Email, *role)
		return err
	})
}

func printLink(env Env, app *web.App, token string, i access.Invitation) error {
	note := ""
	if i.Waiting() {
		note = "\nIt works once another super admin has confirmed it on the page People."
	}
	_, err := fmt.Fprintf(env.Out, "%s\nGood until %s.%s\n", app.InviteLink(token), i.ExpiresAt.Format("2006-01-02 15:04 MST"), note)
	return err
}

func inputError(err error) error {
	if e, ok := errors.AsType[*access.InputError](err); ok {
		return Usage(fmt.Sprintf("-%s does not pass (%s)", e.Field, e.Code))
	}
	if e, ok := errors.AsType[*access.PasswordError](err); ok {
		return Usage(fmt.Sprintf("the password is too %s; it needs at least %d characters that are no pattern", e.Code, e.Min))
	}
	return err
}

func grantsOf(ctx context.Context, app *web.App, role access.Role, names []string) ([]access.Grant, error) {
	if role == access.SuperAdmin {
		return []access.Grant{{Role: role}}, nil
	}
	var grants []access.Grant
	for _, name := range names {
		st, err := findStore(ctx, app, name)
		if err != nil {
			return nil, err
		}
		grants = append(grants, access.Grant{Role: role, Store: st.ID})
	}
	if len(grants) == 0 {
		return nil, Usage("-store is missing: only a super admin has a role without one")
	}
	return grants, nil
}

func findStore(ctx context.Context, app *web.App, name string) (store.Store, error) {
	stores, err := app.Admin().Stores.Stores(ctx, operator())
	if err != nil {
		return store.Store{}, err
	}
	for _, st := range stores {
		if st.Name == name || string(st.ID) == name {
			return st, nil
		}
	}
	return store.Store{}, Usage(fmt.Sprintf("there is no store %q", name))
}

func userList(f *flag.FlagSet) func(context.Context, Env, []string) error {
	asJSON := f.Bool("json", false, "for programs")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		people, err := app.Admin().Access.People(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(env.Out).Encode(people)
		}
		for _, p := range people {
			state := ""
			if p.Disabled {
				state = " (disabled)"
			}
			if _, err := fmt.Fprintf(env.Out, "%s  %s  %s%s\n", p.Email, p.Name, roles(p), state); err != nil {
				return err
			}
		}
		return nil
	})
}

func roles(p access.Person) string {
	var all []string
	for _, g := range p.Grants {
		all = append(all, strings.TrimSuffix(string(g.Role)+" of "+string(g.Store), " of "))
	}
	return strings.Join(all, ", ")
}

func findPerson(ctx context.Context, app *web.App, email string) (access.Person, error) {
	people, err := app.Admin().Access.People(ctx)
	for _, p := range people {
		if strings.EqualFold(p.Email, email) {
			return p, nil
		}
	}
	return access.Person{}, errors.Join(err, Usage(fmt.Sprintf("there is nobody with the address %q", email)))
}

func userDisable(f *flag.FlagSet) func(context.Context, Env, []string) error {
	email := f.String("email", "", "e-mail address")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		p, err := findPerson(ctx, app, *email)
		if err != nil {
			return err
		}
		if err := app.Admin().Access.Disable(ctx, operator(), p.ID); err != nil {
			return fmt.Errorf("disable %s: %w", p.Email, err)
		}
		_, err = fmt.Fprintf(env.Out, "%s is shut out\n", p.Email)
		return err
	})
}

func userReset(f *flag.FlagSet) func(context.Context, Env, []string) error {
	email := f.String("email", "", "e-mail address")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		p, err := findPerson(ctx, app, *email)
		if err != nil {
			return err
		}
		token, i, err := app.Admin().Access.OfferPassword(ctx, operator(), p.ID)
		if err != nil {
			return fmt.Errorf("make link for %s: %w", p.Email, err)
		}
		return printLink(env, app, token, i)
	})
}
