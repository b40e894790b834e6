package hubspot_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636 appendix B

// What the registration names is the app's required scopes, and always there; what a
// sign-in adds may be left out.
func TestRequiredAndOptionalScopes(t *testing.T) {
	t.Parallel()
	const read, write = "crm.objects.contacts.read", "crm.objects.contacts.write"
	for name, test := range map[string]struct {
		reg                account.Registration
		asked              []string
		required, optional string
	}{
		"nothing registered":       {account.Registration{}, []string{"oauth", read}, "oauth", read},
		"nothing asked":            {account.Registration{}, []string{"oauth"}, "oauth", ""},
		"registered, not asked":    {account.Registration{NativeScopes: []string{"tickets"}}, []string{"oauth", read}, "oauth tickets", read},
		"registered and asked":     {account.Registration{Scopes: []scope.Scope{scope.ContactsRead}}, []string{"oauth", read, write}, "oauth " + read, write},
		"both kinds of registered": {account.Registration{Scopes: []scope.Scope{scope.ContactsRead}, NativeScopes: []string{"tickets", "oauth"}}, []string{"oauth", read}, "oauth " + read + " tickets", ""},
	} {
		page, err := newDriver().AuthorizeURL(test.reg, provider.AuthRequest{State: "s", Verifier: secret.New(verifier), NativeScopes: test.asked})
		u, parseErr := url.Parse(page)
		if err != nil || parseErr != nil {
			t.Fatalf("%s: %q, %v", name, page, err)
		}
		q := u.Query()
		if q.Get("scope") != test.required || q.Get("optional_scope") != test.optional || q.Has("optional_scope") != (test.optional != "") {
			t.Errorf("%s: scope %q, optional_scope %q", name, q.Get("scope"), q.Get("optional_scope"))
		}
		if u.Host != "app.hubspot.com" || u.Path != "/oauth/authorize" || q.Get("code_challenge_method") != "S256" || q.Has("login_hint") || q.Has("prompt") {
			t.Errorf("%s: %s", name, page)
		}
	}
}

// HubSpot is a CRM: contacts, and nothing else that Avain unifies.
func TestWhatHubSpotHas(t *testing.T) {
	t.Parallel()
	m := newDriver().Info().Scopes
	for _, s := range scope.All() {
		if want := s == scope.ContactsRead || s == scope.ContactsReadWrite; m.Supports(s) != want {
			t.Errorf("%s: %t", s, m.Supports(s))
		}
	}
	for granted, want := range map[string][]scope.Scope{
		"oauth":                            nil,
		"oauth crm.objects.contacts.write": nil,
		"oauth crm.objects.contacts.read tickets":                    {scope.ContactsRead},
		"crm.objects.contacts.write crm.objects.contacts.read oauth": {scope.ContactsRead, scope.ContactsReadWrite},
	} {
		if d := cmp.Diff(want, m.Unified(strings.Fields(granted))); d != "" {
			t.Errorf("%s: %s", granted, d)
		}
	}
}

// person is what introspection answers for a good token.
func person() map[string]any {
	return map[string]any{
		"active": true, "hub_id": 1234567, "user_id": 222222, "client_id": "client", "user": "jdoe@example.com",
		"scopes": []string{"oauth", "crm.objects.contacts.read"}, "token_use": "access_token", "expires_in": 1789,
	}
}

// call is a request as the stand-in of these tests got it.
type call struct {
	path, query, authorization string
	form                       url.Values
}

// answering is a HubSpot that gives these answers, by path, and keeps the calls.
func answering(t *testing.T, answers map[string]any) (account.Registration, *[]call) {
	t.Helper()
	var calls []call
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		calls = append(calls, call{r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), r.PostForm})
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answers[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	return account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("the-secret")},
		Endpoints: account.Endpoints{Token: server.URL + "/token", Userinfo: server.URL + "/introspect", Revoke: server.URL + "/revoke", API: server.URL},
	}, &calls
}

func exchange(t *testing.T, answers map[string]any) (provider.Tokens, account.Identity, []call, error) {
	t.Helper()
	reg, calls := answering(t, answers)
	tokens, who, err := newDriver().Exchange(t.Context(), reg, provider.Callback{
		Params: url.Values{"code": {"the-code"}}, Verifier: secret.New(verifier), RedirectURI: providertest.RedirectURI, NativeScopes: []string{"oauth", "tickets"},
	})
	return tokens, who, *calls, err
}

func tokens(more map[string]any) map[string]any {
	m := map[string]any{"token_type": "bearer", "access_token": "a", "refresh_token": "na1-r", "expires_in": 1800, "hub_id": 1234567}
	for k, v := range more {
		m[k] = v
	}
	return m
}

