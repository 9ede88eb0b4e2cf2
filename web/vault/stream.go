package vault

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/streamingaead"
)

const purposeBackup = "backup"

// NewStream makes a key for one long file and returns it wrapped, with what encrypts to w. associated stands before the file
// in the clear and is bound to it. Close the writer: what it has not closed does not open.
func NewStream(ctx context.Context, source KeySource, associated []byte, w io.Writer) (Keyset, func() (io.WriteCloser, error), error) {
	master, err := source.Key(ctx)
	if err != nil {
		return Keyset{}, nil, err
	}
	handle, err := keyset.NewHandle(streamingaead.AES256GCMHKDF1MBKeyTemplate())
	if err != nil {
		return Keyset{}, nil, fmt.Errorf("make key of backup: %w", err)
	}
	set, err := wrap(master, handle, Keyset{Purpose: purposeBackup})
	if err != nil {
		return Keyset{}, nil, err
	}
	return set, func() (io.WriteCloser, error) {
		stream, err := streamingaead.New(handle)
		if err != nil {
			return nil, fmt.Errorf("use key of backup: %w", err)
		}
		return stream.NewEncryptingWriter(w, associated)
	}, nil
}

// OpenStream decrypts what NewStream encrypted. A [*WrongKeyError] names the master key it needs; a changed, cut or lengthened
// file is an error of the reader.
func OpenStream(ctx context.Context, source KeySource, set Keyset, associated []byte, r io.Reader) (io.Reader, error) {
	master, err := source.Key(ctx)
	if err != nil {
		return nil, err
	}
	if set.Purpose != purposeBackup {
		return nil, ErrSealed
	}
	handle, err := unwrapOne(master, set)
	if err != nil {
		return nil, err
	}
	stream, err := streamingaead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use key of backup: %w", err)
	}
	return stream.NewDecryptingReader(r, bytes.Clone(associated))
}
