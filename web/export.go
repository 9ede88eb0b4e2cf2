package web

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/payout"
)

// ExportReport is what VerifyExport found.
type ExportReport struct {
	Rows      int
	Approvals int
	Signed    int      // of the approvals, by passkey
	Wrong     []string // a line each; nothing if all is as it was written
	Whole     bool     // it has its end
}

// OK reports whether the file is whole and nothing in it was changed.
func (r ExportReport) OK() bool { return r.Whole && len(r.Wrong) == 0 }

// exportLine is one line of an export of the audit log.
type exportLine struct {
	Type     string           `json:"type"`
	Row      *audit.Exported  `json:"row"`
	Approval *payout.Exported `json:"approval"`
	End      *struct {
		Rows   int    `json:"rows"`
		SHA256 string `json:"sha256"`
	} `json:"end"`
}

// maxExportLine is the longest line: an approval of a large batch names every payout of it.
const maxExportLine = 4 << 20

// VerifyExport holds a file of exported audit rows against the keys of this installation, and the approvals in it against their
// signatures.
func (a *App) VerifyExport(in io.Reader) (ExportReport, error) {
	var report ExportReport
	sum := sha256.New()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxExportLine)
	for n := 1; lines.Scan(); n++ {
		before := hex.EncodeToString(sum.Sum(nil))
		_, _ = sum.Write(append(lines.Bytes(), '\n')) // a hash takes everything
		if wrong := a.checkLine(lines.Bytes(), before, &report); wrong != nil {
			report.Wrong = append(report.Wrong, fmt.Sprintf("line %d: %v", n, wrong))
		}
	}
	if err := lines.Err(); err != nil {
		return report, fmt.Errorf("read export: %w", err)
	}
	return report, nil
}

func (a *App) checkLine(text []byte, before string, report *ExportReport) error {
	var l exportLine
	if err := json.Unmarshal(text, &l); err != nil {
		return err
	}
	switch {
	case report.Whole:
		return audit.ErrChanged // something follows the end
	case l.Row != nil:
		report.Rows++
		return l.Row.Check(a.vault.AuditMAC())
	case l.Approval != nil:
		report.Approvals++
		if l.Approval.Proof != nil {
			report.Signed++
		}
		return l.Approval.Check()
	case l.End != nil:
		report.Whole = true
		if l.End.SHA256 != before || l.End.Rows != report.Rows {
			return audit.ErrChanged
		}
	}
	return nil
}
