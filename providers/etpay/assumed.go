package etpay

import (
	"encoding/base64"
	"encoding/json"
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

	header = "Authorization" // assumption 2
	scheme = "Bearer "

	perPage  = 100 // assumption 8, and so are the next two
	maxDays  = 31
	dayStyle = time.DateOnly

	hookMember = "jwt"   // assumption 10: {"jwt": …}, signed with the signature_token of the payout
	hookAlg    = "HS256" // as ETpay's SDK verifies payments

	repeatsRefused = true // assumption 15: a merchant_order_id that was used before is answered with 409
)

// A token that does not say how long it lives is taken to live this long, and each is renewed this long before its end.
// Assumption 1.
const (
	tokenLife   = 10 * time.Minute
	tokenMargin = time.Minute
)

// gaps are the waits before a webhook is repeated. Assumption 11.
func gaps() []time.Duration { return []time.Duration{time.Second, 5 * time.Second, 30 * time.Second} }

// Members of answers and webhooks. Assumptions 1, 4, 7, 8, 9, 10 and 14.
const (
	memberData      = "data" // what may be wrapped round any answer
	memberTotal     = "total"
	memberExpires   = "expires_in"
	memberReference = "merchant_order_id"
	memberMerchant  = "merchant_code"
	memberAmount    = "amount"
	memberCurrency  = "currency"
	memberFee       = "fee"
	memberAvailable = "available"
	memberKey       = "signature_token"
	memberMessage   = "message"
	memberReason    = "error_message"
	memberCode      = "error_code"
	memberErrors    = "errors" // of {"field", "message"}
	memberField     = "field"
	memberMade      = "created_at" // this and the next as RFC 3339, assumption 8
	memberEnded     = "processed_at"
	claimEnd        = "exp"
)

// Names under which answers may carry something, in the order in which they are tried. Assumptions 1, 4 and 7. Claims name
// the payout by the first two only: in a token, "id" may be something else.
//
//nolint:gochecknoglobals // never change
var (
	namesToken  = []string{"authorization_token", "access_token", "token", "jwt"}
	namesID     = []string{"payout_token", "payout_id", "token", "id"}
	namesClaim  = namesID[:2]
	namesStatus = []string{"status", "payout_status"}
)

// create is the body that asks for a payout. Assumption 3; the rules for its members are those of ETpay's other products.
type create struct {
	MerchantOrderID string      `json:"merchant_order_id"`
	Amount          json.Number `json:"amount"`
	Currency        string      `json:"currency"`
	Description     string      `json:"description"`
	WebhookURL      string      `json:"webhook_url"`
	Beneficiary     beneficiary `json:"beneficiary"`
}

// beneficiary is the account that is paid. Mexico is paid by CLABE alone, which holds the bank.
type beneficiary struct {
	Name           string `json:"name"`
	Email          string `json:"email,omitempty"`
	DocumentType   string `json:"document_type,omitempty"`
	DocumentNumber string `json:"document_number,omitempty"`
	BankCode       string `json:"bank_code,omitempty"`
	AccountType    string `json:"account_type"`
	AccountNumber  string `json:"account_number"`
}

const (
	documentRUT  = "rut"
	accountClabe = "clabe"
	maxText      = 30 // characters of the description, and none a comma
)

// kinds are the kinds of account in Chile. The first two are in ETpay's sample data, the others by analogy (assumption 3).
func kinds() []providers.Option {
	return []providers.Option{
		{Value: "cuenta_corriente", Label: providers.Text{English: "Cuenta corriente"}},
		{Value: "cuenta_vista", Label: providers.Text{English: "Cuenta vista"}},
		{Value: "cuenta_rut", Label: providers.Text{English: "CuentaRUT"}},
		{Value: "cuenta_ahorro", Label: providers.Text{English: "Cuenta de ahorro"}},
	}
}

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

// Error codes of the simulator. None of ETpay's can be read, so these begin in a way that nobody takes for theirs; the
// adapter knows none of them and shows every code as it comes. Assumption 14.
const (
	simValidation  = "SIM_VALIDATION"
	simBalance     = "SIM_INSUFFICIENT_BALANCE"
	simDuplicate   = "SIM_DUPLICATE_ORDER"
	simBank        = "SIM_BANK_UNKNOWN"
	simToken       = "SIM_UNAUTHORIZED"
	simCredentials = "SIM_BAD_CREDENTIALS" //nolint:gosec // a code, no credentials
	simLimit       = "SIM_RATE_LIMIT"
	simNotFound    = "SIM_NOT_FOUND"
	simAccount     = "SIM_ACCOUNT_INVALID"
	simDeclined    = "SIM_BANK_REJECTED"
	simReturned    = "SIM_RETURNED"
)

// segment is how a part of a JWT is written. Strict: of two texts that decode to the same bytes only one is right.
//
//nolint:gochecknoglobals // never changes
var segment = base64.RawURLEncoding.Strict()
