package vault

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// Place says where a sealed value belongs. It is made from the row that holds the value, never read out of the sealed
// bytes: a value copied to another place does not open there. Table, Row and Field are required.
type Place struct {
	Table    string
	Row      string
	Store    string
	Account  string
	Provider string
	Mode     string // "test" or "live"
	Field    string
	Version  int // of the account's credentials
}

var errNoPlace = errors.New("a sealed value needs a table, a row and a field")

func (p Place) check() error {
	if p.Table == "" || p.Row == "" || p.Field == "" {
		return errNoPlace
	}
	return nil
}

// associated is the associated data of a sealed value: paywicket|1|table|row|store|account|provider|mode|field|version.
func (p Place) associated() []byte {
	return joined("paywicket", "1", p.Table, p.Row, p.Store, p.Account, p.Provider, p.Mode, p.Field, strconv.Itoa(p.Version))
}

// joined writes each part after its length, so that no two lists of parts give the same bytes.
func joined(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}
