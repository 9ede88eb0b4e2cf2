package books

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
)

// Problem is a line of a file that cannot be taken in. Its sentence is in the catalogs under "books.bad.<code>".
type Problem struct {
	Line  int    `json:"line"`
	Code  string `json:"code"`
	Value string `json:"value"`
}

// Parser makes lines of rows.
type Parser struct {
	Key     Key // of the month the report was uploaded at
	Zone    *time.Location
	Mapping Mapping
	Head    Head
	at      map[Part]int
	styles  []string // in which dates may be written
	style   string   // in which the last one was
}

// NewParser refuses a mapping that lacks what is needed.
func NewParser(k Key, zone *time.Location, m Mapping, h Head) (*Parser, error) {
	p := &Parser{Key: k, Zone: zone, Mapping: m, Head: h, at: map[Part]int{}}
	seen := map[int]bool{}
	for _, part := range Parts() {
		i := m.index(h, part)
		if i >= 0 && seen[i] {
			return nil, refuse("column_twice", "Name", ColumnName(i, h.Headings))
		}
		p.at[part], seen[i] = i, i >= 0
	}
	if p.at[PartAmount] < 0 || (p.at[PartReference] < 0 && p.at[PartRemoteID] < 0) {
		return nil, refuse("mapping")
	}
	p.styles = stylesOf(m.Dates)
	return p, nil
}

func (p *Parser) cell(row Row, part Part) (string, bool) {
	i := p.at[part]
	if i < 0 || i >= len(row.Cells) {
		return "", false
	}
	return strings.TrimSpace(row.Cells[i]), i < len(row.Figures) && row.Figures[i]
}

// What a row is besides a line.
var (
	errSkip     = errors.New("no line in this row")     // headings, or nothing at all
	errCurrency = errors.New("another currency's line") // left out, and counted
)

// bad is a row that should be a line and cannot be read.
type bad struct{ code, value string }

func (b *bad) Error() string { return b.code }

// Line makes a line of a row. Skip says that the row holds none: headings, nothing at all, or, with a line number, another currency's
// payout.
func (p *Parser) Line(row Row) (ReportLine, bool, *Problem) {
	line, err := p.line(row)
	if wrong, ok := errors.AsType[*bad](err); ok {
		if len(wrong.value) > maxShown {
			wrong.value = strings.ToValidUTF8(wrong.value[:maxShown], "") + "…"
		}
		return ReportLine{}, false, &Problem{Line: row.Line, Code: wrong.code, Value: wrong.value}
	}
	return line, err != nil, nil
}

// maxShown is how much is shown of a value that cannot be read.
const maxShown = 60

func (p *Parser) line(row Row) (ReportLine, error) {
	if row.Line <= p.Head.Line || strings.Join(row.Cells, "") == "" {
		return ReportLine{}, errSkip
	}
	line := ReportLine{Line: row.Line, Key: p.Key, Source: FromFile, Status: providers.Paid}
	line.Reference, _ = p.cell(row, PartReference)
	line.RemoteID, _ = p.cell(row, PartRemoteID)
	line.Recipient, _ = p.cell(row, PartRecipient)
	if p.at[PartStatus] >= 0 {
		line.Word, _ = p.cell(row, PartStatus)
		line.Status = meaning(line.Word)
	}
	if line.Reference == "" && line.RemoteID == "" {
		return line, &bad{code: "unnamed"}
	}
	for _, step := range []func(Row, *ReportLine) error{p.currency, p.amounts, p.day} {
		if err := step(row, &line); err != nil {
			return line, err
		}
	}
	return line, nil
}

func (p *Parser) currency(row Row, _ *ReportLine) error {
	currency, _ := p.cell(row, PartCurrency)
	if currency == "" || strings.EqualFold(currency, p.Key.Currency) {
		return nil
	}
	if _, known := money.Digits(strings.ToUpper(currency)); !known {
		return &bad{"currency", currency}
	}
	return errCurrency
}

func (p *Parser) amounts(row Row, line *ReportLine) error {
	text, figure := p.cell(row, PartAmount)
	minor, err := p.amount(text, figure)
	if err != nil || minor == 0 {
		return &bad{"amount", text}
	}
	line.Amount = p.Key.amount(minor)
	if text, figure = p.cell(row, PartFee); text == "" {
		return nil
	}
	if minor, err = p.amount(text, figure); err != nil {
		return &bad{"fee", text}
	}
	line.Fee = p.Key.amount(minor)
	return nil
}

// day finds the month of a line; without a column of dates it is that of the upload.
func (p *Parser) day(row Row, line *ReportLine) error {
	if p.at[PartDate] < 0 {
		return nil
	}
	text, figure := p.cell(row, PartDate)
	at, ok := p.date(text, figure)
	if !ok {
		return &bad{"date", text}
	}
	line.At, line.Key.Month = at, MonthOf(at, p.Zone)
	return nil
}

var errAmount = errors.New("no amount")

