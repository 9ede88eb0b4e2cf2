package handlers_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// table is a CSV export: its rows by the names of their columns, and its last line.
type table struct {
	body  []byte
	lines [][]string
	rows  []map[string]string
	stamp string
}

func readTable(t *testing.T, body []byte) table {
	t.Helper()
	text, ok := bytes.CutPrefix(body, []byte("\ufeff"))
	if !ok {
		t.Fatalf("no byte order mark: %.80q", body)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll() // every line must have as many fields as the first
	if err != nil {
		t.Fatal(err)
	}
	f := table{body: text, lines: lines, stamp: lines[len(lines)-1][0]}
	for _, line := range lines[1 : len(lines)-1] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		f.rows = append(f.rows, row)
	}
	return f
}

// fetch asks for a file, and says whether it came whole.
func (b *browser) fetch(path string) (*http.Response, []byte, error) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header = b.header.Clone()
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

func (b *browser) table(path string) table {
	b.t.Helper()
	res, body, err := b.fetch(path)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
		b.t.Fatalf("%s: %d %s, %v: %.300s", path, res.StatusCode, res.Header.Get("Content-Type"), err, body)
	}
	return readTable(b.t, body)
}

func column(f table, name string) []string {
	all := []string{}
	for _, row := range f.rows {
		all = append(all, row[name])
	}
	return all
}

// Invariant 10: the file holds exactly the rows of the list, in its order, and adds up to the sums on the page. Invariant 13: never a
// row of a store one may not see.
func TestInvariant10ExportIsTheList(t *testing.T) {
	s := newPast(t, 150)
	b := s.signIn(maritMail)
	for _, query := range []string{"", "state=paid", "state=open&sort=oldest", "state=review", "currency=EUR&min=10,000", "mode=live&from=2026-11-05&to=2026-11-10",
		"q=Somebody+B", "store=" + string(s.lantern.ID), "provider=moneroo&state=paid&state=failed", "q=nothing+at+all"} {
		f := b.table("/payouts.csv?" + query)
		word := "Older"
		if strings.Contains(query, "oldest") {
			word = "Newer"
		}
		want := b.through("/payouts?"+query, word)
		if diff := cmp.Diff(want, column(f, "id")); diff != "" {
			t.Errorf("%s (-list +file):\n%s", query, diff)
		}
		checkStamp(t, query, f)
		sums := map[string]int64{}
		for _, p := range s.all {
			if slices.Contains(want, string(p.ID)) {
				sums[p.Content.Amount.Currency] += p.Content.Amount.Minor
			}
		}
		for _, row := range f.rows {
			if row["store"] == "Elsewhere" || strings.Contains(row["store"], string(s.foreign.ID)) {
				t.Errorf("%s: a row of another store: %v", query, row)
			}
			if row["amount"] != "" {
				a, err := money.ParseDecimal(row["amount"], row["currency"])
				if err != nil && row["amount"] != "0" {
					t.Fatal(err)
				}
				sums[row["currency"]] -= a.Minor
			}
		}
		for currency, left := range sums {
			if left != 0 {
				t.Errorf("%s: %s differs by %d", query, currency, left)
			}
		}
	}
}

// checkStamp recounts and sums up again what the last line says.
func checkStamp(t *testing.T, query string, f table) {
	t.Helper()
	end := bytes.LastIndex(f.body, []byte("# complete"))
	if end < 0 {
		t.Fatalf("%s: no stamp: %q", query, f.stamp)
	}
	sum := sha256.Sum256(f.body[:end])
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	if len(q["state"]) > 1 {
		q.Set("state", strings.Join(q["state"], ","))
	}
	for _, want := range []string{fmt.Sprintf("rows=%d;", len(f.rows)), "sha256=" + hex.EncodeToString(sum[:]) + ";", "query=" + q.Encode() + ";", "moments=1;", "by=Marit de Graaf"} {
		if !strings.Contains(f.stamp, want) {
			t.Errorf("%s: the stamp %q lacks %q", query, f.stamp, want)
		}
	}
	if !bytes.HasSuffix(f.body, []byte(",\r\n")) || bytes.Count(f.body, []byte("\n")) != bytes.Count(f.body, []byte("\r\n")) {
		t.Error("lines end otherwise than with CR LF")
	}
}

