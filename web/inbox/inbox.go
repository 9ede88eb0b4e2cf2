// Package inbox takes in webhooks: keeps the bytes first, then has the provider's adapter verify them, finds the payout they
// are about and applies them by the same rules as a look-up. Nothing that arrives is dropped unseen, and nothing that is not
// genuine has an effect. It is not promised to stay compatible.
package inbox

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/payout"
	"github.com/paywicket/paywicket/web/store"
)

// ErrNotFound is returned for a webhook that is missing or outside the caller's stores.
var ErrNotFound = errors.New("webhook not found")

// MaxBody is the largest body that is read; MaxForged is what is kept of one that is not genuine (docs/safety.md, 11).
const (
	MaxBody   = 1 << 20
	MaxForged = 64 << 10
)

// MaxCounted is how much of a larger body is read to tell its size and digest.
const MaxCounted = 64 << 20

// A flood of forgeries from one address is kept up to floodFree an hour, then counted, and every floodSample-th is kept.
const (
	floodFree   = 1000
	floodSample = 100
)

// Verdict is what became of a webhook. What each is called on screen is in the catalogs under "hook.verdict.<verdict>".
type Verdict string

// The verdicts.
const (
	Received     Verdict = "received"     // kept, not looked at yet
	Applied      Verdict = "applied"      // genuine and taken in, whether or not it moved anything
	Confirming   Verdict = "confirming"   // genuine, and the provider is being asked before anything moves
	Unconfirmed  Verdict = "unconfirmed"  // the provider could not be asked; the payout goes on being looked up
	Duplicate    Verdict = "duplicate"    // the same message again
	Conflicting  Verdict = "conflict"     // genuine, but contradicts what was sent or is known
	Unmatched    Verdict = "unmatched"    // genuine, about no payout of this account
	Ignored      Verdict = "ignored"      // genuine, about something that is no payout
	Forged       Verdict = "forged"       // did not pass verification
	Misaddressed Verdict = "misaddressed" // no account has this address
	Failed       Verdict = "failed"       // could not be looked at: our own fault
)

// Verdicts lists every verdict.
func Verdicts() []Verdict {
	return []Verdict{Applied, Confirming, Unconfirmed, Duplicate, Conflicting, Unmatched, Ignored, Forged, Misaddressed, Received, Failed}
}

// Hook is one webhook as it was kept and what was made of it.
type Hook struct {
	ID          string
	Account     store.AccountID
	Store       store.ID
	Provider    string
	Token       string // last part of the address it was posted to
	Address     string // who posted it
	ReceivedAt  time.Time
	Header      http.Header
	Body        []byte
	Size        int    // of the whole body
	Digest      string // hex SHA-256 of the whole body
	AtLeast     bool   // more came than Size and Digest tell of
	Verdict     Verdict
	Code        string // why
	Steps       []providers.Step
	Version     int  // of the account's settings by which it is genuine, 0: by none
	Late        bool // it came after the payout had ended, or long after that was sent
	Event       string
	Result      providers.Result
	Payout      payout.ID
	From, To    payout.State
	DuplicateOf string
	Reply       int
	Tries       int       // how often it was looked at in vain
	DueAt       time.Time // when it is looked at again
	DoneAt      time.Time
	ForgottenAt time.Time // when its body and header were emptied: Digest and Size stay
}

// Moved reports whether it changed the state of its payout.
func (h Hook) Moved() bool { return h.From != h.To }

// Whole reports whether the body is kept as it came, so that it can be judged.
func (h Hook) Whole() bool { return h.Size == len(h.Body) && !h.AtLeast && h.ForgottenAt.IsZero() }

// Genuine reports whether it passed verification.
func (h Hook) Genuine() bool {
	switch h.Verdict {
	case Forged, Misaddressed, Received, Failed:
		return false
	}
	return true
}

// Payouts is what the inbox needs of payouts.
type Payouts interface {
	FindByAttempt(ctx context.Context, account store.AccountID, reference, remoteID string) (*payout.Payout, int, error)
}

