package oauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// longestToken bounds what is believed to be a token, in bytes. Access tokens of 20 KB
// are seen where they are JWTs with a person's groups.
const longestToken = 64 << 10

// Lives between which an access token is believed to end. A shorter one would be
// renewed with each call; a longer one overflows.
const (
	shortestLife = 10 * time.Second
	longestLife  = 100 * 365 * 24 * time.Hour
)

// errNoToken says that an answer is none of a token endpoint.
var errNoToken = errors.New("the token answer has no access token")

// Answer is what a token endpoint gave.
type Answer struct {
	provider.Tokens
	IDToken secret.Text // OpenID Connect; zero where none came
	members map[string]json.RawMessage
}

// Text is a member of the answer that is peculiar to the dialect; "" where it is
// absent or no text.
func (a Answer) Text(name string) string {
	var text string
	_ = json.Unmarshal(a.members[name], &text)
	return text
}

// Number is Text for a whole number, such as an id; "" where it is absent or none.
func (a Answer) Number(name string) string {
	var n int64
	if json.Unmarshal(a.members[name], &n) != nil || n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// UnmarshalJSON reads an answer as it is meant where it says it badly: a provider that
// has made the old refresh token void will not say it again. Only without an access
// token is it none. The errors quote nothing.
func (a *Answer) UnmarshalJSON(body []byte) error {
	*a = Answer{}
	if json.Unmarshal(body, &a.members) != nil || a.members == nil {
		return fmt.Errorf("%w: it is no JSON object", errNoToken)
	}
	a.Access = a.token("access_token")
	if a.Access.IsZero() {
		return fmt.Errorf("%w, or one that can be in no header", errNoToken)
	}
	// One that cannot be is left out, and the one that is held stays.
	a.Refresh, a.IDToken = a.token("refresh_token"), a.token("id_token")
	a.NativeScopes, a.Life = a.scopes(), a.life()
	return nil
}

// token is a member that is visible ASCII, as RFC 6749 has tokens (appendix A.12 and
// A.17); zero for anything else.
func (a Answer) token(name string) secret.Text {
	text := a.Text(name)
	if len(text) > longestToken || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return secret.Text{}
	}
	return secret.New(text)
}

// scopes reads scope, or the list scopes that HubSpot has in its place; nil where
// the answer has neither. What can be no scope (RFC 6749 §3.3) is left out: no database
// might take it.
func (a Answer) scopes() []string {
	for _, name := range []string{"scope", "scopes"} {
		var list []string
		switch raw := a.members[name]; {
		case len(raw) == 0 || string(raw) == "null":
			continue
		case json.Unmarshal(raw, &list) != nil:
			var text string
			if json.Unmarshal(raw, &text) != nil {
				continue
			}
			list = strings.Fields(text)
		}
		scopes := []string{}
		for _, s := range list {
			if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
				scopes = append(scopes, s)
			}
		}
		return scopes
	}
	return nil
}

// life reads expires_in: seconds, as a number or, with some providers, as a text. Where
// expires_in_sec is there too, as Zoho has it, expires_in counts milliseconds. What is no
// time to come says nothing: a token that is over already would not have been given.
func (a Answer) life() time.Duration {
	for _, name := range []string{"expires_in_sec", "expires_in"} {
		text := a.Text(name)
		if text == "" {
			text = string(a.members[name])
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(seconds) || seconds <= 0 {
			continue
		}
		if seconds >= longestLife.Seconds() {
			return longestLife
		}
		return max(time.Duration(seconds*float64(time.Second)), shortestLife)
	}
	return 0
}
