package audit_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/paywicket/paywicket/web/audit"
)

func mac(message []byte) []byte {
	h := hmac.New(sha256.New, []byte("key"))
	h.Write(message)
	return h.Sum(nil)
}

var start = time.Date(2026, 3, 1, 9, 0, 0, 123_456_789, time.UTC)

// rows makes a good log of n rows.
func rows(n int) []audit.Entry {
	chain := audit.Chain{MAC: mac}
	var log []audit.Entry
	var last audit.Anchor
	for i := range n {
		e := chain.Next(last, audit.Entry{
			At: start.Add(time.Duration(i) * time.Second), Actor: "p1", ActorName: "Ana", Store: "s1",
			Action: audit.PayoutApproved, Subject: fmt.Sprintf("payout-%d", i), Details: `{"a":1}`,
		})
		log, last = append(log, e), e.Anchor()
	}
	return log
}

func read(log []audit.Entry) iter.Seq2[audit.Entry, error] {
	return func(yield func(audit.Entry, error) bool) {
		for _, e := range log {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func verify(t *testing.T, log []audit.Entry, anchor *audit.Anchor) audit.Report {
	t.Helper()
	report, err := audit.Verify(read(log), mac, anchor)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wantBreaks(t *testing.T, got audit.Report, want ...audit.Break) {
	t.Helper()
	if diff := cmp.Diff(want, got.Breaks); diff != "" {
		t.Errorf("breaks (-want +got):\n%s", diff)
	}
}

func TestNext(t *testing.T) {
	log := rows(2)
	if log[0].Seq != 1 || len(log[0].Prev) != 0 || log[1].Seq != 2 || !bytes.Equal(log[1].Prev, log[0].MAC) {
		t.Errorf("got %+v", log)
	}
	if want := start.Truncate(time.Millisecond); !log[0].At.Equal(want) {
		t.Errorf("time: got %v, want %v", log[0].At, want)
	}
}

func TestVerifyGoodLog(t *testing.T) {
	log := rows(20)
	anchor := log[14].Anchor()
	for _, a := range []*audit.Anchor{nil, {}, &anchor} {
		got := verify(t, log, a)
		if !got.OK() || got.Count != 20 || !got.First.Equal(log[0].At) || !got.Last.Equal(log[19].At) || got.Head.Seq != 20 {
			t.Errorf("anchor %v: got %+v", a, got)
		}
	}
	if got := verify(t, nil, nil); !got.OK() || got.Count != 0 {
		t.Errorf("empty log: got %+v", got)
	}
}

// Times come back from a database without their zone and their monotonic part.
func TestVerifyAfterStoring(t *testing.T) {
	log := rows(3)
	for i := range log {
		log[i].At = time.UnixMilli(log[i].At.UnixMilli()).In(time.FixedZone("x", 7200))
	}
	wantBreaks(t, verify(t, log, nil))
}

func TestVerifyFindsEveryEdit(t *testing.T) {
	good := rows(6)
	for row := range good {
		for f := range reflect.TypeFor[audit.Entry]().NumField() {
			name := reflect.TypeFor[audit.Entry]().Field(f).Name
			t.Run(fmt.Sprintf("%s of row %d", name, row+1), func(t *testing.T) {
				log := slices.Clone(good)
				mutate(t, reflect.ValueOf(&log[row]).Elem().Field(f))
				got := verify(t, log, nil)
				if got.OK() {
					t.Fatal("not found")
				}
				if name != "Seq" && got.Breaks[0].Seq != int64(row+1) {
					t.Errorf("got %v, want row %d first", got.Breaks, row+1)
				}
				if !slices.ContainsFunc(got.Breaks, func(b audit.Break) bool { return b.Fault == audit.Changed }) {
					t.Errorf("got %v, want one changed", got.Breaks)
				}
			})
		}
	}
}

func mutate(t *testing.T, field reflect.Value) {
	t.Helper()
	switch v := field.Interface().(type) {
	case int64:
		field.SetInt(v + 1)
	case time.Time:
		field.Set(reflect.ValueOf(v.Add(time.Millisecond)))
	case []byte:
		changed := append(bytes.Clone(v), 0)
		changed[0] ^= 1
		field.Set(reflect.ValueOf(changed))
	default:
		if field.Kind() != reflect.String {
			t.Fatalf("do not know how to change a %s", field.Type())
		}
		field.SetString(field.String() + " ")
	}
}

func TestVerifyFindsMovedText(t *testing.T) {
	log := rows(3)
	log[1].ActorName, log[1].Store = "Anas", "1"
	wantBreaks(t, verify(t, log, nil), audit.Break{Seq: 2, Fault: audit.Changed})
}

func TestVerifyFindsDeletion(t *testing.T) {
	good := rows(8)
	for from := range 7 {
		for to := from + 1; to < 8; to++ {
			log := slices.Concat(good[:from], good[to:])
			wantBreaks(t, verify(t, log, nil),
				audit.Break{Seq: int64(to + 1), Fault: audit.Missing, From: int64(from + 1), To: int64(to)})
		}
	}
}

func TestVerifyFindsDeletionWithNewNumbers(t *testing.T) {
	log := slices.Delete(rows(6), 2, 3)
	for i := 2; i < len(log); i++ {
		log[i].Seq--
	}
	got := verify(t, log, nil)
	if got.OK() || got.Breaks[0] != (audit.Break{Seq: 3, Fault: audit.Unlinked}) {
		t.Errorf("got %v, want row 3 unlinked first", got.Breaks)
	}
}

func TestVerifyFindsInsertion(t *testing.T) {
	good := rows(5)
	forged := audit.Chain{MAC: func([]byte) []byte { return make([]byte, 32) }}.Next(good[4].Anchor(), audit.Entry{Actor: "p9"})
	wantBreaks(t, verify(t, append(slices.Clone(good), forged), nil), audit.Break{Seq: 6, Fault: audit.Changed})

	twice := slices.Insert(slices.Clone(good), 3, good[2])
	wantBreaks(t, verify(t, twice, nil), audit.Break{Seq: 3, Fault: audit.Misplaced})

	moved := good[1]
	moved.Seq = 6
	wantBreaks(t, verify(t, append(slices.Clone(good), moved), nil),
		audit.Break{Seq: 6, Fault: audit.Unlinked}, audit.Break{Seq: 6, Fault: audit.Changed})
}

func TestVerifyFindsReordering(t *testing.T) {
	good := rows(6)
	for i := range good {
		for j := range i {
			log := slices.Clone(good)
			log[i], log[j] = log[j], log[i]
			if verify(t, log, nil).OK() {
				t.Errorf("rows %d and %d exchanged: not found", j+1, i+1)
			}
			log[i].Seq, log[j].Seq = log[j].Seq, log[i].Seq
			got := verify(t, log, nil)
			if got.OK() || got.Breaks[0].Seq != int64(j+1) {
				t.Errorf("rows %d and %d exchanged with their numbers: got %v", j+1, i+1, got.Breaks)
			}
		}
	}
	swapped := slices.Clone(good)
	swapped[2], swapped[3] = swapped[3], swapped[2]
	wantBreaks(t, verify(t, swapped, nil),
		audit.Break{Seq: 4, Fault: audit.Missing, From: 3, To: 3}, audit.Break{Seq: 3, Fault: audit.Misplaced})
}

func TestVerifyFindsTruncation(t *testing.T) {
	good := rows(8)
	anchor := good[6].Anchor()
	for n := range 7 {
		wantBreaks(t, verify(t, good[:n], &anchor),
			audit.Break{Seq: int64(n + 1), Fault: audit.Truncated, From: int64(n + 1), To: 7})
	}
	wantBreaks(t, verify(t, good[:7], &anchor))
	wantBreaks(t, verify(t, good[:5], nil)) // nobody can tell without an anchor
}

// The log went back to an old copy, and the application wrote on.
func TestVerifyFindsRewriting(t *testing.T) {
	good := rows(6)
	anchor := good[4].Anchor()
	log := good[:3]
	for range 3 {
		log = append(slices.Clone(log), audit.Chain{MAC: mac}.Next(log[len(log)-1].Anchor(), audit.Entry{At: start, Actor: audit.System}))
	}
	wantBreaks(t, verify(t, log, nil))
	wantBreaks(t, verify(t, log, &anchor), audit.Break{Seq: 5, Fault: audit.Rewritten})
}

func TestVerifyWithAnotherKey(t *testing.T) {
	report, err := audit.Verify(read(rows(300)), func(m []byte) []byte { return mac(append(m, 1)) }, nil)
	if err != nil || len(report.Breaks) != 100 || report.Count != 300 {
		t.Errorf("got %d breaks of %d rows, %v, want the first 100 of 300", len(report.Breaks), report.Count, err)
	}
}

func TestVerifyPassesReadErrorsOn(t *testing.T) {
	want := errors.New("disk")
	_, err := audit.Verify(func(yield func(audit.Entry, error) bool) { yield(audit.Entry{}, want) }, mac, nil)
	if !errors.Is(err, want) {
		t.Errorf("got %v, want the iterator's error", err)
	}
}

// No two different rows have the same bytes under the MAC.
func TestRowsAreToldApart(t *testing.T) {
	text := rapid.StringMatching(`[ab|]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) audit.Entry {
			return audit.Entry{
				At: time.UnixMilli(rapid.Int64Range(0, 2).Draw(t, name)), Actor: text.Draw(t, name), ActorName: text.Draw(t, name),
				Store: text.Draw(t, name), Action: audit.Action(text.Draw(t, name)), Subject: text.Draw(t, name),
				Details: text.Draw(t, name),
			}
		}
		chain := audit.Chain{MAC: mac}
		a, b := chain.Next(audit.Anchor{}, draw("a")), chain.Next(audit.Anchor{}, draw("b"))
		macA, macB := a.MAC, b.MAC
		a.MAC, b.MAC = nil, nil
		if same := reflect.DeepEqual(a, b); same != bytes.Equal(macA, macB) {
			t.Fatalf("rows %+v and %+v: equal %v, MACs equal %v", a, b, same, !same)
		}
	})
}

func TestBreakSaysWhich(t *testing.T) {
	tests := []struct {
		b    audit.Break
		want string
	}{
		{audit.Break{Seq: 4, Fault: audit.Changed}, "row 4: changed"},
		{audit.Break{Seq: 4, Fault: audit.Missing, From: 2, To: 3}, "row 4: missing: rows 2 to 3 are gone"},
	}
	for _, tt := range tests {
		if got := tt.b.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestActionsAreListedOnce(t *testing.T) {
	seen := map[audit.Action]bool{}
	for _, a := range audit.Actions() {
		if a == "" || seen[a] {
			t.Errorf("%q stands twice or is empty", a)
		}
		seen[a] = true
	}
}
