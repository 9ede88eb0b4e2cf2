package db

// Books keeps the books. It implements books.Repository.
type Books struct{ d *DB }

// Books is the repository of the books.
func (d *DB) Books() Books { return Books{d} }
