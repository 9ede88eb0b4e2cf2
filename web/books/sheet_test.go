package books_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/books"
)

// utf16Of writes text as UTF-16 with its mark.
func utf16Of(order binary.AppendByteOrder, text string) []byte {
	b := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

// workbook packs parts as a workbook has them.
func workbook(parts map[string]string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range parts {
		w, err := z.Create(name)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write([]byte(text))
	}
	_ = z.Close()
	return b.Bytes()
}

const sheetHead = `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`

func sheet(rows string) []byte {
	return workbook(map[string]string{"xl/worksheets/sheet1.xml": sheetHead + rows + `</sheetData></worksheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>Référence</t></si><si><r><t>Mon</t></r><r><t>tant</t></r></si><si><t>商户</t><rPh><t>shanghu</t></rPh></si></sst>`})
}

// rowsOf reads a file whole.
func rowsOf(data []byte) ([][]string, error) {
	s, err := books.OpenSheet(data)
	if err != nil {
		return nil, err
	}
	var all [][]string
	for row, err := range s.Rows {
		if err != nil {
			return all, err
		}
		all = append(all, row.Cells)
	}
	return all, nil
}

func codeOf(err error) string {
	if e, ok := errors.AsType[*books.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestOpenSheet(t *testing.T) {
	want := [][]string{{"Référence", "Montant"}, {"A1", "12"}}
	text := "Référence,Montant\nA1,12\n"
	for name, data := range map[string][]byte{
		"UTF-8":              []byte(text),
		"UTF-8 with mark":    append([]byte("\xef\xbb\xbf"), text...),
		"UTF-16, little end": utf16Of(binary.LittleEndian, text),
		"UTF-16, big end":    utf16Of(binary.BigEndian, text),
		"semicolons":         []byte(strings.ReplaceAll(text, ",", ";")),
		"tabs":               []byte(strings.ReplaceAll(text, ",", "\t")),
		"carriage returns":   []byte(strings.ReplaceAll(text, "\n", "\r\n")),
		"quotes":             []byte("\"Référence\",\"Montant\"\n\"A1\",\" 12 \"\n"),
		"workbook": sheet(`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
			<row r="2"><c r="A2" t="inlineStr"><is><t>A1</t></is></c><c r="B2"><f>6+6</f><v>12</v></c></row>`),
	} {
		got, err := rowsOf(data)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

// Bad input, by name.
func TestBadSheets(t *testing.T) {
	wide := "<row>" + strings.Repeat("<c><v>1</v></c>", 201) + "</row>"
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "empty"},
		{"blank", []byte(" \n\t"), "empty"},
		{"a thousand columns", []byte(strings.Repeat("x,", 999) + "x\n"), "columns"},
		{"ten million columns", bytes.Repeat([]byte(","), 10_000_000), "columns"},
		{"a workbook of too many columns", sheet(wide), "columns"},
		{"a cell far to the right", sheet(`<row><c r="XFD1"><v>1</v></c></row>`), "columns"},
		{"NUL bytes", []byte("a,b\n\x00,1\n"), "nul"},
		{"NUL bytes in UTF-16", utf16Of(binary.LittleEndian, "a\x00b"), "nul"},
		{"UTF-16 without mark", utf16Of(binary.LittleEndian, "a,b\n")[2:], "nul"},
		{"half a UTF-16 unit", append(utf16Of(binary.LittleEndian, "a,b"), 'x'), "encoding"},
		{"half a pair in UTF-16", binary.LittleEndian.AppendUint16(utf16Of(binary.LittleEndian, "a"), 0xd800), "encoding"},
		{"Latin-1", []byte("r\xe9f,montant\n"), "encoding"},
		{"100 MB", make([]byte, 100<<20), "too_large"},
		{"too many rows", bytes.Repeat([]byte("a,b\n"), 200_001), "rows"},
		{"a quotation mark that never ends", []byte("a,\"" + strings.Repeat("b\n", 5000)), "cell"},
		{"old Excel", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "old_excel"},
		{"half a workbook", sheet("")[:60], "unreadable"},
		{"another archive", workbook(map[string]string{"readme.txt": "x"}), "no_sheet"},
		{"broken XML", sheet("<row><c><v>1</c></row>"), "unreadable"},
		{"a text that is not there", sheet(`<row><c t="s"><v>99</v></c></row>`), "unreadable"},
		{"cells out of order", sheet(`<row><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c></row>`), "unreadable"},
		{"texts that unpack to gigabytes", workbook(map[string]string{"xl/worksheets/sheet1.xml": sheetHead + "</sheetData></worksheet>",
			"xl/sharedStrings.xml": "<sst><si><t>" + strings.Repeat("0", 70<<20) + "</t></si></sst>"}), "unpacked"},
	} {
		if _, err := rowsOf(tt.data); codeOf(err) != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func key(currency string) books.Key {
	return books.Key{Store: "s", Provider: "p", Currency: currency, Live: true, Month: "2026-06"}
}

// lines reads a text with what is guessed of it.
func lines(t *testing.T, k books.Key, text string) ([]books.ReportLine, []books.Problem, books.Mapping) {
	t.Helper()
	s, err := books.OpenSheet([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var rows []books.Row
	for row, err := range s.Rows {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	head := books.FindHead(rows)
	m := books.Guess(head, rows, books.Mapping{})
	p, err := books.NewParser(k, time.UTC, m, head)
	if err != nil {
		t.Fatalf("%v: %+v", err, m)
	}
	var all []books.ReportLine
	var bad []books.Problem
	for _, row := range rows {
		l, skip, problem := p.Line(row)
		switch {
		case problem != nil:
			bad = append(bad, *problem)
		case !skip:
			all = append(all, l)
		}
	}
	return all, bad, m
}

// The portals of seven languages, as far as their words go.
func TestGuess(t *testing.T) {
	for name, tt := range map[string]struct{ currency, text string }{
		"English":    {"USD", "Payout report June\n\nTransaction ID,Merchant reference,Beneficiary name,Amount,Fee,Currency,Status,Completed at\nt-1,R1,Ana,\"1,234.50\",2.00,USD,Paid,2026-06-05 12:00:00\n"},
		"French":     {"USD", "Identifiant;Référence;Bénéficiaire;Montant;Frais;Devise;Statut;Date\nt-1;R1;Ana;1 234,50;2,00;USD;Payé;05/06/2026 12:00\n"},
		"Spanish":    {"USD", "ID de transacción;Referencia;Beneficiario;Monto;Comisión;Moneda;Estado;Fecha\nt-1;R1;Ana;1.234,50;2,00;USD;Pagado;05/06/2026 12:00\n"},
		"Portuguese": {"USD", "ID da transação;Referência;Favorecido;Valor;Taxa;Moeda;Situação;Data\nt-1;R1;Ana;1.234,50;2,00;USD;Pago;05/06/2026 12:00\n"},
		"Chinese":    {"USD", "平台订单号,商户订单号,收款人,金额,手续费,币种,状态,完成时间\nt-1,R1,Ana,1234.50,2.00,USD,成功,2026-06-05 12:00:00\n"},
		"Vietnamese": {"USD", "Mã giao dịch;Mã tham chiếu;Người nhận;Số tiền;Phí;Tiền tệ;Trạng thái;Ngày\nt-1;R1;Ana;1.234,50;2,00;USD;Thành công;2026-06-05 12:00\n"},
		"Thai":       {"USD", "รหัสธุรกรรม,เลขอ้างอิง,ผู้รับ,จำนวนเงิน,ค่าธรรมเนียม,สกุลเงิน,สถานะ,วันที่\nt-1,R1,Ana,\"1,234.50\",2.00,USD,สำเร็จ,2026-06-05 12:00\n"},
	} {
		got, bad, m := lines(t, key(tt.currency), tt.text)
		if len(bad) > 0 || len(got) != 1 {
			t.Errorf("%s: got %d lines, %+v, mapping %+v", name, len(got), bad, m)
			continue
		}
		l := got[0]
		if l.Reference != "R1" || l.RemoteID != "t-1" || l.Recipient != "Ana" || l.Amount.Minor != 123450 || l.Fee.Minor != 200 || l.Status != providers.Paid ||
			!l.At.Equal(time.Date(2026, 6, 5, 12, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: got %+v, mapping %+v", name, l, m)
		}
	}
}

// Every line that cannot be read is named; nothing is rounded or guessed.
func TestBadLines(t *testing.T) {
	_, bad, _ := lines(t, key("XOF"), "reference,amount,currency,fee,status,date\n"+
		"A,100,XOF,1,paid,2026-06-05\n"+
		",100,XOF,1,paid,2026-06-05\n"+
		"B,100.5,XOF,1,paid,2026-06-05\n"+
		"C,ten,XOF,1,paid,2026-06-05\n"+
		"D,0,XOF,1,paid,2026-06-05\n"+
		"E,100,FRANCS,1,paid,2026-06-05\n"+
		"F,100,XOF,x,paid,2026-06-05\n"+
		"G,100,XOF,1,paid,5th of June\n"+
		"H,9999999999999999,XOF,1,paid,2026-06-05\n"+
		"I,100,EUR,1,paid,2026-06-05\n")
	want := []books.Problem{{3, "unnamed", ""}, {4, "amount", "100.5"}, {5, "amount", "ten"}, {6, "amount", "0"}, {7, "currency", "FRANCS"}, {8, "fee", "x"}, {9, "date", "5th of June"},
		{10, "amount", "9999999999999999"}}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A workbook keeps numbers and dates in its own way.
func TestFigures(t *testing.T) {
	data := sheet(`<row r="1"><c t="inlineStr"><is><t>Reference</t></is></c><c t="inlineStr"><is><t>Amount</t></is></c><c t="inlineStr"><is><t>Date</t></is></c></row>
		<row r="2"><c t="inlineStr"><is><t>A</t></is></c><c><v>1234.5</v></c><c><v>46178.5</v></c></row>
		<row r="3"><c t="inlineStr"><is><t>B</t></is></c><c><v>1.2E3</v></c><c><v>46178</v></c></row>
		<row r="4"><c t="inlineStr"><is><t>C</t></is></c><c><v>0.30000000000000004</v></c><c><v>46178</v></c></row>
		<row r="5"><c t="inlineStr"><is><t>D</t></is></c><c><v>1E999999999</v></c><c><v>46178</v></c></row>
		<row r="6"><c t="inlineStr"><is><t>E</t></is></c><c><v>5</v></c><c><v>1</v></c></row>`)
	got, bad, _ := lines(t, key("USD"), string(data))
	if len(got) != 2 || got[0].Amount != (money.Amount{Minor: 123450, Currency: "USD"}) || got[1].Amount.Minor != 120000 ||
		!got[0].At.Equal(time.Date(2026, 6, 5, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", got)
	}
	want := []books.Problem{{4, "amount", "0.30000000000000004"}, {5, "amount", "1E999999999"}, {6, "date", "1"}}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What was chosen the last time wins over what the words say; a column that is gone is guessed anew.
func TestMappingIsRemembered(t *testing.T) {
	rows := []books.Row{{Line: 1, Cells: []string{"Order id", "Code", "Amount"}}, {Line: 2, Cells: []string{"A", "B", "1.234,00"}}}
	head := books.FindHead(rows)
	m := books.Guess(head, rows, books.Mapping{Columns: map[books.Part]string{books.PartReference: "code", books.PartAmount: "gone"}, Decimal: books.DecimalComma})
	if m.Columns[books.PartReference] != "code" || m.Columns[books.PartAmount] != "amount" || m.Decimal != books.DecimalComma {
		t.Errorf("got %+v", m)
	}
	if _, err := books.NewParser(key("USD"), time.UTC, books.Mapping{Columns: map[books.Part]string{books.PartAmount: "amount"}}, head); codeOf(err) != "mapping" {
		t.Errorf("without a name: got %v", err)
	}
	twice := books.Mapping{Columns: map[books.Part]string{books.PartAmount: "amount", books.PartReference: "code", books.PartFee: "amount"}}
	if _, err := books.NewParser(key("USD"), time.UTC, twice, head); codeOf(err) != "column_twice" {
		t.Errorf("a column twice: got %v", err)
	}
}

// FuzzOpenSheet: whatever is sent, reading it ends, and within its limits.
func FuzzOpenSheet(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add(utf16Of(binary.LittleEndian, "a;b\n"))
	f.Add(sheet(`<row><c t="s"><v>0</v></c></row>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := rowsOf(data)
		if e, ok := errors.AsType[*books.Error](err); err != nil && (!ok || e.Code == "") {
			t.Errorf("got %v, want an error that can be told", err)
		}
		for _, row := range rows {
			if len(row) > 200 {
				t.Errorf("got a row of %d", len(row))
			}
		}
	})
}
