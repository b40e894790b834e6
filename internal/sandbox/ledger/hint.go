package ledger

import (
	"fmt"
	"strings"
)

// Tags steer one sign-in and the grant that comes of it. They stand in the
// login hint after the persona: ada+auto+rotate@sandbox.test. The tags of the
// newest consent of a person to a client replace those of the one before.
type Tags struct {
	Auto      bool // consent at once, no page
	Deny      bool // refuse at once, no page
	Untick    bool // leave out the last asked scope that may be left out
	NoRefresh bool // never a refresh token, even when consent is forced
	Rotate    bool // every refresh replaces the refresh token; the old one is dead
	Once      bool // as Rotate, and an old one that is shown again ends the grant (RFC 9700 §4.14.2)
	Revoked   bool // the refresh token dies directly after its first refresh
	Admin     bool // an administrator must approve first
	NoMail    bool // the mail service is off for the person, whatever was granted
}

// AtOnce says whether the sign-in goes on without showing a page.
func (t Tags) AtOnce() bool { return t.Auto || t.Deny || t.Admin }

// Tag is one tag as pages and error texts show it.
type Tag struct{ Name, Does string }

// KnownTags lists every tag a login hint may carry.
func KnownTags() []Tag {
	return []Tag{
		{"auto", "consents at once, without a page"},
		{"deny", "refuses at once: error=access_denied"},
		{"untick", "leaves out the last asked scope (with the page: merely unticked beforehand)"},
		{"norefresh", "never gives a refresh token, even when consent is forced"},
		{"rotate", "each refresh gives a new refresh token and ends the old one"},
		{"once", "as rotate, and an old refresh token that is shown again ends the grant"},
		{"revoked", "the refresh token is revoked directly after its first refresh"},
		{"admin", "an administrator must approve the application first"},
		{"nomail", "the mail service is off for this person: its calls are refused although they were granted"},
	}
}

// Hint is a login hint that names a persona.
type Hint struct {
	Persona Persona
	Tags    Tags
}

// ParseHint reads a login_hint. The second result is false when the hint is
// empty or of another domain: it is then to be ignored. The error, for an
// unknown persona or tag, lists what is known.
func ParseHint(loginHint string) (Hint, bool, error) {
	// An unescaped "+" in a query arrives as a space; no address holds one.
	loginHint = strings.ReplaceAll(strings.ToLower(loginHint), " ", "+")
	local, domain, ok := strings.Cut(loginHint, "@")
	if !ok || domain != Domain {
		return Hint{}, false, nil
	}
	key, rest, tagged := strings.Cut(local, "+")
	persona, ok := PersonaByKey(key)
	if !ok {
		return Hint{}, false, fmt.Errorf("login_hint names the unknown persona %q; known personas: %s; known tags: %s", key, personaKeys(), tagNames())
	}
	h := Hint{Persona: persona}
	if !tagged {
		return h, true, nil
	}
	for name := range strings.SplitSeq(rest, "+") {
		if !h.Tags.set(name) {
			return Hint{}, false, fmt.Errorf("login_hint carries the unknown tag %q; known tags: %s", "+"+name, tagNames())
		}
	}
	return h, true, nil
}

func (t *Tags) set(name string) bool {
	switch name {
	case "auto":
		t.Auto = true
	case "deny":
		t.Deny = true
	case "untick":
		t.Untick = true
	case "norefresh":
		t.NoRefresh = true
	case "rotate":
		t.Rotate = true
	case "once":
		t.Rotate, t.Once = true, true
	case "revoked":
		t.Revoked = true
	case "admin":
		t.Admin = true
	case "nomail":
		t.NoMail = true
	default:
		return false
	}
	return true
}

func tagNames() string {
	var names []string
	for _, t := range KnownTags() {
		names = append(names, "+"+t.Name)
	}
	return strings.Join(names, ", ")
}
