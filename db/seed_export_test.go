package db

import "context"

// WritingPragma is a setting of the connection that writes.
func (d *DB) WritingPragma(ctx context.Context, name string) (string, error) {
	var value string
	err := d.write.QueryRowContext(ctx, "pragma "+name).Scan(&value)
	return value, err
}
