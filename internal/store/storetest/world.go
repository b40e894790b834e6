package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// noon is when the suite's stories begin: whole milliseconds, UTC, as they come back.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// world is a store with one application and one registration in it.
type world struct {
	testing.TB
	*store.Store
	app store.Application
	reg store.Registration
}

func newWorld(t testing.TB, s *store.Store) *world {
	t.Helper()
	w := &world{TB: t, Store: s, app: newApplication()}
	w.ok(s.CreateApplication(t.Context(), w.app, newSecret(w.app.ID, noon)))
	w.reg = newRegistration(w.app.ID, "google-client")
	w.ok(s.SaveRegistration(t.Context(), w.reg))
	return w
}

func (w *world) ctx() context.Context { return w.Context() }

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// is checks that err is the sentinel want.
func (w *world) is(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("error = %v, want %v", err, want)
	}
}

// withoutVersions leaves out what the store alone counts; testAccountVersions has
// it.
var withoutVersions = cmpopts.IgnoreFields(account.Account{}, "CredentialGeneration", "RegistrationRevision")

func equal[T any](t testing.TB, got, want T) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), withoutVersions); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

// must takes the two results of a read.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func hashOf(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

func newApplication() store.Application {
	return store.Application{
		Application: account.Application{
			ID: account.NewRecordID(), ClientID: account.NewClientID(), Name: "Notes",
			ReturnURLs: []string{"https://notes.example/back", "http://localhost:3000/back", "com.example.notes:/back"},
			Settings: account.Settings{
				TokenMode: true, CodeLifetime: 90 * time.Second, RevokeOnReplay: true, ProviderAuth: true,
				Origins: []string{"https://spa.example"}, Alias: "https://connect.notes.example", PartialGrant: account.AcceptPartial, CrossSite: true,
				Webhooks: []string{"https://notes.example/hook"},
			},
			Brand:     brand.Brand{Color: "#ffd200", ColorDark: "#000000", PrivacyURL: "https://notes.example/privacy", TermsURL: "https://notes.example/terms"},
			CreatedAt: noon, UpdatedAt: noon,
		},
		DataKey: []byte("application key"),
	}
}

func newSecret(applicationID string, at time.Time) store.ApplicationSecret {
	id := account.NewRecordID()
	return store.ApplicationSecret{ID: id, ApplicationID: applicationID, Hash: hashOf(id), Sealed: []byte("sealed " + id), CreatedAt: at}
}

func newRegistration(applicationID, clientID string) store.Registration {
	return store.Registration{
		Registration: account.Registration{
			ID: account.NewRecordID(), ApplicationID: applicationID, ServiceType: account.Google, ClientID: clientID,
			Scopes: []scope.Scope{scope.MailRead, scope.CalendarRead}, NativeScopes: []string{"https://provider.example/auth/mail"},
			Endpoints:   account.Endpoints{Authorize: "http://127.0.0.1:1/authorize", API: "http://127.0.0.1:1", Issuer: "http://127.0.0.1:1"},
			CallbackURL: "https://notes.example/relay", UnboundBrowser: true, Current: true, CreatedAt: noon, UpdatedAt: noon,
			SecretExpires: noon.Add(730 * 24 * time.Hour),
		},
		DataKey: []byte("registration key"), Sealed: []byte("sealed client secrets"),
	}
}

// otherApplication has a registration of the very same client at the provider.
func (w *world) otherApplication() (applicationID, registrationID string) {
	w.Helper()
	app := newApplication()
	w.ok(w.CreateApplication(w.ctx(), app))
	reg := newRegistration(app.ID, w.reg.ClientID)
	w.ok(w.SaveRegistration(w.ctx(), reg))
	return app.ID, reg.ID
}

