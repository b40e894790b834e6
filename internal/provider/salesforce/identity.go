package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// userinfo is the answer of that endpoint, as far as it is used.
type userinfo struct {
	User          string `json:"user_id"`         // "005…"
	Org           string `json:"organization_id"` // "00D…"
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
}

// identity: a user is one of an org, so both ids together are the person.
func (u userinfo) identity() account.Identity {
	return account.Identity{Subject: u.Org + "/" + u.User, OrgID: u.Org, Email: u.Email, EmailVerified: u.EmailVerified && u.Email != "", Name: u.Name}
}

// identity asks who an access token is of, at the org's own instance: the common
// hosts know nothing of orgs that have shut them out.
func (d *Driver) identity(ctx context.Context, reg account.Registration, held provider.Tokens) (userinfo, error) {
	placed, err := at(reg, held.Place)
	if err != nil {
		return userinfo{}, err
	}
	endpoint := placed.Endpoints.Userinfo
	if reg.Endpoints.Userinfo == "" && held.Place.API != "" {
		instance, err := instances().Believe(reg, held.Place.API)
		if err != nil {
			return userinfo{}, err
		}
		endpoint = instance + services + "userinfo"
	}
	var who userinfo
	if err := d.client.GetJSON(ctx, endpoint, held.Access, &who); err != nil {
		return userinfo{}, err
	}
	var org, user bool
	who.Org, org = long(who.Org, "00D")
	who.User, user = long(who.User, "005")
	if !org || !user {
		return userinfo{}, unclear(errors.New("userinfo without an organization_id and a user_id"))
	}
	return who, nil
}

// ownerIn reads the identity URL beside the tokens, which ends in org and user:
// https://login.salesforce.com/id/00D…/005…. It is not called, so its host does not
// matter.
func ownerIn(id string) (userinfo, bool) {
	named, err := url.Parse(id)
	if err != nil {
		return userinfo{}, false
	}
	parts := strings.Split(strings.TrimSuffix(named.Path, "/"), "/")
	if len(parts) < 2 {
		return userinfo{}, false
	}
	org, okOrg := long(parts[len(parts)-2], "00D")
	user, okUser := long(parts[len(parts)-1], "005")
	return userinfo{Org: org, User: user}, okOrg && okUser
}

// agrees compares with that URL. An answer may leave it out.
func (u userinfo) agrees(id string) error {
	if named, ok := ownerIn(id); id == "" || ok && named.Org == u.Org && named.User == u.User {
		return nil
	}
	return unclear(errors.New("the id beside the tokens is not the user of userinfo"))
}

func unclear(err error) *provider.Error {
	return &provider.Error{
		Class: provider.Later, Code: provider.CodeMalformed, Cause: "Salesforce does not say who signed in, or where", Cure: "try again later", Err: err,
	}
}

// long writes an id in its form of 18 characters, whichever came: the last three
// say which of the 15 before are capitals. prefix is the kind of record.
func long(id, prefix string) (string, bool) {
	alphanumeric := !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if !alphanumeric || !strings.HasPrefix(id, prefix) || len(id) != 15 && len(id) != 18 {
		return "", false
	}
	full := id[:15] + checksum(id[:15])
	return full, len(id) == 15 || full == id
}

// checksum is a character for each five of the id: bit i is set where the i-th is a
// capital.
func checksum(id string) string {
	var out strings.Builder
	for i := 0; i < len(id); i += 5 {
		bits := 0
		for j, r := range id[i : i+5] {
			if r >= 'A' && r <= 'Z' {
				bits |= 1 << j
			}
		}
		out.WriteByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
	}
	return out.String()
}

// own reads the error body of the identity endpoint, which is one bare word, or of a
// limit, which has the form of the API's errors: [{"errorCode": "…"}]. Other errors
// have OAuth's own form.
func own(body []byte) (code, subtype string) {
	switch strings.TrimSpace(string(body)) {
	case "Bad_OAuth_Token", "Missing_OAuth_Token", "Wrong_Org":
		return provider.CodeUnauthorized, ""
	}
	var told []struct {
		Code string `json:"errorCode"`
	}
	if json.Unmarshal(body, &told) != nil || len(told) == 0 {
		return "", ""
	}
	if told[0].Code == "INVALID_SESSION_ID" {
		return provider.CodeUnauthorized, ""
	}
	return told[0].Code, ""
}
