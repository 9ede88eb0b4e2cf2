package money

import "strings"

// blanks are the spaces people type or paste between and around figures: space, no-break space, narrow no-break space.
const blanks = " \u00a0\u202f"

// marks says how a language writes numbers.
type marks struct {
	decimal string
	group   string // each of these runes parts thousands
	// point says that "." is read as the decimal mark too, where it cannot be meant to part thousands.
	point bool
}

// marksOf returns the marks of a language tag such as "fr" or "pt-BR".
func marksOf(language string) marks {
	primary, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	switch strings.ToLower(primary) {
	case "fr":
		return marks{decimal: ",", group: blanks, point: true}
	case "es", "pt", "vi":
		return marks{decimal: ",", group: "."}
	default: // en, th, zh
		return marks{decimal: ".", group: ","}
	}
}

// split parts a screened text into the figures before and after the decimal mark, or says what is wrong with it.
func (m marks) split(text string) (string, string, string) {
	if m.point && !strings.Contains(text, m.decimal) {
		if looksGrouped(text) {
			return "", "", codeGrouping
		}
		m.decimal = "."
	}
	whole, fraction, found := strings.Cut(text, m.decimal)
	if whole == "" || found && fraction == "" {
		return "", "", codeNotANumber
	}
	figures, ok := m.ungroup(whole)
	if !ok || !figuresOnly(fraction) {
		return "", "", codeGrouping
	}
	return figures, fraction, ""
}

// looksGrouped reports whether the point in text could be meant to part thousands, as in "1.234".
func looksGrouped(text string) bool {
	whole, fraction, _ := strings.Cut(text, ".")
	return len(fraction) == 3 && isLead(whole)
}

// ungroup takes the grouping marks out; false if there are figures in groups other than of three, or foreign marks.
func (m marks) ungroup(whole string) (string, bool) {
	const mark = "_" // cannot be in a screened text
	groups := strings.Split(strings.Map(func(r rune) rune {
		if strings.ContainsRune(m.group, r) {
			return '_'
		}
		return r
	}, whole), mark)
	figures := strings.Join(groups, "")
	if len(groups) == 1 {
		return figures, figuresOnly(figures)
	}
	for _, group := range groups[1:] {
		if len(group) != 3 {
			return "", false
		}
	}
	return figures, isLead(groups[0]) && figuresOnly(figures)
}

// isLead reports whether group can stand before a grouping mark: "0,123" is no way to write 123.
func isLead(group string) bool { return len(group) >= 1 && len(group) <= 3 && group[0] != '0' }
