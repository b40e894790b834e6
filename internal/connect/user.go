package connect

import (
	"cmp"
	"context"
	"errors"
	"net/url"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/user"
)

// A person can sign in as a user of the application (contract §3.6). The first account is
// the user's primary one: it makes the user, and whoever signs in with it again is the
// same one. Others are secondary, for a user who is known already: by the browser's
// session, or by the application's signature.
//
// An account belongs to one user. Somebody who signs in with an identity that another
// user has connected gets an account of his own beside that one, so that nobody takes an
// account from another, or comes in by it, or learns of it.

// AuthorizeUserPath is where a sign-in as a user begins; AuthorizePath is the old place,
// with userAccount. EndPath is the page at its end where there is no return URL.
const (
	AuthorizeUserPath = "/v1/auth/authorizeUser"
	EndPath           = "/v1/auth/done"
)

// UserVisit is a browser that begins a sign-in as a user.
type UserVisit struct {
	At       *url.URL // the origin that it is at
	Path     string   // AuthorizeUserPath or AuthorizePath
	RawQuery string
	Browser  secret.Text
	Admit    func(applicationID string) error
	LoggedIn LoggedIn
}

// LoggedIn tells which user the browser's session is of; "" where it has none.
type LoggedIn func(ctx context.Context, app account.Application, mailboxInfo string) (userID string, err error)

// Session is what a browser gets at the end of a sign-in as a user.
type Session struct {
	Token       secret.Text
	Application account.Application
	MailboxInfo string
}

// IsZero tells whether there is none.
func (s Session) IsZero() bool { return s.Token.IsZero() }

// arrival is where a sign-in leads.
type arrival struct {
	location string
	session  Session // for the browser
}

// AuthorizeUser is [Service.Authorize] for a sign-in as a user. The return URL may be left
// out where no code has to go there.
func (s *Service) AuthorizeUser(ctx context.Context, v UserVisit) Outcome {
	query, err := url.ParseQuery(v.RawQuery)
	if err != nil {
		return shown(malformed())
	}
	return s.open(ctx, v.At, asked{path: v.Path, rawQuery: v.RawQuery, query: query, loggedIn: v.LoggedIn}, v.Browser, v.Admit)
}

// asUser is what a request says about the user.
type asUser struct {
	role        account.UserRole // empty: the sign-in is no user's
	answer      store.Answer
	mailboxInfo string
	proof       user.Proof
	// Of a secondary account, once it is known whose: the user, and the signature that
	// said so, if one did.
	id        string
	signature *store.UsedSignature
}

// readUser reads it. The old place of the role is userAccount.
func (p parameters) readUser() (u asUser, err error) {
	values := map[string]string{}
	for _, name := range []string{"accountRole", "userAccount", "responseType", "mailboxInfo", "userId", "timestamp", "userSignature"} {
		if values[name], err = p.one(name); err != nil {
			return u, err
		}
	}
	u.mailboxInfo = values["mailboxInfo"]
	u.proof = user.Proof{UserID: values["userId"], Timestamp: values["timestamp"], Signature: values["userSignature"]}
	switch u.role = account.UserRole(cmp.Or(values["accountRole"], values["userAccount"])); u.role {
	case account.UserPrimary:
		u.proof = user.Proof{} // it is for a user who exists
		u.answer, err = primaryAnswer(values["responseType"])
	case account.UserSecondary:
		u.answer, err = secondaryAnswer(values["responseType"])
	case "":
		err = fault.New(fault.ParameterMissing, "It is accountRole; primary or secondary.")
	default:
		err = fault.New(fault.ParameterInvalid, "It is accountRole; primary or secondary.")
	}
	return u, err
}

func primaryAnswer(responseType string) (store.Answer, error) {
	switch responseType {
	case "", "cookie":
		return store.AnswerCookie, nil
	case "code":
		return store.AnswerCode, nil
	}
	return "", fault.New(fault.ResponseTypeUnknown, "For a primary account it is cookie or code.")
}

