package books

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/store"
)

// Report is one taking in of a provider's own record: a file of its portal, or its list.
type Report struct {
	ID       string
	Key      Key    // of the month at which it was taken in; its lines go where their dates say
	Source   string // FromFile, FromList
	Name     string // of the file
	Digest   string
	Size     int
	State    ReportState
	Mapping  Mapping
	Lines    int
	Bad      int
	Problems []Problem // the first of the bad lines
	Error    string    // why it failed, a code of books.error or the provider's words
	By       access.PersonID
	ByName   string
	At       time.Time
	DoneAt   time.Time
}

// The sources of reports.
const (
	FromFile = "file"
	FromList = "list"
)

// ReportState is how far a report is.
type ReportState string

// The states of reports.
const (
	ReportShown   ReportState = "shown"   // looked at, not taken in
	ReportWaiting ReportState = "waiting" // to be read in the background
	ReportRunning ReportState = "running"
	ReportDone    ReportState = "done"
	ReportFailed  ReportState = "failed"
	ReportDropped ReportState = "dropped"
)

// Moving reports whether it is being read.
func (r Report) Moving() bool { return r.State == ReportWaiting || r.State == ReportRunning }

const (
	maxProblems = 100
	previewRows = 8
	guessRows   = 500 // from which it is guessed how figures and dates are written
	maxName     = 120
)

// Preview is a file as it would be taken in.
type Preview struct {
	Report   Report
	Head     Head
	Mapping  Mapping
	Names    []string // columns as a mapping remembers them
	Labels   []string // and as people read them
	Rows     []Row    // the first below the headings
	Lines    []ReportLine
	Count    int // lines that would be taken in
	Skipped  int // lines of other currencies
	Bad      int
	Problems []Problem
	Again    *Report // the same file was taken in before
	Problem  *Error  // why it cannot be taken in with this mapping
}

// open refuses months that are locked.
func (s *Service) open(ctx context.Context, by access.Person, k Key) error {
	if err := may(by, access.Reconcile, k.Store); err != nil {
		return err
	}
	c, err := s.Repo.Closed(ctx, k)
	if err == nil && c != nil {
		return refuse("closed")
	}
	return err
}

// Upload keeps a file to be looked at. Nothing of it is taken in yet.
func (s *Service) Upload(ctx context.Context, by access.Person, k Key, name string, data []byte) (Report, error) {
	if err := s.open(ctx, by, k); err != nil {
		return Report{}, err
	}
	done, err := s.alone(ctx)
	if err != nil {
		return Report{}, err
	}
	defer done()
	sheet, err := OpenSheet(data)
	if err != nil {
		return Report{}, err
	}
	for _, err := range sheet.Rows { // whole, so that what is wrong with it is told before anybody maps columns
		if err != nil {
			return Report{}, err
		}
	}
	if err := s.Repo.DropOld(ctx, s.Now().Add(-24*time.Hour)); err != nil {
		return Report{}, err
	}
	sum := sha256.Sum256(data)
	r := Report{ID: s.NewID(), Key: k, Source: FromFile, Name: fileName(name), Digest: hex.EncodeToString(sum[:]), Size: len(data), State: ReportShown,
		By: by.ID, ByName: by.Name, At: s.Now()}
	return r, s.Repo.AddReport(ctx, r, data)
}

func fileName(name string) string {
	name = filepath.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	all := []rune(name)
	return string(all[:min(len(all), maxName)])
}

// Report finds one.
func (s *Service) Report(ctx context.Context, by access.Person, id string) (Report, error) {
	return s.Repo.Report(ctx, access.ReachOf(by, access.Reconcile), id)
}

// Look reads a file as it would be taken in with a mapping; without columns in it the likeliest is guessed.
func (s *Service) Look(ctx context.Context, by access.Person, id string, m Mapping) (Preview, error) {
	r, err := s.Report(ctx, by, id)
	if err != nil {
		return Preview{}, err
	}
	if r.State != ReportShown {
		return Preview{}, ErrNotFound
	}
	zone, err := s.Zone(ctx, by, r.Key.Store)
	if err != nil {
		return Preview{}, err
	}
	done, err := s.alone(ctx)
	if err != nil {
		return Preview{}, err
	}
	defer done()
	data, err := s.Repo.ReportData(ctx, id)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Report: r, Mapping: m}
	if p.Again, err = s.Repo.SameFile(ctx, r); err != nil {
		return p, err
	}
	sheet, first, err := beginning(data)
	if err != nil {
		return p, err
	}
	p.Head = FindHead(first)
	p.Names, p.Labels = p.Head.Names()
	if len(m.Columns) == 0 {
		was, err := s.Repo.Mapping(ctx, r.Key.Store, r.Key.Provider)
		if err != nil {
			return p, err
		}
		p.Mapping = Guess(p.Head, first, was)
	}
	return p, p.read(sheet, zone)
}

