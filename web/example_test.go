package web_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/paywicket/paywicket/providers/all"
	"github.com/paywicket/paywicket/web"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/vault"
)

// The console inside another program: its own database, the host's sign-in, mounted under a path.
func Example() {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	key := filepath.Join(dir, "desk.key")
	if _, err := vault.CreateFile(key); err != nil { // once, when the shop is installed
		log.Fatal(err)
	}
	currentUser := func(*http.Request) (access.Identity, error) { // what the shop knows of its own session
		return access.Identity{Subject: "staff-7", Name: "Ama Doe", Email: "ama@shop.example", Role: access.SuperAdmin}, nil
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	desk, err := web.New(ctx, web.Config{
		Database:  filepath.Join(dir, "payouts.db"),
		MasterKey: vault.FromFile(key),
		Providers: all.Definitions(),
		PublicURL: "http://shop.example/payouts",
		Identify:  currentUser,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer desk.Close()
	go desk.Run(ctx) // sends and looks up; without it payouts wait
	mux := http.NewServeMux()
	mux.Handle("/payouts/", desk)

	page := httptest.NewRecorder()
	mux.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "http://shop.example/payouts/", http.NoBody))
	fmt.Println(page.Code, page.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
