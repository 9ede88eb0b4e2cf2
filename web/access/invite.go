package access

import (
	"context"
	"errors"
	"slices"
	"strings"

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
	case !CheckName(name):
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
// has to. The roles of people whom a host program vouches for are the host's to give.
func (s *Service) OfferRole(ctx context.Context, by Person, id PersonID, grants []Grant) (Invitation, error) {
	p, err := s.repo.Person(ctx, id)
	if err != nil {
		return Invitation{}, err
	}
	if !Can(by, ManagePeople, "") || p.Disabled || p.External {
		return Invitation{}, ErrNotFound
	}
	if !validGrants(grants) {
		return Invitation{}, &InputError{"role", "role"}
	}
	_, i, err := s.addInvitation(ctx, by, Invitation{Email: p.Email, Name: p.Name, Grants: grants, Person: id})
	if err != nil || i.Waiting() {
		return i, err
	}
	i.UsedAt = s.opts.Now()
	return i, s.repo.GrantInvited(ctx, i, s.granted(by, i))
}

func (s *Service) granted(by Person, i Invitation) audit.Entry {
	return s.entry(by, audit.PersonRoleGranted, string(i.Person), map[string]any{"roles": grantWords(i.Grants), "asked_by": string(i.By)})
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
	if err != nil {
		return "", Invitation{}, err
	}
	i, err = s.repo.Invitation(ctx, i.TokenHash) // a second super admin may have come in meanwhile
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
	entries := []audit.Entry{s.entry(by, audit.PersonInviteConfirmed, string(i.Person), map[string]any{"email": i.Email})}
	if i.Person != "" && len(i.Grants) > 0 {
		i.UsedAt = i.ConfirmedAt
		entries = append(entries, s.granted(by, i))
	}
	return s.repo.ConfirmInvitation(ctx, i, entries...)
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
	return s.repo.RevokeInvitation(ctx, tokenHash, s.opts.Now(), s.entry(by, audit.PersonInviteRevoked, string(i.Person), map[string]any{"email": i.Email}))
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
	if !CheckName(p.Name) {
		return Person{}, &InputError{"name", "name"}
	}
	hash, err := s.newHash(p, password)
	if err != nil {
		return Person{}, err
	}
	i.UsedAt, i.Person = now, p.ID
	return p, s.repo.Join(ctx, i, p, hash, s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants), "invited_by": string(i.By)}))
}

func (s *Service) rejoin(ctx context.Context, i Invitation, password string) (Person, error) {
	p, err := s.repo.Person(ctx, i.Person)
	if err != nil {
		return Person{}, err
	}
	if p.Disabled || len(i.Grants) > 0 { // roles are given by confirming, not by a link
		return Person{}, ErrNotFound
	}
	hash, err := s.newHash(p, password)
	if err != nil {
		return Person{}, err
	}
	i.UsedAt = s.opts.Now()
	return p, s.repo.Rejoin(ctx, i, hash, s.entry(p, audit.PersonPasswordChanged, string(p.ID), map[string]any{"invited_by": string(i.By)}))
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
	return s.repo.Disable(ctx, id, s.opts.Now(), s.entry(by, audit.PersonDisabled, string(id), map[string]any{"email": p.Email}))
}

// TakeRole takes one role away, at once: tightening needs no second person.
func (s *Service) TakeRole(ctx context.Context, by Person, id PersonID, g Grant) error {
	if !Can(by, ManagePeople, "") {
		return ErrNotFound
	}
	return s.repo.TakeGrant(ctx, id, g, s.opts.Now(), s.entry(by, audit.PersonRoleRevoked, string(id), map[string]any{"roles": grantWords([]Grant{g})}))
}

// SelfGrant gives the person who opened a store its merchant admin's role.
func (s *Service) SelfGrant(ctx context.Context, p Person, st StoreID) error {
	if p.IsSuper() {
		return nil
	}
	grants := []Grant{{Role: MerchantAdmin, Store: st}}
	return s.repo.AddGrants(ctx, p.ID, grants, s.entry(p, audit.PersonRoleGranted, string(p.ID), map[string]any{"roles": grantWords(grants)}))
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
	p, err := s.repo.BySubject(ctx, id.Subject)
	if errors.Is(err, ErrNotFound) {
		p, err = s.addExternal(ctx, id)
	}
	if err != nil {
		return Person{}, err
	}
	if p.Disabled {
		return Person{}, ErrNotFound
	}
	grants := id.grants()
	var entries []audit.Entry
	switch {
	case !sameGrants(p.Grants, grants):
		entries = append(entries, s.entry(p, audit.PersonRoleGranted, string(p.ID), map[string]any{"roles": grantWords(grants), "by": "host"}))
	case p.Name == id.Name && p.Email == id.Email:
		return p, nil
	}
	p.Grants, p.Name, p.Email = grants, id.Name, id.Email
	return p, s.repo.SaveExternal(ctx, p, entries...)
}

// addExternal makes the person of an identity, unless another request has just made it.
func (s *Service) addExternal(ctx context.Context, id Identity) (Person, error) {
	p := Person{ID: PersonID(s.opts.NewID()), Email: id.Email, Name: id.Name, Grants: id.grants(), External: true, MadeAt: s.opts.Now()}
	err := s.repo.AddPerson(ctx, p, id.Subject, "", s.entry(p, audit.PersonJoined, string(p.ID), map[string]any{
		"email": p.Email, "roles": grantWords(p.Grants), "subject": id.Subject}))
	if errors.Is(err, ErrTaken) {
		return s.repo.BySubject(ctx, id.Subject)
	}
	return p, err
}

func (id Identity) grants() []Grant {
	if id.Role == SuperAdmin {
		return []Grant{{Role: SuperAdmin}}
	}
	var all []Grant
	for _, st := range id.Stores {
		if g := (Grant{Role: id.Role, Store: st}); st != "" && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}

func sameGrants(a, b []Grant) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(g Grant) bool { return !slices.Contains(b, g) })
}

func errIf(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}
