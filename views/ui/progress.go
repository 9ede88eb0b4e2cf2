package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// StepOf is one part of a task.
type StepOf struct {
	Text    string
	Done    bool
	Current bool
}

func (s StepOf) attrs() templ.Attributes {
	if s.Current {
		return templ.Attributes{"aria-current": "step"}
	}
	return nil
}

// ProgressOpts says how far something has come. The label says it in words too.
type ProgressOpts struct {
	ID    string
	Label string
	Done  int
	Of    int
	Short bool
}

func (p ProgressOpts) max() string  { return strconv.Itoa(p.Of) }
func (p ProgressOpts) done() string { return strconv.Itoa(p.Done) }
