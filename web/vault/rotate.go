package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// DataKeys lists the ids of the keys that open sealed values, the one that seals new ones first.
func (v *Vault) DataKeys() []uint32 { return v.dataKeys }

// KeyOf is the id of the key a value was sealed with, 0 if it does not say.
func KeyOf(sealed []byte) uint32 {
	if len(sealed) < 5 || sealed[0] != tinkPrefix {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:5])
}

// Prefix is how every value begins that was sealed with a key.
func Prefix(key uint32) []byte { return binary.BigEndian.AppendUint32([]byte{tinkPrefix}, key) }

// tinkPrefix begins every ciphertext of Tink that names its key: https://developers.google.com/tink/wire-format
const tinkPrefix = 1

// AddDataKey makes a new key that seals from now on; what was sealed before opens as before. If that was begun already and is
// not finished, it changes nothing. It returns the vault with both. Nothing else may have the database open: it would go on
// sealing with the old key.
func AddDataKey(ctx context.Context, source KeySource, repo Repository) (*Vault, error) {
	return changeData(ctx, source, repo, func(m *keyset.Manager, keys []uint32) error {
		if len(keys) > 1 {
			return nil
		}
		id, err := m.Add(aead.XChaCha20Poly1305KeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(id)
	})
}

// DropDataKeys destroys every key but the one that seals. Whatever is sealed under another can never be opened again.
func DropDataKeys(ctx context.Context, source KeySource, repo Repository) (*Vault, error) {
	return changeData(ctx, source, repo, func(m *keyset.Manager, keys []uint32) error {
		for _, id := range keys[1:] {
			if err := m.Delete(id); err != nil {
				return err
			}
		}
		return nil
	})
}

func changeData(ctx context.Context, source KeySource, repo Repository, change func(*keyset.Manager, []uint32) error) (*Vault, error) {
	master, sets, err := load(ctx, source, repo)
	if err != nil {
		return nil, err
	}
	fresh := make([]Keyset, len(sets))
	copy(fresh, sets)
	for i, set := range sets {
		if set.Purpose != PurposeData {
			continue
		}
		handle, err := unwrapOne(master, set)
		if err != nil {
			return nil, err
		}
		m := keyset.NewManagerFromHandle(handle)
		if err := change(m, keysOf(handle)); err != nil {
			return nil, fmt.Errorf("change data keyset: %w", err)
		}
		if handle, err = m.Handle(); err != nil {
			return nil, fmt.Errorf("change data keyset: %w", err)
		}
		if fresh[i], err = wrap(master, handle, set); err != nil {
			return nil, err
		}
	}
	return replace(ctx, master, repo, sets, fresh)
}

// Rewrap wraps every keyset with another master key, in one commit: before it the old key opens the database, after it the
// new one. Backups made before go on needing the old one.
func Rewrap(ctx context.Context, from, to KeySource, repo Repository) (*Vault, error) {
	master, sets, err := load(ctx, from, repo)
	if err != nil {
		return nil, err
	}
	next, err := to.Key(ctx)
	if err != nil {
		return nil, err
	}
	fresh := make([]Keyset, len(sets))
	for i, set := range sets {
		handle, err := unwrapOne(master, set)
		if err != nil {
			return nil, err
		}
		if fresh[i], err = wrap(next, handle, set); err != nil {
			return nil, err
		}
	}
	return replace(ctx, next, repo, sets, fresh)
}

func load(ctx context.Context, source KeySource, repo Repository) (MasterKey, []Keyset, error) {
	master, err := source.Key(ctx)
	if err != nil {
		return MasterKey{}, nil, err
	}
	sets, err := repo.Keysets(ctx)
	if err != nil {
		return MasterKey{}, nil, fmt.Errorf("load keysets: %w", err)
	}
	if len(sets) == 0 {
		return MasterKey{}, nil, ErrNoKeysets
	}
	return master, sets, nil
}

func wrap(master MasterKey, handle *keyset.Handle, like Keyset) (Keyset, error) {
	wrapper, err := master.wrapper()
	if err != nil {
		return Keyset{}, err
	}
	var sealed bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&sealed), wrapper, wrapping(like.Purpose, master)); err != nil {
		return Keyset{}, fmt.Errorf("wrap %s keyset: %w", like.Purpose, err)
	}
	like.MasterID, like.Sealed = master.ID(), sealed.Bytes()
	return like, nil
}

// replace stores changed keysets, after they were read back: what does not open is not kept.
func replace(ctx context.Context, master MasterKey, repo Repository, old, fresh []Keyset) (*Vault, error) {
	v, err := unwrapAll(master, fresh)
	if err != nil {
		return nil, err
	}
	if err := repo.ReplaceKeysets(ctx, old, fresh); err != nil {
		return nil, fmt.Errorf("store keysets: %w", err)
	}
	return v, nil
}

// keysOf lists the ids of a keyset's keys, the primary first.
func keysOf(handle *keyset.Handle) []uint32 {
	info := handle.KeysetInfo()
	ids := []uint32{info.GetPrimaryKeyId()}
	for _, k := range info.GetKeyInfo() {
		if k.GetKeyId() != ids[0] {
			ids = append(ids, k.GetKeyId())
		}
	}
	return ids
}
