package handlers

import (
	"maps"
	"sync"
	"time"

	"github.com/paywicket/paywicket/web/payout"
)

// draftKeys remembers which draft a form has made, so that a form that is sent twice (a double click, a page loaded again)
// makes one. The zero value is ready. A restart forgets; the form then makes a second draft, which moves no money.
type draftKeys struct {
	mu   sync.Mutex
	made map[string]madeDraft
}

type madeDraft struct {
	id payout.ID
	at time.Time
}

// How many forms are remembered before old ones are forgotten, and for how long.
const (
	manyKeys = 1000
	keyLife  = 24 * time.Hour
)

// find is the draft a form has made, "" for none.
func (k *draftKeys) find(key string) payout.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.made[key].id
}

// once makes a draft for a form unless the form has made one; then it gives that one's id and false.
func (k *draftKeys) once(key string, now time.Time, draft func() (payout.ID, error)) (payout.ID, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if was, ok := k.made[key]; ok {
		return was.id, false, nil
	}
	id, err := draft()
	if err != nil {
		return "", false, err
	}
	if k.made == nil {
		k.made = map[string]madeDraft{}
	}
	if len(k.made) >= manyKeys {
		maps.DeleteFunc(k.made, func(_ string, m madeDraft) bool { return now.Sub(m.at) > keyLife })
	}
	k.made[key] = madeDraft{id, now}
	return id, true, nil
}
