package audit

import (
	"encoding/binary"
	"time"
)

// System is the actor of what no person did.
const System = "system"

// Entry is one row of the audit log.
type Entry struct {
	Seq       int64     // 1 for the first row, then without gaps
	At        time.Time // whole milliseconds
	Actor     string    // a person's id, or System
	ActorName string    // as it was at the time
	Store     string    // empty: the whole installation
	Action    Action
	Subject   string // id of what it was done to
	Details   string // JSON, without secrets and account numbers
	Prev      []byte // MAC of the row before, empty for the first
	MAC       []byte
}

// Anchor returns the point of the chain that ends with e.
func (e Entry) Anchor() Anchor { return Anchor{Seq: e.Seq, MAC: e.MAC} }

// Anchor is a point of the chain. The zero value is its beginning, before any row.
type Anchor struct {
	Seq int64
	MAC []byte
}

// Chain makes rows. MAC is the keyed hash, [vault.Vault.AuditMAC].
type Chain struct {
	MAC func(message []byte) []byte
}

// Next gives e its place after the last row: number, link and MAC, and the time cut to milliseconds. The caller reads last
// and writes the result in one transaction.
func (c Chain) Next(last Anchor, e Entry) Entry {
	e.Seq = last.Seq + 1
	e.Prev = last.MAC
	e.At = e.At.UTC().Truncate(time.Millisecond)
	e.MAC = c.MAC(e.canonical())
	return e
}

// canonical is h(n-1) ‖ row n. Every part stands after its length, so that no two rows give the same bytes.
func (e Entry) canonical() []byte {
	b := appendPart(nil, "paywicket audit 1")
	b = appendPart(b, string(e.Prev))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq)) //nolint:gosec // the bits, not the number
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMilli()))
	for _, part := range []string{e.Actor, e.ActorName, e.Store, string(e.Action), e.Subject, e.Details} {
		b = appendPart(b, part)
	}
	return b
}

func appendPart(b []byte, part string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
	return append(b, part...)
}
