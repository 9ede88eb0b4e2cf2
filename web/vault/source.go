package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// KeySource says where the master key comes from. Key may block on a disk or a network; it is called once by [Open].
type KeySource interface {
	Key(ctx context.Context) (MasterKey, error)
}

// sourceFunc is a KeySource that is one function.
type sourceFunc func() (MasterKey, error)

func (f sourceFunc) Key(context.Context) (MasterKey, error) { return f() }

// FromFile reads the key from a file that holds its text form. The file must be a regular one, owned by the user the
// process runs as, and closed to everybody else (mode 0600 or less); where the system knows no owners and modes, as on
// Windows, these two are not looked at.
func FromFile(path string) KeySource {
	return sourceFunc(func() (MasterKey, error) {
		key, err := readKeyFile(path)
		if err != nil {
			return MasterKey{}, fmt.Errorf("master key file %s: %w", path, err)
		}
		return key, nil
	})
}

// FromBytes takes the key from memory: its 32 bytes, or its text form.
func FromBytes(key []byte) KeySource {
	secret := NewSecret(string(key))
	return sourceFunc(func() (MasterKey, error) {
		text := secret.Reveal()
		if len(text) == keySize {
			return keyFromRaw([]byte(text)), nil
		}
		return ParseMasterKey(text)
	})
}

// FromEnv takes the key's text form from an environment variable, and clears the variable, so that child processes do not
// inherit it. The key is still to be seen in /proc by who may read the process's memory: prefer [FromFile].
func FromEnv(name string) KeySource {
	return sourceFunc(sync.OnceValues(func() (MasterKey, error) {
		text, ok := os.LookupEnv(name)
		if !ok {
			return MasterKey{}, fmt.Errorf("master key: environment variable %s is not set", name)
		}
		if err := os.Unsetenv(name); err != nil {
			return MasterKey{}, fmt.Errorf("clear environment variable %s: %w", name, err)
		}
		key, err := ParseMasterKey(text)
		if err != nil {
			return MasterKey{}, fmt.Errorf("master key in environment variable %s: %w", name, err)
		}
		return key, nil
	}))
}

// CreateFile makes a new key and writes it to a new file that only this user may read. It never overwrites: if there is a
// file already, the error is [fs.ErrExist]. The folder must exist.
func CreateFile(path string) (MasterKey, error) {
	key, err := NewMasterKey(nil)
	if err != nil {
		return MasterKey{}, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator chose the path
	if err != nil {
		return MasterKey{}, fmt.Errorf("write master key: %w", err)
	}
	_, err = io.WriteString(f, key.Reveal()+"\n")
	if err := errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path))); err != nil {
		// Half a key is worse than none: the next start would find it and refuse.
		return MasterKey{}, errors.Join(fmt.Errorf("write master key: %w", err), os.Remove(path))
	}
	return key, nil
}

// readKeyFile asks twice what kind of file it is: before opening, since opening a pipe would block, and after, since the
// name may mean another file by then.
func readKeyFile(path string) (MasterKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return MasterKey{}, reason(err)
	}
	if !info.Mode().IsRegular() {
		return MasterKey{}, errNotRegular
	}
	f, err := os.Open(path) //nolint:gosec // the operator chose the path
	if err != nil {
		return MasterKey{}, reason(err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err = f.Stat()
	if err != nil {
		return MasterKey{}, reason(err)
	}
	if err := checkKeyFile(info, os.Getuid()); err != nil {
		return MasterKey{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096)) // a key is 66 characters long
	if err != nil {
		return MasterKey{}, reason(err)
	}
	return ParseMasterKey(string(text))
}

// ErrUnsafeFile is returned for a master key file that others could read or replace.
var ErrUnsafeFile = errors.New("the master key file is not safe")

var errNotRegular = errors.New("not a regular file")

func checkKeyFile(info fs.FileInfo, uid int) error {
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	owner, known := ownerOf(info)
	if known && owner != uid {
		return fmt.Errorf("%w: it belongs to user %d, but this process runs as user %d: change the owner with chown", ErrUnsafeFile, owner, uid)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&^0o600 != 0 {
		return fmt.Errorf("%w: mode %04o is too open: run chmod 600 on it", ErrUnsafeFile, mode)
	}
	return nil
}

// reason drops the path from an error of package os, as the caller names it.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// syncFolder makes a new name in a folder survive a power cut. Windows cannot open folders for that and does not need it.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path) //nolint:gosec // the operator chose the path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
