package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Enter marks that somebody sends, in a file beside the database, and reports whether the mark was there already: then the
// sender before was killed, lost its power or stopped after a failure of the disk, and the file has to be checked before
// anything is sent. The mark is on the disk before the first send, so that no later failure can prevent it.
func (q Queue) Enter() (bool, error) {
	f, err := os.OpenFile(q.d.mark(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	if err == nil {
		err = errors.Join(f.Sync(), f.Close(), syncFolder(filepath.Dir(q.d.path)))
	}
	if err != nil {
		err = fmt.Errorf("mark that this process sends: %w", err)
		q.d.stop(err)
		return false, fmt.Errorf("%w: %w", ErrHalted, err)
	}
	return false, nil
}

// Check looks at every page of the file and every index. What does not fit is ErrHalted, and nothing is written from then on.
func (q Queue) Check(ctx context.Context) error {
	err := q.d.Check(ctx)
	if err != nil && q.d.Halted() != "" && !errors.Is(err, ErrHalted) {
		return fmt.Errorf("%w: %w", ErrHalted, err)
	}
	return err
}

// Leave takes the mark away, unless writing has stopped.
func (q Queue) Leave() error {
	if q.d.Halted() != "" {
		return nil
	}
	if err := os.Remove(q.d.mark()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take away the mark of the sender: %w", err)
	}
	return nil
}

func (d *DB) mark() string { return d.path + ".sending" }

// syncFolder puts the names in a folder on the disk.
func syncFolder(path string) error {
	f, err := os.Open(path) //nolint:gosec // the folder of the database
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
