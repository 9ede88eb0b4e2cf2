package books

import (
	"slices"
	"strings"
	"unicode"
)

// Part is what a column of a provider's file holds.
type Part string

// The parts. An amount and one of reference and identifier are needed.
const (
	PartReference Part = "reference"
	PartRemoteID  Part = "remote_id"
	PartAmount    Part = "amount"
	PartCurrency  Part = "currency"
	PartFee       Part = "fee"
	PartStatus    Part = "status"
	PartDate      Part = "date"
	PartRecipient Part = "recipient"
)

// Parts lists them in the order of the form.
func Parts() []Part {
	return []Part{PartReference, PartRemoteID, PartAmount, PartCurrency, PartFee, PartStatus, PartDate, PartRecipient}
}

// Mapping says which column of a file is what, and how its figures and dates are written.
type Mapping struct {
	Columns map[Part]string `json:"columns"` // headings, in small letters; without headings "#3" for the third column
	Decimal string          `json:"decimal"` // "point" or "comma"
	Dates   string          `json:"dates"`   // "iso", "dmy" or "mdy"
}

// The ways to write figures and dates.
const (
	DecimalPoint = "point"
	DecimalComma = "comma"
	DatesISO     = "iso"
	DatesDMY     = "dmy"
	DatesMDY     = "mdy"
)

// Head is where a file's headings are, and what they say.
type Head struct {
	Line     int // 0: it has none
	Headings []string
	Width    int
}

// headRows is how many rows are looked at for the headings: portals put titles above them.
const headRows = 15

// words are what portals call a part, in the languages of those that pay out there: English, French, Spanish, Portuguese, Chinese,
// Vietnamese and Thai. The first that fits wins, so the more particular come first.
func words(p Part) []string {
	switch p {
	case PartReference:
		return []string{"merchant order id", "merchant reference", "merchant order", "merchant txn", "external reference", "external id", "client reference",
			"your reference", "out trade no", "reference", "référence", "referencia", "referência", "order id", "order no", "order number",
			"numéro de commande", "número de orden", "número do pedido", "n° commande", "pedido", "商户订单号", "参考号", "mã tham chiếu", "mã đơn hàng", "เลขอ้างอิง", "หมายเลขคำสั่งซื้อ"}
	case PartRemoteID:
		return []string{"payout id", "payout token", "transaction id", "transfer id", "trade no", "txn id", "provider id", "id transaction", "id de transaction", "identifiant",
			"id de transacción", "id da transação", "id transacción", "交易号", "流水号", "平台订单号", "订单号", "mã giao dịch", "รหัสธุรกรรม", "payout_id", "token", "uuid", "id"}
	case PartAmount:
		return []string{"payout amount", "transfer amount", "amount", "montant", "monto", "importe", "valor", "montante", "金额", "số tiền", "จำนวนเงิน", "ยอดเงิน", "total"}
	case PartCurrency:
		return []string{"currency", "devise", "monnaie", "moneda", "divisa", "moeda", "币种", "货币", "tiền tệ", "loại tiền", "สกุลเงิน"}
	case PartFee:
		return []string{"fee", "fees", "commission", "frais", "comisión", "tarifa", "taxa", "手续费", "phí", "ค่าธรรมเนียม", "charge"}
	case PartStatus:
		return []string{"status", "state", "statut", "état", "estado", "situação", "状态", "trạng thái", "สถานะ"}
	case PartDate:
		return []string{"completed at", "processed at", "paid at", "completion time", "settled at", "date", "fecha", "data", "完成时间", "支付时间", "时间", "日期", "ngày", "thời gian", "วันที่", "time", "created at", "heure"}
	case PartRecipient:
		return []string{"recipient name", "beneficiary name", "account name", "recipient", "beneficiary", "bénéficiaire", "destinataire", "beneficiario", "destinatario",
			"beneficiário", "destinatário", "favorecido", "收款人", "姓名", "người nhận", "ผู้รับ", "payee", "name", "nom", "nombre", "nome"}
	}
	return nil
}

// plainWords puts a heading into small letters with single spaces between its words.
func plainWords(heading string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(heading), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '°'
	}), " ")
}

