package transfer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Bounds of a row's members, in bytes.
const (
	longestText  = 1 << 10
	longestRef   = 256
	longestOrg   = 255
	longestUser  = 128
	longestToken = 64 << 10
	mostScopes   = 512
)

// wanted is a row that has been checked on its own.
type wanted struct {
	line int
	ref  string
	id   account.ID // 0: any
	// account is how it shall be, but for id, user and whatever an existing one has already.
	account account.Account
	info    provider.Info
	port    credential.Portable
}

// checker reads rows. What it has looked up for one it remembers for the next.
type checker struct {
	*Service
	application string // of rows that name none
	takeOver    bool

	applications  map[string]account.Application
	registrations map[registrationRef]credential.Registered
	// Rotating counts what is taken over, by service.
	rotating map[account.ServiceType]int
}

type registrationRef struct {
	application, clientID string
	service               account.ServiceType
}

// check is what the row says; a rejection says why it cannot be.
func (c *checker) check(ctx context.Context, line int, r Row) (wanted, error) {
	w := wanted{line: line, ref: r.Ref, id: account.ID(r.AccountID)}
	if err := r.plain(); err != nil {
		return w, err
	}
	if r.AccountID != 0 {
		if _, err := account.ParseID(w.id.String()); err != nil {
			return w, rejection("accountId: a number from 1 to 2^53-1 is wanted")
		}
	}
	app, err := c.applicationOf(ctx, r.ClientID)
	if err != nil {
		return w, err
	}
	t, ok := c.Providers.Parse(r.ServiceType)
	p, served := c.Providers.Of(t)
	if !ok || !served {
		return w, rejection("serviceType: there is no such service")
	}
	reg, err := c.registrationOf(ctx, registrationRef{app.ID, r.OAuthClientID, t})
	if err != nil {
		return w, err
	}
	w.info = p.Info()
	now := c.Now()
	w.account = account.Account{
		ApplicationID: app.ID, RegistrationID: reg.ID, ServiceType: t, Kind: account.KindPersonal,
		ClientOrgID: r.ClientOrgID, UserID: r.UserID, UserRole: account.UserRole(r.UserAccount),
		CreatedAt: or(r.CreatedAt, now), AuthObtainedAt: or(r.AuthObtainedAt, now), UpdatedAt: now,
	}
	if err := r.checkUser(); err != nil {
		return w, err
	}
	if w.account.TokenStatus, w.account.TokenError, err = r.status(); err != nil {
		return w, err
	}
	unified, err := scope.ParseAll(scope.Split(r.AuthScopes))
	if err != nil {
		return w, rejection("authScopes: one of them is none of Avain's; name the provider's own in authNativeScopes")
	}
	if _, keeps := p.(provider.Signer); keeps {
		err = w.login(p, r)
	} else {
		err = w.tokens(p, reg.Registration, r, unified)
	}
	if err != nil {
		return w, err
	}
	w.account.NativeScopes = w.port.Tokens.NativeScopes
	w.account.Scopes = w.info.Scopes.Unified(w.account.NativeScopes)
	return w, c.takes(w)
}

// takes refuses what two systems at once would kill, unless it was said that this is the only one.
func (c *checker) takes(w wanted) error {
	if w.port.Tokens.Refresh.IsZero() || w.info.RefreshStays || w.info.HonoursReplaced {
		return nil
	}
	if !c.takeOver {
		return rejectf("refreshToken: %s may end it when it is used, so that only one system can hold it: switch the other one off, and say --take-over", w.info.Title)
	}
	c.rotating[w.info.ServiceType]++
	return nil
}

func (c *checker) applicationOf(ctx context.Context, clientID string) (account.Application, error) {
	if clientID == "" {
		clientID = c.application
	}
	if clientID == "" {
		return account.Application{}, rejection("clientId: it is missing: it says which application the account is of")
	}
	if known, ok := c.applications[clientID]; ok {
		if known.ID == "" {
			return known, rejection("clientId: there is no such application")
		}
		return known, nil
	}
	found, err := c.Store.ApplicationByClientID(ctx, clientID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		c.applications[clientID] = account.Application{}
		return account.Application{}, rejection("clientId: there is no such application")
	case err != nil:
		return account.Application{}, err
	}
	c.applications[clientID] = found.Application
	return found.Application, nil
}

func (c *checker) registrationOf(ctx context.Context, ref registrationRef) (credential.Registered, error) {
	const none = rejection("oauthClientId: the application has no such registration; without it, it has none at that service")
	if known, ok := c.registrations[ref]; ok {
		if known.ID == "" {
			return known, none
		}
		return known, nil
	}
	found, err := c.Credentials.RegistrationOf(ctx, ref.application, ref.service, ref.clientID)
	switch {
	case fault.Is(err, fault.ServiceTypeUnavailable):
		c.registrations[ref] = credential.Registered{}
		return found, none
	case err != nil:
		return found, err
	}
	c.registrations[ref] = found
	return found, nil
}

