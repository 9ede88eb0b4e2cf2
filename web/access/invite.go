package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/web/audit"
)

// InputError is a refusal of what was typed. The sentence is in the catalogs under "access.<code>".
type InputError struct{ Field, Code string }

func (e *InputError) Error() string { return e.Field + " is " + e.Code }

// Invite makes a link that lets somebody in with a role. While two super admins exist and the installation is in
// two-person mode, another super admin has to confirm it before the link works: giving a right loosens the guard.
// The token is returned once and kept only as a hash.
func (s *Service) Invite(ctx context.Context, by Person, email, name string, grants []Grant) (string, Invitation, error) {
	if !Can(by, ManagePeople, "") {
		return "", Invitation{}, ErrNotFound
	}
	email, name = strings.TrimSpace(email), strings.TrimSpace(name)
	switch {
	case !CheckEmail(email):
		return "", Invitation{}, &InputError{"email", "email"}
	case name == "" || len(name) > 120:
		return "", Invitation{}, &InputError{"name", "name"}
	case !validGrants(grants):
		return "", Invitation{}, &InputError{"role", "role"}
	}
	if p, err := s.repo.ByEmail(ctx, email); err == nil && !p.Disabled {
		return "", Invitation{}, &InputError{"email", "taken"}
	} else if err != nil && !errors.Is(err, ErrNotFound) {
		return "", Invitation{}, err
	}
	return s.addInvitation(ctx, by, Invitation{Email: email, Name: name, Grants: grants})
}

func validGrants(grants []Grant) bool {
	return len(grants) > 0 && !slices.ContainsFunc(grants, func(g Grant) bool {
		return !slices.Contains(Roles(), g.Role) || (g.Role == SuperAdmin) != (g.Store == "")
	})
}

// OfferRole asks for a further role for somebody who is in already; it counts once it is confirmed, at once if nobody
// has to.
func (s *Service) OfferRole(ctx context.Context, by Person, id PersonID, grants []Grant) (Invitation, error) {
	p, err := s.repo.Person(ctx, id)
	if err != nil {
		return Invitation{}, err
	}
	if !Can(by, ManagePeople, "") || !validGrants(grants) {
		return Invitation{}, &InputError{"role", "role"}
	}
	_, i, err := s.addInvitation(ctx, by, Invitation{Email: p.Email, Name: p.Name, Grants: grants, Person: id})
	if err != nil || i.Waiting() {
		return i, err
	}
	return i, s.applyGrants(ctx, by, i)
}

// OfferPassword makes a link with which somebody sets a new password; the authenticator stays as it is.
func (s *Service) OfferPassword(ctx context.Context, by Person, id PersonID) (string, Invitation, error) {
	p, err := s.repo.Person(ctx, id)
	if err != nil {
		return "", Invitation{}, err
	}
	if !Can(by, ManagePeople, "") || p.Disabled || p.External {
		return "", Invitation{}, ErrNotFound
	}
	return s.addInvitation(ctx, by, Invitation{Email: p.Email, Name: p.Name, Person: id})
}

func (s *Service) addInvitation(ctx context.Context, by Person, i Invitation) (string, Invitation, error) {
	needs, err := s.needsSecond(ctx)
	if err != nil {
		return "", Invitation{}, err
	}
	token := s.opts.NewID()
	now := s.opts.Now()
	i.TokenHash, i.By, i.ByName, i.NeedsSecond = hashToken(token), by.ID, by.Name, needs
	i.CreatedAt, i.ExpiresAt = now, now.Add(InvitationLife)
	err = s.repo.AddInvitation(ctx, i, s.entry(by, audit.PersonInvited, string(i.Person), map[string]any{
		"email": i.Email, "roles": grantWords(i.Grants), "needs_second": needs}))
	return token, i, err
}

func grantWords(grants []Grant) []string {
	words := make([]string, len(grants))
	for i, g := range grants {
		words[i] = strings.TrimSuffix(string(g.Role)+" "+string(g.Store), " ")
	}
	return words
}

