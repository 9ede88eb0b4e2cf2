package gobipay

import (
	"net/url"
	"strings"

	"github.com/paywicket/paywicket/providers"
)

// This file holds every name that GobiPay and we have to agree on, for the adapter and the simulator alike. What its
// documents say stands first. What they leave open is assumed, with the number ASM-n under which
// docs/providers/gobipay.md lists it and says how to check it: correct it here, and nowhere else.

// Addresses. The documents print "/api" before one route only; it belongs to the base. Each path is misspelled in its own
// way, and ends in a slash without which a POST is lost.
const (
	docsURL = "https://doc-pay.gobiworld.com/api/withdraw/withdraw.html"
	baseURL = "https://api-pay.gobiworld.com/api"

	slot          = "{identifier}"
	pathPlatforms = "/gobipay/addons/plateform_money/get-list/"
	pathArguments = "/plateforms-money/" + slot + "/arguments/"
	pathInit      = "/gobipay/withdraw/init/"
	pathCashOut   = "/gobipay/withdraw/" + slot + "/cash-out/"
	pathStatus    = "/gobipay/payment/" + slot + "/check-transaction/" // ASM-8: documented for nothing we send

	// hasStatus is the switch of ASM-8: false if it turns out that nobody can be asked.
	hasStatus = true
)

// Headers, on the GET routes too (ASM-1). The word for live is deduced from the one for test.
const (
	headerPublic = "X-STORE-PUBLIC-KEY"
	headerSecret = "X-STORE-SECRET-KEY"
	headerMode   = "X-STORE-USE-MODE"
	modeTest     = "test"
	modeLive     = "live"

	// How test keys begin. How live ones begin is not known, so this only serves to warn.
	testPublicPrefix = "tpk_"
	testSecretPrefix = "tsk_"
)

// The body of the first step. The documents list the names flat; their sample nests them as here, and so do we.
type initBody struct {
	Platform platformID `json:"to_plateform_money"`
	Amount   int64      `json:"amount"`            // ASM-5: whole units of the store's currency
	Direct   bool       `json:"is_direct_convert"` // always true
	Args     []initArg  `json:"args"`
	Extra    extraInfos `json:"extra_infos"`
}

// initArg is one argument. Its type is the platform's own, character for character; its value is text even for numbers.
type initArg struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type"`
}

type extraInfos struct {
	Store    string `json:"store_slug"`
	Merchant string `json:"merchant_type"`
	Email    string `json:"email"` // ASM-4: in the sample only; always sent
}

// The same names again, for the answer that says what is wrong with them.
const (
	keyArgs     = "args"
	keyDirect   = "is_direct_convert"
	keyExtra    = "extra_infos"
	keyStore    = "store_slug"
	keyMerchant = "merchant_type"
	keyEmail    = "email"
)

const (
	merchantWithdraw = "withdraw"
	emptyBody        = "{}" // of the second step and of the status route: an object, not nothing
)

// ASM-2 and ASM-3: the names in the lists of platforms and of arguments. Only the first is documented.
const (
	keyIdentifier  = "identifier"
	keyCurrency    = "currency"
	keyCode        = "code" // where currency or country is an object
	keyCountry     = "country"
	keyActive      = "is_active"
	keyName        = "name"
	keyType        = "type"
	keyLabel       = "label"
	keyRequired    = "required"
	keyRegex       = "regex"
	keyPlaceholder = "placeholder"
	keyOptions     = "options"
	keyValue       = "value"

	keyNext = "next" // the next page

	typePhone  = "phone"
	typeNumber = "number"
	typeEmail  = "email"
	typeSelect = "select" // any other type is asked for as a line of text
)

// labelKeys are tried in this order for what to call a platform.
func labelKeys() []string { return []string{keyName, keyLabel, "title"} }

// listKeys are where a list may stand that is not the whole answer.
func listKeys() []string { return []string{keyData, "results", "arguments"} }

