package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// Members reads a JSON object as it stands: each member's value in the text it was written in. What two readers could
// understand differently is refused: a name that stands twice, broken UTF-8, something behind. Names are told apart by
// every letter, unlike in encoding/json.
func Members(body []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(body) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	all := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, errors.New("not a JSON object")
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("a member is not JSON")
		}
		if _, twice := all[name]; twice {
			return nil, errors.New("a member stands twice")
		}
		all[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return all, nil
}

// Text is a member's value as text: a string without its quotes, a number with the digits it came with, "true" or
// "false", nothing for null. It reports false for an object or a list.
func Text(value json.RawMessage) (string, bool) {
	if len(value) == 0 {
		return "", true
	}
	switch value[0] {
	case '{', '[':
		return "", false
	case '"':
		var s string
		return s, json.Unmarshal(value, &s) == nil
	case 'n':
		return "", true
	default:
		return string(value), true
	}
}
