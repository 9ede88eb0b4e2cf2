package payout

import (
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
)

// ID names a payout: twelve characters of Crockford's base 32, made at random.
type ID string

// Number is how the id is shown to people: PW-7F3K-20M9-X4QD.
func (id ID) Number() string {
	if len(id) != 12 {
		return string(id)
	}
	return "PW-" + string(id[:4]) + "-" + string(id[4:8]) + "-" + string(id[8:])
}

// ParseID reads an id from what a person may type or paste, with or without the dashes and the PW.
func ParseID(text string) ID {
	text = strings.ToUpper(strings.TrimSpace(text))
	return ID(strings.ReplaceAll(strings.TrimPrefix(text, "PW-"), "-", ""))
}

// Payout is one payment out that a person asks for. Its methods keep the rules; [Service] calls them.
type Payout struct {
	ID    ID
	Store store.ID
	State State
	// Version counts every change, so that a decision about what was on screen is told from one about what is there.
	Version int

	Input   Input   // as typed: what a draft is, and what an edit starts from
	Content Content // what was checked when it was submitted

	Author  access.PersonID
	Editors []access.PersonID // everybody who changed the content, the author included

	Snapshot  []byte // canonical bytes of what is decided about; empty until submitted
	Digest    string // hex SHA-256 of Snapshot
	Approvals []Approval
	ExpiresAt time.Time // when a full set of approvals lapses
	Decisions int       // decisions to send taken so far
	OnePerson bool      // approved by its own author or editor in one-person mode: stays for ever

	Attempts  []Attempt
	Conflicts []Conflict
	Review    *Review // evidence about an unknown outcome that waits for a second person
	Wait      *Wait   // somebody left the open outcome open for now

	Fee     money.Amount // as the company told it
	Reason  string       // why it was rejected, refused, has failed: the words of a person or of the company
	Follows ID           // the payout that this one corrects

	CreatedAt   time.Time
	UpdatedAt   time.Time
	SubmittedAt time.Time
	EndedAt     time.Time // when it reached an end state
	DueAt       time.Time // when the runner has to see to it; zero: never
	Looks       int       // look-ups since it was sent

	// Torn says that the stored row contradicts itself: what lists show of it is not its content. Nothing of it is sent.
	Torn bool

	entries   []audit.Entry // what this change did, for the audit chain
	exchanges []Exchange    // what this change brings back from the company
}

// Approval is one person's yes to one snapshot.
type Approval struct {
	Person    access.PersonID
	Name      string
	At        time.Time
	Digest    string
	Challenge string        // the step-up that was used up for it
	Means     string        // "passkey", "totp", "password"
	Intent    []byte        // what the person said yes to; it names the payout and Digest
	Proof     *access.Proof // the signature of Intent, if Means is "passkey"
	Forged    bool          // its stored row does not fit its keyed hash: it counts for nothing
	LapsesAt  time.Time     // as the intent says; zero: as the installation is set
}

// By reports whether a confirmation, named by its challenge, was used up for the approval.
func (a Approval) By(challenge string) bool {
	return challenge != "" && (a.Challenge == challenge || strings.HasPrefix(a.Challenge, challenge+"/"))
}

// Attempt is one send to the company. There is at most one for each decision.
type Attempt struct {
	No        int
	Decision  int
	Reference string
	RemoteID  string
	Kept      map[string]string // what the adapter asked us to keep; sealed at rest
	Damaged   bool              // what was kept does not open: Kept is empty, and what lies in the database stays there for good
	Epoch     int64             // of the sender that claimed it
	StartedAt time.Time
	EndedAt   time.Time
	Outcome   State // where its own answer left the payout; "" while it is under way

	Word   string          // the company's own word for where it stands, as last heard
	Stage  providers.Stage // the step of Accepted it stands for
	Proofs []string        // addresses of documents the company shows about it, https only
}

// Named is the attempt as an adapter gets it.
func (a Attempt) Named() providers.Attempt {
	return providers.Attempt{Reference: a.Reference, RemoteID: a.RemoteID, Kept: a.Kept, SentAt: a.StartedAt}
}

// Conflict says that news contradict what was sent or what is known. While one is open nothing of the payout is claimed.
type Conflict struct {
	At       time.Time
	Source   Source
	Code     string // what differs: "amount", "reference", "remote_id", "method", "details", "mode", "final"
	Expected string
	Got      string
	HookID   string
	Finding  *Finding // what people found out, nil while nobody has
	ClosedAt time.Time
	ClosedBy access.PersonID
}

// Exchange is one request to the company and its answer, with secrets masked.
type Exchange struct {
	ID      string
	Account store.AccountID
	Payout  ID // "" for calls about no payout
	Attempt int
	Purpose string // "send", "lookup", "prepare", "check"
	At      time.Time
	Took    time.Duration
	Method  string
	URL     string
	Status  int
	Request string // headers and body as written
	Answer  string
	Written bool
	Err     string
}

// Current is the attempt of the latest decision, nil before the first.
func (p *Payout) Current() *Attempt {
	if len(p.Attempts) == 0 {
		return nil
	}
	return &p.Attempts[len(p.Attempts)-1]
}

// Reference is our reference of the latest attempt, "" before the first.
func (p *Payout) Reference() string {
	if a := p.Current(); a != nil {
		return a.Reference
	}
	return ""
}

// RemoteID is the company's identifier of the latest attempt, "" if none is known.
func (p *Payout) RemoteID() string {
	if a := p.Current(); a != nil {
		return a.RemoteID
	}
	return ""
}

// Edited reports whether a person drafted or changed the content.
func (p *Payout) Edited(id access.PersonID) bool {
	return p.Author == id || slices.Contains(p.Editors, id)
}

// OpenConflict is the first conflict nobody has closed, nil if there is none.
func (p *Payout) OpenConflict() *Conflict {
	for i := range p.Conflicts {
		if p.Conflicts[i].ClosedAt.IsZero() {
			return &p.Conflicts[i]
		}
	}
	return nil
}

// Amount is what was submitted, or what a draft says so far.
func (p *Payout) Amount() money.Amount { return p.Content.Amount }

// TakeEntries hands over the audit entries of a change; the repository calls it once, when it writes them.
func (p *Payout) TakeEntries() []audit.Entry {
	e := p.entries
	p.entries = nil
	return e
}

// TakeExchanges hands over the exchanges of a change; the repository calls it once, when it writes them.
func (p *Payout) TakeExchanges() []Exchange {
	e := p.exchanges
	p.exchanges = nil
	return e
}