// ASM-6 to ASM-8: the names in an answer about one withdrawal.
const (
	keyData        = "data"
	keyTransaction = "exchange_transaction"
	keyStatus      = "status"
	keyAmount      = "amount"
	keyFees        = "fees"
	keyPlatform    = "to_plateform_money"
	keyCreated     = "created_at"
)

// identifierKeys are tried in this order. An answer that has the first and another value in it is about another one.
func identifierKeys() []string { return []string{keyIdentifier, "slug", "uuid", "id"} }

func statusKeys() []string { return []string{keyStatus, "transaction_status"} }

func feeKeys() []string { return []string{keyFees, "fee"} }

// ASM-10: the names in an answer that says no, which are those of Django REST framework.
const (
	keyMessage  = "message"
	keyDetail   = "detail"
	keyNonField = "non_field_errors"
)

func messageKeys() []string { return []string{keyMessage, keyDetail, keyNonField} }

// ASM-9: the status words, whatever their case. Any other is shown and flagged, and is never final.
const (
	wordSuccess    = "SUCCESS"
	wordCompleted  = "COMPLETED"
	wordPaid       = "PAID"
	wordPayoutDone = "PAYOUT_DONE"

	wordFailed    = "FAILED"
	wordCancelled = "CANCELLED"
	wordCanceled  = "CANCELED"

	wordCreated    = "CREATED"
	wordPending    = "PENDING"
	wordInit       = "INIT"
	wordInitiated  = "INITIATED"
	wordValidated  = "PAYIN_VALIDATED"
	wordChain      = "WRITE_BLOCKCHAIN"
	wordOrdered    = "PAYOUT_ORDERED"
	wordProcessing = "PROCESSING"
)

// statusOf is what a word means; "" if it is none of ours.
func statusOf(word string) providers.Status {
	switch strings.ToUpper(word) {
	case wordSuccess, wordCompleted, wordPaid, wordPayoutDone:
		return providers.Paid
	case wordFailed, wordCancelled, wordCanceled:
		return providers.Failed
	case wordCreated, wordPending, wordInit, wordInitiated, wordValidated, wordChain, wordOrdered, wordProcessing:
		return providers.Accepted
	}
	return ""
}

// isOpening reports whether a withdrawal may have that word before its second step. It then says nothing of whether
// that step arrived.
func isOpening(word string) bool {
	switch strings.ToUpper(word) {
	case wordCreated, wordPending, wordInit, wordInitiated:
		return true
	}
	return false
}

// There are two identifiers, of a platform and of a withdrawal. Neither may stand where the other belongs.
type (
	platformID string
	withdrawID string
)

const (
	maxPlatform = 100
	maxWithdraw = 200
)

// valid reports whether a platform's identifier is one: letters, digits, "-" and "_".
func (id platformID) valid() bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return id != "" && len(id) <= maxPlatform && strings.Trim(string(id), letters) == ""
}

func (id platformID) argumentsPath() string { return fill(pathArguments, string(id)) }

// valid reports whether a withdrawal can be named in a path by its identifier, whose form is not documented.
func (id withdrawID) valid() bool {
	odd := func(r rune) bool { return r <= ' ' || r > '~' }
	return id != "" && len(id) <= maxWithdraw && id != "." && id != ".." && !strings.ContainsFunc(string(id), odd)
}

func (id withdrawID) cashOutPath() string { return fill(pathCashOut, string(id)) }
func (id withdrawID) statusPath() string  { return fill(pathStatus, string(id)) }

func fill(pattern, id string) string { return strings.Replace(pattern, slot, url.PathEscape(id), 1) }

// withdrawIn is the identifier in a path as it goes out, if the path is made of the pattern.
func withdrawIn(path, pattern string) (withdrawID, bool) {
	before, after, _ := strings.Cut(pattern, slot)
	rest, begins := strings.CutPrefix(path, before)
	escaped, ends := strings.CutSuffix(rest, after)
	text, err := url.PathUnescape(escaped)
	id := withdrawID(text)
	return id, begins && ends && err == nil && id.valid() && fill(pattern, text) == path
}
