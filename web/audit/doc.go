// Package audit chains the rows of the audit log, so that a change to any of them is seen by whoever has the key.
//
// Nothing in this package is promised to stay compatible.
//
// Row n carries h(n) = HMAC(key, h(n-1) ‖ row n). [Chain] makes rows, [Verify] finds what was edited, deleted, inserted,
// moved or cut off. The last two need an [Anchor] kept outside the database. Reading and writing an anchor's file is the
// only thing here that touches a disk.
package audit
