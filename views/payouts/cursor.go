package payouts

import (
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// At is the query at a place of the list: from a row on ("after") or up to it ("before"). The zero Query if there is no
// such place.
func (q Query) At(name string, c payout.Cursor) Query {
	if c.IsZero() {
		return Query{}
	}
	return q.With(name, strconv.FormatInt(c.At.UnixMilli(), 36)+"-"+string(c.ID))
}

// Cursor reads a place from the query; false if it holds something that is none.
func (q Query) Cursor(name string) (payout.Cursor, bool) {
	text := q.Get(name)
	if text == "" {
		return payout.Cursor{}, true
	}
	at, id, _ := strings.Cut(text, "-")
	ms, err := strconv.ParseInt(at, 36, 64)
	if err != nil || id == "" || len(id) > 40 || strings.ToLower(at) != at {
		return payout.Cursor{}, false
	}
	return payout.Cursor{At: time.UnixMilli(ms).UTC(), ID: payout.ID(id)}, true
}
