package i18n

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/nicksnyder/go-i18n/v2/i18n"
)

// Add reads the words a provider brings along, locales/<language>.json. A language it lacks falls back to English. Call it
// before the first Localizer is made.
func (b *Bundle) Add(files fs.FS) error {
	for _, tag := range b.languages {
		area, err := readArea(files, "locales/"+tag+".json")
		if errors.Is(err, fs.ErrNotExist) && tag != source {
			continue
		}
		if err != nil {
			return err
		}
		var messages []*i18n.Message
		for key, m := range area {
			messages = append(messages, m.build(key))
		}
		if err := b.tongues[tag].add(messages); err != nil {
			return fmt.Errorf("words of a provider: %w", err)
		}
	}
	return nil
}
