package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/vault"
)

func benchConfig(b *testing.B) web.Config {
	b.Helper()
	return web.Config{Database: filepath.Join(b.TempDir(), "paywicket.db"), MasterKey: vault.FromBytes(bytes.Repeat([]byte("k"), 32)),
		Providers: all.Definitions(), PublicURL: "http://localhost:8080", Log: slog.New(slog.DiscardHandler)}
}

// BenchmarkStart opens an existing database and makes everything that serves it.
func BenchmarkStart(b *testing.B) {
	cfg := benchConfig(b)
	for b.Loop() {
		app, err := web.New(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if err := app.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignInPage is the page a visitor sees first.
func BenchmarkSignInPage(b *testing.B) {
	app, err := web.New(b.Context(), benchConfig(b))
	if err != nil {
		b.Fatal(err)
	}
	defer app.Close()
	token, err := app.Admin().Access.BeginSetup(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	first := access.First{Token: token, Name: "Ama", Email: "ama@shop.example", Password: "violet harbour seventeen kites"}
	if _, err := app.Admin().Access.FinishSetup(b.Context(), first); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		app.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost:8080/login", http.NoBody))
		if w.Code != http.StatusOK {
			b.Fatalf("got %d", w.Code)
		}
	}
}
