// Package cli is the commands of the program. It is not promised to stay compatible; the commands themselves are.
package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/vault"
)

// Env is what a command works with.
type Env struct {
	In        io.Reader
	Out, Err  io.Writer
	Providers []providers.Definition
	Version   string
}

// Command is one line of the table.
type Command struct {
	Name    string
	Args    string // what follows, for the help
	Summary string
	// Setup declares the flags and returns what runs once they are parsed, with what follows them.
	Setup func(*flag.FlagSet) func(ctx context.Context, env Env, args []string) error
}

// Commands lists every command.
func Commands() []Command {
	return []Command{
		{"serve", "[flags]", "Runs the console and the sender. The first start makes a database and a master key.", serve},
		{"demo", "[flags]", "Shows the product at work on throw-away data, with simulated providers on this machine.", runDemo},
		{"simulate", "[PROVIDER|all] [flags]", "Runs the simulator of one provider, or all; without a name, lists them with what they can play.", simulate},
		{"user add", "-email E -name N -role R [-store S]", "Adds a person; the password comes from standard input.", userAdd},
		{"user list", "[flags]", "Lists the people.", userList},
		{"user disable", "-email E", "Shuts a person out at once.", userDisable},
		{"user reset", "-email E", "Prints a link with which a person sets a new password.", userReset},
		{"store add", "-name N -zone Z", "Opens a store.", storeAdd},
		{"store list", "[flags]", "Lists the stores.", storeList},
		{"account add", "-store S -provider P -mode test|live -label L", "Connects an account; its settings come as key=value lines from standard input.", accountAdd},
		{"freeze", "[-store S] [-account A] [-reason R]", "Stops sending: of everything, a store or an account. It survives a restart.", freeze},
		{"unfreeze", "[-store S] [-account A]", "Lets it send again.", unfreeze},
		{"key status", "[flags]", "Says which keys there are and how much is sealed under each.", keyStatus},
		{"key rotate", "[-master FILE]", "Seals everything anew under a new key; with -master, wraps the keys with a new master key. Safe to kill and run again.", keyRotate},
		{"backup", "FILE [flags]", "Writes a checked, encrypted copy to a new file, also while the console runs.", backup},
		{"restore", "FILE -data DIR", "Puts a backup into an empty folder. Nothing is sent from it before somebody says so.", restore},
		{"verify", "[flags]", "Checks the database file and the audit chain.", verify},
		{"seed", "-payouts N [-webhooks M -stores K -seed S]", "Fills an empty installation with a made-up history, for benchmarks and screenshots.", seedHistory},
		{"health", "[flags]", "Asks a running one whether it is alive. For container health checks.", health},
		{"version", "", "Prints the version.", printVersion},
	}
}

// usageError is a command that was called wrongly.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// Usage makes the error of a command that was called wrongly.
func Usage(text string) error { return usageError{text} }

// unsafeError is a refusal that protects money or data.
type unsafeError struct{ text string }

func (e unsafeError) Error() string { return e.text }

// ExitCode is 1 for a failure, 2 for wrong usage, 3 for a refusal that protects money or data.
func ExitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	if _, ok := errors.AsType[unsafeError](err); ok {
		return 3
	}
	if errors.Is(err, web.ErrRunning) || errors.Is(err, web.ErrNoBackup) || errors.Is(err, web.ErrRealData) || errors.Is(err, fs.ErrExist) {
		return 3
	}
	if _, ok := errors.AsType[*vault.WrongKeyError](err); ok || errors.Is(err, vault.ErrNotWholeKey) || errors.Is(err, vault.ErrUnsafeFile) {
		return 3
	}
	return 1
}
