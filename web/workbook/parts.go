package workbook

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// The names that parts and their contents go by.
const (
	mainSpace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	linkSpace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packSpace = "http://schemas.openxmlformats.org/package/2006/"
	typeSpace = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// How cells look, as numbered in stylesXML. An amount is styleAmount plus how many decimals its currency has.
const (
	stylePlain = iota
	styleHead
	styleTime
	styleAmount

	maxDecimals = 4
)

// stylesXML is every way a cell looks. Spreadsheets count on two fills of these names and on one of everything else.
func stylesXML() string {
	var formats, cells strings.Builder
	cells.WriteString(`<xf/><xf fontId="1" applyFont="1"/>`)
	for i, code := range []string{"yyyy-mm-dd hh:mm:ss", "#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"} {
		id := strconv.Itoa(164 + i) // below are those that every spreadsheet has
		formats.WriteString(`<numFmt numFmtId="` + id + `" formatCode="` + code + `"/>`)
		cells.WriteString(`<xf numFmtId="` + id + `" applyNumberFormat="1"/>`)
	}
	return xml.Header + `<styleSheet xmlns="` + mainSpace + `"><numFmts count="6">` + formats.String() + `</numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="8">` + cells.String() + `</cellXfs></styleSheet>`
}

func sheetPart(n int) string { return "worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// workbookXML lists the sheets.
func workbookXML(names []string) string {
	var b strings.Builder
	b.WriteString(xml.Header + `<workbook xmlns="` + mainSpace + `" xmlns:r="` + linkSpace + `"><sheets>`)
	for i, name := range names {
		n := strconv.Itoa(i + 1)
		b.WriteString(`<sheet name="`)
		_ = xml.EscapeText(&b, []byte(name)) // a strings.Builder takes everything
		b.WriteString(`" sheetId="` + n + `" r:id="rId` + n + `"/>`)
	}
	b.WriteString(`</sheets></workbook>`)
	return b.String()
}

// workbookLinksXML says in which parts the sheets and their styles are.
func workbookLinksXML(sheets int) string {
	var b strings.Builder
	b.WriteString(xml.Header + `<Relationships xmlns="` + packSpace + `relationships">`)
	for n := range sheets {
		b.WriteString(`<Relationship Id="rId` + strconv.Itoa(n+1) + `" Type="` + linkSpace + `/worksheet" Target="` + sheetPart(n+1) + `"/>`)
	}
	b.WriteString(`<Relationship Id="styles" Type="` + linkSpace + `/styles" Target="styles.xml"/></Relationships>`)
	return b.String()
}

const linksXML = xml.Header + `<Relationships xmlns="` + packSpace + `relationships">` +
	`<Relationship Id="rId1" Type="` + linkSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`

// typesXML says what each part is.
func typesXML(sheets int) string {
	var b strings.Builder
	b.WriteString(xml.Header + `<Types xmlns="` + packSpace + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + typeSpace + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + typeSpace + `styles+xml"/>`)
	for n := range sheets {
		b.WriteString(`<Override PartName="/xl/` + sheetPart(n+1) + `" ContentType="` + typeSpace + `worksheet+xml"/>`)
	}
	b.WriteString(`</Types>`)
	return b.String()
}
