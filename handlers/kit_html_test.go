package handlers_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// findAll finds elements by a selector of tags, .classes, #ids, [attributes] and [attribute=value], with spaces between
// what is within what.
func findAll(root *html.Node, selector string) []*html.Node {
	found := []*html.Node{root}
	for part := range strings.FieldsSeq(selector) {
		var next []*html.Node
		for _, n := range found {
			for d := range n.Descendants() {
				if d.Type == html.ElementNode && fits(d, part) && !slices.Contains(next, d) {
					next = append(next, d)
				}
			}
		}
		found = next
	}
	return found
}

func find(root *html.Node, selector string) *html.Node {
	if all := findAll(root, selector); len(all) > 0 {
		return all[0]
	}
	return nil
}

// fits reports whether an element is what one part of a selector says: "input.input[name=q]".
func fits(n *html.Node, part string) bool {
	part, attributes, _ := strings.Cut(part, "[")
	for one := range strings.SplitSeq(strings.TrimSuffix(attributes, "]"), "][") {
		name, value, valued := strings.Cut(one, "=")
		if one != "" && (!has(n, name) || valued && attr(n, name) != strings.Trim(value, `"`)) {
			return false
		}
	}
	rest, id, hasID := strings.Cut(part, "#")
	tag, classes, _ := strings.Cut(rest, ".")
	if (tag != "" && n.Data != tag) || (hasID && attr(n, "id") != id) {
		return false
	}
	for class := range strings.SplitSeq(classes, ".") {
		if class != "" && !slices.Contains(strings.Fields(attr(n, "class")), class) {
			return false
		}
	}
	return true
}

func attr(n *html.Node, name string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// words is the text of an element with single spaces.
func words(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// shown is what a browser sends of a form that nobody has touched.
func shown(form *html.Node) url.Values {
	values := url.Values{}
	for _, n := range findAll(form, "[name]") {
		name := attr(n, "name")
		switch {
		case has(n, "disabled"), n.Data == "button", attr(n, "type") == "submit":
		case n.Data == "select":
			values[name] = append(values[name], chosen(n))
		case n.Data == "textarea":
			values[name] = append(values[name], words(n))
		case attr(n, "type") == "radio", attr(n, "type") == "checkbox":
			if has(n, "checked") {
				values[name] = append(values[name], attr(n, "value"))
			}
		case n.Data == "input":
			values[name] = append(values[name], attr(n, "value"))
		}
	}
	return values
}

func chosen(list *html.Node) string {
	if o := find(list, "option[selected]"); o != nil {
		return attr(o, "value")
	}
	return attr(find(list, "option"), "value")
}

// checkPage looks for what no page may lack: one h1, a language, labels, ids that stand once, headings in order.
func checkPage(t *testing.T, p *page) {
	t.Helper()
	if n := len(p.all("h1")); n != 1 {
		t.Errorf("%s: got %d h1, want 1", p.path, n)
	}
	if attr(p.find("html"), "lang") == "" {
		t.Errorf("%s: no language", p.path)
	}
	ids := map[string]bool{}
	for _, n := range p.all("[id]") {
		if ids[attr(n, "id")] {
			t.Errorf("%s: id %q stands twice", p.path, attr(n, "id"))
		}
		ids[attr(n, "id")] = true
	}
	for _, tag := range []string{"input", "select", "textarea"} {
		for _, n := range p.all(tag) {
			if attr(n, "type") != "hidden" && find(p.root, "label[for="+attr(n, "id")+"]") == nil {
				t.Errorf("%s: %s %q has no label", p.path, tag, attr(n, "name"))
			}
		}
	}
	for _, name := range []string{"aria-describedby", "aria-labelledby", "for"} {
		for _, n := range p.all("[" + name + "]") {
			for id := range strings.FieldsSeq(attr(n, name)) {
				if !ids[id] {
					t.Errorf("%s: %s %q leads nowhere", p.path, name, id)
				}
			}
		}
	}
	checkHeadings(t, p)
	if key := findKey(p); key != "" {
		t.Errorf("%s: a key without its words: %s", p.path, key)
	}
}

func checkHeadings(t *testing.T, p *page) {
	t.Helper()
	last := 0
	for d := range p.root.Descendants() {
		if d.Type != html.ElementNode || len(d.Data) != 2 || d.Data[0] != 'h' || d.Data[1] < '1' || d.Data[1] > '6' {
			continue
		}
		level := int(d.Data[1] - '0')
		if level > last+1 {
			t.Errorf("%s: heading %q of level %d after level %d", p.path, words(d), level, last)
		}
		last = level
	}
}

// findKey finds text that looks like the key of a catalog.
func findKey(p *page) string {
	for d := range p.root.Descendants() {
		text := strings.TrimSpace(d.Data)
		if d.Type != html.TextNode || strings.ContainsAny(text, " /@:") || strings.Count(text, ".") == 0 {
			continue
		}
		area, _, _ := strings.Cut(text, ".")
		if slices.Contains([]string{"auth", "login", "logout", "resume", "mode", "setup", "invite", "password", "access", "me", "display",
			"people", "person", "permission", "grant", "settings", "role", "do", "error", "nav", "field", "check", "home", "account",
			"store", "payout", "approval", "review", "webhook", "audit"}, area) {
			return text
		}
	}
	return ""
}
