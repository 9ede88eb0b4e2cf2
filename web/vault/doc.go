// Package vault keeps what must not be read: the master key, the keysets it wraps, and everything sealed with them. It is
// the only package that imports Tink.
//
// Of this package only [KeySource] and the functions that make one are promised to stay compatible.
//
// The master key never touches data. It wraps five independent random keysets that live in the database: one seals
// fields ([Vault.Seal]), the others key the audit chain, payout references, fingerprints and form tokens. None is derived
// from the master key, so replacing that one breaks neither the audit chain nor a reference already given to a provider.
package vault
