//go:build unix

package vault

import (
	"io/fs"
	"syscall"
)

// ownerOf gives the user id a file belongs to.
func ownerOf(info fs.FileInfo) (int, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}
