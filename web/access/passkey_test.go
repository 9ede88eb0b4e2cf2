package access_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
)

const (
	site   = "desk.example"
	origin = "https://desk.example"
)

// device is an authenticator as a phone has one (WebAuthn, level 3, 6.1 and 6.3).
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	counter uint32

	site, origin string
	verified     bool // it has verified who holds it
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 20)
	_, _ = rand.Read(id) // it never fails
	return &device{t: t, key: key, id: id, site: site, origin: origin, verified: true}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) data(kind, challenge string) []byte {
	b, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// authData is the authenticator data: hash of the site, flags, counter and, when a passkey is made, the key.
func (d *device) authData(more []byte) []byte {
	sum := sha256.Sum256([]byte(d.site))
	flags := byte(0x01)
	if d.verified {
		flags |= 0x04
	}
	if more != nil {
		flags |= 0x40
	}
	d.counter++
	b := append(sum[:], flags)
	b = binary.BigEndian.AppendUint32(b, d.counter)
	return append(b, more...)
}

// make answers the options of a new passkey.
func (d *device) make(options []byte) string {
	d.t.Helper()
	var asked struct{ Challenge string }
	if err := json.Unmarshal(options, &asked); err != nil {
		d.t.Fatal(err)
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: d.key.X.FillBytes(make([]byte, 32)), -3: d.key.Y.FillBytes(make([]byte, 32))})
	if err != nil {
		d.t.Fatal(err)
	}
	more := make([]byte, 16, 200) // no model is named
	more = binary.BigEndian.AppendUint16(more, uint16(len(d.id)))
	more = append(append(more, d.id...), cose...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.authData(more)})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(d.data("webauthn.create", asked.Challenge)), "attestationObject": b64(object)})
}

