package vault

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// What keysets are for.
const (
	PurposeData        = "data"
	PurposeAudit       = "audit"
	PurposeReference   = "reference"
	PurposeFingerprint = "fingerprint"
	PurposeForm        = "form"
)

// Purposes lists what keysets are for. A database has one of each.
func Purposes() []string {
	return []string{PurposeData, PurposeAudit, PurposeReference, PurposeFingerprint, PurposeForm}
}

// makeAll makes one random keyset for each purpose.
func makeAll(master MasterKey, at time.Time) ([]Keyset, error) {
	var sets []Keyset
	for _, purpose := range Purposes() {
		set, err := makeOne(master, purpose, at)
		if err != nil {
			return nil, fmt.Errorf("make %s keyset: %w", purpose, err)
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func makeOne(master MasterKey, purpose string, at time.Time) (Keyset, error) {
	template := prf.HMACSHA256PRFKeyTemplate()
	if purpose == PurposeData {
		template = aead.XChaCha20Poly1305KeyTemplate()
	}
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return Keyset{}, err
	}
	return wrap(master, handle, Keyset{Purpose: purpose, CreatedAt: at})
}

// wrapping is the associated data of a wrapped keyset: one cannot stand in for another.
func wrapping(purpose string, master MasterKey) []byte {
	return joined("paywicket", "1", "keyset", purpose, master.ID())
}

// unwrapAll opens every keyset, and insists on one for each purpose.
func unwrapAll(master MasterKey, sets []Keyset) (*Vault, error) {
	handles := make(map[string]*keyset.Handle, len(sets))
	for _, set := range sets {
		handle, err := unwrapOne(master, set)
		if err != nil {
			return nil, err
		}
		handles[set.Purpose] = handle
	}
	for _, purpose := range Purposes() {
		if handles[purpose] == nil {
			return nil, fmt.Errorf("the database has no %s keyset", purpose)
		}
	}
	return assemble(master.ID(), handles)
}

func unwrapOne(master MasterKey, set Keyset) (*keyset.Handle, error) {
	if set.MasterID != master.ID() {
		return nil, &WrongKeyError{Have: master.ID(), Want: set.MasterID}
	}
	wrapper, err := master.wrapper()
	if err != nil {
		return nil, err
	}
	reader := keyset.NewBinaryReader(bytes.NewReader(set.Sealed))
	handle, err := keyset.ReadWithAssociatedData(reader, wrapper, wrapping(set.Purpose, master))
	if err != nil {
		return nil, fmt.Errorf("the %s keyset is damaged: %w", set.Purpose, err)
	}
	return handle, nil
}

func assemble(masterID string, handles map[string]*keyset.Handle) (*Vault, error) {
	data, err := aead.New(handles[PurposeData])
	if err != nil {
		return nil, fmt.Errorf("use data keyset: %w", err)
	}
	v := &Vault{masterID: masterID, data: data, dataKeys: keysOf(handles[PurposeData])}
	var errs [4]error
	v.audit, errs[0] = derive(handles, PurposeAudit)
	v.reference, errs[1] = derive(handles, PurposeReference)
	v.fingerprint, errs[2] = derive(handles, PurposeFingerprint)
	v.form, errs[3] = derive(handles, PurposeForm)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return v, nil
}

// derive takes one key out of a keyset's primary, once: Tink's own functions can fail at each use, and a chain of audit
// rows has no good answer to that.
func derive(handles map[string]*keyset.Handle, purpose string) (keyed, error) {
	set, err := prf.NewPRFSet(handles[purpose])
	if err != nil {
		return nil, fmt.Errorf("use %s keyset: %w", purpose, err)
	}
	key, err := set.ComputePrimaryPRF(joined("paywicket", "1", purpose), keySize)
	if err != nil {
		return nil, fmt.Errorf("use %s keyset: %w", purpose, err)
	}
	return newKeyed(key), nil
}
