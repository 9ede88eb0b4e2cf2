package audit

import (
	"encoding/hex"
	"errors"
	"time"
)

// Exported is a row as an export has it: every part that its code covers.
type Exported struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Actor     string    `json:"actor"`
	ActorName string    `json:"actor_name"`
	Store     string    `json:"store,omitempty"`
	Action    Action    `json:"action"`
	Subject   string    `json:"subject,omitempty"`
	Details   string    `json:"details"`
	Prev      string    `json:"prev"` // hexadecimal, like MAC
	MAC       string    `json:"mac"`
}

// ExportOf is a row as an export has it.
func ExportOf(e Entry) Exported {
	return Exported{e.Seq, e.At.UTC(), e.Actor, e.ActorName, e.Store, e.Action, e.Subject, e.Details, hex.EncodeToString(e.Prev), hex.EncodeToString(e.MAC)}
}

// ErrChanged is returned for an exported row that is not what was written.
var ErrChanged = errors.New("it is not what was written")

// Check holds an exported row against its code. It says nothing of rows that are left out.
func (x Exported) Check(mac func(message []byte) []byte) error {
	prev, errPrev := hex.DecodeString(x.Prev)
	e := Entry{Seq: x.Seq, At: x.At, Actor: x.Actor, ActorName: x.ActorName, Store: x.Store, Action: x.Action, Subject: x.Subject, Details: x.Details, Prev: prev}
	if errPrev != nil || hex.EncodeToString(mac(e.canonical())) != x.MAC {
		return ErrChanged
	}
	return nil
}
