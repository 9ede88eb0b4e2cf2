package db

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Sessions keeps what the session library stores: only which login a browser has. It implements scs.CtxStore.
type Sessions struct{ d *DB }

// Sessions is the store of sessions.
func (d *DB) Sessions() Sessions { return Sessions{d} }

// FindCtx returns what is stored under a token, if it has not expired.
func (s Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var b []byte
	err := s.d.read.QueryRowContext(ctx, `select data from sessions where token = $1 and expiry > $2`, token, millis(s.d.now())).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return b, err == nil, err
}

// CommitCtx stores data under a token and drops what has expired.
func (s Sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.d.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `delete from sessions where expiry <= $1`, millis(s.d.now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `insert into sessions (token, data, expiry) values ($1, $2, $3)
			on conflict (token) do update set data = $2, expiry = $3`, token, b, millis(expiry))
		return err
	})
}

// DeleteCtx drops a token.
func (s Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.d.exec(ctx, nil, "end session", `delete from sessions where token = $1`, token)
}

// Find is FindCtx for the library's older interface, which it asks for by type and does not call.
func (s Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx for the older interface.
func (s Sessions) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx for the older interface.
func (s Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
