package handlers_test

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/books"
	"github.com/paywicket/paywicket/web/payout"
)

// ledger is a console with a month that is over, and an accountant who looks at it.
type ledger struct {
	*past
	marit *browser
	key   books.Key
	path  string
	paid  []*payout.Payout
}

func newLedger(t *testing.T, n int) *ledger {
	t.Helper()
	l := &ledger{past: newPast(t, 0)}
	zone := l.kora.Location()
	month := books.MonthOf(l.clock.Now(), zone).Previous()
	l.key = books.Key{Store: l.kora.ID, Provider: "moneroo", Currency: "XOF", Live: true, Month: month}
	l.path = fmt.Sprintf("/books/%s/moneroo/XOF/%s", l.kora.ID, month)
	l.connect("a9")
	for i := range n {
		at := month.Begin(zone).Add(time.Duration(i+1) * time.Hour)
		l.paid = append(l.paid, &payout.Payout{ID: payout.ID(fmt.Sprintf("B%011d", i)), Store: l.kora.ID, Author: l.super.ID, Version: 1, State: payout.Paid, CreatedAt: at, UpdatedAt: at, EndedAt: at,
			Content: payout.Content{Account: "a9", Provider: "moneroo", Company: "Moneroo", Live: true, Amount: money.Amount{Minor: int64(1000 + i), Currency: "XOF"},
				Details: []payout.Detail{{Name: "name", Value: "=HYPERLINK(\"x\")", Role: providers.RoleName}}},
			Attempts: []payout.Attempt{{No: 1, Decision: 1, Reference: fmt.Sprintf("REF%017d", i), RemoteID: fmt.Sprintf("py-%06d", i), StartedAt: at, EndedAt: at, Outcome: payout.Paid}}})
	}
	l.insert(l.paid...)
	l.marit = l.signIn(maritMail)
	return l
}

