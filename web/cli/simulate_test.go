package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/peterbourgon/ff/v3"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/goldenpay"
	"github.com/paywicket/paywicket/providers/moneroo"
)

// simulateWith runs the command as the program does, and returns what it printed once ctx has ended.
func simulateWith(ctx context.Context, out io.Writer, args ...string) (string, error) {
	var help bytes.Buffer
	f := flag.NewFlagSet("paywicket simulate", flag.ContinueOnError)
	f.SetOutput(&help)
	f.Usage = f.PrintDefaults
	run := simulate(f)
	if err := ff.Parse(f, args, ff.WithEnvVarPrefix("PAYWICKET")); err != nil {
		return help.String(), err
	}
	err := run(ctx, Env{Out: out, Err: &help, Providers: []providers.Definition{goldenpay.Definition(), moneroo.Definition()}}, f.Args())
	return help.String(), err
}

// started starts simulators and returns what they say as JSON. They end with the test.
func started(t *testing.T, args ...string) (string, []running) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := simulateWith(ctx, out, args...)
		ended <- errors.Join(err, out.CloseWithError(err))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	var said struct {
		Simulators []running
		Command    string
	}
	if err := json.NewDecoder(in).Decode(&said); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, in) }()
	return said.Command, said.Simulators
}

// get reads JSON of a control page.
func get(t *testing.T, url string, into any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d, %v", url, res.StatusCode, err)
	}
}

// stateOf is what the control page of a simulator says of it.
type stateOf struct {
	Provider string
	Accepts  []struct{ Name, Value string }
	Switches []struct {
		Name string
		On   bool
	}
	PostsTo []string `json:"posts_to"`
}

func TestSimulateOne(t *testing.T) {
	t.Setenv("PAYWICKET_WEBHOOK_URL", "http://from.the.environment/hook")
	command, all := started(t, "moneroo", "-addr", "127.0.0.1:0", "-switch", "bare", "-switch", "error-list", "-set", "webhook_secret=a,b=c", "-json")
	if len(all) != 1 || all[0].Provider != "moneroo" || command != "paywicket -provider-url moneroo="+all[0].URL || all[0].Control != all[0].URL+"/_simulator" {
		t.Fatalf("got %q, %+v, want moneroo and how to use it", command, all)
	}
	var s stateOf
	get(t, all[0].Control+"/state", &s)
	on := []string{}
	for _, one := range s.Switches {
		if one.On {
			on = append(on, one.Name)
		}
	}
	if !slices.Equal(on, []string{"bare", "error-list"}) || s.Accepts[1].Value != "a,b=c" || !slices.Equal(s.PostsTo, []string{"http://from.the.environment/hook"}) {
		t.Errorf("got %+v, want what was asked for", s)
	}
	if all[0].Accepts["webhook_secret"] != "a,b=c" || all[0].Accepts["secret_key"] == "" {
		t.Errorf("got %v printed, want what it accepts", all[0].Accepts)
	}
}

func TestSimulateAll(t *testing.T) {
	command, all := started(t, "all", "-addr", "127.0.0.1:0", "-json")
	want := "paywicket"
	for i, id := range []string{"goldenpay", "moneroo"} {
		var s stateOf
		get(t, all[i].Control+"/state", &s)
		if s.Provider != id || all[i].Provider != id {
			t.Errorf("got %s and %s, want %s", all[i].Provider, s.Provider, id)
		}
		want += " -provider-url " + id + "=" + all[i].URL
	}
	if command != want {
		t.Errorf("got %q, want %q", command, want)
	}
}

func TestAddresses(t *testing.T) {
	for _, tt := range []struct {
		addr  string
		place int
		want  string
	}{
		{"127.0.0.1:9001", 0, "127.0.0.1:9001"}, {"127.0.0.1:9001", 3, "127.0.0.1:9004"}, {":9001", 1, ":9002"}, {"[::1]:9001", 1, "[::1]:9002"}, {"127.0.0.1:0", 3, "127.0.0.1:0"},
	} {
		if got, err := nthAddress(tt.addr, tt.place); err != nil || got != tt.want {
			t.Errorf("%s, %d: got %s, %v, want %s", tt.addr, tt.place, got, err, tt.want)
		}
	}
	for ip, want := range map[string]string{"0.0.0.0": "http://127.0.0.1:9001", "::": "http://127.0.0.1:9001", "::1": "http://[::1]:9001", "192.0.2.7": "http://192.0.2.7:9001"} {
		if got := addressOf(at{addr: &net.TCPAddr{IP: net.ParseIP(ip), Port: 9001}}); got != want {
			t.Errorf("%s: got %s, want %s", ip, got, want)
		}
	}
}

// at is a listener that only knows its address.
type at struct {
	net.Listener
	addr net.Addr
}

func (a at) Addr() net.Addr { return a.addr }

// freePorts finds some ports in a row that nobody has.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 50 {
		var held []net.Listener
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		for held = append(held, l); len(held) < n && err == nil; {
			if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first+len(held))); err == nil {
				held = append(held, l)
			}
		}
		for _, l := range held {
			l.Close()
		}
		if err == nil {
			return first
		}
	}
	t.Fatal("no ports in a row")
	return 0
}

