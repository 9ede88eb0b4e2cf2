// Package link is every address of the console, with the prefix it is mounted under. Nothing else may spell one out.
// There are no slashes at the end.
//
// The package makes no promise of compatibility.
package link

import (
	"context"
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/static"
	"github.com/paywicket/paywicket/views"
)

// to joins the prefix and path segments; each is escaped.
func to(ctx context.Context, segments ...string) string {
	var b strings.Builder
	b.WriteString(views.From(ctx).Base)
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// with adds a query, if there is one, with its keys in order.
func with(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Absolute makes a path of this package an address that works outside the browser, in a mail or at a provider.
func Absolute(ctx context.Context, path string) string {
	r := views.From(ctx)
	return strings.TrimSuffix(r.Public, r.Base) + path
}

// Static is a file that browsers may keep for ever: "css/app.css".
func Static(ctx context.Context, name string) string {
	return views.From(ctx).Base + "/static/" + static.Path(name)
}

// Home is the first page. At the root of a host it is "/".
func Home(ctx context.Context) string { return views.From(ctx).Base + "/" }

// Within reports whether path is the page at area or below it: "/payouts/p1" is within "/payouts".
func Within(path, area string) bool {
	return path == area || strings.HasPrefix(path, area+"/")
}
