// Package providertest is what every adapter must pass: one call to [Run] from its test.
//
//	func TestAcme(t *testing.T) {
//		providertest.Run(t, providertest.Case{
//			Definition:    acme.Definition(),
//			Settings:      map[string]string{"key": "key-of-one-store"},
//			OtherSettings: map[string]string{"key": "key-of-another-store"},
//			Orders:        []providertest.Example{{Method: "bank", Details: …, Amount: …}},
//			StatusWords:   map[string]providers.Status{"done": providers.Paid},
//			LookupStatus:  "data.status",
//		})
//	}
//
// It starts the adapter's own simulator behind faults, talks to it through the HTTP client that the program uses, and
// sends as the program does: with a permit for exactly one order. It needs no network, no secrets and no sleeping: what
// a simulator does later is done when the suite says so. What a company cannot do is not declared: it is seen from the
// abilities the adapter implements, and from look-ups that answer that they are not supported.
//
// Authors outside this repository may use it; it is promised to stay compatible.
package providertest