// TestSimulateTells: what is printed for people has everything they need.
func TestSimulateTells(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop() // it starts, says what it is, and ends
	for _, tt := range []struct {
		args []string
		want []string
		not  string
	}{
		{[]string{"moneroo", "-addr", "127.0.0.1:0"}, []string{"Simulator of Moneroo on http://127.0.0.1:", "Control page: http://127.0.0.1:", "/_simulator\n",
			"  webhook_secret=demo-webhook-secret-of-moneroo\n", "Use with: paywicket -provider-url moneroo=http://127.0.0.1:", "posts no webhooks", "the table is on the control page"}, ""},
		{[]string{"moneroo", "-addr", "127.0.0.1:0", "-webhook-url", "http://127.0.0.1:1/hook"}, []string{"on http://127.0.0.1:"}, "posts no webhooks"},
		{[]string{"goldenpay", "-addr", "127.0.0.1:0"}, []string{"Simulator of GoldenPay"}, "posts no webhooks"},
		{[]string{"all", "-addr", "127.0.0.1:0"}, []string{"Simulator of Moneroo", "Simulator of GoldenPay", " -provider-url goldenpay=http://127.0.0.1:", " -provider-url moneroo=http://127.0.0.1:"}, ""},
	} {
		var out bytes.Buffer
		if _, err := simulateWith(ctx, &out, tt.args...); err != nil {
			t.Errorf("%v: %v", tt.args, err)
		}
		for _, want := range tt.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v: %q is not in\n%s", tt.args, want, out.String())
			}
		}
		if tt.not != "" && strings.Contains(out.String(), tt.not) {
			t.Errorf("%v: %q is in\n%s", tt.args, tt.not, out.String())
		}
	}
}

func TestSimulateLists(t *testing.T) {
	for _, args := range [][]string{{}, {"-list"}, {"moneroo", "-list"}, {"-h"}, {"-help"}, {"moneroo", "-h"}} {
		var out bytes.Buffer
		help, err := simulateWith(t.Context(), &out, args...)
		text := out.String() + help
		if err != nil || !strings.Contains(text, "  moneroo\n    -switch bare\n        leaves success out") {
			t.Errorf("%v: got %v\n%s\nwant the switches", args, err, text)
		}
		if asked := slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-h") }); asked != strings.Contains(text, "-pace") {
			t.Errorf("%v: got the flags explained: %v, want %v", args, !asked, asked)
		}
		if one := slices.Contains(args, "moneroo"); one == strings.Contains(text, "  goldenpay\n") {
			t.Errorf("%v: got other providers listed: %v", args, one)
		}
	}
	var out bytes.Buffer
	_, err := simulateWith(t.Context(), &out, "-list", "-json")
	var all []listedProvider
	if err != nil || json.Unmarshal(out.Bytes(), &all) != nil || len(all) != 2 || all[1].Switches["bare"] == "" || !slices.Equal(all[1].Accepts, []string{"secret_key", "webhook_secret"}) {
		t.Errorf("got %v, %s, want both providers", err, out.String())
	}
}

func TestSimulateRefuses(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"nobody", "name one of the providers goldenpay, moneroo, or all"},
		{"moneroo goldenpay", "name one provider"},
		{"moneroo -switch nothing", "there are bare, created-200, error-list, retrieve-shape"},
		{"moneroo -set nothing=1", "write name=value, with one of the names secret_key, webhook_secret"},
		{"moneroo -set secret_key", "write name=value"},
		{"moneroo -nothing", "-nothing"},
		{"moneroo -addr nowhere", "write 127.0.0.1:9001"},
		{"moneroo -addr 127.0.0.1:http", "write 127.0.0.1:9001"},
		{"all -switch bare", "are for one provider"},
		{"all -set secret_key=1", "are for one provider"},
	} {
		_, err := simulateWith(t.Context(), io.Discard, strings.Fields(tt.args)...)
		if err == nil || ExitCode(err) != 2 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want wrong usage with %q", tt.args, err, tt.want)
		}
	}
}

// TestSimulateAllOrNone: if one of the addresses is taken, no simulator is left listening.
func TestSimulateAllOrNone(t *testing.T) {
	first := freePorts(t, 2)
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first+1))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := simulateWith(t.Context(), io.Discard, "all", "-addr", "127.0.0.1:"+strconv.Itoa(first)); err == nil {
		t.Fatal("got no error, want one for the address that is taken")
	}
	again, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first))
	if err != nil {
		t.Fatalf("%v: the first one still listens", err)
	}
	again.Close()
}

// TestSimulateFlagsAndEnvironment: what stands on the command line replaces what comes from the environment.
func TestSimulateFlagsAndEnvironment(t *testing.T) {
	t.Setenv("PAYWICKET_SWITCH", "created-200")
	t.Setenv("PAYWICKET_WEBHOOK_URL", "http://a,http://b")
	_, all := started(t, "moneroo", "-addr", "127.0.0.1:0", "-switch", "bare", "-json")
	var s stateOf
	get(t, all[0].Control+"/state", &s)
	if !slices.Equal(all[0].Switches, []string{"bare"}) || !slices.Equal(s.PostsTo, []string{"http://a", "http://b"}) {
		t.Errorf("got %v and %v, want the flag's switch and the environment's addresses", all[0].Switches, s.PostsTo)
	}
}
