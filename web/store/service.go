package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paywicket/paywicket/providers"
	"github.com/paywicket/paywicket/web/access"
	"github.com/paywicket/paywicket/web/audit"
	"github.com/paywicket/paywicket/web/vault"
)

var (
	// ErrNotFound is returned for a store or account that is missing or outside the caller's stores.
	ErrNotFound = errors.New("store or account not found")
	// ErrAddress is returned for an account whose address is neither built in nor named by the operator any more.
	ErrAddress = errors.New("the provider's address is not known here any more")
)

// Repository keeps stores and accounts. db.Stores is the only implementation. Audit entries are written in the same commit.
type Repository interface {
	AddStore(ctx context.Context, s Store, entries ...audit.Entry) error
	SaveStore(ctx context.Context, s Store, entries ...audit.Entry) error
	Stores(ctx context.Context, r access.Reach) ([]Store, error)

	SaveStoreFreeze(ctx context.Context, s Store, entries ...audit.Entry) error // whether any of its accounts may send

	AddAccount(ctx context.Context, a Account, creds []Credential, entries ...audit.Entry) error
	AddCredentials(ctx context.Context, a Account, creds []Credential, entries ...audit.Entry) error
	SaveCheck(ctx context.Context, a Account, entries ...audit.Entry) error  // when and what the test call said
	SaveFreeze(ctx context.Context, a Account, entries ...audit.Entry) error // whether it may send
	Account(ctx context.Context, r access.Reach, id AccountID) (Account, error)
	AccountByToken(ctx context.Context, token string) (Account, error)
	Accounts(ctx context.Context, r access.Reach) ([]Account, error)
	Credentials(ctx context.Context, id AccountID, version int) ([]Credential, error)

	Heard(ctx context.Context, id AccountID, good, hook time.Time) error // zero: not now
	SaveBalances(ctx context.Context, id AccountID, all []Balance) error

	SaveCalls(ctx context.Context, id AccountID, n Noted) error
	Calls(ctx context.Context, id AccountID, since time.Time) (Calls, error)

	// SaveOffer makes a new version if the digest differs from the latest one's, and returns it as it is kept.
	SaveOffer(ctx context.Context, o Offer) (Offer, error)
	Offers(ctx context.Context, id AccountID, limit int) ([]Offer, error) // the latest first
	SaveMended(ctx context.Context, m Mended, entries ...audit.Entry) error
	Mended(ctx context.Context, id AccountID, method, key string) (Mended, error)  // nothing is no error
	Changed(ctx context.Context, since time.Time) (map[AccountID]time.Time, error) // whose offer changed, and when last
}

// Credential is one stored setting of an account.
type Credential struct {
	Name        string
	Version     int
	Sealed      []byte
	Secret      bool
	Fingerprint string
	SetAt       time.Time
	SetBy       access.PersonID
	SetByName   string // filled in by the repository
}

// Service is everything that may be done to stores and accounts.
type Service struct {
	repo    Repository
	vault   *vault.Vault
	Catalog Catalog
	now     func() time.Time
	newID   func() string
}

// New makes a service. newID gives 26 random letters and digits.
func New(repo Repository, v *vault.Vault, c Catalog, now func() time.Time, newID func() string) *Service {
	return &Service{repo: repo, vault: v, Catalog: c, now: now, newID: newID}
}

func (s *Service) entry(by access.Person, st ID, action audit.Action, subject string, details map[string]any) audit.Entry {
	e := audit.Entry{At: s.now(), Actor: string(by.ID), ActorName: by.Name, Store: string(st), Action: action, Subject: subject, Details: "{}"}
	if by.ID == "" {
		e.Actor, e.ActorName = audit.System, "Paywicket"
	}
	if b, err := json.Marshal(details); err == nil && details != nil {
		e.Details = string(b)
	}
	return e
}

// Stores lists the stores a person has a role in.
func (s *Service) Stores(ctx context.Context, p access.Person) ([]Store, error) {
	return s.repo.Stores(ctx, p.Stores())
}

// Store finds one of them.
func (s *Service) Store(ctx context.Context, p access.Person, id ID) (Store, error) {
	stores, err := s.Stores(ctx, p)
	for _, st := range stores {
		if st.ID == id {
			return st, nil
		}
	}
	return Store{}, errors.Join(err, ErrNotFound)
}

// OpenStore makes a store. Zone is an IANA name.
func (s *Service) OpenStore(ctx context.Context, by access.Person, name, zone string) (Store, error) {
	if !access.CanSomewhere(by, access.ManageStores) {
		return Store{}, ErrNotFound
	}
	st := Store{ID: ID(s.newID()), CreatedAt: s.now()}
	if err := st.set(name, zone); err != nil {
		return Store{}, err
	}
	return st, s.repo.AddStore(ctx, st, s.entry(by, st.ID, audit.StoreOpened, string(st.ID), map[string]any{"name": st.Name}))
}

