package access

import "time"

// StepUp is a fresh confirmation by one person, bound to one thing they were shown. It is good for one use.
type StepUp struct {
	ID         string // of the challenge it answers
	Person     PersonID
	Subject    string // what it is about; where it is about several things, the one it is used for
	Digest     string // of what was shown
	Intent     []byte // what was said yes to
	Proof      *Proof // the signature of Intent, if Means is "passkey"
	Means      string // "passkey", "totp", "password"
	AskedAt    time.Time
	VerifiedAt time.Time
}

// StepUpLife is how long after being asked for a confirmation may be used (docs/safety.md, 7).
const StepUpLife = 120 * time.Second