// amount reads a figure in the currency's smallest unit. A sign says only on which side of a ledger it stands. Nothing is rounded.
func (p *Parser) amount(text string, figure bool) (int64, error) {
	if figure {
		return p.figure(text)
	}
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "("); ok {
		text = strings.TrimSuffix(inner, ")")
	}
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(text), p.Key.Currency), p.Key.Currency))
	text = strings.TrimSpace(strings.Trim(text, "-−+$€£¥฿₫₦ "))
	language := "en"
	if p.Mapping.Decimal == DecimalComma {
		language = "es"
		if strings.ContainsAny(text, " \u00a0\u202f") {
			language = "fr"
		}
	} else if strings.ContainsAny(text, " \u00a0\u202f") {
		return 0, errAmount
	}
	a, err := money.Parse(text, language, p.Key.Currency)
	if e, ok := errors.AsType[*money.ParseError](err); ok && e.Code == "zero" {
		return 0, nil
	}
	return a.Minor, err
}

// figure reads a number as a workbook keeps it: with a point, or with an exponent.
func (p *Parser) figure(text string) (int64, error) {
	text = strings.TrimPrefix(text, "-")
	if strings.ContainsAny(text, "eE") {
		n, ok := new(big.Rat).SetString(text)
		if !ok || len(text) > 30 || !plainExponent(text) {
			return 0, errAmount
		}
		text = n.FloatString(18)
	}
	a, err := money.ParseDecimal(text, p.Key.Currency)
	return a.Minor, err
}

// plainExponent keeps out powers that would take for ever to write down.
func plainExponent(text string) bool {
	_, power, _ := strings.Cut(strings.ToUpper(text), "E")
	n, err := strconv.Atoi(strings.TrimPrefix(power, "+"))
	return err == nil && n >= -18 && n <= 18
}

// date reads a day, with or without a time. What names no zone is in the store's.
func (p *Parser) date(text string, figure bool) (time.Time, bool) {
	if figure {
		return p.serial(text)
	}
	if at, ok := p.dateAs(p.style, text); ok { // a file writes them all alike
		return at, true
	}
	for _, style := range p.styles {
		if at, ok := p.dateAs(style, text); ok {
			p.style = style
			return at, true
		}
	}
	return time.Time{}, false
}

func (p *Parser) dateAs(style, text string) (time.Time, bool) {
	if style == "" {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation(style, text, p.Zone)
	return at, err == nil && at.Year() >= 1990 && at.Year() < 2200
}

func stylesOf(dates string) []string {
	days := []string{"2006-1-2", "2006/1/2", "2006.1.2"}
	switch dates {
	case DatesDMY:
		days = append(days, "2/1/2006", "2-1-2006", "2.1.2006", "2 Jan 2006", "2/1/06")
	case DatesMDY:
		days = append(days, "1/2/2006", "1-2-2006", "Jan 2, 2006", "1/2/06")
	}
	styles := []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700"}
	for _, d := range days {
		styles = append(styles, d, d+" 15:04:05", d+" 15:04", d+" 3:04:05 PM", d+" 3:04 PM", d+", 15:04:05", d+" 15:04:05.999")
	}
	return styles
}

// serial reads a date as a workbook keeps it: days since the last but one of 1899, the time of day behind the point.
func (p *Parser) serial(text string) (time.Time, bool) {
	days, err := strconv.ParseFloat(text, 64)
	if err != nil || days < 32874 || days > 110_000 { // 1990 and about 2200
		return time.Time{}, false
	}
	whole := int(days)
	seconds := int((days-float64(whole))*86400 + 0.5)
	return time.Date(1899, 12, 30+whole, 0, 0, seconds, 0, p.Zone), true
}

// meaning is what a portal's word for an end means. A word that is not here is not understood, and never an end.
func meaning(word string) providers.Status {
	switch plainWords(word) {
	case "paid", "success", "successful", "succeeded", "completed", "complete", "done", "settled", "processed", "payé", "payée", "réussi", "réussie", "effectué", "terminé",
		"pagado", "pagada", "exitoso", "exitosa", "completado", "completada", "aprobado", "pago", "paga", "concluído", "concluída", "sucesso", "成功", "已支付", "已完成", "支付成功",
		"thành công", "đã thanh toán", "hoàn thành", "สำเร็จ", "ชำระแล้ว":
		return providers.Paid
	case "returned", "reversed", "refunded", "bounced", "retourné", "remboursé", "devuelto", "devuelta", "reversado", "devolvido", "devolvida", "estornado", "退回", "已退款", "đã hoàn", "hoàn tiền", "คืนเงิน":
		return providers.Returned
	case "failed", "failure", "rejected", "declined", "error", "échoué", "échec", "rejeté", "fallido", "fallida", "rechazado", "rechazada", "falhou", "rejeitado", "recusado", "失败", "thất bại", "ล้มเหลว":
		return providers.Failed
	case "cancelled", "canceled", "annulé", "cancelado", "cancelada", "已取消", "取消", "đã hủy", "ยกเลิก":
		return providers.Cancelled
	case "pending", "processing", "in process", "initiated", "created", "en attente", "en cours", "pendiente", "en proceso", "procesando", "pendente", "em processamento", "处理中", "待处理",
		"đang xử lý", "chờ xử lý", "รอดำเนินการ":
		return providers.Accepted
	}
	return ""
}
