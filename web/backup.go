package web

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/paywicket/paywicket/db"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

const backupFormat = "paywicket-backup-1"

// backupHead stands at the beginning of a backup, in the clear, and is bound to what follows.
type backupHead struct {
	Format string    `json:"format"`
	At     time.Time `json:"at"`
	Master string    `json:"master"` // id of the master key it needs
	Rows   int64     `json:"audit_rows"`
	MAC    string    `json:"audit_mac"`
}

// Backup is what was written or read.
type Backup struct {
	At     time.Time
	Master string
	Rows   int64 // of the audit log
	Bytes  int64 // of the database
}

// step is what Backup and Restore tell of their progress: "copy", "check", "encrypt", "decrypt".
type step = func(name string)

// Backup writes an encrypted copy of the database, as it stands at one moment, to a new file; the app may go on working. The
// copy is checked before anything is kept: every page, every link of the audit chain. It needs the master key to be restored
// and does not contain it. The file appears whole or not at all.
func (a *App) Backup(ctx context.Context, path string, tell step) (Backup, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return Backup{}, fmt.Errorf("back up to %s: %w", path, errors.Join(err, fs.ErrExist))
	}
	folder, err := a.scratch()
	if err != nil {
		return Backup{}, err
	}
	b, err := a.backup(ctx, filepath.Join(folder, "copy.db"), path, tell)
	return b, errors.Join(err, os.RemoveAll(folder))
}

// scratchName begins the names of folders with unencrypted copies. Those a killed process has left are removed by the next.
const scratchName = ".backup-"

func (a *App) scratch() (string, error) {
	beside := filepath.Dir(a.config.Database)
	old, err := filepath.Glob(filepath.Join(beside, scratchName+"*"))
	if err != nil {
		return "", fmt.Errorf("look for left copies: %w", err)
	}
	for _, folder := range old {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > time.Hour {
			if err := os.RemoveAll(folder); err != nil {
				return "", fmt.Errorf("remove left copy: %w", err)
			}
		}
	}
	folder, err := os.MkdirTemp(beside, scratchName+"*")
	if err != nil {
		return "", fmt.Errorf("make folder for copy: %w", err)
	}
	return folder, nil
}

func (a *App) backup(ctx context.Context, copied, path string, tell step) (Backup, error) {
	tell("copy")
	if err := a.db.CopyTo(ctx, copied); err != nil {
		return Backup{}, err
	}
	tell("check")
	head, err := a.checkCopy(ctx, copied)
	if err != nil {
		return Backup{}, err
	}
	tell("encrypt")
	b := Backup{At: head.At, Master: head.Master, Rows: head.Rows}
	b.Bytes, err = writeBackup(ctx, a.config.MasterKey, head, copied, path)
	return b, err
}

// checkCopy looks at every page and every audit row of a copy.
func (a *App) checkCopy(ctx context.Context, path string) (backupHead, error) {
	d, err := db.Open(ctx, path, db.Options{Now: a.config.Now, NewID: newID, Readers: 1})
	if err != nil {
		return backupHead{}, err
	}
	d.UseVault(a.vault)
	end, err := checkDB(ctx, d, a.vault, nil)
	if err := errors.Join(err, d.Close()); err != nil {
		return backupHead{}, err
	}
	return backupHead{Format: backupFormat, At: a.config.Now().UTC(), Master: a.vault.MasterID(), Rows: end.Seq, MAC: hex.EncodeToString(end.MAC)}, nil
}

func checkDB(ctx context.Context, d *db.DB, v *vault.Vault, anchor *audit.Anchor) (audit.Anchor, error) {
	if err := d.Check(ctx); err != nil {
		return audit.Anchor{}, err
	}
	report, err := audit.Verify(d.Audit().All(ctx), v.AuditMAC(), anchor)
	if err != nil {
		return audit.Anchor{}, fmt.Errorf("read audit log: %w", err)
	}
	if !report.OK() {
		return audit.Anchor{}, fmt.Errorf("the audit chain is broken: %s", report.Breaks[0])
	}
	return d.Audit().Head(ctx)
}

func writeBackup(ctx context.Context, key vault.KeySource, head backupHead, from, to string) (int64, error) {
	in, err := os.Open(from) //nolint:gosec // made here
	if err != nil {
		return 0, fmt.Errorf("read copy: %w", err)
	}
	defer func() { _ = in.Close() }() // only read
	out, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.new")
	if err != nil {
		return 0, fmt.Errorf("write backup: %w", err)
	}
	n, err := encryptBackup(ctx, key, head, in, out)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return 0, errors.Join(fmt.Errorf("write backup: %w", err), os.Remove(out.Name()))
	}
	if err := os.Link(out.Name(), to); err != nil { // unlike a rename it never replaces a file
		return 0, errors.Join(fmt.Errorf("write backup: %w", err), os.Remove(out.Name()))
	}
	return n, errors.Join(os.Remove(out.Name()), syncDir(filepath.Dir(to)))
}