// needsSecond reports whether giving a right takes two super admins now.
func (s *Service) needsSecond(ctx context.Context) (bool, error) {
	setup, err := s.repo.Setup(ctx)
	if err != nil || setup.OnePerson {
		return false, err
	}
	n, err := s.countSupers(ctx)
	return n >= 2, err
}

func (s *Service) countSupers(ctx context.Context) (int, error) {
	people, err := s.repo.People(ctx)
	n := 0
	for _, p := range people {
		if p.IsSuper() {
			n++
		}
	}
	return n, err
}

// Invitations lists the open ones.
func (s *Service) Invitations(ctx context.Context) ([]Invitation, error) {
	return s.repo.Invitations(ctx)
}

// ConfirmInvitation is the second super admin's yes.
func (s *Service) ConfirmInvitation(ctx context.Context, by Person, tokenHash string) error {
	i, err := s.openInvitation(ctx, tokenHash)
	if err != nil {
		return err
	}
	if !Can(by, ManagePeople, "") || by.ID == i.By || by.ID == i.Person || !i.Waiting() {
		return &InputError{"person", "second"}
	}
	i.ConfirmedBy, i.ConfirmedAt = by.ID, s.opts.Now()
	if err := s.repo.SaveInvitation(ctx, i, s.entry(by, audit.PersonInviteConfirmed, string(i.Person), map[string]any{"email": i.Email})); err != nil {
		return err
	}
	if i.Person != "" && len(i.Grants) > 0 {
		return s.applyGrants(ctx, by, i)
	}
	return nil
}

// RevokeInvitation makes a link useless.
func (s *Service) RevokeInvitation(ctx context.Context, by Person, tokenHash string) error {
	i, err := s.openInvitation(ctx, tokenHash)
	if err != nil {
		return err
	}
	if !Can(by, ManagePeople, "") {
		return ErrNotFound
	}
	i.RevokedAt = s.opts.Now()
	return s.repo.SaveInvitation(ctx, i, s.entry(by, audit.PersonInviteRevoked, string(i.Person), map[string]any{"email": i.Email}))
}

func (s *Service) openInvitation(ctx context.Context, tokenHash string) (Invitation, error) {
	i, err := s.repo.Invitation(ctx, tokenHash)
	if err != nil {
		return i, err
	}
	if !i.UsedAt.IsZero() || !i.RevokedAt.IsZero() || s.opts.Now().After(i.ExpiresAt) {
		return i, ErrNotFound
	}
	return i, nil
}

func (s *Service) applyGrants(ctx context.Context, by Person, i Invitation) error {
	p, err := s.repo.Person(ctx, i.Person)
	if err != nil {
		return err
	}
	for _, g := range i.Grants {
		if !slices.Contains(p.Grants, g) {
			p.Grants = append(p.Grants, g)
		}
	}
	i.UsedAt = s.opts.Now()
	return errors.Join(
		s.repo.SavePerson(ctx, p, s.entry(by, audit.PersonRoleGranted, string(p.ID), map[string]any{"roles": grantWords(i.Grants)})),
		s.repo.SaveInvitation(ctx, i),
		s.repo.EndLogins(ctx, p.ID, "", "", i.UsedAt), // rights changed: sign in again
	)
}

// Invited is the invitation behind a link: ErrNotFound if it is used, revoked, too old or not confirmed yet.
func (s *Service) Invited(ctx context.Context, token string) (Invitation, error) {
	i, err := s.openInvitation(ctx, hashToken(token))
	if err == nil && i.Waiting() {
		return i, ErrNotFound
	}
	return i, err
}

