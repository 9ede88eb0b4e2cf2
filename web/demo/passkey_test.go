package demo_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/demo"
	"github.com/paywicket/paywicket/web/payout"
)

// device gives the browser an authenticator that unlocks itself, as a fingerprint reader would for the right finger.
func (b *browser) device() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	_, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// addPasskey makes a passkey, as a person does on their own page.
func (b *browser) addPasskey() {
	b.t.Helper()
	b.open("/me")
	b.press("Add a passkey")
	b.wait("the confirmation", `document.querySelector('input[name="code"]')`)
	b.checkPage("passkey confirm")
	b.fill("code", everybody)
	b.press("Continue")
	b.wait("the page that makes it", `document.querySelector('[data-create]')`)
	b.checkPage("passkey make")
	b.shot("passkey-make")
	b.press("Make the passkey")
	b.wait("the passkey", `location.pathname.endsWith("/me") && document.querySelector("main").innerText.includes("Made on")`)
	b.checkPage("passkey made")
	b.shot("passkey-made")
}

// Invariant 7: a passkey signs exactly what is shown, and what is stored afterwards proves it to anybody.
func TestPasskey(t *testing.T) {
	d, ctx := newDemo(t)
	ifeoma := tab(ctx, t, d)
	ifeoma.device()
	ifeoma.signIn("ifeoma@paywicket.example")
	ifeoma.addPasskey()

	ifeoma.open("/approvals")
	path := eval[string](ifeoma, `document.querySelector('main a.table__link').getAttribute('href')`)
	id := payout.ID(path[strings.LastIndex(path, "/")+1:])
	ifeoma.open(path)
	ifeoma.press("Approve and send")
	ifeoma.wait("the confirmation", `document.querySelector('[data-sign]')`)
	ifeoma.checkPage("passkey confirm payout")
	ifeoma.shot("passkey-confirm")
	ifeoma.press("Approve and send")
	ifeoma.wait("the payout's page", `location.pathname.endsWith("/payouts/`+string(id)+`")`)

	p, err := d.App.Payouts().Find(t.Context(), someone(t, d, "ifeoma@paywicket.example"), id)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Approvals) != 1 || p.Approvals[0].Means != "passkey" || p.Approvals[0].Proof == nil {
		t.Fatalf("got approvals %+v, want one by passkey with its proof", p.Approvals)
	}
	a := p.Approvals[0]
	if err := a.Proof.Check(a.Intent); err != nil {
		t.Errorf("the proof: %v", err)
	}
	for i := range a.Intent {
		bent := []byte(strings.Clone(string(a.Intent)))
		bent[i] ^= 1
		if a.Proof.Check(bent) == nil {
			t.Fatalf("the signature also fits an intent with byte %d changed", i)
		}
	}
	if intent, err := access.ReadIntent(a.Intent); err != nil || !intent.Names(string(id), p.Digest) {
		t.Errorf("got intent %+v, %v, want it to name the payout", intent, err)
	}
	batch(ifeoma, d, id)
}

// someone is a person of the demo.
func someone(t *testing.T, d *demo.Demo, email string) access.Person {
	t.Helper()
	all, err := d.App.Admin().Access.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(p access.Person) bool { return p.Email == email })
	if i < 0 {
		t.Fatalf("no %s among %d people", email, len(all))
	}
	return all[i]
}

// ask asks for n payouts like one that is there, as a host program does, and returns the last of them.
func ask(t *testing.T, d *demo.Demo, like payout.ID, n int) *payout.Payout {
	t.Helper()
	adjoa := someone(t, d, "adjoa@paywicket.example")
	model, err := d.App.Payouts().Find(t.Context(), adjoa, like)
	if err != nil {
		t.Fatal(err)
	}
	account, err := d.App.Admin().Stores.AccountOf(t.Context(), model.Store, model.Content.Account)
	if err != nil {
		t.Fatal(err)
	}
	form, err := d.App.Admin().Companies.Form(t.Context(), account, model.Content.Method)
	if err != nil {
		t.Fatal(err)
	}
	var p *payout.Payout
	for i := range n {
		in := model.Input
		in.Amount, in.Description = fmt.Sprintf("%d", 10_000+100*i+10), fmt.Sprintf("Porter %d", i+1)
		if p, err = d.App.Payouts().Draft(t.Context(), adjoa, model.Store, in, ""); err != nil {
			t.Fatal(err)
		}
		if p, err = d.App.Payouts().Submit(t.Context(), adjoa, p.ID, form); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// batch approves twenty payouts with one gesture, of which one was changed while they were read.
func batch(b *browser, d *demo.Demo, like payout.ID) {
	b.t.Helper()
	last := ask(b.t, d, like, 20)
	b.open("/approvals")
	b.press("Approve several at once")
	b.wait("the list", `document.querySelector('input[name^="pick["]')`)
	b.checkPage("batch")
	b.shot("batch")
	eval[bool](b, `document.querySelectorAll('input[name^="pick["]').forEach(e => e.checked = e.closest("tr").innerText.includes("Porter ")) || true`)
	b.press("Go on with those ticked")
	b.wait("the confirmation", `document.querySelector('[data-sign]')`)
	if said := b.words("main"); !strings.Contains(said, "One signature approves 20 payouts") || !strings.Contains(said, "219,200") {
		b.t.Errorf("the totals are not what is signed:\n%s", said)
	}
	b.checkPage("batch confirm")
	b.shot("batch-confirm")

	adjoa := someone(b.t, d, "adjoa@paywicket.example")
	in := last.Input
	in.Amount = "99,999"
	if _, err := d.App.Payouts().Edit(b.t.Context(), adjoa, last.ID, last.Version, in); err != nil {
		b.t.Fatal(err)
	}
	b.press("Sign for 20 payouts")
	b.wait("what became of them", `location.pathname.endsWith("/approvals/batch/done")`)
	if said := b.words("main"); !strings.Contains(said, "19 payouts approved") || !strings.Contains(said, "1 payout fell out") {
		b.t.Errorf("the changed row did not fall out:\n%s", said)
	}
	b.checkPage("batch done")
	b.shot("batch-done")
	if p, err := d.App.Payouts().Find(b.t.Context(), adjoa, last.ID); err != nil || p.State != payout.Draft || len(p.Approvals) > 0 {
		b.t.Errorf("the changed one: got %v, %v, want a draft that nobody has approved", p.State, err)
	}
}
