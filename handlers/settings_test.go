package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	s := newSite(t)
	s.setup()
	p := s.get("/settings")
	checkPage(t, p)
	if !p.says("1.2.3") || !p.says(s.url) || strings.Contains(p.body, "paywicket.db") {
		t.Errorf("got %s", p.text("main"))
	}
	p = s.submit("main form", url.Values{"mode": {"one"}})
	if p.path != "/settings" || !p.says("One person may decide alone now") || !p.says("One-person mode") {
		t.Errorf("got %d %s", p.status, p.text("main"))
	}
	if p = s.get("/people"); !p.says("One-person mode") {
		t.Error("the page of people does not say so")
	}
	s.get("/settings")
	if p = s.submit("main form", url.Values{"mode": {"two"}}); !p.says("Two people decide now") {
		t.Errorf("back: got %d %s", p.status, p.text("main"))
	}
	if p = s.post("/settings", url.Values{"mode": {"none"}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a mode there is not: got %d", p.status)
	}
	checkPage(t, p)
}

func TestOnePersonIsNotOfferedToTwo(t *testing.T) {
	s := newSite(t)
	s.setup()
	s.person("Tomás", "tomas@kora.example", super())
	p := s.get("/settings")
	if !has(p.find("input[value=one]"), "disabled") || !p.says("There are two super admins") || p.find("form[action=/settings] button") != nil {
		t.Errorf("got %s", p.text("main"))
	}
	if p = s.post("/settings", url.Values{"mode": {"one"}}); p.status != http.StatusUnprocessableEntity || p.find(".form__errors") == nil {
		t.Errorf("got %d %s", p.status, p.text("main"))
	}
	checkPage(t, p)
}
