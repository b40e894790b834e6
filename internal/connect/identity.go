package connect

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
)

// Bounds of what a provider may say of a person, in bytes.
const (
	longestID   = 1 << 10
	longestName = 1 << 10
)

// believable is what a provider says of a person without what no database and no page
// takes. An id that needs it is none: two people might be one afterwards.
func believable(who account.Identity) (account.Identity, error) {
	if !plainText(who.Subject, longestID) || !plainText(who.OrgID, longestID) {
		return account.Identity{}, credential.Fault(&provider.Error{
			Class: provider.Later, Code: provider.CodeMalformed, Cause: "the provider does not say who signed in", Cure: "try again later",
			Err: errors.New("an id with control characters, or longer than a kilobyte"),
		})
	}
	who.Name = strings.Map(func(r rune) rune {
		if unformatted(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(who.Name, "\ufffd"))
	if len(who.Name) > longestName {
		who.Name = strings.ToValidUTF8(who.Name[:longestName], "")
	}
	if !plainText(who.Email, longestName) { // no mail can be sent there
		who.Email, who.EmailVerified = "", false
	}
	return who, nil
}

func plainText(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unformatted)
}

// unformatted are the characters that turn a text around, hide some of it or end it.
func unformatted(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