// tokens reads a grant.
func (w *wanted) tokens(p provider.Provider, reg account.Registration, r Row, unified []scope.Scope) error {
	if r.Password != "" || r.ServerInfo != "" || r.Servers != nil {
		return rejection("password: the service has none; it takes refreshToken, and authUserId")
	}
	if _, renews := p.(provider.Refresher); !renews {
		return rejection("serviceType: no tokens can be brought for it")
	}
	if err := w.person(r); err != nil {
		return err
	}
	t := &w.port.Tokens
	t.Refresh, t.Access, t.Tenant = secret.New(string(r.RefreshToken)), secret.New(string(r.AccessToken)), r.Tenant
	switch {
	case t.Refresh.IsZero() && t.Access.IsZero() && w.account.TokenStatus != account.TokenDead:
		return rejection("refreshToken: it is missing")
	case !token(r.RefreshToken):
		return rejection("refreshToken: it holds characters that no token has, or is too long")
	case !token(r.AccessToken):
		return rejection("accessToken: it holds characters that no token has, or is too long")
	}
	if w.info.TenantIsOrg && t.Tenant == "" {
		t.Tenant = w.account.Identity.OrgID
	}
	native := r.AuthNativeScopes
	if native == nil && len(unified) > 0 {
		native = w.info.Scopes.Ask(unified, nil)
	} else if native == nil {
		native = w.info.Scopes.Ask(reg.Scopes, reg.NativeScopes)
	}
	t.NativeScopes = w.info.Scopes.Normalize(native)
	if r.RefreshScopes != nil {
		w.port.RefreshScopes = w.info.Scopes.Normalize(r.RefreshScopes)
	}
	if !t.Access.IsZero() {
		w.port.Expires, w.account.AuthExpiresAt = r.AccessTokenExpires.Time, r.AccessTokenExpires.Time
	}
	return w.locate(p, reg, r)
}

// person reads whose a grant is.
func (w *wanted) person(r Row) error {
	who := account.Identity{Subject: r.AuthUserID, OrgID: r.AuthOrgID, Email: r.Email, EmailVerified: r.EmailVerified && r.Email != "", Name: r.Name}
	parts, shape := strings.Split(who.Subject, "/"), strings.Split(w.info.Subject, "/")
	switch {
	case who.Subject == "":
		return rejectf("authUserId: it is missing: whose account it is, as %s names people: %s", w.info.Title, w.info.Subject)
	case len(parts) < len(shape), slices.Contains(parts, ""):
		return rejectf("authUserId: it is not as %s names people: %s", w.info.Title, w.info.Subject)
	case w.info.OrgInSubject && who.OrgID != "" && who.OrgID != parts[0]:
		return rejectf("authOrgId: it is not the one in authUserId, which is %s", w.info.Subject)
	}
	if w.info.OrgInSubject {
		who.OrgID = parts[0]
	}
	w.account.Identity, w.account.LoginString = who, r.LoginString
	if r.LoginString == "" {
		w.account.LoginString = who.Email
	}
	return nil
}

func (r Row) checkUser() error {
	switch {
	case (r.UserID == "") != (r.UserAccount == ""):
		return rejection("userId: it and userAccount are given together")
	case r.UserAccount != "" && r.UserAccount != string(account.UserPrimary) && r.UserAccount != string(account.UserSecondary):
		return rejection("userAccount: primary or secondary is wanted")
	}
	return nil
}

func (r Row) status() (account.TokenStatus, string, error) {
	switch s := account.TokenStatus(r.TokenStatus); s {
	case "", account.TokenActive:
		return account.TokenActive, "", nil
	case account.TokenInvalid, account.TokenDead:
		return s, r.TokenError, nil
	}
	return "", "", rejection("tokenStatus: active, invalid or dead is wanted")
}

// plain refuses what no database and no page takes.
func (r Row) plain() error {
	for _, m := range []struct {
		name, value string
		most        int
	}{
		{"ref", r.Ref, longestRef},
		{"clientId", r.ClientID, longestText},
		{"oauthClientId", r.OAuthClientID, longestText},
		{"authUserId", r.AuthUserID, longestText},
		{"authOrgId", r.AuthOrgID, longestText},
		{"email", r.Email, longestText},
		{"name", r.Name, longestText},
		{"loginString", r.LoginString, longestText},
		{"clientOrgId", r.ClientOrgID, longestOrg},
		{"userId", r.UserID, longestUser},
		{"tenant", r.Tenant, longestText},
		{"serverUrl", r.ServerURL, 2 * longestText},
		{"serverInfo", r.ServerInfo, 2 * longestText},
		{"tokenError", r.TokenError, longestText},
	} {
		if len(m.value) > m.most || !utf8.ValidString(m.value) || strings.ContainsFunc(m.value, unformatted) {
			return rejectf("%s: it holds control characters, or is longer than %d bytes", m.name, m.most)
		}
	}
	for name, list := range map[string]words{"authScopes": r.AuthScopes, "authNativeScopes": r.AuthNativeScopes, "refreshScopes": r.RefreshScopes} {
		if len(list) > mostScopes || slices.ContainsFunc(list, func(s string) bool {
			return s == "" || len(s) > longestText || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
		}) {
			return rejectf("%s: one of them is no scope (RFC 6749 §3.3), or they are too many", name)
		}
	}
	return nil
}

// unformatted are the characters that turn a text around, hide some of it or end it.
func unformatted(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

// token tells whether a text can be sent as one (RFC 6749, appendix A.12).
func token(s bare) bool {
	return len(s) <= longestToken && !strings.ContainsFunc(string(s), func(r rune) bool { return r < ' ' || r > '~' })
}

func or(m moment, otherwise time.Time) time.Time {
	if m.IsZero() {
		return otherwise
	}
	return m.Time
}
