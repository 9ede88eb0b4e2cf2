package providertest_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/providers/money"
	"github.com/paywicket/paywicket/providers/providertest"
)

// defectVariable names the defect that TestToy runs with when TestDefects runs it.
const defectVariable = "PAYWICKET_TOY_DEFECT"

// TestToy runs the suite over an adapter in two steps that has nothing wrong with it.
func TestToy(t *testing.T) {
	providertest.Run(t, toyCase(os.Getenv(defectVariable)))
}

func toyCase(defect string) providertest.Case {
	return providertest.Case{
		Definition:    toyDefinition(defect),
		Settings:      map[string]string{"secret": "toy-secret-of-one-store"},
		OtherSettings: map[string]string{"secret": "toy-secret-of-another"},
		Orders: []providertest.Example{{
			Method: "bank", Details: map[string]string{"account": "1234 5678", "name": "Awa Diop"}, Amount: money.Amount{Minor: 15_050, Currency: "USD"},
		}},
		Amounts:      []money.Amount{{Minor: 15_099, Currency: "USD"}, {Minor: 123_456_789, Currency: "USD"}},
		StatusWords:  map[string]providers.Status{"open": providers.Accepted, "done": providers.Paid, "dead": providers.Failed},
		LookupStatus: "status", WebhookStatus: "status", SignatureHeader: "X-Toy-Signature",
		Sign: func(settings map[string]string, h http.Header, body []byte) []byte {
			h.Set("X-Toy-Signature", toySign(settings["secret"], body))
			return body
		},
	}
}

// TestDefects: each check is seen to fail, on an adapter or a simulator with one thing wrong.
func TestDefects(t *testing.T) {
	for _, test := range []struct{ defect, check, want string }{
		{"secret shown", "1", "want secret"},
		{"asks while opening", "1", "Open made a request"},
		{"text nobody wrote", "1", "no text for toy.nothing"},
		{"example that does not pass", "1", `its example "1234" does not pass`},
		{"lenient simulator", "2", "without account: got"},
		{"not found is failed", "3", "look-up of nothing"},
		{"drops cents", "3", "differs from what was approved"},
		{"believes any refusal", "4", "want an error of kind unknown"},
		{"says not sent", "4", "though a byte of the request had left"},
		{"unknown after the first step", "4", "want a *providers.Error"},
		{"unknown after the checkpoint", "5", "want an error of kind not sent"},
		{"unknown word is paid", "6", "want it not understood"},
		{"takes unsigned webhooks", "7", "of the body changed: got it accepted"},
		{"compares half a signature", "7", "of the signature changed: got it accepted"},
		{"amount of ours in the webhook", "7", "the webhook states another"},
		{"drops cents", "8", "differs from what was approved"},
		{"secret in an error", "9", "a secret setting stands in an error"},
		{"secret in the log", "9", "a secret setting stands in the log"},
	} {
		t.Run(test.defect, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestToy$/^"+test.check+"_")
			cmd.Env = append(os.Environ(), defectVariable+"="+test.defect)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), test.want) {
				t.Errorf("got %v, want check %s to fail and say %q:\n%s", err, test.check, test.want, out)
			}
		})
	}
}
