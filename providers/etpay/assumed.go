package etpay

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
)

// Everything that ETpay's public pages do not say, for adapter and simulator alike. The numbers are those of the table in
// docs/providers/etpay.md. ETpay hands out the details when it takes a merchant on: correct them here, and nowhere else.
const (
	pathLogin   = "/v1/auth/login" // documented, with its body; the answer is assumption 1
	pathPayouts = "/v1/payouts"    // assumptions 3 (create), 7 (one), 8 (by date)
	pathBalance = "/v1/balance"    // assumption 9

	scheme = "Bearer " // assumption 2

	perPage  = 100 // assumption 8, and so are the next two
	maxDays  = 31
	dayStyle = time.DateOnly

	hookMember = "jwt"   // assumption 10: {"jwt": …}, signed with the signature_token of the payout
	hookAlg    = "HS256" // as ETpay's SDK verifies payments
)

// A token that does not say how long it lives is taken to live this long, and each is renewed this long before its end.
// Assumption 1.
const (
	tokenLife   = 10 * time.Minute
	tokenMargin = time.Minute
)

// Names under which answers may carry something, in the order in which they are tried. Assumptions 1, 4 and 7.
//
//nolint:gochecknoglobals // never change
var (
	namesToken  = []string{"authorization_token", "access_token", "token", "jwt"}
	namesID     = []string{"payout_token", "payout_id", "token", "id"}
	namesStatus = []string{"status", "payout_status"}
)

// Status words, assumption 13. ETpay publishes no list that can be read; the synonyms are those of its other products.
const (
	wordPending    = "pending"
	wordProcessing = "processing"
	wordCompleted  = "completed"
	wordRejected   = "rejected"
)

// status says what a word means. Another word is not understood and never an end.
func status(word string) (providers.Status, providers.Stage) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case wordPending, "created", "pendiente":
		return providers.Accepted, ""
	case wordProcessing, "in_process", "procesando", "en_proceso":
		return providers.Accepted, providers.StageProcessing
	case wordCompleted, "success", "successful", "paid", "approved", "done", "exitoso", "aprobado", "pagado", "completado":
		return providers.Paid, ""
	case wordRejected, "failed", "error", "cancelled", "canceled", "declined", "rechazado", "fallido", "cancelado":
		return providers.Failed, ""
	default:
		return "", ""
	}
}

// The forms in which a RUT may be sent, assumption 5.
const (
	rutDash   = "dash"   // 12345678-5
	rutPlain  = "plain"  // 123456785
	rutPadded = "padded" // 0123456785
)

func writeRUT(rut, form string) string {
	bare := strings.ReplaceAll(rut, "-", "")
	switch form {
	case rutPlain:
		return bare
	case rutPadded:
		return strings.Repeat("0", max(0, 10-len(bare))) + bare
	default:
		return rut
	}
}

func readRUT(sent string) string { return providers.Field{Format: providers.RUT}.Clean(sent) }

// segment is how a part of a JWT is written. Strict: of two texts that decode to the same bytes only one is right.
//
//nolint:gochecknoglobals // never changes
var segment = base64.RawURLEncoding.Strict()
