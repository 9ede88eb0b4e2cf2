package access

import "time"

// StepUp is a fresh confirmation by one person, bound to one thing they were shown. It is good for one use.
type StepUp struct {
	ID         string // of the challenge it answers
	Person     PersonID
	Digest     string // of what was shown
	Means      string // "password", "totp"
	AskedAt    time.Time
	VerifiedAt time.Time
}

// StepUpLife is how long after being asked for a confirmation may be used (docs/safety.md, 7).
const StepUpLife = 120 * time.Second
