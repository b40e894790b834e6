package zoho_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// Only an id_token for this client that names the very address vouches for it.
func TestWhoVouchesForTheAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		claims string // "-" for no id_token
		want   bool
	}{
		{`{"aud":"client","email":"ada@b.test","email_verified":true}`, true},
		{`{"aud":"client","email":"Ada@B.test","email_verified":"true"}`, true},
		{`{"aud":"client","email":"ada@b.test","email_verified":false}`, false},
		{`{"aud":"client","email":"ada@b.test"}`, false},
		{`{"aud":"other","email":"ada@b.test","email_verified":true}`, false},
		{`{"aud":"client","email":"bob@b.test","email_verified":true}`, false},
		{`{"aud":"client","email_verified":true}`, false},
		{`half`, false},
		{`-`, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path == "/user" {
				_, _ = fmt.Fprint(w, `{"ZUID":1,"Email":"ada@b.test","First_Name":"Ada","Last_Name":"Lovelace"}`)
				return
			}
			idToken := "x." + base64.RawURLEncoding.EncodeToString([]byte(test.claims)) + ".y"
			if test.claims == "-" {
				idToken = ""
			}
			_, _ = fmt.Fprintf(w, `{"access_token":"a","token_type":"Bearer","id_token":%q}`, idToken)
		}))
		reg := account.Registration{ClientID: "client", Endpoints: account.Endpoints{Token: server.URL + "/token", Userinfo: server.URL + "/user"}}
		tokens, who, err := newDriver().Exchange(t.Context(), reg, provider.Callback{
			Params: url.Values{"code": {"c"}}, Verifier: secret.New("v"), NativeScopes: []string{"asked"},
		})
		server.Close()
		if err != nil || who.EmailVerified != test.want || who.Name != "Ada Lovelace" || who.Subject != "us/1" {
			t.Errorf("%s: %+v, %v", test.claims, who, err)
		}
		if strings.Join(tokens.NativeScopes, "") != "asked" {
			t.Errorf("an answer without scopes grants %v", tokens.NativeScopes)
		}
	}
}
