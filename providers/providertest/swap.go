package providertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
)

// swap puts another status word into the JSON that the simulator answers.
type swap struct {
	next http.Handler

	mu   sync.Mutex
	path string
	word string
	on   bool
	done int
}

// put has every answer that has a value at path carry another word there, until stop is called.
func (s *swap) put(path, word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.path, s.word, s.on, s.done = path, word, true, 0
}

// stop ends it and returns how many answers were changed.
func (s *swap) stop() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = false
	return s.done
}

// ServeHTTP passes a request on, and changes the answer if it is told to.
func (s *swap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	path, word, on := s.path, s.word, s.on
	s.mu.Unlock()
	if !on {
		s.next.ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	s.next.ServeHTTP(rec, r)
	body, err := replace(rec.Body.Bytes(), path, word)
	if err != nil {
		body = rec.Body.Bytes()
	} else {
		s.mu.Lock()
		s.done++
		s.mu.Unlock()
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(rec.Code)
	_, _ = w.Write(body) // a client that has gone is the test's to notice
}

// replace puts a word at a path ("data.status") of a JSON object. A number stays a number if the word is one. Nothing
// else is changed; members keep their text, not their order.
func replace(body []byte, path, word string) ([]byte, error) {
	name, rest, deeper := strings.Cut(path, ".")
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("no JSON object on the way to %s", path)
	}
	old, ok := members[name]
	if !ok {
		return nil, fmt.Errorf("nothing at %s", path)
	}
	if deeper {
		inner, err := replace(old, rest, word)
		if err != nil {
			return nil, err
		}
		members[name] = inner
		return encode(members)
	}
	members[name] = literal(old, word)
	return encode(members)
}

// remove takes a member out of a JSON object.
func remove(body []byte, name string) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members[name] == nil {
		return nil, fmt.Errorf("no JSON object with %q", name)
	}
	delete(members, name)
	return encode(members)
}

// encode writes an object as it was, without the escapes meant for web pages.
func encode(members map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(members); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func literal(old json.RawMessage, word string) json.RawMessage {
	if _, err := strconv.Atoi(word); err == nil && !strings.HasPrefix(string(old), `"`) {
		return json.RawMessage(word)
	}
	quoted, _ := json.Marshal(word) // a string always encodes
	return quoted
}
