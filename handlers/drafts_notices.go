package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/paywicket/paywicket/views"
	"github.com/paywicket/paywicket/views/drafts"
	"github.com/paywicket/paywicket/views/i18n"
	"github.com/paywicket/paywicket/views/link"
	"github.com/paywicket/paywicket/web/payout"
)

func words(r *http.Request) *i18n.Localizer { return views.From(r.Context()).Localizer }

// noted is a notice of the catalog: key is its title, key_text what it says.
func noted(r *http.Request, tone views.Tone, key string, args ...any) drafts.Notice {
	return drafts.Notice{Tone: tone, Title: words(r).T(key, args...), Text: words(r).T(key+"_text", args...)}
}

func leading(r *http.Request, n drafts.Notice, href, key string) drafts.Notice {
	n.Href, n.Link = href, words(r).T(key)
	return n
}

func longNotice(r *http.Request) drafts.Notice { return noted(r, views.Bad, "drafts.too_large") }

func unsavedNotice(r *http.Request) drafts.Notice { return noted(r, views.Warn, "drafts.unsaved") }

func noMethodsNotice(r *http.Request, s *drafts.Sheet) drafts.Notice {
	return noted(r, views.Warn, "drafts.no_methods", "Company", s.Company)
}

func asleepNotice(r *http.Request, s *drafts.Sheet) drafts.Notice {
	return leading(r, noted(r, views.Warn, "drafts.asleep", "Company", s.Company), s.Again(r.Context()), "drafts.try")
}

// agedNotice says that the form is made from what the company asked for a while ago.
func agedNotice(r *http.Request, s *drafts.Sheet, age time.Duration) drafts.Notice {
	return leading(r, noted(r, "", "drafts.aged", "Company", s.Company, "Ago", words(r).Ago(age)), s.Again(r.Context()), "drafts.try")
}

// accountNotice leads to the account, where people can do something about it.
func accountNotice(r *http.Request, s *drafts.Sheet, key string) drafts.Notice {
	return leading(r, noted(r, views.Bad, key, "Company", s.Company), link.Account(r.Context(), string(s.Account.ID)), "drafts.see_account")
}

func methodGoneNotice(r *http.Request, d *draft, s *drafts.Sheet) drafts.Notice {
	name := s.In.Method
	if d.p != nil && d.p.Content.Method == name {
		name = d.p.Content.MethodName
	}
	return noted(r, views.Warn, "drafts.method_gone", "Company", s.Company, "Method", name)
}

func fieldsNotice(r *http.Request, s *drafts.Sheet, lines []string) drafts.Notice {
	n := noted(r, views.Warn, "drafts.fields_gone", "Company", s.Company)
	n.Lines = lines
	return n
}

func followsNotice(r *http.Request, p *payout.Payout) drafts.Notice {
	n := noted(r, "", "drafts.follows", "Payout", p.ID.Number(), "State", stateWords(r, p.State))
	if p.Reason != "" {
		n.Text = words(r).T("drafts.follows_why", "State", stateWords(r, p.State), "Reason", words(r).Quote(p.Reason))
	}
	return leading(r, n, link.Payout(r.Context(), string(p.ID)), "drafts.see_payout")
}

func takenNotice(r *http.Request, p *payout.Payout) drafts.Notice {
	return noted(r, "", "drafts.taken_from", "Payout", p.ID.Number())
}

// voidNotices say what saving does to a payout that was asked for.
func voidNotices(r *http.Request, p *payout.Payout) []drafts.Notice {
	switch {
	case p == nil || p.State == payout.Draft:
		return nil
	case len(p.Approvals) == 0:
		return []drafts.Notice{noted(r, views.Warn, "drafts.void_submitted")}
	}
	var names []string
	for _, a := range p.Approvals {
		names = append(names, a.Name)
	}
	return []drafts.Notice{noted(r, views.Warn, "drafts.void_approved", "Names", words(r).List(names...))}
}

// changedNotice says that what was on screen is not what is kept any more, and what the person had typed.
func changedNotice(r *http.Request, mine, fresh payout.Input) drafts.Notice {
	n := noted(r, views.Warn, "drafts.changed")
	yours := func(label, was, is string) {
		if was != is && was != "" {
			n.Lines = append(n.Lines, words(r).T("drafts.changed_yours", "Field", label, "Value", was))
		}
	}
	yours(words(r).T("field.amount"), mine.Amount, fresh.Amount)
	yours(words(r).T("field.reason"), mine.Description, fresh.Description)
	yours(words(r).T("field.method"), mine.Method, fresh.Method)
	var names []string
	for name := range mine.Details {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		yours(words(r).TextOr("field."+name, name), mine.Details[name], fresh.Details[name])
	}
	return n
}