// secondaryAnswer takes cookie too, which is the default and has nothing to set.
func secondaryAnswer(responseType string) (store.Answer, error) {
	switch responseType {
	case "", "cookie", "none":
		return store.AnswerNone, nil
	}
	return "", fault.New(fault.ResponseTypeUnknown, "For a secondary account it is none.")
}

// identify finds out whose secondary account it will be: that of the browser's session,
// or of the application's signature. Where there are both, they must agree: else somebody
// could be sent here to give his account to another user.
func (s *Service) identify(ctx context.Context, q asked, app store.Application, u *asUser) error {
	if u.role != account.UserSecondary {
		return nil
	}
	inBrowser, err := q.loggedIn(ctx, app.Application, u.mailboxInfo)
	if err != nil {
		return err
	}
	switch p := u.proof; {
	case p.IsZero() && inBrowser == "":
		return fault.New(fault.UserMissing, "")
	case p.IsZero():
		u.id = inBrowser
		return nil
	case p.UserID == "" || p.Timestamp == "" || p.Signature == "":
		return fault.New(fault.ParameterMissing, "userId, timestamp and userSignature are given together.")
	case inBrowser != "" && inBrowser != p.UserID:
		return fault.New(fault.UserMismatch, "")
	}
	u.id = u.proof.UserID
	u.signature, err = s.Users.Prove(ctx, app, u.proof)
	return err
}

// userTarget is target for a sign-in as a user.
func (s *Service) userTarget(ctx context.Context, f finishing) (*account.Account, error) {
	a := f.attempt
	if a.UserRole == account.UserSecondary {
		if _, err := s.Store.User(ctx, a.ApplicationID, a.UserID); errors.Is(err, store.ErrNotFound) {
			return nil, fault.New(fault.UserUnknown, "") // gone since the sign-in began
		} else if err != nil {
			return nil, fault.Wrap(fault.StoreUnavailable, err)
		}
	}
	acct, err := s.Store.AccountForUser(ctx, a.ApplicationID, a.ServiceType, f.Identity.Subject, a.ClientOrgID, a.UserID)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	case a.AccountID != 0 && (err != nil || acct.ID != a.AccountID):
		return nil, fault.New(fault.AccountMismatch, "")
	case err != nil:
		return nil, nil
	}
	return &acct, nil
}

// belongs says whose the account is after a sign-in as a user, in c: an account of nobody
// becomes the user's, and a primary one of nobody makes the user.
func (s *Service) belongs(ctx context.Context, f finishing, c *store.Connection) error {
	a := f.attempt
	if a.UserRole == "" {
		return nil
	}
	c.ForUser = true
	if c.New {
		_, err := s.Store.AccountByIdentity(ctx, a.ApplicationID, a.ServiceType, f.Identity.Subject, a.ClientOrgID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fault.Wrap(fault.StoreUnavailable, err)
		}
		c.Fresh = err == nil // somebody else's, which this one stands beside
	}
	if c.Account.UserID != "" {
		return nil
	}
	c.Account.UserID, c.Account.UserRole = a.UserID, a.UserRole
	if a.UserRole == account.UserPrimary {
		c.User = &store.User{ID: account.NewRecordID(), ApplicationID: a.ApplicationID, CreatedAt: s.Now(), ActiveAt: s.Now()}
		c.Account.UserID = c.User.ID
	}
	return nil
}

// endURL is our own page at the end of a sign-in without a return URL.
func (s *Service) endURL(app account.Application) string {
	return Home(s.PublicURL, app).JoinPath(EndPath).String() + "?" + url.Values{"clientId": {app.ClientID}}.Encode()
}

// Ended is that page: whose it is, and which origins may hear that it was reached.
func (s *Service) Ended(ctx context.Context, at *url.URL, rawQuery string) (Outcome, []string) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(fault.New(fault.ParameterInvalid, "The query is malformed.")), nil
	}
	app, err := s.Store.ApplicationByClientID(ctx, query.Get("clientId"))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return shown(fault.New(fault.ClientUnknown, "")), nil
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err)), nil
	}
	return Outcome{ApplicationName: app.Name, Brand: app.Brand}, append([]string{at.String()}, app.Application.WebOrigins()...)
}
