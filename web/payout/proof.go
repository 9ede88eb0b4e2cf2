package payout

import (
	"errors"
	"time"

	"github.com/paywicket/paywicket/web/access"
)

// Exported is an approval as an export has it, with all it takes to check it elsewhere.
type Exported struct {
	Payout ID              `json:"payout"`
	Person access.PersonID `json:"person"`
	Name   string          `json:"name"`
	At     time.Time       `json:"at"`
	Digest string          `json:"digest"` // of the payout's snapshot
	Means  string          `json:"means"`
	Intent string          `json:"intent"` // the bytes that were said yes to
	Proof  *access.Proof   `json:"proof,omitempty"`
	Forged bool            `json:"forged,omitempty"` // its stored row was not written by this program
}

// ExportOf is an approval as an export has it.
func ExportOf(id ID, a Approval) Exported {
	return Exported{id, a.Person, a.Name, a.At.UTC(), a.Digest, a.Means, string(a.Intent), a.Proof, a.Forged}
}

// ErrUnproven is returned for an exported approval that does not prove what it says.
var ErrUnproven = errors.New("it does not prove the approval")

// Check holds an exported approval against its intent and, if a passkey signed it, against the signature.
func (x Exported) Check() error {
	intent, err := access.ReadIntent([]byte(x.Intent))
	switch {
	case err != nil:
		return err
	case x.Forged || intent.Person != x.Person || intent.Purpose != PurposeApprove || !intent.Names(string(x.Payout), x.Digest):
		return ErrUnproven
	case x.Means == "passkey" && x.Proof == nil:
		return ErrUnproven
	case x.Proof != nil:
		return x.Proof.Check([]byte(x.Intent))
	}
	return nil
}