func encryptBackup(ctx context.Context, key vault.KeySource, head backupHead, in io.Reader, out io.Writer) (int64, error) {
	first, err := json.Marshal(head)
	if err != nil {
		return 0, err
	}
	set, encrypt, err := vault.NewStream(ctx, key, first, out)
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(out, "%s\n%s\n", first, hex.EncodeToString(set.Sealed)); err != nil {
		return 0, err
	}
	stream, err := encrypt()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(stream, in)
	return n, errors.Join(err, stream.Close())
}

func syncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // the operator chose the path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Restore decrypts a backup to a database that does not exist yet, checks it like a backup, and leaves it unable to send: what
// was sent after the backup is not in it. A *vault.WrongKeyError says which master key it needs.
func Restore(ctx context.Context, cfg Config, path string, tell step) (Backup, error) {
	if _, err := cfg.check(); err != nil {
		return Backup{}, err
	}
	folder := filepath.Dir(cfg.Database)
	if err := emptyFolder(folder); err != nil {
		return Backup{}, err
	}
	tell("decrypt")
	part := cfg.Database + ".part"
	head, n, err := readBackup(ctx, cfg.MasterKey, path, part)
	if err != nil {
		return Backup{}, errors.Join(err, removeIfThere(part))
	}
	tell("check")
	if err := freezeRestored(ctx, cfg, part, head); err != nil {
		return Backup{}, errors.Join(err, removeIfThere(part, part+"-wal", part+"-shm"))
	}
	if err := errors.Join(os.Rename(part, cfg.Database), syncDir(folder)); err != nil {
		return Backup{}, fmt.Errorf("put database in place: %w", err)
	}
	return Backup{At: head.At, Master: head.Master, Rows: head.Rows, Bytes: n}, nil
}

func emptyFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	names, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	if len(names) > 0 {
		return fmt.Errorf("%s is not empty: restore into an empty folder, so that nothing is lost: %w", path, fs.ErrExist)
	}
	return nil
}

func removeIfThere(paths ...string) error {
	var all error
	for _, path := range paths {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// ErrNoBackup is returned for a file that is no backup, or is not whole.
var ErrNoBackup = errors.New("this is no whole backup")

func readBackup(ctx context.Context, key vault.KeySource, from, to string) (backupHead, int64, error) {
	var head backupHead
	in, err := os.Open(from) //nolint:gosec // the operator chose the path
	if err != nil {
		return head, 0, fmt.Errorf("open backup: %w", err)
	}
	defer func() { _ = in.Close() }() // only read
	r := bufio.NewReader(in)
	first, errFirst := line(r)
	second, errSecond := line(r)
	if errFirst != nil || errSecond != nil || json.Unmarshal(first, &head) != nil || head.Format != backupFormat {
		return head, 0, ErrNoBackup
	}
	sealed, err := hex.DecodeString(string(second))
	if err != nil {
		return head, 0, ErrNoBackup
	}
	stream, err := vault.OpenStream(ctx, key, vault.Keyset{Purpose: "backup", MasterID: head.Master, Sealed: sealed}, first, r)
	if _, wrong := errors.AsType[*vault.WrongKeyError](err); wrong {
		return head, 0, err
	}
	if err != nil {
		return head, 0, fmt.Errorf("%w: %w", ErrNoBackup, err)
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator chose the path
	if err != nil {
		return head, 0, fmt.Errorf("write database: %w", err)
	}
	n, err := io.Copy(out, stream)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNoBackup, err)
	}
	return head, n, errors.Join(err, out.Sync(), out.Close())
}

// maxHead is the longest line at the beginning of a backup.
const maxHead = 64 << 10

func line(r *bufio.Reader) ([]byte, error) {
	var b []byte
	for len(b) < maxHead {
		c, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		if c == '\n' {
			return b, nil
		}
		b = append(b, c)
	}
	return nil, ErrNoBackup
}

// freezeRestored checks a restored database and stops it from sending.
func freezeRestored(ctx context.Context, cfg Config, path string, head backupHead) error {
	mac, err := hex.DecodeString(head.MAC)
	if err != nil {
		return ErrNoBackup
	}
	cfg.Database = path
	d, err := db.Open(ctx, path, db.Options{Now: cfg.Now, NewID: newID, Readers: 1})
	if err != nil {
		return err
	}
	v, err := vault.Open(ctx, cfg.MasterKey, d.Keysets(), vault.Options{Now: cfg.Now})
	if err != nil {
		return errors.Join(err, d.Close())
	}
	d.UseVault(v)
	_, err = checkDB(ctx, d, v, &audit.Anchor{Seq: head.Rows, MAC: mac})
	if err == nil {
		err = haltOlder(ctx, d, cfg.Now(), "restored from the backup of "+head.At.Format(time.RFC3339), head.Rows, 0)
	}
	return errors.Join(err, d.Close())
}

// haltOlder stops all sending because payouts may have been sent that the database knows nothing of.
func haltOlder(ctx context.Context, d *db.DB, now time.Time, why string, has, had int64) error {
	details, err := json.Marshal(map[string]any{"why": why, "rows": has, "seen": had})
	if err != nil {
		return fmt.Errorf("encode audit row: %w", err)
	}
	return d.People().SetHalted(ctx, why+". Payouts may have been sent since that are not in it: compare with the providers before sending goes on",
		audit.Entry{At: now, Actor: audit.System, ActorName: "Paywicket", Action: audit.SendingFrozen, Details: string(details)})
}
