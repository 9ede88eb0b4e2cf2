package providers

import (
	"context"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/providers/money"
)

// Definition is one payout company as compiled in. It is data plus two constructors.
type Definition struct {
	ID        string // "goldenpay"; stored, never changes
	Name      string
	DocsURL   string
	Addresses []Address // where the company answers; empty if it issues an address to each merchant
	Settings  []Field   // what an administrator enters to connect an account
	Messages  fs.FS     // optional locales/*.json for words the shared vocabulary lacks

	// Webhooks says what an operator does with the address Paywicket gives out.
	Webhooks WebhookSetup

	// RepeatsRefused says that the company documents or proves that it refuses a reference it has seen before.
	// A new decision about the same payout then keeps the reference, else it gets a new one.
	RepeatsRefused bool

	Open      func(Config) (Provider, error) // must not do I/O
	Simulator func(SimulatorConfig) http.Handler
	// Portal says what to look for in the company's own console when nobody knows whether an order was carried out.
	Portal Text
	// Approves says that the company, or the merchant in its portal, approves each order itself before it pays.
	Approves bool
	// CannotAsk says that Lookup is Unsupported: what became of an order is told by webhook, or found out by people.
	CannotAsk bool

	// Switches name what the documents leave open or tell in two ways and the simulator can play either way, each with
	// what it then does. All are off at first.
	Switches map[string]string
}

// Address is one base URL of a company.
type Address struct {
	Name string // "default", or what the operator called it
	URL  string
	// Live says that real money may move there. Simulator marks an address the operator named as a simulator.
	Live, Test, Simulator bool
}

// ControlPath is where on its own address a simulator has the page that controls it.
const ControlPath = "/_simulator"

// WebhookSetup says how a company learns our webhook address.
type WebhookSetup int

// The ways a company learns where to send its webhooks.
const (
	WebhooksNone     WebhookSetup = iota // it has none
	WebhooksByHand                       // an operator pastes the address into the company's console
	WebhooksPerOrder                     // the address travels with each order
)

// Config is what an adapter gets to serve one account of one store.
type Config struct {
	Settings Settings // what an administrator entered; prints as [settings] wherever it is printed
	Live     bool
	BaseURL  string // the address the account uses, without a slash at its end
	// Simulator says that the operator named the address as that of a simulator: nothing behind it moves real money.
	Simulator bool
	HTTP      *http.Client // safe for money: bounded, recorded, no redirects, nothing repeated
	Log       *slog.Logger
	Now       func() time.Time
	// Nonce gives n characters out of a-z0-9 that have not been used before.
	Nonce func(n int) string
}

// Provider pays out of one account. Methods may be called at the same time.
type Provider interface {
	// Methods lists the ways to be paid that this account offers.
	Methods(ctx context.Context) ([]Method, error)

	// Fields lists what the company must be told for a method. An unknown method is an Error of code "unknown_method".
	Fields(ctx context.Context, method string) ([]Field, error)

	// Send asks for the money to move. It is called once per attempt and must not repeat itself. If an earlier
	// request already yields an identifier, it calls o.Checkpoint before the request that moves money.
	Send(ctx context.Context, o Order) (Result, error)

	// ReadBack decodes a request from the bytes about to be written. The client given in Config calls it for
	// everything but GET and HEAD before the first byte leaves; a send is refused if it differs from what was
	// approved, and a request that moves money is refused outside a send.
	ReadBack(r *http.Request, body []byte) (Readback, error)

	// Lookup reports where an attempt stands. It returns an Error of kind Unsupported if the company cannot tell.
	Lookup(ctx context.Context, a Attempt) (Result, error)
}

// Optional abilities; implementing the interface is the announcement.
type (
	// Preparer gets ready before the claim: signs in, re-reads fields. It moves no money.
	Preparer interface {
		Prepare(ctx context.Context, o Order) error
	}
	// WebhookReader verifies and decodes what the company posts to us. Its default answer is an error.
	WebhookReader interface {
		ReadWebhook(ctx context.Context, w Webhook) (Event, error)
	}
	// Balancer tells what can be paid out now, one amount a currency.
	Balancer interface {
		Balance(ctx context.Context) ([]money.Amount, error)
	}
	// Checker makes the cheapest read-only call that proves the settings; without it Methods serves.
	Checker interface {
		Check(ctx context.Context) error
	}
	// Lister lists the company's own records by creation date.
	Lister interface {
		List(ctx context.Context, from, to time.Time) iter.Seq2[Result, error]
	}
	// Reporter lists the company's own records of what was asked for from one time to another, for its books to be held against
	// ours. It may list more. An error ends the list: what came before it is not whole.
	Reporter interface {
		Report(ctx context.Context, from, to time.Time) iter.Seq2[Record, error]
	}
)

// Record is one order as the company's own list shows it.
type Record struct {
	Result
	Recipient string    // as the company writes it, "" if it does not
	Made      time.Time // when the company was asked for it; zero: not told
	Ended     time.Time // when it came to its end; zero: it has not, or that is not told
	Err       error     // this record alone cannot be read; what can be of it stands in the others
}

