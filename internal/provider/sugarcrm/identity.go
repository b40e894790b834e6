package sugarcrm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// me is the answer of that endpoint, as far as it is used.
type me struct {
	User struct {
		ID       string `json:"id"`
		Name     string `json:"full_name"`
		UserName string `json:"user_name"`
		Emails   []struct {
			Address string `json:"email_address"`
			Primary bool   `json:"primary_address"`
		} `json:"email"`
	} `json:"current_user"`
}

// who asks the instance whose a token is. The user is one of that instance, however they
// have signed in. Nobody vouches for the address: whoever has an instance writes it there.
func (d *Driver) who(ctx context.Context, reg account.Registration, held provider.Tokens) (account.Identity, error) {
	server, err := at(reg, held.Place)
	if err != nil {
		return account.Identity{}, err
	}
	var answer me
	if err := d.instance.GetJSON(ctx, server+rest+"/me", held.Access, &answer); err != nil {
		return account.Identity{}, err
	}
	user := answer.User
	if user.ID == "" || len(user.ID) > 255 || strings.ContainsAny(user.ID, "/\x00") {
		return account.Identity{}, unclear(errors.New("the answer names no user"))
	}
	who := account.Identity{Subject: strings.TrimPrefix(server, "https://") + "/" + user.ID, Name: user.Name}
	for _, e := range user.Emails {
		if who.Email == "" || e.Primary {
			who.Email = e.Address
		}
	}
	if who.Email == "" && strings.Contains(user.UserName, "@") {
		who.Email = user.UserName
	}
	return who, nil
}

// post makes a call for the token's owner.
func (d *Driver) post(ctx context.Context, endpoint string, access secret.Text, members map[string]string) error {
	body, err := json.Marshal(members)
	if err != nil {
		return errors.New("encode the request")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("build the request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(tokenHeader, access.Reveal())
	return d.instance.Ask(req, nil)
}

// refuses tells whether a call failed because the access token is over.
func refuses(err error) bool { return isDead(err) }

func isDead(err error) bool {
	var e *provider.Error
	return errors.As(err, &e) && e.Class == provider.Dead
}

func unclear(err error) *provider.Error {
	return &provider.Error{
		Class: provider.Later, Code: provider.CodeMalformed, Cause: "SugarCRM does not say who signed in, or where", Cure: soon, Err: err,
	}
}
