package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/user"
	"github.com/avain-project/avain/internal/weburl"
)

// The headers of users' calls (contract §1.1, acct-3 and acct-4), each with its spelling
// of before.
const (
	sessionHeader = "X-Aurinko-Session"
	clientHeader  = "X-Aurinko-Client-Id"
	mailboxHeader = "X-Aurinko-Mailbox-Info"

	oldClientHeader = "X-Aurinko-ClientId"
)

// maxSessionCookies bounds how many cookies of one name are looked at: another host of
// the same site can put its own beside ours.
const maxSessionCookies = 8

// sessionCookie is the name of the cookie that holds a session. What tells the mailboxes
// of one browser apart goes in as a hash: it may be long, and an address.
func sessionCookie(app account.Application, mailboxInfo string) string {
	name := "AUR" + strconv.FormatInt(app.Number(), 10)
	if mailboxInfo != "" {
		sum := sha256.Sum256([]byte(mailboxInfo))
		name += "_" + hex.EncodeToString(sum[:8])
	}
	return name
}

// witnessCookie goes with a session's cookie over https: its name, which the contract
// gives, has no prefix, so that any host of the site could set it. No other host can set
// this one (RFC 6265bis §4.1.3.2), which tells by its value which session is the real one.
func witnessCookie(app account.Application, mailboxInfo string) string {
	return "__Host-" + sessionCookie(app, mailboxInfo)
}

