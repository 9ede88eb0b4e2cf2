package db

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/inbox"
	"github.com/paywicket/paywicket/web/payout"
)

// A page of webhooks is found by walks: each goes along one index from a place on, newest first, and asks of every row it
// meets whether the rest of the filter fits. A walk whose filter is more than its index asks of maxWalk rows at most, so that a page
// costs the same however many webhooks there are; what lies further back is on the next page.
const (
	maxWalk  = 2000 // rows of all walks of a page together
	maxWalks = 256
)

// hookCond is one condition of a filter.
type hookCond struct {
	name string // of the column it is about
	term string
	args []any
}

// hookWalk goes along one index.
type hookWalk struct {
	index string
	along []hookCond // what the index answers
	text  string     // instead of an index: what the index of words is asked for
}

// hookPlace is where a webhook stands.
type hookPlace struct {
	seq, at int64
	id      string
	fits    bool
}

func (p hookPlace) cursor(byText bool) inbox.Cursor {
	if byText {
		return inbox.Cursor{Seq: p.seq}
	}
	return inbox.Cursor{At: moment(p.at), ID: p.id}
}

// List is one page of webhooks, newest first. Where a text is searched that is the order in which they were kept.
func (r Hooks) List(ctx context.Context, s payout.Scope, f inbox.Filter) (inbox.Page, error) {
	f.Limit = cmp.Or(max(f.Limit, 0), 25)
	l := hookList{Hooks: r, f: f, byText: strings.TrimSpace(f.Text) != "", back: !f.Before.IsZero()}
	page, err := l.page(ctx, s)
	if err != nil {
		return inbox.Page{}, fmt.Errorf("list webhooks: %w", err)
	}
	return page, nil
}

// hookList is a page in the making.
type hookList struct {
	Hooks
	f      inbox.Filter
	byText bool
	back   bool // towards the newer ones
}

func (l hookList) page(ctx context.Context, s payout.Scope) (inbox.Page, error) {
	conds := hookConds(s, l.f)
	walks, err := l.walks(ctx, s)
	if err != nil {
		return inbox.Page{}, err
	}
	var all []hookPlace
	var stop *hookPlace // the nearest place at which a walk gave up
	for _, w := range walks {
		found, gaveUp, err := l.walk(ctx, w, conds, max(maxWalk/len(walks), 50))
		if err != nil {
			return inbox.Page{}, err
		}
		all = append(all, found...)
		if gaveUp != nil && (stop == nil || l.before(*gaveUp, *stop)) {
			stop = gaveUp
		}
	}
	slices.SortFunc(all, l.order)
	all = slices.Compact(all)
	if stop != nil {
		all = slices.DeleteFunc(all, func(p hookPlace) bool { return l.before(*stop, p) })
	}
	return l.load(ctx, all, stop)
}

// order is the order of the walk.
func (l hookList) order(a, b hookPlace) int {
	c := cmp.Or(cmp.Compare(b.at, a.at), strings.Compare(b.id, a.id))
	if l.byText {
		c = cmp.Compare(b.seq, a.seq)
	}
	if l.back {
		return -c
	}
	return c
}

func (l hookList) before(a, b hookPlace) bool { return l.order(a, b) < 0 }

// walk returns the places that fit, one more than a page has, and where it gave up if it did.
func (l hookList) walk(ctx context.Context, w hookWalk, conds []hookCond, most int) ([]hookPlace, *hookPlace, error) {
	query, args, narrow := l.query(w, conds)
	if !narrow {
		most = l.f.Limit + 1
	}
	rows, err := l.d.read.QueryContext(ctx, query, append(args, most)...)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells what matters
	var found []hookPlace
	var p hookPlace
	met := 0
	for rows.Next() {
		if err := rows.Scan(&p.seq, &p.at, &p.id, &p.fits); err != nil {
			return nil, nil, err
		}
		met++
		if p.fits {
			found = append(found, p)
		}
		if len(found) > l.f.Limit {
			return found, nil, nil
		}
	}
	if met == most && narrow {
		return found, &p, rows.Err()
	}
	return found, nil, rows.Err()
}

// query is the statement of a walk, without its limit, and whether it asks rows for more than the index answers.
func (l hookList) query(w hookWalk, conds []hookCond) (string, []any, bool) {
	var along where
	answered := map[string]bool{}
	for _, c := range w.along {
		along.add(c.term, c.args...)
		answered[c.name] = true
	}
	order := "desc"
	if l.back {
		order = "asc"
	}
	l.from(&along)
	l.between(&along)
	rest := where{args: along.args}
	for _, c := range conds {
		if !answered[c.name] {
			rest.add(c.term, c.args...)
		}
	}
	narrow := len(rest.terms) > 0
	if w.text != "" {
		rest.args = append(rest.args, w.text)
		return fmt.Sprintf(`select h.seq, h.received_at, h.id, %s from hook_words w cross join hooks h on h.seq = w.rowid
			where hook_words match $%d and %s order by w.rowid %s limit $%d`, rest.String(), len(rest.args), along.String(), order, len(rest.args)+1), rest.args, narrow
	}
	return fmt.Sprintf(`select h.seq, h.received_at, h.id, %s from hooks h indexed by %s where %s order by h.received_at %s, h.id %s limit $%d`,
		rest.String(), w.index, along.String(), order, order, len(rest.args)+1), rest.args, narrow
}

