package ews

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
)

// kind is one way to fail: what code and class it has and what people are told.
// {server} in a text stands for the host.
type kind struct {
	class       provider.Class
	code        string
	field       string
	cause, cure string
}

const (
	soon      = "try again later"
	checkHost = "check the server's name"
	askAdmin  = "ask whoever runs the Exchange server"
)

// What can be wrong at a server that answers. Windows tells a wrong password, an
// expired one and a locked account in one way: HTTP 401.
var (
	refused       = kind{provider.Dead, provider.CodeLoginRefused, fieldPassword, "{server} does not accept this login name and password (an expired password and a locked account look the same)", `check both, write the login name as DOMAIN\name or name@domain where the address is not it, and type the password again; after a few wrong ones the account is locked for a while`}
	disabled      = kind{provider.User, provider.CodeLoginDisabled, "", "{server} knows the login, and its web services (EWS) are switched off for it or closed to this application", askAdmin + " to allow EWS for the mailbox"}
	noMailbox     = kind{provider.User, provider.CodeLoginDisabled, fieldUsername, "{server} knows the login, and has no mailbox for it", "check the login name, or " + askAdmin}
	noSuchMailbox = kind{provider.User, provider.CodeLoginDisabled, fieldEmail, "{server} knows no mailbox of this address", "check the e-mail address"}
	closed        = kind{provider.User, provider.CodeLoginLocked, "", "{server} says that the account is disabled", askAdmin}
	expired       = kind{provider.Dead, provider.CodeLoginExpired, fieldPassword, "{server} says that the password has expired", "set a new password at work or in Outlook on the web, and type that one"}
	noPasswords   = kind{provider.Admin, provider.CodeLoginUnsupported, "", "{server} offers neither NTLM nor Basic, so no way to sign in with a password", askAdmin}
	busy          = kind{provider.Later, provider.CodeServerBusy, "", "{server} has trouble, or too much to do", soon}

	notFound       = kind{provider.User, provider.CodeServerUnknown, fieldServer, "no Exchange server was found for {server}", "type the server's name, or the address of Outlook on the web"}
	unseen         = kind{provider.User, provider.CodeServerUnconfirmed, fieldServer, "the mailbox seems to be at {server}, which nobody has named yet", "check the name, and type the password again where it is right"}
	cloud          = kind{provider.User, provider.CodeLoginUnsupported, fieldServer, "this mailbox is in Microsoft 365 ({server}), which takes no passwords from other programs", "sign in with Microsoft, or ask the application for that"}
	unprotected    = kind{provider.User, provider.CodeServerTLS, fieldServer, "{server} leads on to an unencrypted address, so the password was not sent", "type the https address of Outlook on the web"}
	circle         = kind{provider.User, provider.CodeServerProtocol, fieldServer, "{server} leads in circles", "type the address of the server's web services (…/EWS/Exchange.asmx), or " + askAdmin}
	noAutodiscover = kind{provider.User, provider.CodeServerUnknown, fieldServer, "{server} does not tell where the mailbox is", "type the address of Outlook on the web"}
	noEWS          = kind{provider.User, provider.CodeServerProtocol, fieldServer, "{server} has no Exchange web services at this address", "type the address of Outlook on the web, or " + askAdmin}
	asksNobody     = kind{provider.User, provider.CodeServerProtocol, fieldServer, "{server} asks for no login, so nothing can be proven there", checkHost}
	nonsense       = kind{provider.User, provider.CodeServerProtocol, fieldServer, "{server} gives answers that no Exchange server gives", checkHost}
	unbound        = kind{provider.Later, provider.CodeServerProtocol, "", "{server} forgets the login of a connection: a proxy before it may lend one connection to many", askAdmin}
)

// reached says why a server could not be talked to, by outbound's reasons; no line for
// a reason is that of outbound.Unreachable.
func reached(why outbound.Reason) kind {
	switch why {
	case outbound.BadHost:
		return kind{provider.User, provider.CodeFieldInvalid, fieldServer, "{server} is not a name and port that an Exchange server can have", checkHost}
	case outbound.NoSuchHost:
		return kind{provider.User, provider.CodeServerUnknown, fieldServer, "there is no server called {server}", "check the name, or the e-mail address"}
	case outbound.TimedOut:
		return kind{provider.Later, provider.CodeServerTimeout, fieldServer, "{server} does not answer in time", checkHost + "; if it is right, " + soon}
	case outbound.NoTLS:
		return kind{provider.User, provider.CodeServerTLS, fieldServer, "{server} does not speak TLS on this port, so the password was not sent", checkHost}
	case outbound.CertName:
		return kind{provider.User, provider.CodeServerCertificate, fieldServer, "the certificate of {server} is for another name, so the password was not sent", "type the name that stands in the address of Outlook on the web"}
	case outbound.CertExpired:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} has expired or is not valid yet, so the password was not sent", askAdmin}
	case outbound.CertUnknown:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} is from an unknown issuer, so the password was not sent", "the operator of this sign-in can trust the issuer"}
	case outbound.CertInvalid:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} is not valid, so the password was not sent", askAdmin}
	case outbound.NotHTTP:
		return kind{provider.User, provider.CodeServerProtocol, fieldServer, "what answers at {server} is no web server", checkHost}
	case outbound.TooMuch:
		return kind{provider.User, provider.CodeServerProtocol, fieldServer, "{server} sends more than an Exchange server does", checkHost}
	}
	return kind{provider.Later, provider.CodeServerUnreachable, fieldServer, "{server} cannot be reached", checkHost + "; if it is right, " + soon}
}

