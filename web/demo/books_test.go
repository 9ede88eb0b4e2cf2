package demo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// TestBooks sees an accountant through a month: the provider's list is fetched and held against the books; then J12, the close of the
// month before, whose record comes as a file of the portal, in five clicks and a reason.
func TestBooks(t *testing.T) {
	folder := t.TempDir()
	d, ctx := newDemoIn(t, folder)
	path, file := pastMonth(t, d, folder)
	marit := tab(ctx, t, d)
	marit.signIn("marit@paywicket.example")
	marit.open("/books")
	list := eval[string](marit, `(document.querySelector('td a[href*="/etpay/"]') || {getAttribute() { return "" }}).getAttribute("href")`)
	if list == "" {
		t.Fatalf("no books at ETpay:\n%s", marit.words("main"))
	}
	marit.open(list)
	marit.press("Fetch from ETpay")
	marit.wait("the list", `document.querySelector("#reports").innerText.includes("taken in.")`)
	marit.each("books-fetched", func() { marit.open(list) })
	if said := marit.words("main"); !strings.Contains(said, "Difference") || strings.Contains(said, "no record yet") {
		t.Errorf("the list was not held against the books:\n%s", said)
	}
	marit.each("books", func() { marit.open("/books") })
	marit.closeMonth(path, file)
	marit.each("history-books", func() { marit.open("/payouts?cols=books&provider=moneroo&state=paid&q=OLDREF&sort=oldest") })
	if said := marit.words("main"); !strings.Contains(said, "another amount") || !strings.Contains(said, "matched") {
		t.Errorf("the columns do not tell of the books:\n%s", said)
	}
	marit.each("payout-books", func() { marit.open("/payouts/AB0000000012") })
}

// pastMonth puts a month that is over into the books of a store of the demo, and makes its provider's file.
func pastMonth(t *testing.T, d *demo.Demo, folder string) (string, string) {
	t.Helper()
	boss := access.Person{ID: "test", Grants: []access.Grant{{Role: access.SuperAdmin}}}
	accounts, err := d.App.Admin().Stores.Accounts(t.Context(), boss, access.ViewAccounts)
	if err != nil {
		t.Fatal(err)
	}
	var account store.Account
	for _, a := range accounts {
		if a.Provider == "moneroo" && a.Live {
			account = a
		}
	}
	st, err := d.App.Admin().Stores.Store(t.Context(), boss, account.Store)
	if err != nil {
		t.Fatal(err)
	}
	month := books.MonthOf(time.Now(), st.Location()).Previous().Previous()
	data, err := db.Open(t.Context(), filepath.Join(folder, "paywicket.db"), db.Options{Now: time.Now, NewID: func() string { return fmt.Sprint(time.Now().UnixNano()) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	text := "merchant_reference,payout_id,recipient,amount,currency,fee,status,completed_at\n"
	for i := range 40 {
		p := old(i, account, month.Begin(st.Location()).Add(time.Duration(i)*15*time.Hour))
		if err := data.Payouts().Insert(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		text += lineOf(i, p)
	}
	file := filepath.Join(t.TempDir(), "moneroo-"+string(month)+".csv")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/books/%s/moneroo/XOF/%s", account.Store, month), file
}

func old(i int, a store.Account, at time.Time) *payout.Payout {
	names := []string{"Aïssatou Bello", "Kossi Mensah", "Fatou Ndiaye", "Ibrahim Traoré"}
	return &payout.Payout{ID: payout.ID(fmt.Sprintf("AB%010d", i)), Store: a.Store, Author: "test", Version: 1, State: payout.Paid, CreatedAt: at, UpdatedAt: at, SubmittedAt: at, EndedAt: at.Add(time.Hour),
		Input: payout.Input{Amount: fmt.Sprint(5000 + 250*i), Language: "en"}, Fee: money.Amount{Minor: 50, Currency: "XOF"},
		Content: payout.Content{Account: a.ID, Provider: a.Provider, Company: "Moneroo", Live: a.Live, Method: "mtn_bj", Amount: money.Amount{Minor: int64(5000 + 250*i), Currency: "XOF"},
			Details: []payout.Detail{{Name: "name", Value: names[i%len(names)], Role: providers.RoleName}}},
		Attempts: []payout.Attempt{{No: 1, Decision: 1, Reference: fmt.Sprintf("OLDREF%014d", i), RemoteID: fmt.Sprintf("py_%08d", i), StartedAt: at, EndedAt: at, Outcome: payout.Paid}}}
}

// lineOf is a line of the portal: one has lost its names, one another amount.
func lineOf(i int, p *payout.Payout) string {
	amount, reference, id := p.Amount().Minor, p.Reference(), p.RemoteID()
	switch i {
	case 7:
		reference, id = "OLDREF-lost", "py_lost"
	case 12:
		amount += 250
	}
	return fmt.Sprintf("%s,%s,%s,%d,XOF,50,success,%s\n", reference, id, p.Content.Recipient(), amount, p.EndedAt.UTC().Format(time.RFC3339))
}

// closeMonth is J12: the file, one match, one reason, the close.
func (b *browser) closeMonth(path, file string) {
	b.t.Helper()
	clicks, start := 0, time.Now()
	press := func(text string) { clicks++; b.press(text) }
	b.open(path)
	if err := chromedp.Do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{file})); err != nil {
		b.t.Fatal(err)
	}
	press("Look at the file")
	b.wait("the preview", `document.querySelector('button[value="take"]')`)
	b.checkPage("books preview")
	b.shot("books-preview")
	press("Take in 40 lines")
	b.wait("the file to be taken in", `document.querySelector("main").innerText.includes("3 exceptions have no owner")`)
	b.each("books-exceptions", func() { b.open(path) })
	press("Yes, this is the one")
	b.wait("the match", `document.querySelector("main").innerText.includes("1 exception has no owner")`)
	b.fill("reason", "The provider paid 250 more by mistake and takes it back in July.")
	b.do(chromedp.Click(chromedp.CSS(`button[value="explain"]`))) // with the reason
	b.wait("nothing in the way", `document.querySelector("main").innerText.includes("Nothing stands in the way")`)
	b.each("books-ready", func() { b.open(path) })
	press("Close the month")
	b.wait("the confirmation", `document.querySelector('input[name="digest"]')`)
	b.checkPage("books close")
	b.shot("books-close")
	clicks++
	b.do(chromedp.Click(chromedp.CSS(".decision__act button")))
	b.wait("the month to be closed", `document.querySelector("main").innerText.includes("Closed by")`)
	if clicks != 5 {
		b.t.Errorf("J12 took %d clicks, want 5", clicks)
	}
	b.t.Logf("J12: %d clicks and one reason in %v", clicks, time.Since(start))
	b.each("books-closed", func() { b.open(path + "?seal=check") })
	b.each("books-statement", func() { b.open(path + "/statement") })
}