// odd is payouts that a file may get wrong.
func (s *past) odd(change ...func(*payout.Payout)) {
	s.t.Helper()
	for i, c := range change {
		at := time.Date(2026, 3, 1, 0, i, 0, 0, time.UTC)
		p := &payout.Payout{ID: payout.ID(fmt.Sprintf("ODD%09d", len(s.all))), Version: 1, State: payout.Paid, Store: s.kora.ID, Author: s.byEmail(lanMail).ID, CreatedAt: at, UpdatedAt: at,
			Content: payout.Content{Account: "a1", Provider: "moneroo", Company: "Moneroo", Live: true, Method: "m", MethodName: "Method", Amount: money.Amount{Minor: 100, Currency: "XOF"},
				Details: []payout.Detail{{Name: "name", Value: "Somebody", Role: providers.RoleName}, {Name: "account", Value: "229970012345", Role: providers.RoleAccount}}}}
		c(p)
		s.all = append(s.all, p)
		s.insert(p)
	}
}

func named(name string) func(*payout.Payout) {
	return func(p *payout.Payout) { p.Content.Details[0].Value = name }
}

func priced(minor int64, currency string) func(*payout.Payout) {
	return func(p *payout.Payout) { p.Content.Amount = money.Amount{Minor: minor, Currency: currency} }
}

// What a spreadsheet would take for a formula is text, and can be read back; amounts have the decimals of their currency.
func TestExportOfOddPayouts(t *testing.T) {
	s := newPast(t, 0)
	names := []string{`=HYPERLINK("http://evil.example","Open")`, "+1 234", "-cmd|'/c calc'!A0", "@SUM(A1)", "\t=1+1", "＝1+1", ` "=1`, "'=1", "O'Neil, \"Jim\"\nJr", "Ann"}
	var all []func(*payout.Payout)
	for _, name := range names {
		all = append(all, named(name))
	}
	for _, a := range []money.Amount{{Minor: 1234, Currency: "XOF"}, {Minor: 123405, Currency: "EUR"}, {Minor: 1234005, Currency: "KWD"}, {Minor: 5, Currency: "KWD"}, {Minor: 9_007_199_254_740_993, Currency: "EUR"}} {
		all = append(all, priced(a.Minor, a.Currency))
	}
	s.odd(all...)
	f := s.signIn(maritMail).table("/payouts.csv?sort=oldest")
	want := []string{`'=HYPERLINK("http://evil.example","Open")`, "'+1 234", "'-cmd|'/c calc'!A0", "'@SUM(A1)", "'\t=1+1", "'＝1+1", `' "=1`, "''=1", "O'Neil, \"Jim\"\nJr", "Ann"}
	if diff := cmp.Diff(want, column(f, "recipient")[:len(want)]); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1234", "1234.05", "1234.005", "0.005", "90071992547409.93"}, column(f, "amount")[len(want):]); diff != "" {
		t.Errorf("amounts (-want +got):\n%s", diff)
	}
	for _, row := range f.rows {
		if row["recipient_account"] != "··2345" {
			t.Errorf("account number: got %q", row["recipient_account"])
		}
	}
	if bytes.Contains(f.body, []byte("229970012345")) {
		t.Error("a whole account number is in the file")
	}
}

// A range over the night the clocks change holds the payouts of its days as the store counts them, and every time says how far it was
// from UTC.
func TestExportAcrossClockChange(t *testing.T) {
	s := newPast(t, 0)
	berlin, err := s.admin.Stores.OpenStore(t.Context(), s.super, "Spree", "Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	s.person("Bea", "bea@kora.example", accountantOf(berlin))
	var all []func(*payout.Payout)
	for _, at := range []string{"2026-10-23T21:59:59Z", "2026-10-23T22:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, func(p *payout.Payout) { p.CreatedAt, p.UpdatedAt, p.Store = when, when, berlin.ID })
	}
	s.odd(all...)
	f := s.signIn("bea@kora.example").table("/payouts.csv?sort=oldest&from=2026-10-24&to=2026-10-25")
	want := []string{"2026-10-24T00:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T23:59:59+01:00"}
	if diff := cmp.Diff(want, column(f, "created_at")); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"UTC+02:00", "UTC+02:00", "UTC+01:00", "UTC+01:00"}, column(f, "utc_offset")); diff != "" {
		t.Errorf("offsets (-want +got):\n%s", diff)
	}
	if !strings.Contains(f.stamp, "time_zone=Europe/Berlin;") {
		t.Errorf("stamp: %s", f.stamp)
	}
}