// from narrows a walk to what lies beyond the cursor.
func (l hookList) from(w *where) {
	c, mark := l.f.After, "<"
	if l.back {
		c, mark = l.f.Before, ">"
	}
	switch {
	case l.byText && c.Seq > 0:
		w.add("w.rowid "+mark+" ?", c.Seq)
	case !l.byText && c.ID != "":
		w.add("(h.received_at, h.id) "+mark+" (?, ?)", millis(c.At), c.ID)
	}
}

// hookConds are the conditions of a filter and of what a person may see.
func hookConds(s payout.Scope, f inbox.Filter) []hookCond {
	var all []hookCond
	equal := func(name, value string) {
		if value != "" {
			all = append(all, hookCond{name, "h." + name + " = ?", []any{value}})
		}
	}
	if reach := s.Reach(); !reach.All {
		args := make([]any, len(reach.IDs))
		for i, id := range reach.IDs {
			args[i] = string(id)
		}
		all = append(all, hookCond{"scope", inStores(len(args)), args})
	}
	equal("store", string(f.Store))
	equal("provider", f.Provider)
	equal("account", string(f.Account))
	equal("payout", string(f.Payout))
	equal("address", f.Address)
	if f.Late {
		all = append(all, hookCond{"late", "h.late = 1", nil})
	}
	if len(f.Verdicts) > 0 {
		args := make([]any, len(f.Verdicts))
		for i, v := range f.Verdicts {
			args[i] = string(v)
		}
		all = append(all, hookCond{"verdict", "h.verdict in (?" + strings.Repeat(", ?", len(args)-1) + ")", args})
	}
	return all
}

// between narrows a walk to what arrived between two times. The index of words knows none: it is narrowed to what was kept about
// then, with room for clocks that jump, and the rows are asked.
func (l hookList) between(w *where) {
	bounds := []struct {
		at          time.Time
		term, words string
	}{
		{l.f.From, "h.received_at >= ?", "w.rowid >= coalesce((select seq - 1000 from hooks where received_at >= ? order by received_at limit 1), 0)"},
		{l.f.To, "h.received_at < ?", "w.rowid <= coalesce((select seq + 1000 from hooks where received_at < ? order by received_at desc limit 1), 0)"},
	}
	for _, b := range bounds {
		if b.at.IsZero() {
			continue
		}
		w.add(b.term, millis(b.at))
		if l.byText {
			w.add(b.words, millis(b.at))
		}
	}
}

func inStores(n int) string {
	if n == 0 {
		return "false"
	}
	return "h.store in (?" + strings.Repeat(", ?", n-1) + ")"
}

// The verdicts that few webhooks have, by the indexes of them, and those that count towards a flood.
const (
	rareHooks    = "h.verdict not in ('received', 'applied', 'confirming')"
	refusedHooks = "h.verdict in ('forged', 'misaddressed', 'failed')"
)

// isWaiting tells the verdicts of those that fall due.
func isWaiting(v inbox.Verdict) bool { return v == inbox.Received || v == inbox.Confirming }

func isRare(v inbox.Verdict) bool { return v != inbox.Applied && !isWaiting(v) }

// walks chooses the indexes that leave the least to be asked of the rows. A webhook belongs to an account, and an account to a
// store: what is of some stores or of a provider is walked account by account. None goes along rows that the person may not see: where a
// walk gives up is told.
func (l hookList) walks(ctx context.Context, s payout.Scope) ([]hookWalk, error) {
	reach, f := s.Reach(), l.f
	switch {
	case f.Store != "" && !reach.Has(f.Store):
		return nil, nil
	case l.byText:
		pieces, err := l.pieces(ctx)
		if match := hookMatch(f, reach, pieces); match != "" {
			return []hookWalk{{text: match}}, err
		}
		return nil, err
	case f.Payout != "":
		return []hookWalk{{"hooks_payout", []hookCond{{"payout", "h.payout = ? and h.payout <> ''", []any{string(f.Payout)}}}, ""}}, nil
	case allOf(f.Verdicts, isWaiting): // they are few: all that wait are sorted
		return []hookWalk{{index: "hooks_due", along: []hookCond{{"", "h.due_at > 0", nil}}}}, nil
	case reach.All && f.Store == "" && f.Provider == "" && f.Account == "":
		return l.walksOfAll(), nil
	}
	ids, err := l.accounts(ctx, s)
	if err != nil {
		return nil, err
	}
	var walks []hookWalk
	for _, id := range ids {
		walks = append(walks, l.walksOf(id)...)
	}
	if len(walks) > maxWalks {
		return []hookWalk{{index: "hooks_received"}}, nil
	}
	return walks, nil
}

