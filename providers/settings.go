package providers

import "log/slog"

// Settings holds what an administrator entered to connect an account. It prints as [settings] wherever it is printed.
type Settings struct{ values map[string]string }

// NewSettings wraps values; it keeps the map.
func NewSettings(values map[string]string) Settings { return Settings{values} }

// Get returns the value of a setting, "" if it was left empty.
func (s Settings) Get(name string) string { return s.values[name] }

const hidden = "[settings]"

func (Settings) String() string { return hidden }

// GoString hides the values from %#v.
func (Settings) GoString() string { return hidden }

// LogValue hides the values from logs.
func (Settings) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON hides the values from JSON.
func (Settings) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
