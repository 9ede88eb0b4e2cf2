package i18n

import (
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country names a country by its ISO 3166-1 code: "Vietnam". What is no country comes back as it is.
func (l *Localizer) Country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := display.Regions(language.Make(l.Tag())).Name(region); name != "" {
		return name
	}
	return code
}
