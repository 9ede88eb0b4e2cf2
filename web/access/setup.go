package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/audit"
)

// SetupLife is how long the one-time link of the first start works after it was printed.
const SetupLife = 24 * time.Hour

// BeginSetup makes the one-time link's token for an installation that has nobody yet, "" if it is set up. A restart
// makes a new one; the old one is worth nothing then.
func (s *Service) BeginSetup(ctx context.Context) (string, error) {
	setup, err := s.repo.Setup(ctx)
	if err != nil || setup.Done {
		return "", err
	}
	token := s.opts.NewID()
	err = s.repo.BeginSetup(ctx, Setup{TokenHash: hashToken(token), Until: s.opts.Now().Add(SetupLife)})
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return token, err
}

// First is what the set-up asks for.
type First struct {
	Token, Name, Email, Password string
	OnePerson                    bool
}

// FinishSetup makes the first super admin. The link then is used up. ErrNotFound: the link is not the one printed, or too
// old.
func (s *Service) FinishSetup(ctx context.Context, in First) (Person, error) {
	setup, err := s.repo.Setup(ctx)
	if err != nil {
		return Person{}, err
	}
	hash := hashToken(in.Token)
	if setup.Done || in.Token == "" || setup.TokenHash != hash || s.opts.Now().After(setup.Until) {
		return Person{}, ErrNotFound
	}
	p := Person{ID: PersonID(s.opts.NewID()), Email: strings.TrimSpace(in.Email), Name: strings.TrimSpace(in.Name),
		Grants: []Grant{{Role: SuperAdmin}}, MadeAt: s.opts.Now(), HasPass: true}
	switch {
	case !CheckEmail(p.Email):
		return Person{}, &InputError{"email", "email"}
	case !CheckName(p.Name):
		return Person{}, &InputError{"name", "name"}
	}
	password, err := s.newHash(p, in.Password)
	if err != nil {
		return Person{}, err
	}
	return p, s.repo.FinishSetup(ctx, Setup{TokenHash: hash, OnePerson: in.OnePerson}, p, password,
		s.entry(p, audit.SetupDone, "", map[string]any{"one_person": in.OnePerson}),
		s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{"email": p.Email, "roles": grantWords(p.Grants)}))
}

// SetOnePerson switches between two people and one. Towards two people takes one super admin; towards one is refused
// while somebody else could be the second.
func (s *Service) SetOnePerson(ctx context.Context, by Person, on bool) error {
	if !Can(by, ManageSettings, "") {
		return ErrNotFound
	}
	setup, err := s.repo.Setup(ctx)
	if err != nil || setup.OnePerson == on {
		return err
	}
	err = s.repo.SetOnePerson(ctx, on, s.entry(by, audit.SettingsChanged, "one_person", map[string]any{"one_person": on}))
	if errors.Is(err, ErrSecond) {
		return &InputError{"mode", "two_exist"}
	}
	return err
}

// Halt stops sending from every store, with a reason people read; "" lets it go on. While it is stopped the first reason
// stands.
func (s *Service) Halt(ctx context.Context, by Person, reason string) error {
	if !Can(by, FreezeSending, "") {
		return ErrNotFound
	}
	setup, err := s.repo.Setup(ctx)
	if err != nil || (setup.Halted == "") == (reason == "") {
		return err
	}
	action := audit.SendingFrozen
	if reason == "" {
		action = audit.SendingUnfrozen
	}
	return s.repo.SetHalted(ctx, reason, s.entry(by, action, "", map[string]any{"reason": reason}))
}

// AddDirect makes a person at once, for the command line and the demo: whoever runs them owns the machine.
func (s *Service) AddDirect(ctx context.Context, p Person, password string) (Person, error) {
	p.ID, p.MadeAt, p.HasPass = PersonID(s.opts.NewID()), s.opts.Now(), true
	switch {
	case !CheckEmail(p.Email):
		return Person{}, &InputError{"email", "email"}
	case !CheckName(p.Name):
		return Person{}, &InputError{"name", "name"}
	case !validGrants(p.Grants):
		return Person{}, &InputError{"role", "role"}
	}
	hash, err := s.newHash(p, password)
	if err != nil {
		return Person{}, err
	}
	return p, s.repo.AddPerson(ctx, p, "", hash, s.entry(Person{}, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants), "by": "command line"}))
}
