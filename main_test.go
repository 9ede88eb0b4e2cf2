package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paywicket/paywicket/providers/all"
)

// shell runs commands on one data folder, as a person at a prompt.
type shell struct {
	t   *testing.T
	dir string
}

// run returns the exit code and everything printed.
func (s shell) run(in string, args ...string) (int, string) {
	s.t.Helper()
	var out bytes.Buffer
	ctx, stop := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer stop()
	code := run(ctx, args, strings.NewReader(in), &out, &out)
	return code, out.String()
}

func (s shell) want(code int, say, in string, args ...string) string {
	s.t.Helper()
	got, out := s.run(in, args...)
	if got != code || !strings.Contains(out, say) {
		s.t.Errorf("%s: got exit code %d, want %d with %q in:\n%s", strings.Join(args, " "), got, code, say, out)
	}
	return out
}

// TestSimulate: what a simulator accepts can be chosen, and every provider is listed with what it can play.
func TestSimulate(t *testing.T) {
	s := shell{t, t.TempDir()}
	list := s.want(0, "paywicket simulate PROVIDER", "", "simulate")
	for _, def := range all.Definitions() {
		if !strings.Contains(list, "\n  "+def.ID+"\n") {
			t.Errorf("%s is not listed:\n%s", def.ID, list)
		}
		for name, does := range def.Switches {
			if !strings.Contains(list, "-switch "+name+"\n        "+does) {
				t.Errorf("%s: switch %s is not listed:\n%s", def.ID, name, list)
			}
		}
	}
	s.want(2, "name one of the providers", "", "simulate", "nobody")
	s.want(2, "there are form-notices", "", "simulate", "yabandpay", "-switch", "nonsense")
	s.want(2, "write name=value", "", "simulate", "yabandpay", "-set", "nonsense=1")
	s.want(2, "write name=value", "", "simulate", "yabandpay", "-set", "user")
	for _, def := range all.Definitions() {
		args := []string{"simulate", def.ID, "-addr", "127.0.0.1:0"}
		for name := range def.Switches {
			args = append(args, "-switch", name)
		}
		var out bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		stop() // it starts, says what it is, and ends
		if code := run(ctx, args, strings.NewReader(""), &out, &out); code != 0 || !strings.Contains(out.String(), "-provider-url "+def.ID+"=http://127.0.0.1:") {
			t.Errorf("%s: got exit code %d:\n%s", def.ID, code, out.String())
		}
	}
}

// TestCommands goes through the commands as an operator does on a new machine.
func TestCommands(t *testing.T) {
	s := shell{t, t.TempDir()}
	data, key := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "master.key")
	here := func(args ...string) []string { return append(args, "-data", data, "-master-key-file", key) }

	s.want(2, "there is no command", "", "nonsense")
	s.want(2, "-nothing", "", "serve", "-nothing")
	s.want(0, "paywicket", "", "version")
	s.want(1, "start paywicket serve first", "", here("user", "list")...)
	s.want(3, "lies in the data folder", "", "serve", "-data", data, "-master-key-file", filepath.Join(data, "key"))
	s.serveOnce(here("serve", "-addr", "127.0.0.1:0")...)

	s.want(0, "", "", here("store", "add", "-name", "Kora Market", "-zone", "Africa/Porto-Novo")...)
	s.want(2, "-zone", "", here("store", "add", "-name", "X", "-zone", "Nowhere")...)
	s.want(0, "Kora Market", "", here("store", "list")...)
	s.want(0, "Added", "violet harbour seventeen kites\n", here("user", "add", "-email", "ama@kora.example", "-name", "Ama", "-role", "super-admin")...)
	s.want(2, "too short", "short\n", here("user", "add", "-email", "bo@kora.example", "-name", "Bo", "-role", "super-admin")...)
	s.want(2, "no store", "", here("user", "add", "-email", "bo@kora.example", "-name", "Bo", "-role", "accountant", "-store", "Nothing")...)
	s.want(0, "/invite/", "", here("user", "add", "-email", "bo@kora.example", "-name", "Bo", "-role", "accountant", "-store", "Kora Market", "-invite")...)
	s.want(0, "ama@kora.example", "", here("user", "list")...)
	s.want(0, "/hooks/", "secret_key=canary-key\nwebhook_secret=canary-hook\n",
		here("account", "add", "-store", "Kora Market", "-provider", "moneroo", "-mode", "test", "-label", "Moneroo")...)
	s.want(2, "settings[secret_key]", "webhook_secret=x\n", here("account", "add", "-store", "Kora Market", "-provider", "moneroo", "-label", "M")...)
	s.want(0, "done: Moneroo", "", here("freeze", "-account", "Moneroo", "-reason", "a test")...)
	s.want(0, "done: Kora Market", "", here("freeze", "-store", "Kora Market", "-reason", "a test")...)
	s.want(0, "done: Kora Market", "", here("unfreeze", "-store", "Kora Market")...)
	s.want(0, "done: everything", "", here("freeze")...)
	s.want(0, "done: everything", "", here("unfreeze")...)
	s.want(0, "rows", "", here("verify")...)
	s.noCanary(data)

	moved := key + ".moved"
	if err := os.Rename(key, moved); err != nil {
		t.Fatal(err)
	}
	out := s.want(3, "This database was made with master key pdk-", "", here("serve")...)
	if strings.Contains(out, "pdk1-") {
		t.Error("the key itself was printed")
	}
	s.want(3, "", "", here("verify")...)
}

// serveOnce starts the program, waits for its set-up link and ends it.
func (s shell) serveOnce(args ...string) {
	s.t.Helper()
	var out bytes.Buffer
	ctx, stop := context.WithTimeout(s.t.Context(), 3*time.Second)
	defer stop()
	if code := run(ctx, args, strings.NewReader(""), &out, &bytes.Buffer{}); code != 0 {
		s.t.Fatalf("serve: exit code %d: %s", code, out.String())
	}
	for _, say := range []string{"Made master key pdk-", "Keep a copy", "/setup?token="} {
		if !strings.Contains(out.String(), say) {
			s.t.Errorf("first start: %q is not in:\n%s", say, out.String())
		}
	}
}

// noCanary looks for what was typed as a secret in every byte that was written.
func (s shell) noCanary(data string) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(data, "*"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("no files in %s: %v", data, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, canary := range []string{"canary-key", "canary-hook", "violet harbour"} {
			if bytes.Contains(content, []byte(canary)) {
				s.t.Errorf("%s holds %q", filepath.Base(name), canary)
			}
		}
	}
}
