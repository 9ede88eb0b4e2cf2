package i18n

import (
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/pt_BR"
	"github.com/go-playground/locales/th"
	"github.com/go-playground/locales/vi"
	"github.com/go-playground/locales/zh"
)

// locale is how a language writes numbers, dates and money.
type locale struct {
	locales.Translator
	group, decimal string // between groups of three digits, and before the minor units
}

// localeOf returns how a language writes. English is the British kind: day before month, 24 hours.
func localeOf(tag string) locale {
	switch tag {
	case "es":
		return locale{es.New(), ".", ","}
	case "fr":
		return locale{fr.New(), narrow, ","}
	case "pt":
		return locale{pt_BR.New(), ".", ","}
	case "th":
		return locale{thai{th.New()}, ",", "."}
	case "vi":
		return locale{vi.New(), ".", ","}
	case "zh":
		return locale{chinese{zh.New()}, ",", "."}
	default:
		return locale{en_GB.New(), ",", "."}
	}
}

// chinese writes 24 hours, and months in figures, where the library has morning and afternoon, and months in words.
type chinese struct{ locales.Translator }

func (chinese) FmtTimeShort(t time.Time) string { return t.Format("15:04") }

func (chinese) FmtTimeMedium(t time.Time) string { return t.Format("15:04:05") }

func (c chinese) MonthWide(m time.Month) string { return c.MonthAbbreviated(m) }

// thai writes the year of a full date without the words for its era. The years are those of the common era, as they are
// in every other date here.
type thai struct{ locales.Translator }

func (t thai) FmtDateFull(at time.Time) string {
	return strings.Replace(t.Translator.FmtDateFull(at), " คริสต์ศักราช", "", 1)
}

// Spaces at which a line never breaks.
const (
	narrow = "\u202f"
	hard   = "\u00a0"
	minus  = "\u2212"
)