// A filter that is not understood gives no file: it would hold more than was asked for.
func TestExportRefusesWhatItDoesNotUnderstand(t *testing.T) {
	s := newPast(t, 10)
	b := s.signIn(maritMail)
	for _, query := range []string{"state=nonsense", "store=" + string(s.foreign.ID), "from=yesterday", "min=5"} {
		for _, file := range []string{"/payouts.csv?", "/payouts.xlsx?", "/payouts/export?as=csv&"} {
			if p := b.get(file + query); p.status != http.StatusBadRequest || p.header.Get("Content-Disposition") != "" {
				t.Errorf("%s%s: got %d, %q", file, query, p.status, p.header)
			}
		}
	}
	for _, a := range b.get("/payouts?state=nonsense&currency=EUR").all("main a.menu__item") {
		if !strings.HasSuffix(attr(a, "href"), "?currency=EUR") {
			t.Errorf("the page offers %s", attr(a, "href"))
		}
	}
	if p := b.get("/payouts/export?as=exe"); p.status != http.StatusNotFound {
		t.Errorf("unknown format: got %d", p.status)
	}
	if got := b.table("/payouts.csv?after=0-P00000000001"); len(got.rows) != len(s.fits(false, func(*payout.Payout) bool { return true })) {
		t.Errorf("an export from a page on: got %d rows", len(got.rows))
	}
}

// taken is what the audit log says of exports, oldest first: action and details.
func (s *past) taken() []string {
	s.t.Helper()
	_, body, err := s.fetch("/audit.jsonl?what=export")
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(body)) {
		var e struct{ Row audit.Exported }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.t.Fatal(err)
		}
		if strings.HasPrefix(string(e.Row.Action), "export.") {
			all = append(all, e.Row.ActorName+" "+string(e.Row.Action)+" "+e.Row.Details)
		}
	}
	return all
}

// Whoever takes a list away is in the audit log, with what and how much.
func TestExportIsAudited(t *testing.T) {
	s := newPast(t, 40)
	f := s.signIn(maritMail).table("/payouts.csv?state=paid")
	sum := strings.Split(f.stamp, "sha256=")[1][:64]
	want := []string{`Marit de Graaf export.begun {"filter":"state=paid","format":"csv"}`,
		fmt.Sprintf(`Marit de Graaf export.done {"filter":"state=paid","format":"csv","rows":%d,"sha256":"%s","whole":true}`, len(f.rows), sum)}
	if diff := cmp.Diff(want, s.taken()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// An export that breaks half-way says so in its last line, to the browser and in the audit log.
func TestBrokenExportSaysSo(t *testing.T) {
	s := newPast(t, 150)
	all := s.fits(false, func(*payout.Payout) bool { return true })
	s.exec(`update payouts set content = '{' where id = $1`, all[len(all)-1])
	b := s.signIn(maritMail)
	res, body, err := b.fetch("/payouts.csv")
	if res.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %d, %v; want an answer that is cut off", res.StatusCode, err)
	}
	f := readTable(t, body)
	if want := fmt.Sprintf("# incomplete; rows=%d;", len(all)-1); !strings.HasPrefix(f.stamp, want) || len(f.rows) != len(all)-1 {
		t.Errorf("got %d rows and %q, want %q", len(f.rows), f.stamp, want)
	}
	if log := s.taken(); len(log) != 2 || !strings.Contains(log[1], "export.cut") || !strings.Contains(log[1], `"whole":false`) {
		t.Errorf("log: %q", log)
	}
	if _, body, err := b.fetch("/payouts.xlsx"); err == nil {
		t.Errorf("a broken workbook looks whole: %d bytes", len(body))
	}
}

// long makes a history whose export is larger than what a connection holds back.
func (s *past) long() {
	text := strings.Repeat("long ", 20_000)
	var all []func(*payout.Payout)
	for range 200 {
		all = append(all, func(p *payout.Payout) { p.Content.Description = text })
	}
	s.odd(all...)
}

// One person has two exports at once, and no more; who leaves makes room.
func TestExportsAtOnce(t *testing.T) {
	s := newPast(t, 0)
	s.long()
	b := s.signIn(maritMail)
	var open []*http.Response
	for range 2 {
		res, err := b.client.Get(b.url + "/payouts.csv")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, res)
	}
	p := b.get("/payouts.csv")
	checkPage(t, p)
	if p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" || !p.says("Too many exports at once") || p.header.Get("Content-Disposition") != "" {
		t.Errorf("a third: got %d: %s", p.status, p.text("main"))
	}
	_ = open[0].Body.Close()
	status := 0
	for range 1000 { // until the server has noticed
		if status = b.get("/payouts.csv").status; status == http.StatusOK {
			break
		}
	}
	if status != http.StatusOK {
		t.Errorf("after one has left: got %d", status)
	}
	if n, err := io.Copy(io.Discard, open[1].Body); err != nil || n < 10_000_000 {
		t.Errorf("the other one: got %d bytes, %v", n, err)
	}
	_ = open[1].Body.Close()
	if log := strings.Join(s.taken(), "\n"); strings.Count(log, "export.cut") != 1 || strings.Count(log, "export.done") != 2 {
		t.Errorf("log:\n%s", log)
	}
}