// RenameStore changes a store's name and time zone.
func (s *Service) RenameStore(ctx context.Context, by access.Person, id ID, name, zone string) error {
	st, err := s.Store(ctx, by, id)
	if err != nil {
		return err
	}
	if !access.Can(by, access.ManageStores, id) {
		return ErrNotFound
	}
	if err := st.set(name, zone); err != nil {
		return err
	}
	return s.repo.SaveStore(ctx, st, s.entry(by, id, audit.StoreRenamed, string(id), map[string]any{"name": st.Name, "zone": st.Zone}))
}

func (st *Store) set(name, zone string) error {
	st.Name, st.Zone = strings.TrimSpace(name), zone
	if st.Name == "" || len(st.Name) > 100 {
		return &InputError{Field: "name", Key: "check.required"}
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return &InputError{Field: "zone", Key: "check.unknown_option"}
	}
	return nil
}

// InputError is one value that does not pass; Key is a message key.
type InputError struct {
	Field, Key string
	Args       map[string]any
}

func (e *InputError) Error() string { return e.Field + ": " + e.Key }

// InputErrors is everything that does not pass.
type InputErrors []*InputError

func (e InputErrors) Error() string { return fmt.Sprintf("%d values do not pass", len(e)) }

// Connection is what somebody types to connect an account.
type Connection struct {
	Store    ID
	Provider string
	Live     bool
	Address  string // name of one of the provider's addresses
	Label    string
	Settings map[string]string
}

// Connect stores an account with its settings sealed. What does not pass comes back as InputErrors.
func (s *Service) Connect(ctx context.Context, by access.Person, c Connection) (Account, error) {
	if !access.Can(by, access.ManageAccounts, c.Store) {
		return Account{}, ErrNotFound
	}
	if _, err := s.Store(ctx, by, c.Store); err != nil {
		return Account{}, err
	}
	def, clean, err := s.checkConnection(&c)
	if err != nil {
		return Account{}, err
	}
	a := Account{ID: AccountID(s.newID()), Store: c.Store, Provider: c.Provider, Label: c.Label, Live: c.Live, Address: c.Address,
		Token: s.newID(), Version: 1, CreatedAt: s.now(), CreatedBy: by.ID}
	creds, err := s.seal(by, a, def, clean)
	if err != nil {
		return Account{}, err
	}
	return a, s.repo.AddAccount(ctx, a, creds, s.entry(by, a.Store, audit.AccountConnected, string(a.ID), map[string]any{
		"provider": a.Provider, "label": a.Label, "mode": modeOf(a.Live), "address": a.Address, "version": a.Version}))
}

func (s *Service) checkConnection(c *Connection) (providers.Definition, map[string]string, error) {
	var wrong InputErrors
	def, ok := s.Catalog.Definition(c.Provider)
	if !ok {
		return def, nil, InputErrors{{Field: "provider", Key: "check.unknown_option"}}
	}
	if c.Label = strings.TrimSpace(c.Label); c.Label == "" || len(c.Label) > 100 {
		wrong = append(wrong, &InputError{Field: "label", Key: "check.required"})
	}
	addresses := s.Catalog.Addresses(c.Provider, c.Live)
	if c.Address == "" && len(addresses) > 0 {
		c.Address = addresses[0].Name
	}
	if _, ok := s.Catalog.Address(Account{Provider: c.Provider, Live: c.Live, Address: c.Address}); !ok {
		wrong = append(wrong, &InputError{Field: "address", Key: "accounts.error.address"})
	}
	clean, problems := providers.CheckAll(def.Settings, c.Settings)
	for _, e := range problems {
		wrong = append(wrong, &InputError{Field: "settings[" + e.Field + "]", Key: "check." + e.Code, Args: e.Args})
	}
	if len(wrong) > 0 {
		return def, nil, wrong
	}
	return def, clean, nil
}