// connect puts in a live account, which the program would not connect to a provider of tests.
func (l *ledger) connect(id string) {
	l.t.Helper()
	raw, err := sql.Open("sqlite", "file:"+l.file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	_, err = raw.ExecContext(l.t.Context(), `insert into accounts (id, store, provider, label, live, address, token, version, created_at, created_by)
		values ($1, $2, 'moneroo', 'Main', 1, 'default', $1, 1, 1, $3)`, id, string(l.kora.ID), string(l.super.ID))
	if err != nil {
		l.t.Fatal(err)
	}
}

// upload sends a file as a browser does.
func (b *browser) upload(path, name string, data []byte) *page {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range map[string]string{"csrf": attr(b.page.find("input[name=csrf]"), "value")} {
		if err := form.WriteField(field, value); err != nil {
			b.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		b.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = form.Close()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		b.t.Fatal(err)
	}
	b.page = &page{status: res.StatusCode, path: res.Request.URL.Path, header: res.Header, body: string(text), root: root}
	return b.page
}

// record is the file of a portal for the payouts of the ledger.
func (l *ledger) record(change func(i int, cells []string)) []byte {
	var b strings.Builder
	b.WriteString("Référence;Identifiant;Montant;Statut;Date\n")
	for i, p := range l.paid {
		cells := []string{p.Reference(), p.RemoteID(), fmt.Sprint(p.Amount().Minor), "payé", p.EndedAt.In(l.kora.Location()).Format("02/01/2006 15:04")}
		change(i, cells)
		b.WriteString(strings.Join(cells, ";") + "\n")
	}
	return []byte(b.String())
}

// J12: the accountant closes a month: look at the file, take it in, explain what differs, close, confirm.
func TestCloseAMonth(t *testing.T) {
	l := newLedger(t, 30)
	b := l.marit
	b.get("/books")
	if b.page.find(`a[href="`+l.path+`"]`) == nil {
		t.Fatalf("the month is not on the list: %s", b.page.text("main"))
	}
	b.get(l.path)
	b.upload(l.path+"/upload", `C:\portal\juin.csv`, l.record(func(i int, cells []string) {
		if i == 3 {
			cells[2] = "1004"
		}
	}))
	if b.page.status != http.StatusOK || !strings.HasPrefix(b.page.path, "/books/reports/") || !b.page.says("juin.csv") || !b.page.says("30 lines") {
		t.Fatalf("preview: got %d at %s: %s", b.page.status, b.page.path, b.page.text("main"))
	}
	b.submit("main form", url.Values{"do": {"take"}})
	if b.page.path != l.path || !b.page.says("Being read") {
		t.Fatalf("taken in: got %d at %s: %s", b.page.status, b.page.path, b.page.text("main"))
	}
	if err := l.admin.Books.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.get(l.path)
	if !b.page.says("30 lines taken in.") || !b.page.says("record has 1,004 XOF instead of 1,003 XOF") || !b.page.says("1 exception has no owner") {
		t.Fatalf("month: %s", b.page.text("main"))
	}
	b.submit("section[aria-labelledby=exceptions] form", url.Values{"do": {"explain"}, "reason": {"no"}})
	if b.page.status != http.StatusUnprocessableEntity || b.page.find("[aria-invalid]") == nil {
		t.Errorf("a reason too short: got %d", b.page.status)
	}
	b.get(l.path)
	b.submit("section[aria-labelledby=exceptions] form", url.Values{"do": {"explain"}, "reason": {"rounded by the bank, accepted"}})
	if b.get(l.path + "/close"); !b.page.says("Close") || b.page.find("input[name=digest]") == nil {
		t.Fatalf("confirmation: got %d at %s: %s", b.page.status, b.page.path, b.page.text("main"))
	}
	b.submit("main form", nil)
	if !b.page.says("Closed by Marit de Graaf") || b.page.find("main form") != nil {
		t.Errorf("closed: %s", b.page.text("main"))
	}
	if b.get(l.path + "?seal=check"); !b.page.says("The signature fits every line") {
		t.Errorf("signature: %s", b.page.text("main"))
	}
	if b.get("/books"); b.page.find(`[data-state="closed"]`) == nil {
		t.Errorf("list: %s", b.page.text("main"))
	}
	l.checkStatement(t)
	l.checkColumns(t)
}

// checkColumns looks at how the list and the export tell of a closed month in which one payout differed.
func (l *ledger) checkColumns(t *testing.T) {
	t.Helper()
	p := l.marit.get("/payouts?cols=books&currency=XOF&from=" + string(l.key.Month) + "-01&to=" + string(l.key.Month) + "-28")
	checkPage(t, p)
	if text := p.text("tbody"); strings.Count(text, "matched") != 25 || strings.Count(text, "closed") != 25 || p.find(`tbody a[href="`+l.path+`"]`) == nil {
		t.Errorf("the newest 25, which agree: %s", text)
	}
	p = l.marit.get("/payouts?cols=books&q=REF" + fmt.Sprintf("%017d", 3))
	if text := p.text("tbody"); !strings.Contains(text, "another amount") || !strings.Contains(text, "explained") {
		t.Errorf("the one that differs: %s", text)
	}
	if p = l.marit.get("/payouts/" + string(l.paid[3].ID)); !p.says("closed: another amount, explained") {
		t.Errorf("its page: %s", p.text("main"))
	}
	story := p.text(".timeline")
	for _, want := range []string{"Found in Moneroo’s own record, line 5", "It says 1,004 XOF, “payé”.", "Exception: Moneroo’s record has 1,004 XOF instead of 1,003 XOF.", "Owner: Marit de Graaf.",
		"rounded by the bank, accepted", "Marit de Graaf closed "} {
		if !strings.Contains(story, want) {
			t.Errorf("its timeline has no %q: %s", want, story)
		}
	}
	checkPage(t, p)
	got := map[string]int{}
	for i, row := range l.exported(t, "currency=XOF") {
		if n := len(row); i > 0 && len(row[0]) == 12 {
			got[strings.Join(row[n-4:], " ")]++
		}
	}
	m := string(l.key.Month)
	if want := map[string]int{"matched false " + m + " true": 29, "amount true " + m + " true": 1}; !maps.Equal(got, want) {
		t.Errorf("export: got %v, want %v", got, want)
	}
}

// exported is the CSV of a filter, its columns and its stamp included.
func (l *ledger) exported(t *testing.T, query string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(l.marit.get("/payouts.csv?"+query).body, "\xef\xbb\xbf"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// J12: more exceptions than a page holds are on further pages, by kind; who explains one stays where they were. Closed, they stay readable.
func TestManyExceptions(t *testing.T) {
	l := newLedger(t, 80)
	b := l.marit
	b.get(l.path)
	b.upload(l.path+"/upload", "june.csv", l.record(func(i int, cells []string) {
		if i >= 60 {
			cells[2] = "7"
		} else if i > 0 {
			cells[0], cells[1], cells[2] = fmt.Sprint("NOBODYS", i), fmt.Sprint("st-", i), "1" // strangers, and the payouts are missing
		}
	}))
	b.submit("main form", url.Values{"do": {"take"}})
	if err := l.admin.Books.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := func(p *page) int { return len(p.all("section[aria-labelledby=exceptions] form")) }
	p := b.get(l.path)
	checkPage(t, p)
	if !p.says("50 of 138 exceptions") || count(p) != 50 || p.find(`.tabs a[href="`+l.path+`?kind=amount"]`) == nil {
		t.Fatalf("first page: %d: %s", count(p), p.text("main"))
	}
	if p = b.get(l.path + "?kind=amount"); count(p) != 20 || strings.Contains(p.text("section[aria-labelledby=exceptions] ul"), "does not have it") {
		t.Errorf("of one kind: %d: %s", count(p), p.text("main"))
	}
	seen := count(b.get(l.path))
	older := func() string { // the second link of the pager
		return attr(b.page.all("nav[aria-label=Exceptions] a")[1], "href")
	}
	for older() != "" {
		seen += count(b.get(older()))
	}
	if seen != 138 {
		t.Errorf("got %d exceptions on all pages, want 138", seen)
	}
	b.submit("section[aria-labelledby=exceptions] form", url.Values{"do": {"explain"}, "reason": {"x"}})
	if b.page.status != http.StatusUnprocessableEntity || b.page.find("[aria-invalid]") == nil {
		t.Errorf("a reason too short on the last page: got %d: %s", b.page.status, b.page.text("main"))
	}
	b.get(l.path + "?kind=amount")
	b.submit("section[aria-labelledby=exceptions] form", url.Values{"do": {"explain"}, "reason": {"known to the bank"}, "alike": {"on"}})
	if attr(b.page.find(".tabs a[aria-current]"), "href") != l.path+"?kind=amount" || strings.Count(b.page.text("main"), "known to the bank") < 20 {
		t.Errorf("after it was explained: %s", b.page.text("main"))
	}
	if p = b.get(l.path + "?kind=nonsense"); count(p) != 50 {
		t.Errorf("no such kind: %d", count(p))
	}
}

// checkStatement reads the file: its lines add up to its sums, those of the page, and hold no formula.
func (l *ledger) checkStatement(t *testing.T) {
	t.Helper()
	page := l.marit.get(l.path + "/statement")
	if !page.says("30,435") { // 1000 + … + 1029
		t.Errorf("statement: %s", page.text("main"))
	}
	file := l.marit.get(l.path + "/statement.csv")
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\xef\xbb\xbf")))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	sum, closing := int64(0), ""
	for _, row := range rows {
		if len(row) > 9 && strings.HasPrefix(row[2], "PW-") {
			a, err := money.ParseDecimal(row[6], "XOF")
			if err != nil || !strings.HasPrefix(row[3], "'=") {
				t.Fatalf("row %v: %v", row, err)
			}
			sum += a.Minor
		}
		if strings.HasPrefix(row[0], "Closing") {
			closing = row[6]
		}
	}
	if sum != 30_435 || closing != "30435" {
		t.Errorf("file: lines add up to %d, closing %q", sum, closing)
	}
}

// What is wrong with a file is said on the page it was sent from, and nothing of it is kept.
func TestBadUploads(t *testing.T) {
	l := newLedger(t, 2)
	b := l.marit
	for name, tt := range map[string]struct {
		data   []byte
		status int
		want   string
	}{
		"nothing":            {nil, 422, "The file is empty"},
		"a thousand columns": {[]byte(strings.Repeat("a,", 999) + "a\n"), 422, "more than 200 columns"},
		"NUL bytes":          {[]byte("reference,amount\nx\x00,1\n"), 422, "NUL bytes"},
		"Latin-1":            {[]byte("r\xe9f\xe9rence,montant\n"), 422, "neither UTF-8"},
		"too large":          {bytes.Repeat([]byte("reference,amount\n"), (books.MaxFile+9)/17+10), 422, "larger than 20 MB"},
		"old Excel":          {[]byte("\xd0\xcf\x11\xe0 more"), 422, "old Excel"},
	} {
		b.get(l.path)
		if got := b.upload(l.path+"/upload", "x.csv", tt.data); got.status != tt.status || !got.says(tt.want) {
			t.Errorf("%s: got %d %s, want %d %q", name, got.status, got.text(".form__errors"), tt.status, tt.want)
		}
	}
	b.get(l.path)
	b.upload(l.path+"/upload", "wrong.csv", []byte("colour,taste\nred,sweet\n"))
	if !b.page.says("Choose the column of the amount") || b.page.find("button[value=take][disabled]") == nil {
		t.Errorf("wrong columns: %s", b.page.text("main"))
	}
}

// A hundred megabytes are not read.
func TestHugeUpload(t *testing.T) {
	l := newLedger(t, 1)
	l.marit.get(l.path)
	pipe, in := io.Pipe()
	form := multipart.NewWriter(in)
	sent := make(chan int, 1)
	go func() {
		n := 0
		part, err := form.CreateFormFile("file", "huge.csv")
		for block := bytes.Repeat([]byte("reference,amount\n"), 1<<16); err == nil && n < 100<<20; n += len(block) {
			_, err = part.Write(block)
		}
		_ = in.CloseWithError(io.EOF)
		sent <- n
	}()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url+l.path+"/upload", pipe)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	res, err := l.marit.client.Do(req)
	if err == nil {
		_ = res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d, want 413", res.StatusCode)
		}
	} // else the connection was cut while it was sent, which is as good
	_ = pipe.Close()
	if n := <-sent; n > 60<<20 {
		t.Errorf("%d MB were read", n>>20)
	}
}

// What is refused leaves no file behind, and what is taken in neither.
func TestUploadLeavesNothing(t *testing.T) {
	l := newLedger(t, 1)
	mark := []byte("reference of " + string(l.kora.ID) + ",amount\n") // other tests send files too
	left := func(what string) {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
		for _, name := range all {
			if data, _ := os.ReadFile(name); bytes.HasPrefix(data, mark) { // one that is gone is none of ours
				t.Errorf("%s: %s is left", what, name)
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	data := bytes.Repeat(mark, 100_000) // more than is held in memory
	b := l.marit
	b.get(l.path)
	for _, input := range b.page.all("input[name=csrf]") {
		for i, a := range input.Attr {
			if a.Key == "value" {
				input.Attr[i].Val = "forged"
			}
		}
	}
	if got := b.upload(l.path+"/upload", "x.csv", data); got.status != http.StatusForbidden {
		t.Errorf("without the token of the session: got %d", got.status)
	}
	left("forged")
	b.get(l.path)
	if got := b.upload(l.path+"/upload", "x.csv", data); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.text("main"))
	}
	left("kept")
}

// A file is for those who may take one in: a merchant's is not even read, and another store's month looks missing.
func TestUploadWalls(t *testing.T) {
	l := newLedger(t, 1)
	lan := l.signIn(lanMail)
	lan.get("/me")
	if got := lan.upload(l.path+"/upload", "x.csv", []byte("reference,amount\n")); got.status != http.StatusForbidden {
		t.Errorf("merchant: got %d, want 403", got.status)
	}
	l.marit.get("/me")
	foreign := strings.Replace(l.path, string(l.kora.ID), string(l.foreign.ID), 1)
	if got := l.marit.upload(foreign+"/upload", "x.csv", []byte("reference,amount\nA,1\n")); got.status != http.StatusNotFound {
		t.Errorf("another store's: got %d, want 404", got.status)
	}
}

// The pages are whole in both languages, and test money has books of its own.
func TestBooksInBothLanguages(t *testing.T) {
	l := newLedger(t, 3)
	for i, p := range l.paid {
		test := *p
		test.ID, test.Content.Live, test.Content.Amount.Minor = payout.ID(fmt.Sprintf("T%011d", i)), false, 7
		test.Attempts = nil
		l.insert(&test)
	}
	b := l.marit
	b.get(l.path)
	b.upload(l.path+"/upload", "juin.csv", l.record(func(i int, cells []string) { cells[2] = fmt.Sprint(9000 + i) }))
	preview := b.page.path
	for _, language := range []string{"en", "fr"} {
		b.header.Set("Accept-Language", language)
		for _, path := range []string{"/books", l.path, l.path + "?mode=test", l.path + "/statement", l.path + "/statement?mode=test", preview} {
			p := b.get(path)
			if p.status != http.StatusOK || attr(p.find("html"), "lang") != language || regexp.MustCompile(`books\.[a-z]`).MatchString(words(p.find("main"))) {
				t.Errorf("%s in %s: got %d: %s", path, language, p.status, p.text("main"))
			}
		}
		if p := b.get(l.path + "/statement?mode=test"); !strings.Contains(p.text("main"), "21") || strings.Contains(p.text("main"), "3,003") {
			t.Errorf("test money in %s: %s", language, p.text("main"))
		}
	}
	b.header.Set("Accept-Language", "en")
	b.get(preview)
	b.submit("main form", url.Values{"do": {"look"}, "column[amount]": {""}})
	if b.page.status != http.StatusUnprocessableEntity || !b.page.says("Choose the column of the amount") {
		t.Errorf("without an amount: got %d %s", b.page.status, b.page.text("main"))
	}
	b.get(preview)
	b.submit("main form", url.Values{"do": {"drop"}})
	if b.page.path != l.path || b.get(preview).status != http.StatusNotFound {
		t.Errorf("dropped: got %s", b.page.path)
	}
}