// beginning opens a file and reads as much of it as is guessed from.
func beginning(data []byte) (Sheet, []Row, error) {
	sheet, err := OpenSheet(data)
	if err != nil {
		return sheet, nil, err
	}
	var first []Row
	for row, err := range sheet.Rows {
		if err != nil {
			return sheet, nil, err
		}
		if first = append(first, row); len(first) == guessRows {
			break
		}
	}
	return sheet, first, nil
}

func (p *Preview) read(sheet Sheet, zone *time.Location) error {
	parser, err := NewParser(p.Report.Key, zone, p.Mapping, p.Head)
	if e, ok := errors.AsType[*Error](err); ok {
		p.Problem = e
	}
	for row, err := range sheet.Rows {
		if err != nil {
			return err
		}
		if row.Line > p.Head.Line && len(p.Rows) < previewRows {
			p.Rows = append(p.Rows, row)
		}
		if parser == nil {
			if len(p.Rows) == previewRows {
				return nil
			}
			continue
		}
		p.line(parser.Line(row))
	}
	if p.Problem == nil && p.Count == 0 {
		p.Problem = refuse("no_lines")
	}
	return nil
}

func (p *Preview) line(line ReportLine, skip bool, problem *Problem) {
	switch {
	case problem != nil:
		if p.Bad++; len(p.Problems) < maxProblems {
			p.Problems = append(p.Problems, *problem)
		}
	case skip && line.Line > 0:
		p.Skipped++
	case !skip:
		if p.Count++; len(p.Lines) < previewRows {
			p.Lines = append(p.Lines, line)
		}
	}
}

// Take has a file read into the books in the background.
func (s *Service) Take(ctx context.Context, by access.Person, id string, m Mapping) (Report, error) {
	p, err := s.Look(ctx, by, id, m)
	if err != nil {
		return p.Report, err
	}
	if p.Problem != nil {
		return p.Report, p.Problem
	}
	if p.Again != nil {
		return p.Report, refuse("again")
	}
	r := p.Report
	if err := s.open(ctx, by, r.Key); err != nil {
		return r, err
	}
	if err := s.Repo.SaveMapping(ctx, r.Key.Store, r.Key.Provider, p.Mapping); err != nil {
		return r, err
	}
	r.State, r.Mapping = ReportWaiting, p.Mapping
	err = s.Repo.SaveReport(ctx, r, s.entry(by, r.Key, audit.BooksReported, map[string]any{"source": r.Source, "name": r.Name, "sha256": r.Digest, "lines": p.Count, "bad": p.Bad}))
	s.Wake()
	return r, err
}

// Drop throws away a file that was looked at.
func (s *Service) Drop(ctx context.Context, by access.Person, id string) (Report, error) {
	r, err := s.Report(ctx, by, id)
	if err != nil || r.State != ReportShown {
		return r, errors.Join(err)
	}
	r.State = ReportDropped
	return r, s.Repo.SaveReport(ctx, r)
}

// accounts are those whose payouts a month's books hold.
func (s *Service) accounts(ctx context.Context, k Key) ([]store.Account, error) {
	all, err := s.Stores.AllAccounts(ctx)
	return slices.DeleteFunc(all, func(a store.Account) bool {
		return a.Store != k.Store || a.Provider != k.Provider || a.Live != k.Live
	}), err
}

func (s *Service) canFetch(ctx context.Context, by access.Person, k Key) bool {
	all, err := s.accounts(ctx, k)
	return err == nil && s.Source != nil && access.Can(by, access.Reconcile, k.Store) &&
		slices.ContainsFunc(all, func(a store.Account) bool { return s.Source.CanReport(ctx, a) })
}

// Fetch has the provider's own list read in the background.
func (s *Service) Fetch(ctx context.Context, by access.Person, k Key) (Report, error) {
	if err := s.open(ctx, by, k); err != nil {
		return Report{}, err
	}
	if !s.canFetch(ctx, by, k) {
		return Report{}, refuse("no_list")
	}
	before, err := s.Repo.Reports(ctx, k, 1)
	if err != nil || (len(before) > 0 && before[0].Moving()) {
		return Report{}, err // one is under way: pressing twice asks once
	}
	r := Report{ID: s.NewID(), Key: k, Source: FromList, State: ReportShown, By: by.ID, ByName: by.Name, At: s.Now()}
	if err := s.Repo.AddReport(ctx, r, nil); err != nil {
		return r, err
	}
	r.State = ReportWaiting
	err = s.Repo.SaveReport(ctx, r, s.entry(by, k, audit.BooksReported, map[string]any{"source": r.Source}))
	s.Wake()
	return r, err
}

// taking is a report on its way into the books, some lines at a time.
type taking struct {
	s     *Service
	r     *Report
	lines []ReportLine
}

const takeAtOnce = 200

func (t *taking) add(ctx context.Context, line ReportLine) error {
	line.Report = t.r.ID
	t.lines = append(t.lines, line)
	if len(t.lines) < takeAtOnce {
		return nil
	}
	return t.flush(ctx)
}

