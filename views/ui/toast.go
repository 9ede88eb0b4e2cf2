package ui

import "github.com/paywicket/paywicket/views"

// toastIcon is the mark of a message; without a tone something was done.
func toastIcon(t views.Tone) string {
	if t == "" {
		return "check"
	}
	return toneIcon(t)
}
