package office365_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

const (
	oid = "0000aaaa-11bb-4ccc-8d22-eeeeee333333"
	tid = "aaaabbbb-0000-4ccc-8111-dddd2222eeee"
	msa = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

// exchange runs a sign-in at a server that answers with these claims and this /me.
func exchange(t *testing.T, claims, me map[string]any) (account.Identity, error) {
	t.Helper()
	good := map[string]any{
		"aud": "client", "iss": "https://login.microsoftonline.com/" + tid + "/v2.0", "oid": oid, "tid": tid,
		"email": "ada@contoso.example", "preferred_username": "ada@contoso.example", "name": "Ada",
	}
	over(good, claims)
	person := map[string]any{"id": oid, "displayName": "Ada Lovelace", "mail": "ada@contoso.example", "userPrincipalName": "ada@contoso.example"}
	over(person, me)
	payload, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	jwt := "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".c2ln"
	if raw, ok := claims["raw"].(string); ok {
		jwt = raw
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": "3599", "id_token": jwt})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(person) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	_, who, err := newDriver().Exchange(t.Context(), account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("s")},
		Endpoints: account.Endpoints{Token: server.URL + "/token", Userinfo: server.URL + "/me"},
	}, provider.Callback{Params: url.Values{"code": {"c"}}, Verifier: secret.New(verifier)})
	return who, err
}

// over lays changes over a map; nil takes a field away.
func over(m, changes map[string]any) {
	for k, v := range changes {
		m[k] = v
		if v == nil {
			delete(m, k)
		}
	}
}

func TestIdentityNeedsPersonAndTenant(t *testing.T) {
	t.Parallel()
	who, err := exchange(t, nil, nil)
	if err != nil || who.Subject != tid+"/"+oid || who.OrgID != tid || who.Email != "ada@contoso.example" || who.Name != "Ada Lovelace" {
		t.Fatalf("%+v, %v", who, err)
	}
	upper, err := exchange(t, map[string]any{"oid": "0000AAAA-11BB-4CCC-8D22-EEEEEE333333"}, nil)
	if err != nil || upper.Subject != who.Subject {
		t.Errorf("in capitals: %+v, %v", upper, err)
	}
	for name, claims := range map[string]map[string]any{
		"oid without tid":     {"tid": nil},
		"tid without oid":     {"oid": nil},
		"neither":             {"oid": nil, "tid": nil},
		"empty tid":           {"tid": ""},
		"a slash in the oid":  {"oid": "a/b"},
		"a slash in the tid":  {"tid": "a/b", "iss": "https://login.microsoftonline.com/a/b/v2.0"},
		"another issuer":      {"iss": "https://login.microsoftonline.com/" + msa + "/v2.0"},
		"another application": {"aud": "somebody-else"},
		"no id_token":         {"raw": ""},
		"not base64":          {"raw": "a.?.c"},
		"not JSON":            {"raw": "e30.bm9uZQ.c"},
		"somebody else's oid": {"oid": "11111111-11bb-4ccc-8d22-eeeeee333333"}, // /me names another one
	} {
		who, err := exchange(t, claims, nil)
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != provider.CodeMalformed || who.Subject != "" {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
}

// The id of a personal account is the end of its oid.
func TestAPersonalAccount(t *testing.T) {
	t.Parallel()
	personal := map[string]any{"oid": "00000000-0000-0000-48d3-1887fad3fae3", "tid": msa, "iss": "https://login.microsoftonline.com/" + msa + "/v2.0"}
	who, err := exchange(t, personal, map[string]any{"id": "48d31887fad3fae3"})
	if err != nil || who.OrgID != msa || who.EmailVerified {
		t.Errorf("%+v, %v", who, err)
	}
	if _, err := exchange(t, personal, map[string]any{"id": "48d31887fad3fae4"}); err == nil {
		t.Error("another person's id was taken")
	}
}

// An address is vouched for where its domain's owner stands for it, and never on
// the word of whoever filled in a field (migrate-off-email-claim-authorization).
func TestWhoVouchesForAnAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		claims, me map[string]any
		email      string
		verified   bool
	}{
		{"the principal name is the address", nil, nil, "ada@contoso.example", true},
		{"in other letters", nil, map[string]any{"mail": "Ada@Contoso.example"}, "Ada@Contoso.example", true},
		{"mail is somebody's entry", nil, map[string]any{"mail": "ceo@victim.example"}, "ceo@victim.example", false},
		{"so is the claim email", map[string]any{"email": "ceo@victim.example"}, map[string]any{"mail": nil, "userPrincipalName": "x@contoso.example"}, "ceo@victim.example", false},
		{"a guest", nil, map[string]any{"userPrincipalName": "ada_contoso.example#EXT#@fabrikam.example"}, "ada@contoso.example", false},
		{"xms_edov", map[string]any{"xms_edov": true}, map[string]any{"userPrincipalName": "al@contoso.example"}, "ada@contoso.example", true},
		{"xms_edov as a text", map[string]any{"xms_edov": "1"}, map[string]any{"userPrincipalName": "al@contoso.example"}, "ada@contoso.example", true},
		{"xms_edov says no", map[string]any{"xms_edov": false}, map[string]any{"userPrincipalName": "al@contoso.example"}, "ada@contoso.example", false},
		{"xms_edov of another address", map[string]any{"xms_edov": true, "email": "al@contoso.example"}, map[string]any{"userPrincipalName": "x@contoso.example"}, "ada@contoso.example", false},
		{"no mailbox", map[string]any{"email": nil}, map[string]any{"mail": nil}, "ada@contoso.example", true},
	} {
		who, err := exchange(t, test.claims, test.me)
		if err != nil || who.Email != test.email || who.EmailVerified != test.verified {
			t.Errorf("%s: %+v, %v", test.name, who, err)
		}
	}
}