func (t *taking) bad(p Problem) {
	if t.r.Bad++; len(t.r.Problems) < maxProblems {
		t.r.Problems = append(t.r.Problems, p)
	}
}

// flush keeps the lines and how far it has come.
func (t *taking) flush(ctx context.Context) error {
	if err := t.s.Repo.TakeLines(ctx, *t.r, t.lines); err != nil {
		return err
	}
	t.r.Lines += len(t.lines)
	t.lines = t.lines[:0]
	return t.s.Repo.SaveReport(ctx, *t.r)
}

// read takes in a report that waits. One that was begun before is begun anew: its lines replace those of the first time.
func (s *Service) read(ctx context.Context, r Report) error {
	r.State, r.Lines, r.Bad, r.Problems = ReportRunning, 0, 0, nil
	t := &taking{s: s, r: &r}
	err := s.Repo.ForgetLines(ctx, r)
	if err != nil {
		return err
	}
	err = t.guarded(ctx)
	if err == nil {
		err = t.flush(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err() // it stays as it is and is begun anew
	}
	r.State, r.DoneAt = ReportDone, s.Now()
	if err != nil {
		r.State, r.Error = ReportFailed, wordsOf(err)
		s.Log.WarnContext(ctx, "read a provider's record", "report", r.ID, "err", err)
	}
	if err := s.Repo.SaveReport(ctx, r); err != nil {
		return err
	}
	if err := s.check(ctx, r.Key); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// guarded turns a panic, of an adapter or over a file, into an error: the report has failed then, and nothing else.
func (t *taking) guarded(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %T", v) // its text may hold anything
		}
	}()
	if t.r.Source == FromList {
		return t.s.readList(ctx, t)
	}
	return t.s.readFile(ctx, t)
}

// wordsOf is what people are told of a failure: our code, or the company's words.
func wordsOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if e, ok := errors.AsType[*providers.Error](err); ok && e.Message != "" {
		return e.Message
	}
	return "failed"
}

func (s *Service) readFile(ctx context.Context, t *taking) error {
	done, err := s.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	data, err := s.Repo.ReportData(ctx, t.r.ID)
	if err != nil {
		return err
	}
	sheet, first, err := beginning(data)
	if err != nil {
		return err
	}
	zone, err := s.zoneOf(ctx, t.r.Key.Store)
	if err != nil {
		return err
	}
	parser, err := NewParser(t.r.Key, zone, t.r.Mapping, FindHead(first))
	if err != nil {
		return err
	}
	for row, err := range sheet.Rows {
		if err != nil {
			return err
		}
		line, skip, problem := parser.Line(row)
		switch {
		case problem != nil:
			t.bad(*problem)
		case !skip:
			if err := t.add(ctx, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// zoneOf is the clock of a store, for jobs.
func (s *Service) zoneOf(ctx context.Context, id store.ID) (*time.Location, error) {
	st, err := s.Stores.Store(ctx, access.Person{ID: audit.System, Grants: []access.Grant{{Role: access.SuperAdmin}}}, id)
	return st.Location(), err
}

// listLead is how long before a month its payouts may have been asked for.
const listLead = 31 * 24 * time.Hour

func (s *Service) readList(ctx context.Context, t *taking) error {
	all, err := s.accounts(ctx, t.r.Key)
	if err != nil {
		return err
	}
	zone, err := s.zoneOf(ctx, t.r.Key.Store)
	if err != nil {
		return err
	}
	n := 0
	for _, a := range all {
		if !s.Source.CanReport(ctx, a) {
			continue
		}
		for rec, err := range s.Source.Report(ctx, a, t.r.Key.Month.Begin(zone).Add(-listLead), earlier(t.r.Key.Month.End(zone), s.Now())) {
			if err != nil {
				return fmt.Errorf("read list of account %s: %w", a.ID, err)
			}
			n++
			if err := s.takeRecord(ctx, t, rec, n, zone); err != nil {
				return err
			}
		}
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// takeRecord makes a line of a record. A list goes back further than the month: what ended in another is left to that one.
func (s *Service) takeRecord(ctx context.Context, t *taking, rec providers.Record, no int, zone *time.Location) error {
	at := rec.Ended
	if at.IsZero() {
		at = rec.Made
	}
	k := t.r.Key
	if !at.IsZero() && MonthOf(at, zone) != k.Month {
		return nil
	}
	if rec.Err != nil {
		t.bad(Problem{Line: no, Code: "record", Value: rec.Attempt.Reference})
		return nil
	}
	if rec.Amount.Currency != k.Currency {
		return nil
	}
	return t.add(ctx, ReportLine{Source: FromList, Line: no, Key: k, RemoteID: rec.Attempt.RemoteID, Reference: rec.Attempt.Reference, Amount: rec.Amount, Fee: rec.Fee,
		Status: rec.Status, Word: rec.Word, Recipient: rec.Recipient, At: at})
}