func modeOf(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// Place is where a setting of an account is sealed for.
func Place(a Account, field string, version int) vault.Place {
	return vault.Place{Table: "credentials", Row: string(a.ID), Store: string(a.Store), Account: string(a.ID),
		Provider: a.Provider, Mode: modeOf(a.Live), Field: field, Version: version}
}

func (s *Service) seal(by access.Person, a Account, def providers.Definition, values map[string]string) ([]Credential, error) {
	var creds []Credential
	for _, f := range def.Settings {
		value := values[f.Name]
		sealed, err := s.vault.Seal([]byte(value), Place(a, f.Name, a.Version))
		if err != nil {
			return nil, fmt.Errorf("seal setting %s of account %s: %w", f.Name, a.ID, err)
		}
		c := Credential{Name: f.Name, Version: a.Version, Sealed: sealed, Secret: f.Type == providers.Secret, SetAt: s.now(), SetBy: by.ID}
		if c.Secret && value != "" {
			c.Fingerprint = s.vault.Fingerprint(value, a.Provider+"|"+f.Name)
		}
		creds = append(creds, c)
	}
	return creds, nil
}

// ReplaceSettings makes a new version of an account's settings. A secret left empty keeps its value. Payouts that were
// approved with the old version have to be approved again.
func (s *Service) ReplaceSettings(ctx context.Context, by access.Person, id AccountID, typed map[string]string) (Account, error) {
	a, err := s.Account(ctx, by, access.ManageAccounts, id)
	if err != nil {
		return a, err
	}
	def, ok := s.Catalog.Definition(a.Provider)
	if !ok {
		return a, ErrNotFound
	}
	values, err := s.keepSecrets(ctx, a, def, typed)
	if err != nil {
		return a, err
	}
	clean, problems := providers.CheckAll(def.Settings, values)
	var wrong InputErrors
	for _, e := range problems {
		wrong = append(wrong, &InputError{Field: "settings[" + e.Field + "]", Key: "check." + e.Code, Args: e.Args})
	}
	if len(wrong) > 0 {
		return a, wrong
	}
	return s.addVersion(ctx, by, a, def, clean)
}

// keepSecrets fills in the secrets that were left empty. The old settings are opened only if one is: where every secret is
// typed again, damaged ones do not stand in the way.
func (s *Service) keepSecrets(ctx context.Context, a Account, def providers.Definition, typed map[string]string) (map[string]string, error) {
	values, left := map[string]string{}, []string{}
	for _, f := range def.Settings {
		if values[f.Name] = typed[f.Name]; f.Type == providers.Secret && strings.TrimSpace(typed[f.Name]) == "" {
			left = append(left, f.Name)
		}
	}
	if len(left) == 0 {
		return values, nil
	}
	old, err := s.Settings(ctx, a, a.Version)
	if errors.Is(err, vault.ErrSealed) {
		return values, s.typeAgain(ctx, a, left, err)
	}
	for _, name := range left {
		values[name] = old.Get(name)
	}
	return values, err
}

// typeAgain asks for the secrets that are stored but cannot be kept, because damaged settings do not open.
func (s *Service) typeAgain(ctx context.Context, a Account, left []string, cause error) error {
	creds, err := s.repo.Credentials(ctx, a.ID, a.Version)
	var wrong InputErrors
	for _, c := range creds {
		if slices.Contains(left, c.Name) && c.Fingerprint != "" {
			wrong = append(wrong, &InputError{Field: "settings[" + c.Name + "]", Key: "check.damaged"})
		}
	}
	if err != nil || len(wrong) == 0 {
		return err
	}
	return errors.Join(wrong, cause)
}

func (s *Service) addVersion(ctx context.Context, by access.Person, a Account, def providers.Definition, clean map[string]string) (Account, error) {
	a.Version++
	creds, err := s.seal(by, a, def, clean)
	if err != nil {
		return a, err
	}
	return a, s.repo.AddCredentials(ctx, a, creds, s.entry(by, a.Store, audit.AccountKeysReplaced, string(a.ID), map[string]any{"version": a.Version}))
}

// Settings opens an account's settings of a version. Only what talks to the provider may call it.
func (s *Service) Settings(ctx context.Context, a Account, version int) (providers.Settings, error) {
	creds, err := s.repo.Credentials(ctx, a.ID, version)
	if err != nil {
		return providers.Settings{}, err
	}
	if len(creds) == 0 {
		return providers.Settings{}, fmt.Errorf("account %s has no settings of version %d", a.ID, version)
	}
	values := map[string]string{}
	for _, c := range creds {
		plain, err := s.vault.Unseal(c.Sealed, Place(a, c.Name, version))
		if err != nil {
			return providers.Settings{}, fmt.Errorf("open setting %s of account %s: %w", c.Name, a.ID, err)
		}
		values[c.Name] = string(plain)
	}
	return providers.NewSettings(values), nil
}

// SettingsSince is when the settings in use were stored.
func (s *Service) SettingsSince(ctx context.Context, a Account) (time.Time, error) {
	creds, err := s.repo.Credentials(ctx, a.ID, a.Version)
	if err != nil || len(creds) == 0 {
		return time.Time{}, err
	}
	return creds[0].SetAt, nil
}

// Secrets lists the secret values of an account's settings, for masking them in what is recorded.
func (s *Service) Secrets(def providers.Definition, set providers.Settings) []string {
	var all []string
	for _, f := range def.Settings {
		if v := set.Get(f.Name); f.Type == providers.Secret && v != "" {
			all = append(all, v)
		}
	}
	return all
}

// Shown is what a page may show of an account's settings: no secret, only when, by whom, a keyed fingerprint and that one is
// damaged, so that it can be typed again. What is
// no secret is said by the company's definition; the row alone cannot make one visible.
func (s *Service) Shown(ctx context.Context, a Account) ([]Setting, error) {
	creds, err := s.repo.Credentials(ctx, a.ID, a.Version)
	if err != nil {
		return nil, err
	}
	def, _ := s.Catalog.Definition(a.Provider)
	var all []Setting
	for _, c := range creds {
		set := Setting{Name: c.Name, Fingerprint: c.Fingerprint, Version: c.Version, SetAt: c.SetAt, SetBy: c.SetBy, SetByName: c.SetByName}
		plain, err := s.vault.Unseal(c.Sealed, Place(a, c.Name, a.Version))
		if set.Damaged = err != nil; set.Damaged {
			set.Fingerprint = "" // of what is there no longer
		}
		if !c.Secret && slices.ContainsFunc(def.Settings, func(f providers.Field) bool { return f.Name == c.Name && f.Type != providers.Secret }) {
			set.Value = string(plain)
		}
		all = append(all, set)
	}
	return all, nil
}

// Account finds an account in a store where the person has the permission.
func (s *Service) Account(ctx context.Context, by access.Person, perm access.Permission, id AccountID) (Account, error) {
	return s.repo.Account(ctx, access.ReachOf(by, perm), id)
}

// AccountOf finds an account of a store, for jobs.
func (s *Service) AccountOf(ctx context.Context, st ID, id AccountID) (Account, error) {
	return s.repo.Account(ctx, access.Reach{IDs: []access.StoreID{st}}, id)
}

// AccountByToken finds the account behind a webhook address.
func (s *Service) AccountByToken(ctx context.Context, token string) (Account, error) {
	return s.repo.AccountByToken(ctx, token)
}

// Accounts lists the accounts of the stores where the person has the permission.
func (s *Service) Accounts(ctx context.Context, by access.Person, perm access.Permission) ([]Account, error) {
	return s.repo.Accounts(ctx, access.ReachOf(by, perm))
}

// AllAccounts lists every account, for jobs.
func (s *Service) AllAccounts(ctx context.Context) ([]Account, error) {
	return s.repo.Accounts(ctx, access.Reach{All: true})
}

// Checked keeps what a test call said; cause nil means that it worked.
func (s *Service) Checked(ctx context.Context, by access.Person, a Account, cause error) error {
	a.CheckedAt, a.CheckErr = s.now(), ""
	if cause != nil {
		a.CheckErr = s.masked(ctx, a, words(a, cause))
	}
	return s.repo.SaveCheck(ctx, a, s.entry(by, a.Store, audit.AccountTested, string(a.ID), map[string]any{"ok": cause == nil}))
}

// masked takes an account's secrets out of a company's words: some echo a key that they refuse.
func (s *Service) masked(ctx context.Context, a Account, text string) string {
	def, _ := s.Catalog.Definition(a.Provider)
	set, err := s.Settings(ctx, a, a.Version)
	if err != nil {
		return text // a company that was not asked has echoed nothing
	}
	for _, secret := range s.Secrets(def, set) {
		text = strings.ReplaceAll(text, secret, "[secret]")
	}
	return text
}

func words(a Account, err error) string {
	e, ok := errors.AsType[*providers.Error](err)
	switch {
	case !ok:
		return "error"
	case e.Message == "":
		return e.Code
	case isOwnCode(a, e.Code):
		return e.Code + codeAndWords + e.Message
	default:
		return e.Message
	}
}

// Balances keeps what the provider said could be paid out.
func (s *Service) Balances(ctx context.Context, a Account, all []Balance) error {
	return s.repo.SaveBalances(ctx, a.ID, all)
}

// Heard keeps when the provider last answered as it should, or sent a webhook that was genuine. Zero times are left as they are.
func (s *Service) Heard(ctx context.Context, id AccountID, good, hook time.Time) error {
	return s.repo.Heard(ctx, id, good, hook)
}

// Note keeps what was seen of an account's calls.
func (s *Service) Note(ctx context.Context, id AccountID, n Noted) error {
	return s.repo.SaveCalls(ctx, id, n)
}

// Calls counts an account's calls of the last day.
func (s *Service) Calls(ctx context.Context, id AccountID) (Calls, error) {
	return s.repo.Calls(ctx, id, s.now().Add(-24*time.Hour))
}
