package handlers_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/web/payout"
)

// Who may see a payout that was paid gets its receipt; there is none of others, and none of another store's.
func TestReceipt(t *testing.T) {
	s := newPast(t, 0)
	s.odd(named("Đỗ Lan"), func(p *payout.Payout) { p.State = payout.Returned }, func(p *payout.Payout) { p.State = payout.Failed }, func(p *payout.Payout) { p.Store = s.foreign.ID })
	b := s.signIn(maritMail)
	path := func(i int) string { return "/payouts/" + string(s.all[i].ID) }
	for i := range 2 {
		res, body, err := b.fetch(path(i) + "/receipt.pdf")
		if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix(body, []byte("%PDF-")) ||
			!strings.Contains(res.Header.Get("Content-Disposition"), s.all[i].ID.Number()) {
			t.Errorf("%d: got %d %v, %v: %.40q", i, res.StatusCode, res.Header, err, body)
		}
		if bytes.Contains(body, []byte("229970012345")) {
			t.Error("a whole account number is on the receipt")
		}
		if p := b.get(path(i)); !p.says("Receipt (PDF)") {
			t.Errorf("%d: the page offers no receipt", i)
		}
	}
	for language, want := range map[string]string{"fr": "/Lang (fr)", "zh": "/Lang (en)"} { // there are no fonts here: Chinese is printed in English
		b.header.Set("Accept-Language", language)
		if _, body, err := b.fetch(path(0) + "/receipt.pdf"); err != nil || !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: got no %s, %v", language, want, err)
		}
	}
	b.header.Set("Accept-Language", "en")
	if p := b.get(path(2)); p.says("Receipt (PDF)") {
		t.Error("a receipt is offered of what was not paid")
	}
	if p := b.get(path(2) + "/receipt.pdf"); p.status != http.StatusConflict || !p.says("There is no receipt yet") {
		t.Errorf("of what failed: got %d: %s", p.status, p.text("main"))
	}
	if p := b.get(path(3) + "/receipt.pdf"); p.status != http.StatusNotFound {
		t.Errorf("of another store: got %d", p.status)
	}
}