// Join lets somebody in by a link, or sets the new password of somebody who is in.
func (s *Service) Join(ctx context.Context, token, name, password string) (Person, error) {
	i, err := s.Invited(ctx, token)
	if err != nil {
		return Person{}, err
	}
	if i.Person != "" {
		return s.rejoin(ctx, i, password)
	}
	now := s.opts.Now()
	p := Person{ID: PersonID(s.opts.NewID()), Email: i.Email, Name: strings.TrimSpace(name), Grants: i.Grants, MadeAt: now, HasPass: true}
	if p.Name == "" {
		p.Name = i.Name
	}
	if err := CheckPassword(password, p); err != nil {
		return Person{}, err
	}
	hash, err := s.hasher.hash(password)
	if err != nil {
		return Person{}, err
	}
	i.UsedAt, i.Person = now, p.ID
	if err := s.repo.SaveInvitation(ctx, i); err != nil {
		return Person{}, err
	}
	return p, s.repo.AddPerson(ctx, p, "", hash, s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants), "invited_by": string(i.By)}))
}

func (s *Service) rejoin(ctx context.Context, i Invitation, password string) (Person, error) {
	p, err := s.repo.Person(ctx, i.Person)
	if err != nil {
		return Person{}, err
	}
	if p.Disabled {
		return Person{}, ErrNotFound
	}
	if err := s.setPassword(ctx, p, password, ""); err != nil {
		return Person{}, err
	}
	i.UsedAt = s.opts.Now()
	return p, s.repo.SaveInvitation(ctx, i)
}

// Disable shuts somebody out at once. The last super admin stays.
func (s *Service) Disable(ctx context.Context, by Person, id PersonID) error {
	p, err := s.repo.Person(ctx, id)
	if err != nil {
		return err
	}
	if !Can(by, ManagePeople, "") || p.Disabled {
		return ErrNotFound
	}
	if err := s.mayLose(ctx, p); err != nil {
		return err
	}
	now := s.opts.Now()
	if err := s.repo.Disable(ctx, id, now, s.entry(by, audit.PersonDisabled, string(id), map[string]any{"email": p.Email})); err != nil {
		return err
	}
	return s.repo.EndLogins(ctx, id, "", "", now)
}

func (s *Service) mayLose(ctx context.Context, p Person) error {
	if !p.IsSuper() {
		return nil
	}
	n, err := s.countSupers(ctx)
	if err == nil && n <= 1 {
		return ErrLastSuper
	}
	return err
}

// TakeRole takes one role away, at once: tightening needs no second person.
func (s *Service) TakeRole(ctx context.Context, by Person, id PersonID, g Grant) error {
	p, err := s.repo.Person(ctx, id)
	if err != nil {
		return err
	}
	if !Can(by, ManagePeople, "") || !slices.Contains(p.Grants, g) {
		return ErrNotFound
	}
	if g.Role == SuperAdmin {
		if err := s.mayLose(ctx, p); err != nil {
			return err
		}
	}
	p.Grants = slices.DeleteFunc(p.Grants, func(h Grant) bool { return h == g })
	if err := s.repo.SavePerson(ctx, p, s.entry(by, audit.PersonRoleRevoked, string(id), map[string]any{"roles": grantWords([]Grant{g})})); err != nil {
		return err
	}
	return s.repo.EndLogins(ctx, id, "", "", s.opts.Now())
}

// SelfGrant gives the person who opened a store its merchant admin's role.
func (s *Service) SelfGrant(ctx context.Context, p Person, st StoreID) error {
	if p.IsSuper() {
		return nil
	}
	p.Grants = append(p.Grants, Grant{Role: MerchantAdmin, Store: st})
	return s.repo.SavePerson(ctx, p, s.entry(p, audit.PersonRoleGranted, string(p.ID), map[string]any{"roles": grantWords(p.Grants[len(p.Grants)-1:])}))
}

// Identity is whom a host program says a request comes from.
type Identity struct {
	Subject string // stable and never reused: what the host calls this person
	Name    string
	Email   string
	Role    Role
	Stores  []StoreID // ids of stores, for the roles that have some
}