func (w *world) newAttempt() store.Attempt {
	id := account.NewRecordID()
	return store.Attempt{
		ID: id, StateHash: hashOf(id), ApplicationID: w.app.ID, RegistrationID: w.reg.ID, ServiceType: account.Google,
		BrowserHash: hashOf("browser"), Verifier: []byte("sealed verifier"), ReturnURL: "https://notes.example/back", State: "s-1",
		RedirectURI: "https://connect.notes.example/v1/auth/callback", ServerURL: "mail.notes.example", Issuer: "https://avain.example",
		PlaceAccounts: "https://sts.example", PlaceAPI: "https://notes.example/sugar",
		TokenMode: true, Scopes: []scope.Scope{scope.MailRead}, NativeScopes: []string{"native.one", "native.two"},
		AccountID: 77, ClientOrgID: "org-1", LoginHint: "ada@example.com", Prompt: "consent", AuthEmail: "ada@example.com",
		Challenge: "challenge", PartialGrant: account.RefusePartial, EnsureAccess: true, Fresh: true, ConsentForced: true,
		RestAsked: true, RestOf: account.NewRecordID(), LinkGeneration: 3,
		UserRole: account.UserSecondary, UserID: "user-1", Answer: store.AnswerNone, MailboxInfo: "mailbox-1",
		CreatedAt: noon, ExpiresAt: noon.Add(15 * time.Minute),
	}
}

func (w *world) newAccount(subject string) account.Account {
	w.Helper()
	id, err := account.NewID(rand.Reader)
	w.ok(err)
	return account.Account{
		ID: id, ApplicationID: w.app.ID, RegistrationID: w.reg.ID, ServiceType: account.Google, Kind: account.KindPersonal,
		ClientOrgID: "org-1", ParentID: 7, UserID: "user-1", UserRole: account.UserSecondary,
		Identity: account.Identity{
			Subject: subject, OrgID: "example.com", Email: subject + "@example.com", EmailVerified: true, Name: "Name of " + subject,
		},
		LoginString: subject + "@example.com", Scopes: []scope.Scope{scope.MailRead, scope.MailSend},
		NativeScopes: []string{"native.one", "native.two"}, TokenStatus: account.TokenActive, TokenError: "",
		TokenIssuedAt: noon, AuthObtainedAt: noon, AuthExpiresAt: noon.Add(time.Hour), CreatedAt: noon, UpdatedAt: noon,
	}
}

func newCredential() *store.Credential {
	id := account.NewRecordID()
	return &store.Credential{RecordID: id, DataKey: []byte("key " + id), Sealed: []byte("tokens " + id), UpdatedAt: noon}
}

func newToken(a account.Account) store.Token {
	id := account.NewRecordID()
	return store.Token{
		ID: id, Hash: hashOf(id), ApplicationID: a.ApplicationID, AccountID: a.ID,
		Ceiling: []scope.Scope{scope.MailRead}, Limited: true, CreatedAt: noon,
	}
}

func newCode(a account.Account) store.Code {
	id := account.NewRecordID()
	return store.Code{
		Hash: hashOf(id), ApplicationID: a.ApplicationID, AccountID: a.ID, AttemptID: "attempt", Ceiling: []scope.Scope{scope.MailRead},
		Challenge: "challenge", RedirectURI: "https://notes.example/back", CreatedAt: noon, ExpiresAt: noon.Add(time.Minute),
	}
}

// connected saves a new account with a credential of generation 1.
func (w *world) connected(subject string) account.Account {
	w.Helper()
	a := w.newAccount(subject)
	w.ok(w.SaveConnection(w.ctx(), store.Connection{Account: a, New: true, Credential: newCredential()}))
	return a
}

// withToken saves a token of the account.
func (w *world) withToken(a account.Account) store.Token {
	w.Helper()
	t := newToken(a)
	w.ok(w.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 1, Token: &t}))
	return t
}

// withCode saves a code of the account.
func (w *world) withCode(a account.Account) store.Code {
	w.Helper()
	c := newCode(a)
	w.ok(w.SaveConnection(w.ctx(), store.Connection{Account: a, ExpectGeneration: 1, Code: &c}))
	return c
}

// race calls fn n times at once and returns the errors.
func race(n int, fn func(i int) error) []error {
	start, errs := make(chan struct{}), make(chan error, n)
	for i := range n {
		go func() {
			<-start
			errs <- fn(i)
		}()
	}
	close(start)
	all := make([]error, n)
	for i := range all {
		all[i] = <-errs
	}
	return all
}

// oneWins checks that one call went well and all others failed with lost.
func oneWins(t testing.TB, errs []error, lost error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, lost):
			t.Errorf("error = %v, want %v", err, lost)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d calls won, want exactly one", won, len(errs))
	}
}
