package zoho

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
	"github.com/avain-project/avain/internal/secret"
)

// user is the answer of oauth/user/info, or its error: some come with status 200.
type user struct {
	ZUID        json.Number `json:"ZUID"` // a number, in some answers as a text
	Email       string      `json:"Email"`
	DisplayName string      `json:"Display_Name"`
	FirstName   string      `json:"First_Name"`
	LastName    string      `json:"Last_Name"`

	Error string `json:"error"`
	Code  string `json:"code"`
	Cause string `json:"cause"`
}

// identify says who signed in. The id_token, which comes with the scope email, adds
// whether Zoho vouches for the address.
func (d *Driver) identify(ctx context.Context, reg account.Registration, centre string, answer oauth.Answer) (account.Identity, error) {
	u, err := d.user(ctx, reg, answer.Access)
	if err != nil {
		return account.Identity{}, err
	}
	// Nothing says that a ZUID is of one person in all centres.
	return account.Identity{
		Subject: centre + "/" + u.ZUID.String(), Email: u.Email, EmailVerified: vouched(reg, answer.IDToken, u.Email),
		Name: cmp.Or(u.DisplayName, strings.TrimSpace(u.FirstName+" "+u.LastName)),
	}, nil
}

func (d *Driver) user(ctx context.Context, reg account.Registration, access secret.Text) (user, error) {
	var u user
	if err := d.client.GetJSON(ctx, reg.Endpoints.Userinfo, access, &u); err != nil {
		return user{}, err
	}
	if id := u.ZUID.String(); id != "" && strings.Trim(id, "0123456789") == "" {
		return u, nil
	}
	if slices.ContainsFunc([]string{u.Error, u.Code, u.Cause}, ended) {
		return user{}, &provider.Error{
			Class: provider.User, Code: provider.CodeUnauthorized, Cause: "Zoho refuses the access token", Cure: signInAgain,
		}
	}
	return user{}, &provider.Error{
		Class: provider.Later, Code: provider.CodeMalformed, Cause: "Zoho does not say who signed in", Cure: soon,
		Err: errors.New("the identity has no ZUID"),
	}
}

// ended tells the words for an access token that is over.
func ended(code string) bool {
	return slices.Contains([]string{"INVALID_OAUTHTOKEN", "INVALID_TOKEN"}, strings.ToUpper(code))
}

// vouched tells whether Zoho stands for the address, in the id_token that came from the
// token endpoint.
func vouched(reg account.Registration, idToken secret.Text, email string) bool {
	var claims struct {
		Audience string `json:"aud"`
		Email    string `json:"email"`
		Verified any    `json:"email_verified"`
	}
	if email == "" || oauth.Claims(idToken, &claims) != nil || claims.Audience != reg.ClientID || !strings.EqualFold(claims.Email, email) {
		return false
	}
	return claims.Verified == true || claims.Verified == "true"
}

// Ping implements provider.Pinger with the identity, which every grant reaches.
func (d *Driver) Ping(ctx context.Context, reg account.Registration, held provider.Tokens) error {
	there, err := at(reg, held.Place.Accounts)
	if err != nil {
		return err
	}
	_, err = d.user(ctx, there, held.Access)
	return err
}
