package audit

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// anchorFile is an anchor as its file has it.
type anchorFile struct {
	Seq int64  `json:"seq"`
	MAC string `json:"mac"` // hexadecimal
}

// WriteAnchor replaces the file at path by one that holds the anchor. It returns when the new file is on the disk; a crash
// leaves the old one or the new one, never a half. Of two calls at once the one that ends last wins.
func WriteAnchor(path string, a Anchor) error {
	text, err := json.Marshal(anchorFile{Seq: a.Seq, MAC: hex.EncodeToString(a.MAC)})
	if err != nil {
		return fmt.Errorf("write audit anchor: %w", err)
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		return fmt.Errorf("write audit anchor: %w", err)
	}
	return nil
}

// ReadAnchor reads what [WriteAnchor] wrote. The error is [os.ErrNotExist] if there is no file.
func ReadAnchor(path string) (Anchor, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator chose the path
	if err != nil {
		return Anchor{}, fmt.Errorf("read audit anchor: %w", err)
	}
	var f anchorFile
	if err := json.Unmarshal(text, &f); err != nil {
		return Anchor{}, fmt.Errorf("read audit anchor %s: %w", path, err)
	}
	mac, err := hex.DecodeString(f.MAC)
	if err != nil {
		return Anchor{}, fmt.Errorf("read audit anchor %s: %w", path, err)
	}
	if f.Seq < 0 || (f.Seq == 0) != (len(mac) == 0) {
		return Anchor{}, fmt.Errorf("read audit anchor %s: number and code do not fit", path)
	}
	return Anchor{Seq: f.Seq, MAC: mac}, nil
}

func replaceFile(path string, content []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, filepath.Base(path)+".*.new") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(folder)
}

// syncFolder makes a rename survive a power cut. Windows cannot open folders for that and does not need it.
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
