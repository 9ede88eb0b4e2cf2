package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Fault is an answer that goes wrong.
type Fault func(w http.ResponseWriter, r *http.Request)

// NamedFault is a fault with the name tests give it.
type NamedFault struct {
	Name  string
	Fault Fault
	Does  string // in English, for people who try things out
}

// patience is how long a fault that waits for the client to give up waits at most.
const patience = 2 * time.Minute

// Broken lists the faults after which nobody can know what became of a request. A redirect leads to the address given.
func Broken(elsewhere string) []NamedFault {
	return []NamedFault{
		{"hang", HangUp, "never answers"},
		{"drip", Drip, "answers a byte at a time, without end"},
		{"cut", CutOff, "closes the connection without an answer"},
		{"half an answer", Half, "closes the connection in the middle of the answer"},
		{"500", Status(http.StatusInternalServerError), "answers status 500"},
		{"502 page", BadGateway, "answers status 502 with a web page"},
		{"503", Status(http.StatusServiceUnavailable), "answers status 503"},
		{"429", TooMany, "answers status 429: too many requests"},
		{"html", HTML, "answers status 200 with a web page"},
		{"empty", Empty, "answers status 200 with nothing"},
		{"2 MiB", Huge, "answers two megabytes"},
		{"redirect", Redirect(elsewhere), "asks for the same request at another address"},
	}
}

// Status answers a bare status with an error in JSON.
func Status(code int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		JSON(w, code, map[string]string{"message": http.StatusText(code)})
	}
}

// TooMany answers 429 and asks to wait a second.
func TooMany(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	Status(http.StatusTooManyRequests)(w, r)
}

// HTML answers 200 with a web page.
func HTML(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusOK) }

// BadGateway answers 502 with a web page, as a proxy does.
func BadGateway(w http.ResponseWriter, _ *http.Request) { page(w, http.StatusBadGateway) }

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	write(w, []byte("<!doctype html><title>Please wait</title><h1>We will be back soon</h1>\n"))
}

// Empty answers 200 with nothing.
func Empty(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// Huge answers 2 MiB of JSON.
func Huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	write(w, []byte(`{"padding":"`))
	write(w, bytes.Repeat([]byte("x"), 2<<20))
	write(w, []byte(`"}`))
}

// Redirect answers 307, which asks for the same request to be sent to another address.
func Redirect(to string) Fault {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// CutOff closes the connection without an answer.
func CutOff(w http.ResponseWriter, r *http.Request) {
	consume(r)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // not a real connection: the nearest thing to being cut off
		return
	}
	_ = conn.Close() // that it ends is all that is wanted
}

// Half promises a longer answer than it gives, and closes the connection.
func Half(w http.ResponseWriter, r *http.Request) {
	consume(r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "100")
	write(w, []byte(`{"status":"succ`)) // net/http closes the connection when fewer bytes came than promised
}

// HangUp takes the request and never answers.
func HangUp(_ http.ResponseWriter, r *http.Request) {
	consume(r)
	wait(r, patience)
}

// Drip answers a byte at a time, for longer than anyone waits.
func Drip(w http.ResponseWriter, r *http.Request) {
	consume(r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(1<<16))
	until := time.Now().Add(patience)
	for time.Now().Before(until) {
		write(w, []byte(" "))
		if http.NewResponseController(w).Flush() != nil || wait(r, 20*time.Millisecond) {
			return
		}
	}
}

// JSON answers v with a status.
func JSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	write(w, body)
}

// wait waits until the client has gone, for d at most, and reports whether it has.
func wait(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-r.Context().Done():
		return true
	case <-t.C:
		return false
	}
}

// consume reads the request to its end, without which net/http does not notice that the client has gone.
func consume(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) } // a body that breaks off is not our trouble

func write(w http.ResponseWriter, b []byte) { _, _ = w.Write(b) } // a client that has gone is part of the play