// fits is how well a heading is a name of a part, 0 if it is none: whole names before parts of one, earlier words before later.
func fits(heading string, p Part) int {
	plain := plainWords(heading)
	if plain == "" {
		return 0
	}
	all := words(p)
	for i, w := range all {
		w = plainWords(w)
		switch {
		case plain == w:
			return 2000 - i
		case strings.Contains(" "+plain+" ", " "+w+" ") || (!isASCII(w) && strings.Contains(plain, w)):
			return 1000 - i
		}
	}
	return 0
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// FindHead finds the row of headings among the first rows: the one in which most parts have a name. A file in which none has two is
// taken to have no headings.
func FindHead(rows []Row) Head {
	var best Head
	most := 1
	for _, row := range rows[:min(len(rows), headRows)] {
		named := 0
		for _, p := range Parts() {
			if slices.ContainsFunc(row.Cells, func(cell string) bool { return fits(cell, p) > 0 }) {
				named++
			}
		}
		if named > most {
			most, best = named, Head{Line: row.Line, Headings: row.Cells}
		}
	}
	for _, row := range rows {
		best.Width = max(best.Width, len(row.Cells))
	}
	return best
}

// name is how a mapping remembers a column.
func (h Head) name(n int) string {
	if n < len(h.Headings) && h.Headings[n] != "" {
		return plainWords(h.Headings[n])
	}
	return ColumnName(n, nil)
}

// Names are the columns as a mapping remembers them and as people read them.
func (h Head) Names() ([]string, []string) {
	var names, labels []string
	for n := range h.Width {
		names, labels = append(names, h.name(n)), append(labels, ColumnName(n, h.Headings))
	}
	return names, labels
}

// Guess says which column is likely what: as it was the last time where the headings are there again, else by their words.
func Guess(h Head, rows []Row, was Mapping) Mapping {
	m := Mapping{Columns: map[Part]string{}, Decimal: was.Decimal, Dates: was.Dates}
	names, _ := h.Names()
	taken := map[string]bool{}
	for _, p := range Parts() {
		if name := was.Columns[p]; name != "" && slices.Contains(names, name) {
			m.Columns[p], taken[name] = name, true
		}
	}
	for _, p := range Parts() {
		if m.Columns[p] != "" || len(was.Columns) > 0 && was.Columns[p] == "" && m.usable() {
			continue
		}
		best := 0
		for n, heading := range h.Headings {
			if score := fits(heading, p); score > best && !taken[names[n]] {
				best, m.Columns[p] = score, names[n]
			}
		}
		taken[m.Columns[p]] = true
	}
	if m.Decimal == "" {
		m.Decimal = guessDecimal(column(rows, h, m, PartAmount))
	}
	if m.Dates == "" {
		m.Dates = guessDates(column(rows, h, m, PartDate))
	}
	return m
}

// usable reports whether what is needed is mapped.
func (m Mapping) usable() bool {
	return m.Columns[PartAmount] != "" && (m.Columns[PartReference] != "" || m.Columns[PartRemoteID] != "")
}

// index is where a part stands in the file's rows, -1 if it does not.
func (m Mapping) index(h Head, p Part) int {
	if m.Columns[p] == "" {
		return -1
	}
	names, _ := h.Names()
	return slices.Index(names, m.Columns[p])
}

// column is what stands below the headings in the column of a part.
func column(rows []Row, h Head, m Mapping, p Part) []string {
	at := m.index(h, p)
	var all []string
	for _, row := range rows {
		if row.Line > h.Line && at >= 0 && at < len(row.Cells) && (at >= len(row.Figures) || !row.Figures[at]) {
			all = append(all, row.Cells[at])
		}
	}
	return all
}

// guessDecimal looks at what stands last of point and comma, where it is clear that it begins the decimals.
func guessDecimal(cells []string) string {
	point, comma := 0, 0
	for _, c := range cells {
		p, k := strings.LastIndexByte(c, '.'), strings.LastIndexByte(c, ',')
		switch {
		case k > p && (p >= 0 || len(c)-k-1 != 3):
			comma++
		case p > k && (k >= 0 || len(c)-p-1 != 3):
			point++
		case p > k && strings.Count(c, ".") > 1, p > k && len(c)-p-1 == 3:
			comma++ // 1.234.567 and 15.000
		}
	}
	if comma > point {
		return DecimalComma
	}
	return DecimalPoint
}

// guessDates looks whether the first or the second figure of a date is above twelve.
func guessDates(cells []string) string {
	for _, c := range cells {
		parts := strings.FieldsFunc(c, func(r rune) bool { return r < '0' || r > '9' })
		if len(parts) < 3 {
			continue
		}
		switch {
		case len(parts[0]) == 4:
			return DatesISO
		case parts[0] > "12" && len(parts[0]) == 2:
			return DatesDMY
		case parts[1] > "12" && len(parts[1]) == 2:
			return DatesMDY
		}
	}
	if slices.ContainsFunc(cells, func(c string) bool { return strings.Contains(c, "/") || strings.Contains(c, ".") }) {
		return DatesDMY // the likelier of two that nothing tells apart; the preview shows what came out
	}
	return DatesISO
}