// The limits of a server are for answers that are stuck, not for long ones.
func TestLongExportOutlastsTheServersLimits(t *testing.T) {
	const limit = 100 * time.Millisecond
	s := newPast(t, 0)
	s.long()
	server := httptest.NewUnstartedServer(s.serve)
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	b := s.signIn(maritMail)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	here, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, b.client.Jar.Cookies(here))
	res, err := b.client.Get(server.URL + "/payouts.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var n int64
	for start := time.Now(); time.Since(start) < 5*limit; n++ { // a byte at a time
		if _, err := io.CopyN(io.Discard, res.Body, 1); err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if rest, err := io.Copy(io.Discard, res.Body); err != nil || n+rest < 10_000_000 {
		t.Errorf("got %d bytes, %v", n+rest, err)
	}
}

// The workbook holds the rows of the list, with the same fingerprint as the text.
func TestWorkbookIsTheList(t *testing.T) {
	s := newPast(t, 60)
	b := s.signIn(maritMail)
	const query = "state=paid,failed&sort=oldest"
	res, body, err := b.fetch("/payouts.xlsx?" + query)
	if err != nil || !strings.HasSuffix(res.Header.Get("Content-Disposition"), `.xlsx"`) {
		t.Fatal(res.Status, res.Header, err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	rows, err := book.GetRows("Payouts")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range rows[1:] {
		ids = append(ids, row[0])
	}
	if diff := cmp.Diff(b.through("/payouts?"+query, "Newer"), ids); diff != "" {
		t.Errorf("rows (-list +workbook):\n%s", diff)
	}
	about, err := book.GetRows("About")
	if err != nil {
		t.Fatal(err)
	}
	stamp := b.table("/payouts.csv?" + query).stamp
	facts := map[string]string{}
	for _, row := range about {
		facts[row[0]] = row[1]
	}
	if !strings.Contains(stamp, "sha256="+facts["SHA-256 of the rows"]+";") || facts["Rows"] != strconv.Itoa(len(ids)) || facts["Made by"] != "Marit de Graaf" || facts["Filter"] != "sort=oldest&state=paid%2Cfailed" {
		t.Errorf("got %v beside %q", facts, stamp)
	}
	var offered []string
	for _, a := range b.get("/payouts?state=paid,failed").all("main a.menu__item") {
		offered = append(offered, attr(a, "href"))
	}
	if diff := cmp.Diff([]string{"/payouts.csv?state=paid%2Cfailed", "/payouts.xlsx?state=paid%2Cfailed"}, offered); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// A long export has a page that starts it and says how far it has come; short ones are fetched at once.
func TestExportProgress(t *testing.T) {
	s := newPast(t, 30)
	b := s.signIn(maritMail)
	if got := b.table("/payouts/export?as=csv&state=paid"); len(got.rows) == 0 {
		t.Error("a short export is not fetched at once")
	}
	ids := len(s.fits(false, func(*payout.Payout) bool { return true }))
	s.exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 100001)
		insert into payouts (id, store, state, version, input, content, author, editors, created_at, updated_at, currency, minor, day)
		select printf('MANY%08d', i), $1, 'paid', 1, '{}', '{}', 'x', '[]', i, i, 'XOF', 1, 1 from n`, string(s.kora.ID))
	p := b.get("/payouts/export?as=csv")
	checkPage(t, p)
	refresh := p.header.Get("Refresh")
	file, ok := strings.CutPrefix(refresh, "0; url=")
	if !ok || p.find(`a[href="`+file+`"]`) == nil || !p.says("rows") {
		t.Fatalf("got %d, refresh %q: %s", p.status, refresh, p.text("main"))
	}
	watch := attr(p.find("#export"), "hx-get")
	f := b.table(file)
	if len(f.rows) != ids+100_001 {
		t.Errorf("got %d rows, want %d", len(f.rows), ids+100_001)
	}
	b.header.Set("HX-Request", "true")
	if p := b.get(watch); p.header.Get("Refresh") != "" || !p.says("Done") || !p.says(strings.Split(f.stamp, "sha256=")[1][:64]) || p.find("#export") == nil || attr(p.find("#export"), "hx-get") != "" {
		t.Errorf("after it: %q %s", p.header.Get("Refresh"), p.body)
	}
	other := s.signIn(lanMail)
	if p := other.get(watch); p.says("Done") {
		t.Error("somebody else's export is shown")
	}
	if p := b.get("/payouts/export?as=csv&job=forgotten"); p.header.Get("HX-Redirect") != "" || !p.says("The download was cut off") || attr(p.find("#export"), "hx-get") != "" {
		t.Errorf("one that was forgotten: %v %s", p.header, p.body)
	}
}