func witness(token string) string {
	sum := sha256.Sum256([]byte("witness " + token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// inCookie is the session that the browser holds for an application, by cookies that
// belong together; zero for none. Without https there is no witness, and one value at most.
func inCookie(r *http.Request, app account.Application, mailboxInfo string, secure bool) secret.Text {
	held := r.CookiesNamed(sessionCookie(app, mailboxInfo))
	if len(held) > maxSessionCookies {
		return secret.Text{}
	}
	var values []string
	for _, c := range held {
		if !slices.Contains(values, c.Value) {
			values = append(values, c.Value)
		}
	}
	if !secure {
		if len(values) != 1 {
			return secret.Text{}
		}
		return secret.New(values[0])
	}
	witnesses := r.CookiesNamed(witnessCookie(app, mailboxInfo))
	if len(witnesses) != 1 {
		return secret.Text{}
	}
	for _, v := range values {
		if subtle.ConstantTimeCompare([]byte(witness(v)), []byte(witnesses[0].Value)) == 1 {
			return secret.New(v)
		}
	}
	return secret.Text{}
}

// keepSession gives the browser the session of a sign-in, in place of the one that it
// holds: that one ends, so that nobody who knew it is logged in, too. It comes before
// anything else is written.
func (s *Server) keepSession(w http.ResponseWriter, r *http.Request, session connect.Session) error {
	if session.IsZero() {
		return nil
	}
	app, secure := session.Application, note(r).at.Scheme == "https"
	if err := s.Users.End(r.Context(), inCookie(r, app, session.MailboxInfo, secure)); err != nil {
		return err
	}
	setSession(w, app, session.MailboxInfo, secure, session.Token.Reveal())
	return nil
}

// setSession sets both cookies, or ends them where the token is empty. They belong to
// this host alone.
func setSession(w http.ResponseWriter, app account.Application, mailboxInfo string, secure bool, token string) {
	c := http.Cookie{
		Name: sessionCookie(app, mailboxInfo), Value: token, Path: "/", HttpOnly: true, Secure: secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(user.Lifetime.Seconds()),
	}
	if app.Settings.CrossSite && secure { // browsers take SameSite=None with Secure alone
		c.SameSite = http.SameSiteNoneMode
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, &c)
	if !secure {
		return
	}
	if c.Name = witnessCookie(app, mailboxInfo); token != "" {
		c.Value = witness(token)
	}
	http.SetCookie(w, &c)
}

// loggedIn is whose session the browser holds that begins a sign-in; "" for nobody.
func (s *Server) loggedIn(r *http.Request) func(context.Context, account.Application, string) (string, error) {
	return func(ctx context.Context, app account.Application, mailboxInfo string) (string, error) {
		u, err := s.Users.Session(ctx, app.ID, inCookie(r, app, mailboxInfo, note(r).at.Scheme == "https"), true)
		if fault.Is(err, fault.NotAuthenticated) {
			return "", nil
		}
		return u.ID, err
	}
}

// visit is how a user's call came.
type visit struct {
	user.User
	app      account.Application // of a call by cookie, or with a client id
	token    secret.Text
	byCookie bool
	mailbox  string
	secure   bool
}

// user finds out which user calls: by a session in a header, or by the browser's cookie
// with the application's client id. Failures count for the address.
func (s *Server) user(r *http.Request) (visit, error) {
	v, err := s.visitOf(r)
	if fault.Is(err, fault.NotAuthenticated) {
		if limited := s.limits.address(s.addressOf(r)); limited != nil {
			err = limited
		}
	}
	if err != nil {
		return visit{}, err
	}
	note(r).application = v.ApplicationID
	return v, s.limits.calls(v.ApplicationID)
}

func (s *Server) visitOf(r *http.Request) (v visit, err error) {
	none := fault.New(fault.NotAuthenticated, "")
	clientID, ok := header(r, clientHeader, oldClientHeader)
	if !ok {
		return v, none
	}
	if clientID != "" {
		if v.app, err = s.Users.Application(r.Context(), clientID); err != nil {
			return v, err
		}
	}
	if given := r.Header.Values(sessionHeader); len(given) > 0 {
		if len(given) > 1 {
			return v, none
		}
		v.token = secret.New(given[0])
		v.User, err = s.Users.Session(r.Context(), v.app.ID, v.token, false)
		return v, err
	}
	if clientID == "" { // no page of another site can send this header unasked
		return v, none
	}
	note(r).application, note(r).byCookie = v.app.ID, true
	if err := s.ownPage(r, v.app); err != nil {
		return v, err
	}
	v.mailbox, v.secure, v.byCookie = r.Header.Get(mailboxHeader), s.secure(r), true
	v.token = inCookie(r, v.app, v.mailbox, v.secure)
	v.User, err = s.Users.Session(r.Context(), v.app.ID, v.token, true)
	return v, err
}

// header is the one value of a header under either of its names; false where they
// disagree.
func header(r *http.Request, names ...string) (value string, ok bool) {
	for _, name := range names {
		for _, v := range r.Header.Values(name) {
			if value != "" && v != value {
				return "", false
			}
			value = v
		}
	}
	return value, true
}

// ownPage refuses a call by cookie that a page of another origin has made: neither ours
// nor one of the application's. Browsers say so in headers that pages cannot set; of
// those, a call that changes something must have one.
func (s *Server) ownPage(r *http.Request, app account.Application) error {
	foreign := fault.New(fault.OriginForeign, "")
	origins, sites := r.Header.Values("Origin"), r.Header.Values("Sec-Fetch-Site")
	for _, o := range origins {
		if !s.ownOrigin(r, o) && !allowedOrigin(app, o) {
			return foreign
		}
	}
	for _, site := range sites {
		if site != "same-origin" && len(origins) == 0 {
			return foreign
		}
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !reads && len(origins)+len(sites) == 0 {
		return foreign
	}
	return nil
}

// ownOrigin tells whether an origin is where this request went.
func (s *Server) ownOrigin(r *http.Request, origin string) bool {
	at, err := s.reached(r)
	return err == nil && origin != "" && weburl.Origin(origin) == weburl.Origin(at.String())
}

// secure tells whether the browser came by https, as far as the host tells.
func (s *Server) secure(r *http.Request) bool {
	at, err := s.reached(r)
	if err != nil {
		at = s.PublicURL
	}
	return at.Scheme == "https"
}

// userCaller is a user who calls for one of his accounts.
func (s *Server) userCaller(r *http.Request) (access.Caller, error) {
	v, err := s.user(r)
	if err != nil {
		return access.Caller{}, err
	}
	id, err := namedAccount(r)
	if err != nil {
		return access.Caller{}, err
	}
	acct, err := s.Users.Account(r.Context(), v.User, id)
	if err != nil {
		return access.Caller{}, err
	}
	note(r).account = id
	return access.Caller{ApplicationID: v.ApplicationID, Account: acct, Ceiling: acct.Scopes, ByUser: true}, nil
}

// authorizeUser begins a sign-in as a user.
func (s *Server) authorizeUser(w http.ResponseWriter, r *http.Request) {
	s.begin(w, r, s.asUser(r, connect.AuthorizeUserPath))
}

// asUser is the way to begin one at a path.
func (s *Server) asUser(r *http.Request, path string) opener {
	return func(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text, admit func(string) error) connect.Outcome {
		return s.Connect.AuthorizeUser(ctx, connect.UserVisit{
			At: at, Path: path, RawQuery: rawQuery, Browser: browser, Admit: admit, LoggedIn: s.loggedIn(r),
		})
	}
}

// allowedOrigin tells whether an origin is one of the application's own.
func allowedOrigin(app account.Application, origin string) bool {
	return slices.ContainsFunc(app.WebOrigins(), func(o string) bool { return strings.EqualFold(o, origin) })
}
