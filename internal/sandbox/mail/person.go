package mail

import (
	"crypto/subtle"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/sandbox/names"
)

// Password is a persona's, by the persona's key.
func Password(key string) string { return key + "-app-password" }

// refusal is how a tag in the login name refuses the right password.
type refusal struct {
	code imap.ResponseCode
	text string
}

// Tag is one tag of a login name, ada+locked@sandbox.test, for documentation.
type Tag struct{ Name, Does string }

// Tags lists them.
func Tags() []Tag {
	return []Tag{
		{"imapoff", "the right password is refused: IMAP is switched off"},
		{"apppass", "… an app password is wanted"},
		{"locked", "… CONTACTADMIN: the account is locked"},
		{"expired", "… EXPIRED"},
		{"busy", "… UNAVAILABLE"},
		{"nocode", "… without a code or a reason"},
		{"noinbox", "the login is taken, and there is no INBOX"},
		{"nosmtp", "IMAP works, SMTP refuses: sending is switched off for the mailbox"},
	}
}

func refusals() map[string]refusal {
	return map[string]refusal{
		"imapoff": {imap.ResponseCodeAlert, "Your account is not enabled for IMAP use."},
		"apppass": {imap.ResponseCodeAlert, "Application-specific password required"},
		"locked":  {imap.ResponseCodeContactAdmin, "Account locked"},
		"expired": {imap.ResponseCodeExpired, "Password expired"},
		"busy":    {imap.ResponseCodeUnavailable, "Temporary authentication failure"},
		"nocode":  {"", "LOGIN failed"},
	}
}

// person is who a login name means, and the tag in it.
func person(username string) (p ledger.Persona, tag string, ok bool) {
	local, domain, ok := strings.Cut(username, "@")
	if !ok || !names.Has(domain) {
		return p, "", false
	}
	key, tag, tagged := strings.Cut(local, "+")
	p, ok = ledger.PersonaByKey(key)
	known := !tagged
	for _, t := range Tags() {
		known = known || t.Name == tag
	}
	return p, tag, ok && known
}

// check is a login; the tag says what else to do.
func check(username, password string) (p ledger.Persona, tag string, ok bool) {
	p, tag, ok = person(username)
	right := subtle.ConstantTimeCompare([]byte(password), []byte(Password(p.Key))) == 1
	return p, tag, ok && right
}

func no(code imap.ResponseCode, text string) error {
	return &imap.Error{Type: imap.StatusResponseTypeNo, Code: code, Text: text}
}

// imapLogin answers a login by IMAP.
func imapLogin(username, password string) (p ledger.Persona, tag string, err error) {
	p, tag, ok := check(username, password)
	if !ok {
		return p, "", no(imap.ResponseCodeAuthenticationFailed, "Authentication failed.")
	}
	if r, refused := refusals()[tag]; refused {
		return p, "", no(r.code, r.text)
	}
	return p, tag, nil
}

// smtpLogin answers a login by SMTP.
func smtpLogin(username, password string) (ledger.Persona, error) {
	p, tag, ok := check(username, password)
	switch {
	case !ok:
		return p, smtp.ErrAuthFailed
	case tag == "nosmtp":
		return p, &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 139}, Message: "Authentication unsuccessful, sending is disabled for the mailbox"}
	}
	return p, nil
}