// Everything is in the body, the secret above all; and introspection, not the token
// endpoint, says what was granted.
func TestASignInInBodies(t *testing.T) {
	t.Parallel()
	got, who, calls, err := exchange(t, map[string]any{
		"/token": tokens(map[string]any{"scopes": []string{"oauth", "tickets"}}), "/introspect": person(),
	})
	if err != nil || len(calls) != 2 {
		t.Fatalf("%v after %v", err, calls)
	}
	want := account.Identity{Subject: "1234567/222222", OrgID: "1234567", Email: "jdoe@example.com"}
	if d := cmp.Diff(want, who); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"oauth", "crm.objects.contacts.read"}, got.NativeScopes); d != "" || got.Life != 30*time.Minute {
		t.Errorf("granted %v for %s", got.NativeScopes, got.Life)
	}
	for _, c := range calls {
		if c.query != "" || c.authorization != "" || c.form.Get("client_id") != "client" || c.form.Get("client_secret") != "the-secret" {
			t.Errorf("%+v", c)
		}
	}
	if f := calls[0].form; f.Get("code_verifier") != verifier || f.Get("redirect_uri") != providertest.RedirectURI || f.Get("code") != "the-code" {
		t.Errorf("the exchange: %v", f)
	}
	if f := calls[1].form; f.Get("token") != "a" || f.Get("token_type_hint") != "access_token" {
		t.Errorf("the introspection: %v", f)
	}
}

// HubSpot lets tokens grow; we give 2 KB room, and more than that.
func TestLongTokens(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("CN-x_Z09", 256) // 2 KB
	got, _, calls, err := exchange(t, map[string]any{
		"/token": tokens(map[string]any{"access_token": long, "refresh_token": "na1-" + long}), "/introspect": person(),
	})
	if err != nil || got.Access.Reveal() != long || got.Refresh.Reveal() != "na1-"+long || calls[1].form.Get("token") != long {
		t.Errorf("%d and %d characters, %v", len(got.Access.Reveal()), len(got.Refresh.Reveal()), err)
	}
}

func TestAnIntrospectionThatNamesNobody(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"no account":              {"hub_id": nil},
		"no person":               {"user_id": nil},
		"account 0":               {"hub_id": 0},
		"a negative person":       {"user_id": -1},
		"a text for a number":     {"hub_id": "../1"},
		"a fraction":              {"user_id": 1.5},
		"another application's":   {"client_id": "somebody-else"},
		"no scopes":               {"scopes": nil},
		"a text in place of them": {"scopes": "oauth"},
	} {
		answer := person()
		for k, v := range change {
			answer[k] = v
			if v == nil {
				delete(answer, k)
			}
		}
		got, who, _, err := exchange(t, map[string]any{"/token": tokens(nil), "/introspect": answer})
		var e *provider.Error
		if !errors.As(err, &e) || e.Code != provider.CodeMalformed || e.Class != provider.Later || who.Subject != "" || !got.Access.IsZero() {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	_, _, _, err := exchange(t, map[string]any{"/token": tokens(nil), "/introspect": map[string]any{"active": false}})
	var e *provider.Error
	if !errors.As(err, &e) || e.Code != provider.CodeUnauthorized {
		t.Errorf("not active: %v", err)
	}
}

// What a refresh says of scopes is believed: access can be taken away in parts.
func TestARefresh(t *testing.T) {
	t.Parallel()
	held := provider.Tokens{Refresh: secret.New("na1-r"), NativeScopes: []string{"oauth", "tickets"}}
	for name, test := range map[string]struct {
		answer  map[string]any
		scopes  []string
		rotated bool
	}{
		"the same token, no scopes": {tokens(nil), nil, false},
		"fewer scopes":              {tokens(map[string]any{"scopes": []string{"oauth"}}), []string{"oauth"}, false},
		"no scope at all":           {tokens(map[string]any{"scopes": []string{}}), []string{}, false},
		"another token":             {tokens(map[string]any{"refresh_token": "na1-s"}), nil, true},
	} {
		reg, calls := answering(t, map[string]any{"/token": test.answer})
		got, err := newDriver().Refresh(t.Context(), reg, held)
		if err != nil || got.Refresh.IsZero() == test.rotated {
			t.Errorf("%s: %v, %v", name, got.Refresh.IsZero(), err)
		}
		if d := cmp.Diff(test.scopes, got.NativeScopes); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if f := (*calls)[0].form; f.Has("scope") || f.Get("refresh_token") != "na1-r" || (*calls)[0].query != "" {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// Only a refresh token can be ended there.
func TestRevocation(t *testing.T) {
	t.Parallel()
	reg, calls := answering(t, nil)
	for _, held := range []provider.Tokens{{Access: secret.New("a")}, {Access: secret.New("a"), Refresh: secret.New("na1-r")}} {
		if err := newDriver().Revoke(t.Context(), reg, held); err != nil {
			t.Error(err)
		}
	}
	want := url.Values{"token": {"na1-r"}, "token_type_hint": {"refresh_token"}, "client_id": {"client"}, "client_secret": {"the-secret"}}
	if len(*calls) != 1 {
		t.Fatalf("calls %v", *calls)
	}
	if d := cmp.Diff(want, (*calls)[0].form); d != "" {
		t.Error(d)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	d := newDriver().Info().Direct
	for _, path := range []string{"crm/objects/2026-03/contacts", "files/v3/files", "oauth/x"} {
		if u, err := d.Endpoint(account.Registration{}, provider.Place{}, path); err != nil || u.String() != "https://api.hubapi.com/" {
			t.Errorf("%s is at %v, %v", path, u, err)
		}
	}
}