// sign answers the options of a signature.
func (d *device) sign(options []byte) string {
	d.t.Helper()
	var asked struct{ Challenge string }
	if err := json.Unmarshal(options, &asked); err != nil {
		d.t.Fatal(err)
	}
	data, auth := d.data("webauthn.get", asked.Challenge), d.authData(nil)
	sum := sha256.Sum256(data)
	all := sha256.Sum256(append(append([]byte{}, auth...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, all[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(data), "authenticatorData": b64(auth), "signature": b64(signature)})
}

func (d *device) answer(response map[string]any) string {
	b, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// addPasskey has a person make a passkey with a device, confirmed by password.
func (w *world) addPasskey(p access.Person, d *device, typed string) error {
	w.t.Helper()
	c, err := w.AskFactor(w.t.Context(), p)
	w.must(err)
	made, err := w.NewPasskey(w.t.Context(), p, c.ID, typed)
	if err != nil {
		return err
	}
	options, err := w.CreationOptions(w.t.Context(), p, made.ID)
	w.must(err)
	return w.AddPasskey(w.t.Context(), p, "phone", access.Confirmed{Challenge: made.ID, Typed: d.make(options)})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sitedWorld is a world whose console is at desk.example, with a super admin who has a passkey.
func sitedWorld(t *testing.T) (*world, access.Person, *device) {
	t.Helper()
	w := newWorld(t)
	_, _, err := w.Moved(t.Context())
	w.must(err)
	root, d := w.super("root"), newDevice(t)
	w.must(w.addPasskey(root, d, password))
	return w, w.reload(root), d
}

// Invariant 7: a passkey's signature is good for one challenge, one person, this site, by somebody the device has verified.
func TestPasskeySigns(t *testing.T) {
	tests := []struct {
		name string
		bend func(w *world, d *device)
		good bool
	}{
		{"as asked", func(*world, *device) {}, true},
		{"at another site", func(_ *world, d *device) { d.origin, d.site = "https://desk.examp1e", "desk.examp1e" }, false},
		{"at another origin of the site", func(_ *world, d *device) { d.origin = "https://desk.example:8443" }, false},
		{"nobody was verified", func(_ *world, d *device) { d.verified = false }, false},
		{"another key", func(_ *world, d *device) { d.key = newDevice(d.t).key }, false},
		{"a passkey nobody has", func(_ *world, d *device) { d.id = newDevice(d.t).id }, false},
		{"too late", func(w *world, _ *device) { w.clock.add(access.StepUpLife + time.Second) }, false},
		{"a counter that went back", func(w *world, d *device) { d.counter -= 2 }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, root, d := sitedWorld(t)
			c, err := w.Ask(t.Context(), root, "approve", "p", "digest")
			w.must(err)
			options, err := w.AssertionOptions(t.Context(), root, c)
			w.must(err)
			d.counter += 5
			if tt.name == "a counter that went back" {
				earlier, err := w.Ask(t.Context(), root, "approve", "q", "digest")
				w.must(err)
				asked, err := w.AssertionOptions(t.Context(), root, earlier)
				w.must(err)
				_, err = w.Verify(t.Context(), root, earlier.ID, d.sign(asked))
				w.must(err)
			}
			tt.bend(w, d)
			proof, err := w.Verify(t.Context(), root, c.ID, d.sign(options))
			if (err == nil) != tt.good {
				t.Fatalf("got %v, want good %v", err, tt.good)
			}
			if !tt.good {
				if !errors.Is(err, access.ErrSignIn) && !errors.Is(err, access.ErrStepUp) {
					t.Errorf("got %v, want a refusal", err)
				}
				return
			}
			if proof.Means != "passkey" || proof.Proof.Check(proof.Intent) != nil {
				t.Errorf("got %+v, want a proof that checks", proof)
			}
			for name, bent := range map[string]access.Proof{
				"site": {Site: "other", Origin: origin, PublicKey: proof.Proof.PublicKey, Assertion: proof.Proof.Assertion}, "origin": {Site: site, Origin: "https://other", PublicKey: proof.Proof.PublicKey, Assertion: proof.Proof.Assertion},
				"key": {Site: site, Origin: origin, PublicKey: proof.Proof.PublicKey[1:], Assertion: proof.Proof.Assertion}, "nothing": {Site: site, Origin: origin, PublicKey: proof.Proof.PublicKey},
			} {
				if bent.Check(proof.Intent) == nil {
					t.Errorf("a proof with another %s checks", name)
				}
			}
		})
	}
}

// A signature of one challenge answers no other, also not of the same person about the same thing.
func TestPasskeyReplay(t *testing.T) {
	w, root, d := sitedWorld(t)
	first, err := w.Ask(t.Context(), root, "approve", "p", "digest")
	w.must(err)
	options, err := w.AssertionOptions(t.Context(), root, first)
	w.must(err)
	answer := d.sign(options)
	second, err := w.Ask(t.Context(), root, "approve", "p", "digest")
	w.must(err)
	if _, err := w.Verify(t.Context(), root, second.ID, answer); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("the answer to another challenge: got %v, want ErrSignIn", err)
	}
	_, err = w.Verify(t.Context(), root, first.ID, answer)
	w.must(err)
	if _, err := w.Verify(t.Context(), root, first.ID, answer); !errors.Is(err, access.ErrStepUp) {
		t.Errorf("a second time: got %v, want ErrStepUp", err)
	}
}

// Whoever has a passkey cannot be stepped around with the password, neither to decide nor to add another passkey.
func TestPasskeyCannotBeSteppedAround(t *testing.T) {
	w, root, d := sitedWorld(t)
	c, err := w.Ask(t.Context(), root, "approve", "p", "digest")
	w.must(err)
	if _, err := w.Verify(t.Context(), root, c.ID, password); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("password: got %v, want ErrSignIn", err)
	}
	if err := w.addPasskey(root, newDevice(t), password); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("another passkey with the password: got %v, want ErrSignIn", err)
	}
	f, err := w.AskFactor(t.Context(), root)
	w.must(err)
	options, err := w.AssertionOptions(t.Context(), root, f)
	w.must(err)
	codes, err := w.NewRecovery(t.Context(), root, access.Confirmed{Challenge: f.ID, Typed: d.sign(options)})
	w.must(err)
	if _, err := w.Verify(t.Context(), root, w.ask(root, "digest").ID, codes[0]); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("a recovery code approves: got %v, want ErrSignIn", err)
	}
	if err := w.addPasskey(root, newDevice(t), codes[1]); err != nil {
		t.Errorf("another passkey with a recovery code: %v", err)
	}
	if err := w.addPasskey(root, newDevice(t), codes[1]); !errors.Is(err, access.ErrSignIn) {
		t.Errorf("the same code again: got %v, want ErrSignIn", err)
	}
	if n := w.audited(audit.PersonPasskeyAdded); n != 2 {
		t.Errorf("got %d audit rows of new passkeys, want 2", n)
	}
}

// At another address browsers do not use the passkeys of the old one: the start is told how many are lost, and people confirm with
// what else they have.
func TestPasskeyOfAnotherSite(t *testing.T) {
	w, root, _ := sitedWorld(t)
	there, err := access.New(w.repo, access.Options{Now: w.clock.now, NewID: w.newID, Params: cheap(), Site: "new.example", Origin: "https://new.example"})
	w.must(err)
	was, lost, err := there.Moved(t.Context())
	if err != nil || was != site || lost != 1 {
		t.Errorf("got %q, %d, %v, want the old site and one passkey", was, lost, err)
	}
	if root = w.reload(root); root.HasPasskey || access.Means(root) != "password" {
		t.Errorf("got %+v, want them to confirm with the password again", root)
	}
	if was, lost, err := there.Moved(t.Context()); err != nil || was != "" || lost != 0 {
		t.Errorf("at the next start: got %q, %d, %v, want nothing", was, lost, err)
	}
}