// Order is one payout as the company is asked for it, made from the approved snapshot and nothing else.
type Order struct {
	Reference   string // ours: 20 characters A-Z2-7, unique per payout
	Method      string
	Amount      money.Amount
	Description string
	Details     map[string]string // by Field.Name, already checked
	CallbackURL string

	// Checkpoint stores what names this order at the company. It is durable before it returns; on an error the
	// adapter stops without moving money.
	Checkpoint func(ctx context.Context, a Attempt) error
}

// Readback is what a request about to leave says. The zero value is a request that neither moves money nor
// describes an order, such as a sign-in.
type Readback struct {
	Moves    bool   // the request moves money
	Order    *Order // what it asks for: Method, Amount and Details whole, Reference and Description where it carries them
	RemoteID string // set instead of Order if the request only names an order described and stored earlier
}

// Attempt names an order to the company: our reference, its identifier, and what the adapter asked us to keep (sealed).
type Attempt struct {
	Reference string
	RemoteID  string
	Kept      map[string]string
	SentAt    time.Time // when it was claimed for sending; set in what is handed to an adapter, not in what it returns
}

// Status is where the company says an order stands.
type Status string

// The statuses an adapter may report. The zero value means "not understood": never final, shown and flagged.
const (
	Accepted  Status = "accepted"
	Paid      Status = "paid"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
	Returned  Status = "returned"
)

// Stage is a finer step of Accepted, where a company tells it. It moves no money and decides nothing: people see it.
type Stage string

// The stages. The zero value says nothing.
const (
	StageApproval   Stage = "approval"   // the company, or the merchant in its portal, has yet to approve
	StageProcessing Stage = "processing" // it is being carried out
)

// Result is what an answer, a look-up or a webhook says about one order. What the answer does not carry is left zero
// and not compared; what it carries must not contradict.
type Result struct {
	Attempt Attempt
	Status  Status
	Stage   Stage        // of Accepted
	Word    string       // the company's own status word or number, as it came
	Amount  money.Amount // as the company states it; compared, never trusted. No currency: only the figure is compared
	Fee     money.Amount
	Method  string
	Details map[string]string
	Live    *bool
	Message string // the company's words, shown to the operator
	// Proofs are addresses of documents the company shows about the order, such as a bank's receipt. Only https ones are
	// kept.
	Proofs []string
}

// Webhook is one callback, already stored.
type Webhook struct {
	Header  http.Header
	Body    []byte
	Address string // who posted it
	// Find returns a stored attempt of this account by reference or identifier (per-payout secrets, amounts).
	Find func(ctx context.Context, a Attempt) (Found, error)
}

// Found is a stored attempt with what was ordered in it.
type Found struct {
	Attempt Attempt
	Order   Order
}

// Event is what a verified webhook says.
type Event struct {
	Name    string // the company's word for it, "payout.success"
	Result  Result
	Ignore  bool  // verified, but about something that is no payout
	Confirm bool  // ask Lookup before a state moves: weak signature or thin body
	Reply   Reply // what the company expects back when the event is kept and fits
	// Unmatched is the reply when no payout fits; zero means Reply.
	Unmatched Reply
	Steps     []Step // how it was verified, for the inbox
}

// Reply is an HTTP answer to a webhook.
type Reply struct {
	Status int
	Type   string
	Body   []byte
}

// SimulatorConfig is what a simulator gets.
type SimulatorConfig struct {
	Settings    map[string]string // the credentials it accepts, by the names of Definition.Settings
	WebhookURLs func() []string   // where it posts to, for companies that are told so by hand
	Now         func() time.Time  // nil: time.Now

	// Deliver sends a webhook and returns what was answered. Tests collect, the demo posts. nil: nothing is sent.
	Deliver func(*http.Request) (Reply, error)
	// After runs f once d has passed. nil: time.AfterFunc.
	After func(d time.Duration, f func())
	// Executed is called once for each order the simulator books as money moved, before it answers.
	Executed func(Execution)
	// Pace is the time between two states of an order. 0: two seconds.
	Pace time.Duration
	// Switches are those of Definition.Switches that are on.
	Switches []string
}

// On reports whether a switch of the simulator is on.
func (c SimulatorConfig) On(name string) bool { return slices.Contains(c.Switches, name) }

// Execution is an order as a simulator decoded and booked it.
type Execution struct {
	RemoteID string
	Order    Order
}

// Method is one way to be paid.
type Method struct {
	ID       string // "mtn_bj"; stored
	Name     string
	Country  string // ISO 3166-1 alpha-2; empty: any
	Currency string // ISO 4217, or the company's own code for what is no ISO currency
	Fields   []Field
	Note     Text // what a person must know before choosing it
	// Own says that it pays the merchant's own account as registered with the company: no recipient is named.
	Own bool
}

// Catalog is a fixed list of methods; embed it and Methods and Fields are done.
type Catalog []Method

// Methods returns the list.
func (c Catalog) Methods(context.Context) ([]Method, error) { return c, nil }

// Fields returns the fields of a method of the list.
func (c Catalog) Fields(_ context.Context, method string) ([]Field, error) {
	for _, m := range c {
		if m.ID == method {
			return m.Fields, nil
		}
	}
	return nil, UnknownMethod(method)
}