// External is the person of a host program's identity; the first time it makes one. The roles are the host's to give.
func (s *Service) External(ctx context.Context, id Identity) (Person, error) {
	if id.Subject == "" || !slices.Contains(Roles(), id.Role) {
		return Person{}, ErrNotFound
	}
	grants := []Grant{{Role: SuperAdmin}}
	if id.Role != SuperAdmin {
		grants = nil
		for _, st := range id.Stores {
			grants = append(grants, Grant{Role: id.Role, Store: st})
		}
	}
	p, err := s.repo.BySubject(ctx, id.Subject)
	if errors.Is(err, ErrNotFound) {
		p = Person{ID: PersonID(s.opts.NewID()), Email: id.Email, Name: id.Name, Grants: grants, External: true, MadeAt: s.opts.Now()}
		return p, s.repo.AddPerson(ctx, p, id.Subject, "", s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{
			"email": p.Email, "roles": grantWords(grants), "subject": id.Subject}))
	}
	if err != nil || p.Disabled {
		return Person{}, errors.Join(err, errIf(p.Disabled, ErrNotFound))
	}
	if slices.Equal(p.Grants, grants) && p.Name == id.Name && p.Email == id.Email {
		return p, nil
	}
	p.Grants, p.Name, p.Email = grants, id.Name, id.Email
	return p, s.repo.SavePerson(ctx, p, s.entry(p, audit.PersonRoleGranted, string(p.ID), map[string]any{"roles": grantWords(grants), "by": "host"}))
}

func errIf(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

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
	setup.TokenHash = hashToken(token)
	return token, s.repo.SaveSetup(ctx, setup)
}

// First is what the set-up asks for.
type First struct {
	Token, Name, Email, Password string
	OnePerson                    bool
}

// FinishSetup makes the first super admin. The link then is used up. ErrNotFound: the link is not the one printed.
func (s *Service) FinishSetup(ctx context.Context, in First) (Person, error) {
	setup, err := s.repo.Setup(ctx)
	if err != nil {
		return Person{}, err
	}
	if setup.Done || in.Token == "" || setup.TokenHash != hashToken(in.Token) {
		return Person{}, ErrNotFound
	}
	p := Person{ID: PersonID(s.opts.NewID()), Email: strings.TrimSpace(in.Email), Name: strings.TrimSpace(in.Name),
		Grants: []Grant{{Role: SuperAdmin}}, MadeAt: s.opts.Now(), HasPass: true}
	switch {
	case !CheckEmail(p.Email):
		return Person{}, &InputError{"email", "email"}
	case p.Name == "" || len(p.Name) > 120:
		return Person{}, &InputError{"name", "name"}
	}
	if err := CheckPassword(in.Password, p); err != nil {
		return Person{}, err
	}
	return p, s.finish(ctx, setup, p, in)
}

func (s *Service) finish(ctx context.Context, setup Setup, p Person, in First) error {
	hash, err := s.hasher.hash(in.Password)
	if err != nil {
		return err
	}
	setup.Done, setup.OnePerson, setup.TokenHash = true, in.OnePerson, ""
	if err := s.repo.SaveSetup(ctx, setup, s.entry(p, audit.SetupDone, "", map[string]any{"one_person": in.OnePerson})); err != nil {
		return err
	}
	return s.repo.AddPerson(ctx, p, "", hash, s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants)}))
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
	if on {
		if n, err := s.countSupers(ctx); err != nil {
			return err
		} else if n > 1 {
			return &InputError{"mode", "two_exist"}
		}
	}
	setup.OnePerson = on
	return s.repo.SaveSetup(ctx, setup, s.entry(by, audit.SettingsChanged, "one_person", map[string]any{"one_person": on}))
}

// AddDirect makes a person at once, for the command line and the demo: whoever runs them owns the machine.
func (s *Service) AddDirect(ctx context.Context, p Person, password string) (Person, error) {
	p.ID, p.MadeAt, p.HasPass = PersonID(s.opts.NewID()), s.opts.Now(), true
	if !CheckEmail(p.Email) {
		return Person{}, &InputError{"email", "email"}
	}
	if !validGrants(p.Grants) {
		return Person{}, &InputError{"role", "role"}
	}
	if err := CheckPassword(password, p); err != nil {
		return Person{}, err
	}
	hash, err := s.hasher.hash(password)
	if err != nil {
		return Person{}, err
	}
	return p, s.repo.AddPerson(ctx, p, "", hash, s.entry(Person{}, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants), "by": "command line"}))
}
