package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/vault"
)

func keyStatus(f *flag.FlagSet) func(context.Context, Env, []string) error {
	asJSON := f.Bool("json", false, "for programs")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		status, err := app.KeyStatus(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(env.Out).Encode(status)
		}
		_, err = fmt.Fprintf(env.Out, "Master key: %s\n", status.Master)
		for _, k := range status.Keys {
			note := "opens what is left under it: run paywicket key rotate to finish"
			if k.Seals {
				note = "seals"
			}
			_, more := fmt.Fprintf(env.Out, "Data key %08x: %d values, %s\n", k.ID, k.Values, note)
			err = errors.Join(err, more)
		}
		return err
	})
}

func keyRotate(f *flag.FlagSet) func(context.Context, Env, []string) error {
	master := f.String("master", "", "file of the new master key; it is made if there is none")
	asJSON := f.Bool("json", false, "for programs: a line for each step")
	return withApp(f, func(ctx context.Context, env Env, app *web.App) error {
		if *master != "" {
			return rotateMaster(ctx, env, app, *master)
		}
		last := time.Time{}
		err := app.RotateData(ctx, func(done, all int) {
			if *asJSON {
				_ = json.NewEncoder(env.Out).Encode(map[string]int{"done": done, "all": all}) // progress only
			} else if done == all || time.Since(last) > 200*time.Millisecond {
				last = time.Now()
				_, _ = fmt.Fprintf(env.Out, "\r%d of %d values sealed anew", done, all)
			}
		})
		if !*asJSON {
			_, _ = fmt.Fprintln(env.Out)
		}
		if damaged, ok := errors.AsType[*web.DamagedError](err); ok {
			for _, value := range damaged.Values {
				_, _ = fmt.Fprintln(env.Err, "does not open:", value)
			}
			return fmt.Errorf("%w. Enter those keys again in the console, then run this command again", err)
		}
		if err == nil && !*asJSON {
			_, err = fmt.Fprintln(env.Out, "Done: the old key is gone.")
		}
		return err
	})
}

// rotateMaster makes the new master key's file first: killed before the switch the old key opens the database, after it the
// new one.
func rotateMaster(ctx context.Context, env Env, app *web.App, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		key, err := vault.CreateFile(path)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(env.Out, "Made master key %s in %s\n", key.ID(), path); err != nil {
			return err
		}
	}
	if err := app.RotateMaster(ctx, vault.FromFile(path)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Out, "Done. From now on start with -master-key-file %s, or put this file in the place of the old one.\n"+
		"Keep a copy elsewhere. Backups made so far need the old key: keep that as long as them.\n", path)
	return err
}

func backup(f *flag.FlagSet) func(context.Context, Env, []string) error {
	var s settings
	s.declare(f)
	asJSON := f.Bool("json", false, "for programs")
	return func(ctx context.Context, env Env, args []string) error {
		file, err := fileOf(f, args, "name one file to write the backup to")
		if err != nil {
			return err
		}
		app, err := s.open(ctx, env, false)
		if err != nil {
			return err
		}
		b, err := app.Backup(ctx, file, steps(env, *asJSON))
		if err := errors.Join(err, app.Close()); err != nil {
			return err
		}
		return told(env, *asJSON, b, "Backed up to "+file+". It opens only with master key "+b.Master+", which is not in it.")
	}
}

func restore(f *flag.FlagSet) func(context.Context, Env, []string) error {
	var s settings
	s.declare(f)
	asJSON := f.Bool("json", false, "for programs")
	return func(ctx context.Context, env Env, args []string) error {
		file, err := fileOf(f, args, "name the one file to restore from")
		if err != nil {
			return err
		}
		if inside(s.key(), s.data) {
			return unsafeError{"the master key file " + s.key() + " lies in the data folder: put it elsewhere with -master-key-file"}
		}
		b, err := web.Restore(ctx, web.Config{Database: s.database(), MasterKey: vault.FromFile(s.key()), Providers: env.Providers,
			PublicURL: s.publicURL, Log: slog.New(slog.DiscardHandler)}, file, steps(env, *asJSON))
		if wrong, ok := errors.AsType[*vault.WrongKeyError](err); ok {
			return unsafeError{fmt.Sprintf("this backup opens with master key %s; the one in %s is %s", wrong.Want, s.key(), wrong.Have)}
		}
		if err != nil {
			return err
		}
		return told(env, *asJSON, b, "Restored to "+s.data+" as it was on "+b.At.Format(time.RFC3339)+".\n"+
			"Nothing is sent from it yet: payouts may have been sent since that are not in it. Start the console, compare with the\n"+
			"providers' own lists, then let sending go on there or with paywicket unfreeze.")
	}
}

// fileOf is the one file a command names, before its flags or after them.
func fileOf(f *flag.FlagSet, args []string, usage string) (string, error) {
	if len(args) == 0 {
		return "", Usage(usage)
	}
	if err := f.Parse(args[1:]); err != nil {
		return "", Usage(err.Error())
	}
	if f.NArg() > 0 {
		return "", Usage(usage)
	}
	return args[0], nil
}

// steps tells what is being done now.
func steps(env Env, asJSON bool) func(string) {
	words := map[string]string{"copy": "copying the database", "check": "checking every page and every audit row", "encrypt": "encrypting", "decrypt": "decrypting"}
	return func(name string) {
		if !asJSON {
			_, _ = fmt.Fprintln(env.Out, words[name]+" …") // progress only
		}
	}
}

func told(env Env, asJSON bool, b web.Backup, text string) error {
	if asJSON {
		return json.NewEncoder(env.Out).Encode(map[string]any{"at": b.At, "master": b.Master, "audit_rows": b.Rows, "bytes": b.Bytes})
	}
	_, err := fmt.Fprintln(env.Out, text)
	return err
}
