package imap

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
)

// kind is one way to fail: what code and class it has and what people are told.
// {server} in a text stands for the host.
type kind struct {
	class       provider.Class
	code        string
	field       string // "Host", "Port" or "Security" of that server, or a field's whole name
	cause, cure string
}

const (
	soon       = "try again later"
	checkBoth  = "check the login name and type the password again"
	checkHost  = "check the server's name and port"
	askMailbox = "ask whoever runs the mailbox"
)

// What a server's words can mean.
var (
	refused     = kind{provider.Dead, provider.CodeLoginRefused, fieldPassword, "{server} does not accept this login name and password", checkBoth}
	unexplained = kind{provider.User, provider.CodeLoginRefused, fieldPassword, "{server} did not accept the login and does not say why", checkBoth}
	disabled    = kind{provider.User, provider.CodeLoginDisabled, "", "{server} lets no mail programs into this mailbox: IMAP is switched off for it, or not allowed", "switch IMAP on in the settings of the mailbox, or " + askMailbox}
	notAllowed  = kind{provider.Dead, provider.CodeLoginDisabled, "", "{server} knows the password and does not let this login in", askMailbox}
	locked      = kind{provider.User, provider.CodeLoginLocked, "", "{server} says that the account is locked or closed", "sign in on the website of the mail service, or " + askMailbox}
	expired     = kind{provider.Dead, provider.CodeLoginExpired, fieldPassword, "{server} says that the password has expired", "set a new password on the website of the mail service and type that one"}
	needsApp    = kind{provider.User, provider.CodeAppPassword, fieldPassword, "{server} takes an app password, not the one of its website", "make an app password in the security settings of the mail service and type that one"}
	clearText   = kind{provider.User, provider.CodeServerTLS, "Security", "{server} wants an encrypted connection", "choose TLS"}
	noPasswords = kind{provider.Admin, provider.CodeLoginUnsupported, "", "{server} offers no way to sign in with a password", "connect the mailbox by its service's own sign-in, if the application offers that, or " + askMailbox}
	busy        = kind{provider.Later, provider.CodeServerBusy, "", "{server} has trouble, or too many connections", soon}
	noSending   = kind{provider.User, provider.CodeLoginDisabled, "Host", "{server} does not let this login send, though the mailbox can be read", "switch sending by SMTP on in the settings of the mailbox, or correct the outgoing server"}

	unconfirmed        = kind{provider.User, provider.CodeServerUnconfirmed, "Host", "nobody has named the server, and {server} is a guess", "check the name, correct it where it is wrong, and type the password again"}
	plaintextForbidden = kind{provider.User, provider.CodeServerTLS, "Security", "without encryption the password could be read on its way to {server}", "choose TLS or STARTTLS"}
	noSTARTTLS         = kind{provider.User, provider.CodeServerTLS, "Security", "{server} does not offer STARTTLS on this port, so the password was not sent", "choose TLS, with the port for it"}
	nonsense           = kind{provider.User, provider.CodeServerProtocol, "Host", "{server} gives answers that cannot be understood", checkHost}
)

// reached says why a server could not be talked to, by outbound's reasons; no line for
// a reason is that of outbound.Unreachable.
func reached(why outbound.Reason) kind {
	switch why {
	case outbound.BadHost:
		return kind{provider.User, provider.CodeFieldInvalid, "Host", "{server} is not a name and port that a mail server can have", checkHost}
	case outbound.NoSuchHost:
		return kind{provider.User, provider.CodeServerUnknown, "Host", "there is no server called {server}", "check the name, or the e-mail address"}
	case outbound.TimedOut:
		return kind{provider.Later, provider.CodeServerTimeout, "Host", "{server} does not answer in time", checkHost + "; if they are right, " + soon}
	case outbound.NoTLS:
		return kind{provider.User, provider.CodeServerTLS, "Security", "{server} does not speak TLS on this port", "choose STARTTLS, or the port for TLS"}
	case outbound.CertName:
		return kind{provider.User, provider.CodeServerCertificate, "Host", "the certificate of {server} is for another name, so the password was not sent", "type the name that the mail service gives for its server"}
	case outbound.CertExpired:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} has expired or is not valid yet, so the password was not sent", askMailbox}
	case outbound.CertUnknown:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} is from an unknown issuer, so the password was not sent", "the operator of this sign-in can trust the issuer"}
	case outbound.CertInvalid:
		return kind{provider.User, provider.CodeServerCertificate, "", "the certificate of {server} is not valid, so the password was not sent", askMailbox}
	case outbound.TooMuch:
		return kind{provider.User, provider.CodeServerProtocol, "Host", "{server} sends more than a mail server does", checkHost}
	}
	return kind{provider.Later, provider.CodeServerUnreachable, "Host", "{server} cannot be reached", checkHost + "; if they are right, " + soon}
}

// row is a line of the table of refusals: a kind for any of the codes, or for any of
// the words in the text. Words matter where a code says too little.
type row struct {
	codes []string
	words []string // in lower case
	kind  kind
}

// imapRows: RFC 5530 for the codes; the words are those of Gmail, Yahoo, Zoho, GMX,
// Exchange and Dovecot as people quote them, not a contract.
func imapRows() []row {
	return []row{
		{codes: []string{"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"}, kind: busy},
		{codes: []string{"EXPIRED"}, kind: expired},
		{codes: []string{"PRIVACYREQUIRED"}, kind: clearText},
		{words: []string{"application-specific password", "app-specific password", "app password", "application password"}, kind: needsApp},
		{words: []string{"enable imap", "enabled for imap", "imap access is disabled", "imap is disabled", "imap disabled", "imap access disabled", "imap not enabled", "imap is not enabled", "not activated", "login disabled"}, kind: disabled},
		{words: []string{"locked", "suspended", "blocked", "account is disabled", "account disabled", "user is disabled", "too many failed", "too many login"}, kind: locked},
		{words: []string{"password expired", "password has expired"}, kind: expired},
		{words: []string{"try again later", "temporar"}, kind: busy},
		{codes: []string{"CONTACTADMIN"}, kind: locked},
		{codes: []string{"AUTHORIZATIONFAILED", "NOPERM"}, kind: notAllowed},
		{codes: []string{"AUTHENTICATIONFAILED"}, kind: refused},
		{kind: unexplained},
	}
}

