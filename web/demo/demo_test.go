package demo_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web/demo"
)

// TestDemo makes the whole demo: every payout of it goes through everything a real one does.
func TestDemo(t *testing.T) {
	var log bytes.Buffer
	folder := t.TempDir()
	d, err := demo.New(t.Context(), demo.Options{Data: folder, Addr: "127.0.0.1:0", Providers: all.Definitions(),
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	defer d.Close()
	found, err := d.App.Verify(t.Context())
	if err != nil || !found.OK() {
		t.Errorf("verify: %+v, %v", found, err)
	}
}
