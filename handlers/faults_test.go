package handlers_test

import (
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // a second hand on the file

	"github.com/paywicket/paywicket/web"
)

// TestDatabaseLocked: while another program holds the database, a change is answered with one plain sentence and nothing
// is half-done; pages are still read, and the same change works afterwards.
func TestDatabaseLocked(t *testing.T) {
	var path string
	s := newSite(t, func(c *web.Config) {
		c.Database = filepath.Join(t.TempDir(), "locked.db")
		path = c.Database
	})
	s.setup()
	other, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(1000)")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("begin immediate"); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"name": {"Kora Market"}, "zone": {"UTC"}}
	s.get("/stores/new")
	if p := s.submit("main form", form); p.status != http.StatusServiceUnavailable || !p.says("busy") {
		t.Errorf("while locked: got %d, %q; want 503 and a sentence", p.status, p.text("main"))
	}
	if p := s.get("/stores"); p.status != http.StatusOK || p.says("Kora Market") {
		t.Errorf("reading while locked: got %d, %q", p.status, p.text("main"))
	}
	if _, err := other.Exec("rollback"); err != nil {
		t.Fatal(err)
	}
	s.get("/stores/new")
	if p := s.submit("main form", form); p.status != http.StatusOK || !p.says("Kora Market") {
		t.Errorf("afterwards: got %d, %q; want the store", p.status, p.text("main"))
	}
}
