package office365

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
	"github.com/avain-project/avain/internal/secret"
)

// personalTenant is the tid of personal Microsoft accounts.
const personalTenant = "9188040d-6c67-4c5b-b112-36a304b66dad"

// claims are those of the id_token that are used.
type claims struct {
	Audience          string `json:"aud"`
	Issuer            string `json:"iss"`
	Object            string `json:"oid"`
	Tenant            string `json:"tid"`
	PreferredUsername string `json:"preferred_username"`
	Email             string `json:"email"`
	Name              string `json:"name"`
	// DomainVerified is an optional claim, sent as a boolean, a number or a text.
	DomainVerified any `json:"xms_edov"`
}

// user is Graph's user resource, as far as it is used.
type user struct {
	ID            string `json:"id"`
	DisplayName   string `json:"displayName"`
	Mail          string `json:"mail"`
	PrincipalName string `json:"userPrincipalName"`
}

// identify says who signed in: the id_token tells person and tenant, Graph the
// mailbox (docs/decisions/0015).
func (d *Driver) identify(ctx context.Context, reg account.Registration, answer oauth.Answer) (account.Identity, error) {
	c, err := readClaims(reg, answer.IDToken)
	if err != nil {
		return account.Identity{}, &provider.Error{
			Class: provider.Later, Code: provider.CodeMalformed, Cause: "Microsoft does not say who signed in", Cure: "try again later", Err: err,
		}
	}
	u, err := d.me(ctx, reg, answer.Access)
	if err != nil {
		return account.Identity{}, err
	}
	if !same(u.ID, c.Object) {
		return account.Identity{}, &provider.Error{
			Class: provider.Later, Code: provider.CodeMalformed, Cause: "Microsoft names two different people", Cure: "try again later",
			Err: errors.New("id of /me is not the oid of the id_token"),
		}
	}
	who := account.Identity{
		Subject: c.subject(), OrgID: c.Tenant,
		Email: cmp.Or(u.Mail, c.Email, addressOf(u.PrincipalName), addressOf(c.PreferredUsername)), Name: cmp.Or(u.DisplayName, c.Name),
	}
	who.EmailVerified = vouched(who.Email, c, u)
	return who, nil
}

// readClaims reads the id_token of the token endpoint. The identity is oid and tid
// together; one without the other is none.
func readClaims(reg account.Registration, idToken secret.Text) (claims, error) {
	var c claims
	if err := oauth.Claims(idToken, &c); err != nil {
		return claims{}, err
	}
	c.Object, c.Tenant = strings.ToLower(c.Object), strings.ToLower(c.Tenant)
	switch {
	case c.Audience != reg.ClientID:
		return claims{}, errors.New("the id_token is for another application")
	case !plain(c.Object):
		return claims{}, errors.New("the id_token has no oid (is the scope profile missing?)")
	case !plain(c.Tenant):
		return claims{}, errors.New("the id_token has no tid")
	case !strings.HasSuffix(strings.ToLower(c.Issuer), "/"+c.Tenant+"/v2.0"):
		return claims{}, errors.New("the id_token's tid is not the tenant of its issuer")
	}
	return c, nil
}

func (c claims) subject() string { return c.Tenant + "/" + c.Object }

// plain tells whether an id can stand in a subject and in a path.
func plain(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '-'
	})
}

// same compares Graph's id with an oid. A personal account's id is the last 16
// digits of its oid.
func same(id, oid string) bool {
	id = strings.ToLower(id)
	digits := strings.ReplaceAll(oid, "-", "")
	return id != "" && (id == oid || len(id) == 16 && digits == strings.Repeat("0", 16)+id)
}

// vouched tells whether the owner of the address's domain stands for it. mail and
// the claim email are whatever somebody has entered; a userPrincipalName must lie
// in a domain that its tenant has verified, and xms_edov says the same of the
// claim email.
func vouched(email string, c claims, u user) bool {
	if c.Tenant != personalTenant && addressOf(u.PrincipalName) != "" && strings.EqualFold(email, u.PrincipalName) {
		return true
	}
	switch v := c.DomainVerified.(type) {
	case bool:
		return v && strings.EqualFold(email, c.Email)
	case float64:
		return v == 1 && strings.EqualFold(email, c.Email)
	case string:
		return (v == "1" || strings.EqualFold(v, "true")) && strings.EqualFold(email, c.Email)
	}
	return false
}

// addressOf is a user name where it can be an address: a guest's cannot.
func addressOf(name string) string {
	if strings.Count(name, "@") != 1 || strings.Contains(strings.ToUpper(name), "#EXT#") {
		return ""
	}
	return name
}

func (d *Driver) me(ctx context.Context, reg account.Registration, access secret.Text) (user, error) {
	var u user
	err := d.client.GetJSON(ctx, at(reg, "").Endpoints.Userinfo, access, &u)
	return u, err
}
