package exchange

import (
	"strings"

	"github.com/avain-project/avain/internal/sandbox/ledger"
)

// Domain is the NetBIOS name of the Windows domain: SANDBOX\ada.
const Domain = "SANDBOX"

// corporate is its DNS name, behind which the user principal names stand:
// ada@corp.sandbox.test.
const corporate = "corp." + ledger.Domain

// Password is a persona's, by the persona's key.
func Password(key string) string { return key + "-domain-password" }

// UPN is a persona's user principal name, by the persona's key.
func UPN(key string) string { return key + "@" + corporate }

// Account is a persona's DOMAIN\user, by the persona's key.
func Account(key string) string { return Domain + `\` + key }

// Tag is one tag of a login name, ada+disabled@sandbox.test, for documentation.
type Tag struct{ Name, Does string }

const (
	tagDisabled  = "disabled"
	tagExpired   = "expired"
	tagLocked    = "locked"
	tagNoMailbox = "nomailbox"
	tagBusy      = "busy"
)

// Tags lists them.
func Tags() []Tag {
	return []Tag{
		{tagDisabled, "the right password is taken, and the web services answer 403: they are switched off for the mailbox"},
		{tagExpired, "the right password is refused: it has expired"},
		{tagLocked, "the right password is refused: the account is locked"},
		{tagNoMailbox, "the right password is taken, and there is no mailbox: ErrorNonExistentMailbox"},
		{tagBusy, "the right password is taken, and the answer is ErrorServerBusy with BackOffMilliseconds"},
	}
}

// who is somebody logged in.
type who struct {
	ledger.Persona
	tag string
}

// find is who a login name means: an address, a user principal name, DOMAIN\user (or the
// two apart), or the bare user.
func find(domain, user string) (w who, local string, ok bool) {
	if before, behind, cut := strings.Cut(user, `\`); cut {
		domain, user = before, behind
	}
	local, suffix, addressed := strings.Cut(strings.ToLower(user), "@")
	switch domain = strings.ToLower(domain); {
	case addressed && suffix != ledger.Domain && suffix != corporate && suffix != Host: // people have addresses at the server's name, too
		return w, "", false
	case !addressed && domain != "" && domain != strings.ToLower(Domain) && domain != corporate:
		return w, "", false
	}
	key, tag, tagged := strings.Cut(local, "+")
	w.Persona, ok = ledger.PersonaByKey(key)
	w.tag = tag
	known := !tagged
	for _, t := range Tags() {
		known = known || t.Name == tag
	}
	return w, local, ok && known
}

// mail is the address of somebody logged in.
func (w who) mail() string {
	if w.tag == "" {
		return w.Email
	}
	return w.Key + "+" + w.tag + "@" + ledger.Domain
}