// Opener opens an account's provider with a version of its settings.
type Opener interface {
	Open(ctx context.Context, a store.Account, version int) (providers.Provider, error)
	// Recorded returns a context whose calls are kept, and a function that hands them over.
	Recorded(ctx context.Context, a store.Account, id payout.ID, attempt int, purpose string) (context.Context, func() []payout.Exchange)
}

// Service is the inbox.
type Service struct {
	Repo    Repository
	Finder  Payouts
	Payouts *payout.Service
	Stores  *store.Service
	Open    Opener
	Now     func() time.Time
	NewID   func() string
	Log     *slog.Logger
	Changed func() // called when a webhook waits to be confirmed; must not block

	usual usualTimes
}

// Incoming is a request as it came in.
type Incoming struct {
	Token   string
	Address string
	Header  http.Header
	Body    []byte // at most MaxBody bytes
	Size    int    // of the whole body, as far as it was read
	Digest  string // hex SHA-256 of the same; "": Body is the whole
	AtLeast bool   // more came than was read
}

// DigestOf is what Hook.Digest holds of a body.
func DigestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// A webhook is judged within judgeLife after it is kept. One that is not, because the process died, falls due after
// leftAfter, and the runner has it judged.
const (
	judgeLife = 20 * time.Second
	leftAfter = 30 * time.Second
)

// Receive keeps a webhook and answers it. An error means that it could not be kept: the answer is then 503, so that it is
// sent again. A sender that hangs up early does not undo what it sent.
func (s *Service) Receive(ctx context.Context, in Incoming) (providers.Reply, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), judgeLife)
	defer cancel()
	h := Hook{ID: s.NewID(), Token: in.Token, Address: in.Address, ReceivedAt: s.Now(), Header: keptHeader(in.Header),
		Body: in.Body, Size: max(in.Size, len(in.Body)), Digest: cmp.Or(in.Digest, DigestOf(in.Body)),
		AtLeast: in.AtLeast, Verdict: Received, DueAt: s.Now().Add(leftAfter)}
	a, err := s.Stores.AccountByToken(ctx, in.Token)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return providers.Reply{}, err
	}
	h.Account, h.Store, h.Provider = a.ID, a.Store, a.Provider
	if kept, reply, err := s.flood(ctx, a, h); err != nil || !kept {
		return reply, err
	}
	if err := s.Repo.Keep(ctx, h); err != nil {
		return providers.Reply{}, err
	}
	reply := s.judge(ctx, a, &h)
	h.Reply = reply.Status
	if err := s.Repo.Save(ctx, h); err != nil {
		return providers.Reply{}, err
	}
	if !h.DueAt.IsZero() {
		s.Changed()
	}
	return reply, nil
}

// flood decides whether a message from an address that floods us with forgeries is kept. A genuine one always is. One that
// nobody can look at now is not: it has to be sent again.
func (s *Service) flood(ctx context.Context, a store.Account, h Hook) (bool, providers.Reply, error) {
	n, err := s.Repo.Refused(ctx, h.Address, s.Now().Add(-time.Hour))
	if err != nil || n < floodFree {
		return true, providers.Reply{}, err
	}
	if a.ID != "" {
		if _, _, err := s.read(ctx, a, h); !isForgery(err) {
			return err == nil, providers.Reply{}, err
		}
	}
	n, err = s.Repo.CountFlood(ctx, h.Address, h.ReceivedAt)
	if err != nil {
		return false, providers.Reply{}, err
	}
	return n%floodSample == 0, text(http.StatusTooManyRequests, "too many"), nil
}

// maxHeader is how much is kept of the names and values of a header: far more than any company sends.
const maxHeader = 16 << 10

// keptHeader leaves out what proxies and browsers add that is nobody's evidence and may be a secret, and what is beyond
// any measure.
func keptHeader(h http.Header) http.Header {
	kept, size := http.Header{}, 0
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name == "Cookie" || name == "Authorization" || name == "Proxy-Authorization" {
			continue
		}
		for _, value := range h[name] {
			if size += len(name) + len(value); size <= maxHeader {
				kept[name] = append(kept[name], value)
			}
		}
	}
	return kept
}

func text(status int, body string) providers.Reply {
	return providers.Reply{Status: status, Type: "text/plain; charset=utf-8", Body: []byte(body)}
}