// smtpRows: RFC 4954 §6 and RFC 5248 for the codes, "535 5.7.8"; 5.7.139 and 5.7.30
// are Microsoft's for a password sign-in that is switched off. IMAP has taken the
// same password before, so a plain refusal is about sending.
func smtpRows() []row {
	return []row{
		{codes: []string{"421", "450", "451", "452", "454", "4"}, kind: busy},
		{codes: []string{"534 5.7.9"}, kind: needsApp},
		{codes: []string{"530", "538", "5.7.11"}, kind: clearText},
		{codes: []string{"504", "5.7.4"}, kind: noPasswords},
		{codes: []string{"432", "4.7.12"}, kind: expired},
		{words: []string{"application-specific password", "app-specific password", "app password", "application password"}, kind: needsApp},
		{words: []string{"locked", "suspended", "blocked"}, kind: locked},
		{kind: noSending},
	}
}

// refusal finds the line for what a server said: codes from the most to the least
// particular.
func refusal(rows []row, codes []string, text string) kind {
	text = strings.ToLower(text)
	for _, r := range rows {
		if len(r.codes)+len(r.words) == 0 ||
			slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(r.codes, c) }) ||
			slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(text, w) }) {
			return r.kind
		}
	}
	return unexplained
}

// trouble is where something failed.
type trouble struct {
	server provider.Server
	field  string // in place of the kind's
}

// of makes the error. err is for the log.
func (t trouble) of(k kind, err error) *provider.Error {
	field := k.field
	switch field {
	case "Host", "Port", "Security":
		field = t.server.Protocol + field
	}
	if t.field != "" {
		field = t.field
	}
	cure := k.cure
	if h, ok := discovery.HostOfServer(t.server.Host); ok && h.Hint != "" && (k.code == provider.CodeLoginRefused || k.code == provider.CodeAppPassword || k.code == provider.CodeLoginDisabled) {
		cure += "; " + h.Advice()
	}
	return &provider.Error{
		Class: k.class, Code: k.code, Field: field, Cure: cure,
		Cause: strings.ReplaceAll(k.cause, "{server}", t.server.Host), Err: err,
	}
}

func invalid(field, cause, cure string) *provider.Error {
	return &provider.Error{Class: provider.User, Code: provider.CodeFieldInvalid, Field: field, Cause: cause, Cure: cure}
}

// unreached is the error for a connection that did not come to be or did not last.
func (l *link) unreached(err error) error {
	failure := outbound.Explain(l.server.Host, err)
	why := failure.Shown()
	if why == outbound.Unreachable && errors.Is(l.ctx.Err(), context.DeadlineExceeded) {
		why = outbound.TimedOut // the connection was closed under a read
	}
	return trouble{server: l.server}.of(reached(why), failure)
}

// stranger is the error for a greeting that is not the protocol's, or that says no.
func (l *link) stranger(greeting string) error {
	said := fmt.Errorf("it greets with %s", quote(greeting))
	k := nonsense
	upper := strings.ToUpper(greeting)
	smtp := l.server.Protocol == protocolSMTP
	switch {
	case hasWord(upper, "* BYE"), smtp && (strings.HasPrefix(upper, "421") || strings.HasPrefix(upper, "554")):
		k = busy
	case hasWord(upper, "* PREAUTH"):
		k.cause = "{server} lets everybody in without asking, so nothing can be proven there"
	case strings.HasPrefix(upper, "* OK"):
		k.cause = "{server} is for reading mail (IMAP), not for sending"
	case strings.HasPrefix(upper, "220"):
		k.cause = "{server} is for sending mail (SMTP), not for reading"
	case strings.HasPrefix(upper, "+OK"):
		k.cause = "{server} speaks POP3 on this port, not IMAP"
	case strings.HasPrefix(upper, "HTTP/"), strings.HasPrefix(upper, "<"):
		k.cause = "a web server answers at {server} on this port"
	}
	return trouble{server: l.server}.of(k, said)
}

// failed is the error for whatever a library met that is no refusal: a connection
// that ended, or an answer that it could not read, and may repeat.
func (l *link) failed(login provider.Login, err error) error {
	if l.read != nil || l.ctx.Err() != nil {
		return l.unreached(errors.Join(l.read, l.ctx.Err()))
	}
	return trouble{server: l.server}.of(nonsense, errors.New(quote(hushed(login, err.Error()))))
}

// said is a server's words for the log.
func said(login provider.Login, codes []string, text string) error {
	return fmt.Errorf("it says [%s] %s", strings.Join(codes, " "), quote(hushed(login, text)))
}

// hushed is a server's words without the password: a server may repeat what it was
// sent, in the form that it was sent in.
func hushed(login provider.Login, text string) string {
	password := login.Password.Reveal()
	if password == "" {
		return text
	}
	coded := base64.StdEncoding.EncodeToString
	return strings.NewReplacer(
		coded([]byte("\x00"+login.Username+"\x00"+password)), "…", // SASL PLAIN
		coded([]byte(password)), "…", // SASL LOGIN
		strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password), "…", // a quoted string
		password, "…",
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