// walksOfAll goes along all webhooks there are, or along those of one kind.
func (l hookList) walksOfAll() []hookWalk {
	isRefused := func(v inbox.Verdict) bool { return v == inbox.Forged || v == inbox.Misaddressed || v == inbox.Failed }
	switch f := l.f; {
	case f.Late:
		return []hookWalk{{index: "hooks_late", along: []hookCond{{"late", "h.late = 1", nil}}}}
	case f.Address != "" && allOf(f.Verdicts, isRefused):
		return []hookWalk{{index: "hooks_refused", along: []hookCond{{"address", "h.address = ? and " + refusedHooks, []any{f.Address}}}}}
	case allOf(f.Verdicts, isRare):
		var walks []hookWalk
		for _, v := range f.Verdicts {
			walks = append(walks, hookWalk{index: "hooks_rare", along: []hookCond{{"verdict", "h.verdict = ? and " + rareHooks, []any{string(v)}}}})
		}
		return walks
	}
	return []hookWalk{{index: "hooks_received"}}
}

// walksOf goes along the webhooks of one account, or along those of one kind.
func (l hookList) walksOf(account string) []hookWalk {
	base := []hookCond{{"account", "h.account = ?", []any{account}}, {name: "scope", term: "true"}, {name: "store", term: "true"}, {name: "provider", term: "true"}}
	switch f := l.f; {
	case f.Late:
		return []hookWalk{{index: "hooks_late_account", along: append(base, hookCond{"late", "h.late = 1", nil})}}
	case allOf(f.Verdicts, isRare):
		var walks []hookWalk
		for _, v := range f.Verdicts {
			walks = append(walks, hookWalk{index: "hooks_rare_account", along: append(slices.Clone(base), hookCond{"verdict", "h.verdict = ? and " + rareHooks, []any{string(v)}})})
		}
		return walks
	}
	return []hookWalk{{index: "hooks_account", along: base}}
}

func allOf(all []inbox.Verdict, is func(inbox.Verdict) bool) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(v inbox.Verdict) bool { return !is(v) })
}

// accounts lists the accounts that a filter and a person's stores leave.
func (l hookList) accounts(ctx context.Context, s payout.Scope) ([]string, error) {
	var w where
	w.scope(s, "store")
	w.addIf(string(l.f.Account), "id = ?")
	w.addIf(l.f.Provider, "provider = ?")
	w.addIf(string(l.f.Store), "store = ?")
	w.args = append(w.args, maxWalks+1)
	return collect(ctx, l.d.read, func(scan func(...any) error) (string, error) {
		var id string
		return id, scan(&id)
	}, `select id from accounts where `+w.String()+fmt.Sprintf(` limit $%d`, len(w.args)), w.args...)
}

// load reads what stands at the places of a page.
func (l hookList) load(ctx context.Context, all []hookPlace, stop *hookPlace) (inbox.Page, error) {
	more := len(all) > l.f.Limit
	all = all[:min(len(all), l.f.Limit)]
	if more {
		stop = nil
	}
	page := l.ends(all, more, stop)
	if l.back {
		slices.Reverse(all)
	}
	if len(all) == 0 {
		return page, nil
	}
	args := make([]any, len(all))
	for i, p := range all {
		args[i] = p.seq
	}
	var w where
	w.add("seq in (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	hooks, err := collect(ctx, l.d.read, scanHook, `select `+l.columns()+` from hooks where `+w.String(), w.args...)
	place := map[string]int{}
	for i, p := range all {
		place[p.id] = i
	}
	slices.SortFunc(hooks, func(a, b inbox.Hook) int { return cmp.Compare(place[a.ID], place[b.ID]) })
	page.Hooks = hooks
	return page, err
}

// columns leaves out what a list does not show: a page of large bodies would be many megabytes.
func (l hookList) columns() string {
	switch {
	case l.f.Lean && l.byText:
		return hookBeginning
	case l.f.Lean:
		return `id, account, store, provider, token, address, received_at, '{}', x'', ` + hookFacts
	}
	return hookColumns
}

// ends are the places from which the neighbours of a page go on. all is in the order of the walk.
func (l hookList) ends(all []hookPlace, more bool, stop *hookPlace) inbox.Page {
	var page inbox.Page
	var near, far inbox.Cursor // towards where the walk came from, and where it went
	came := l.f.After
	if l.back {
		came = l.f.Before
	}
	if len(all) > 0 {
		if !came.IsZero() {
			near = all[0].cursor(l.byText)
		}
		if more {
			far = all[len(all)-1].cursor(l.byText)
		}
	} else {
		near = came
	}
	if stop != nil {
		far, page.Until = stop.cursor(l.byText), moment(stop.at)
	}
	page.Prev, page.Next = near, far
	if l.back {
		page.Prev, page.Next = far, near
	}
	return page
}
