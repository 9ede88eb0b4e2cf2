package i18n

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// names returns how the language writes dates, English for the zero Localizer.
func (l *Localizer) names() locale {
	if l == nil || l.locale.Translator == nil {
		return localeOf(source)
	}
	return l.locale
}

// Date writes a day: "20 Nov 2026".
func (l *Localizer) Date(t time.Time) string { return l.names().FmtDateMedium(t) }

// DateFull writes a day with its weekday: "Friday 20 November 2026".
func (l *Localizer) DateFull(t time.Time) string {
	full := l.names().FmtDateFull(t)
	if l.Tag() == source { // British newspapers leave the comma out
		return strings.Replace(full, ", ", " ", 1)
	}
	return full
}

// Day writes a day of a year that is clear: "20 Nov".
func (l *Localizer) Day(t time.Time) string {
	return l.T("format.day", "Day", strconv.Itoa(t.Day()), "Month", l.names().MonthAbbreviated(t.Month()))
}

// Month writes a month: "November 2026".
func (l *Localizer) Month(t time.Time) string {
	return l.T("format.month", "Month", l.names().MonthWide(t.Month()), "Year", strconv.Itoa(t.Year()))
}

// Time writes a time of day: "22:14".
func (l *Localizer) Time(t time.Time) string { return l.names().FmtTimeShort(t) }

// Clock writes a time of day with its seconds: "22:14:08".
func (l *Localizer) Clock(t time.Time) string { return l.names().FmtTimeMedium(t) }

// DateTime writes day and time: "20 Nov 2026, 22:14".
func (l *Localizer) DateTime(t time.Time) string {
	return l.T("format.date_time", "Date", l.Date(t), "Time", l.Time(t))
}

// Zone names a time zone with its distance from UTC at t: "Africa/Porto-Novo (UTC+1)".
func (l *Localizer) Zone(t time.Time) string {
	name := t.Location().String()
	if offset := Offset(t); name != offset {
		return name + " (" + offset + ")"
	}
	return name
}

// Offset is the distance of t's zone from UTC: "UTC+1", "UTC−3:30", "UTC".
func Offset(t time.Time) string {
	_, seconds := t.Zone()
	if seconds == 0 {
		return "UTC"
	}
	sign := "+"
	if seconds < 0 {
		sign, seconds = minus, -seconds
	}
	text := "UTC" + sign + strconv.Itoa(seconds/3600)
	if rest := seconds / 60 % 60; rest != 0 {
		text += ":" + strconv.Itoa(rest/10) + strconv.Itoa(rest%10)
	}
	return text
}

// Age writes how long something lasts, in its largest unit: "54 minutes", "2 days". Below a minute it counts seconds.
func (l *Localizer) Age(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Minute:
		return l.N("format.seconds", int(d/time.Second))
	case d < time.Hour:
		return l.N("format.minutes", int(d/time.Minute))
	case d < 48*time.Hour:
		return l.N("format.hours", int(d/time.Hour))
	default:
		return l.N("format.days", int(d/(24*time.Hour)))
	}
}

// Left writes how much time is left, to the minute: "23 hours 16 minutes".
func (l *Localizer) Left(d time.Duration) string {
	hours, minutes := int(d/time.Hour), int(d/time.Minute)%60
	if hours == 0 || hours >= 48 || minutes == 0 {
		return l.Age(d)
	}
	return l.Then(l.N("format.hours", hours), l.N("format.minutes", minutes))
}

// Ago writes how long ago something was: "54 minutes ago", "just now".
func (l *Localizer) Ago(d time.Duration) string {
	if d < 5*time.Second {
		return l.T("format.now")
	}
	return l.T("format.ago", "Age", l.Age(d))
}

// Millis writes how long a call took: "340 ms", "12.4 s".
func (l *Localizer) Millis(d time.Duration) string {
	if d < 10*time.Second {
		return l.Number(int(d/time.Millisecond)) + hard + "ms"
	}
	tenths := int(d / (100 * time.Millisecond))
	return l.Number(tenths/10) + l.decimal() + strconv.Itoa(tenths%10) + hard + "s"
}

// List joins names: "A, B and C".
func (l *Localizer) List(items ...string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return l.T("format.and", "Items", strings.Join(items[:last], l.T("format.list")), "Last", items[last])
}

// Or joins alternatives: "A, B or C".
func (l *Localizer) Or(items ...string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return l.T("format.or", "Items", strings.Join(items[:last], l.T("format.list")), "Last", items[last])
}

// Comma puts facts beside each other: "Ama, 20 Nov 2026". Empty ones are left out.
func (l *Localizer) Comma(facts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(facts), func(f string) bool { return f == "" }), l.T("format.comma"))
}

// Then puts a sentence behind another, which may be empty: not every language has a space between them.
func (l *Localizer) Then(first, next string) string {
	if first == "" || next == "" {
		return first + next
	}
	return l.T("format.next", "First", first, "Next", next)
}

// Quote puts somebody's own words in the language's quotation marks.
func (l *Localizer) Quote(words string) string { return l.T("format.quote", "Words", words) }