// row is a line of a table: a kind for any of the codes.
type row struct {
	codes []string
	kind  kind
}

// codeRows: ResponseCodeType of the web services, as learn.microsoft.com lists it.
func codeRows() []row {
	return []row{
		{[]string{
			"ErrorServerBusy", "ErrorExceededConnectionCount", "ErrorTooManyObjectsOpened", "ErrorTimeoutExpired", "ErrorMailboxMoveInProgress", "ErrorMailboxStoreUnavailable",
			"ErrorMailboxFailover", "ErrorConnectionFailed", "ErrorConnectionFailedTransientError", "ErrorInternalServerTransientError", "ErrorInternalServerError", "ErrorInsufficientResources", "ErrorADUnavailable", "ErrorADOperation",
		}, busy},
		{[]string{"ErrorAccessDenied", "ErrorFolderNotFound", "ErrorMailboxLogonFailed", "ErrorLogonFailure"}, disabled},
		{[]string{"ErrorNonExistentMailbox", "ErrorMissingEmailAddress", "ErrorMailboxConfiguration", "ErrorNonPrimarySmtpAddress"}, noMailbox},
		{[]string{"ErrorAccountDisabled"}, closed},
		{[]string{"ErrorPasswordExpired", "ErrorPasswordChangeRequired"}, expired},
	}
}

// byStatus is what an HTTP status says where nothing else does. 456 and 457 are
// Microsoft's, for a blocked and for a throttled caller: not documented for Exchange on
// premises.
func byStatus(status int) (kind, bool) {
	switch status {
	case http.StatusForbidden:
		return disabled, true
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return noEWS, true
	case http.StatusTooManyRequests, 456, 457, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return busy, true
	}
	return kind{}, false
}

// trouble is the host where something failed.
type trouble string

// of makes the error. err is for the log.
func (t trouble) of(k kind, err error) *provider.Error {
	return &provider.Error{
		Class: k.class, Code: k.code, Field: k.field, Cure: k.cure,
		Cause: strings.ReplaceAll(k.cause, "{server}", string(t)), Err: err,
	}
}

// unasked is for an address at which nobody asks for a login.
func (t trouble) unasked(open *noLogin) error {
	k, ok := byStatus(open.answer.status)
	switch {
	case !ok:
		k = asksNobody
	case open.answer.status == http.StatusForbidden: // nobody has logged in yet
		k = noEWS
	}
	e := t.of(k, open)
	if k.class == provider.Later {
		e.RetryAfter = retryAfter(open.answer.header)
	}
	return e
}

// byCode is what a response code says.
func (l *line) byCode(said answer, code string, wait time.Duration) error {
	k := nonsense
	for _, r := range codeRows() {
		if slices.Contains(r.codes, code) {
			k = r.kind
		}
	}
	e := trouble(l.host).of(k, errors.Join(fmt.Errorf("it answers %s", quote(l.hushed(code))), l.said(said)))
	if k.class == provider.Later {
		e.RetryAfter = max(wait, retryAfter(said.header))
	}
	return e
}

// later is the error for a status, with the time that the server names.
func (l *line) later(k kind, said answer) error {
	e := trouble(l.host).of(k, l.said(said))
	if k.class == provider.Later {
		e.RetryAfter = retryAfter(said.header)
	}
	return e
}

// retryAfter is Retry-After in seconds, at most an hour; 0 for none. Exchange writes no dates.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

func invalid(field, cause, cure string) *provider.Error {
	return &provider.Error{Class: provider.User, Code: provider.CodeFieldInvalid, Field: field, Cause: cause, Cure: cure}
}

// unreached is the error for an answer that did not come.
func (l *line) unreached(ctx context.Context, err error) error {
	failure := outbound.Explain(l.host, err)
	why := failure.Shown()
	if why == outbound.Unreachable && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		why = outbound.TimedOut // the connection was closed under a read
	}
	return trouble(l.host).of(reached(why), errors.New(l.hushed(failure.Error())))
}

// said is what a server answered, for the log.
func (l *line) said(a answer) error {
	return fmt.Errorf("HTTP %d %s", a.status, quote(l.hushed(string(a.body[:min(len(a.body), 1024)]))))
}

// hushed is a server's words without the password: a server may repeat what it was
// sent, in the form that it was sent in.
func (l *line) hushed(text string) string {
	password := l.login.Password.Reveal()
	if password == "" {
		return text
	}
	quoted := strconv.Quote(password)
	return strings.NewReplacer(
		base64.StdEncoding.EncodeToString([]byte(l.login.Username+":"+password)), "…",
		escaped(password), "…", quoted[1:len(quoted)-1], "…", password, "…",
	).Replace(text)
}

// quote makes one short printable line of a stranger's words.
func quote(text string) string {
	const most = 200
	if len(text) > most {
		return fmt.Sprintf("%q…", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
