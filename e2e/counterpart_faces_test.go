package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

// hubspotFace has HubSpot's dated paths, one scope parameter split in two, a list of
// scopes, and its status beside OAuth's error. Who signed in, and for what, is told by
// introspection.
func hubspotFace() dialect {
	const token = "/oauth/2026-03/token"
	return dialect{
		service: "Hubspot", native: []string{"oauth", "crm.objects.contacts.read"}, scopes: url.Values{"scopes": {"Contacts.Read"}},
		paths: map[string]string{
			"/oauth/authorize": "/auth", token: "/token", token + "/introspect": "/token/introspection", token + "/revoke": "/token/revocation",
		},
		api: "/data", data: "crm/objects/2026-03/contacts",
		asks: func(q url.Values) { asOpenID(q, strings.Fields(q.Get("scope")+" "+q.Get("optional_scope"))) },
		answers: func(f *face, path, grant string, status int, body map[string]any) (int, any) {
			switch {
			case status != http.StatusOK && path == "/token" && body["error"] == "invalid_grant":
				body["status"] = map[string]string{"refresh_token": "BAD_REFRESH_TOKEN", "authorization_code": "BAD_AUTH_CODE"}[grant]
			case path == "/token":
				body["scopes"] = f.vendorScopes(body)
				delete(body, "scope")
				delete(body, "id_token")
			case path == "/token/introspection" && body["active"] == true:
				body["hub_id"], body["user_id"], body["user"], body["scopes"] = 1234567, number(body["sub"]), body["sub"], f.vendorScopes(body)
				delete(body, "scope")
			}
			return status, body
		},
	}
}

const (
	strictOrg  = "00D000000000062EAA"
	strictUser = "005000000000"
)

// forceFace has Salesforce's paths at an instance that the answers name, no expires_in,
// no scope in the answer to a refresh, and refresh_token for offline_access.
func forceFace() dialect {
	const oauth, instance = "/services/oauth2/", "/instance/acme"
	return dialect{
		service: "Salesforce", native: []string{"api"},
		paths: map[string]string{
			oauth + "authorize": "/auth", oauth + "token": "/token", oauth + "revoke": "/token/revocation", oauth + "userinfo": "/me",
		},
		data: "data/v60.0/sobjects",
		asks: func(q url.Values) {
			asOpenID(q, slices.DeleteFunc(strings.Fields(q.Get("scope")), func(s string) bool { return s == "refresh_token" || s == "openid" }))
		},
		answers: func(f *face, path, grant string, status int, body map[string]any) (int, any) {
			switch {
			case path == "/token" && status == http.StatusOK:
				body["instance_url"] = f.url + instance
				body["scope"] = strings.Join(append(f.vendorScopes(body), "refresh_token", "openid"), " ")
				delete(body, "expires_in")
				if grant == "refresh_token" {
					delete(body, "scope")
				}
			case path == "/me" && status == http.StatusUnauthorized:
				return status, []map[string]string{{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}}
			case path == "/me" && status == http.StatusOK:
				body["organization_id"], body["user_id"] = strictOrg, strictUser+strconv.FormatUint(number(body["sub"])%900+100, 10)
			}
			return status, body
		},
	}
}

// zohoFace has Zoho's paths and commas, refusals that come with status 200, two lives,
// a callback that names the server, a revocation by the token alone, and its own word
// before the access token.
func zohoFace() dialect {
	return dialect{
		service: "Zoho", native: []string{"AaaServer.profile.READ", "email", "zohocontacts.contactapi.READ"}, scopes: url.Values{"scopes": {"Contacts.Read"}},
		paths: map[string]string{
			"/oauth/v2/auth": "/auth", "/oauth/v2/token": "/token", "/oauth/v2/token/revoke": "/token/revocation", "/oauth/user/info": "/me",
		},
		api: "/data", data: "api/v1/accounts/self/contacts",
		asks: func(q url.Values) {
			asOpenID(q, slices.DeleteFunc(strings.Split(q.Get("scope"), ","), func(s string) bool { return s == "email" }))
		},
		callback: func(f *face, q url.Values) { q.Set("location", "us"); q.Set("accounts-server", f.url) },
		sends: func(form url.Values) {
			if form.Get("client_id") == "" { // a revocation
				form.Set("client_id", strictClient)
				form.Set("client_secret", strictSecret)
			}
		},
		answers: func(f *face, path, _ string, status int, body map[string]any) (int, any) {
			switch {
			case path == "/token" && status == http.StatusOK:
				life, _ := body["expires_in"].(float64)
				body["expires_in"], body["expires_in_sec"] = life*1000, life
				body["scope"] = strings.Join(f.vendorScopes(body), " ")
			case path == "/token":
				said, _ := body["error"].(string)
				return http.StatusOK, map[string]string{"error": map[string]string{"invalid_grant": "invalid_code"}[said] + strings.TrimPrefix(said, "invalid_grant")}
			case path == "/me" && status == http.StatusOK:
				return status, map[string]any{"ZUID": number(body["sub"]), "Email": body["email"], "Display_Name": body["name"]}
			}
			return status, body
		},
	}
}

// sugarFace has an instance that announces the identity service, that service's scopes,
// its own header for the access token, and an instance's word for one that is over.
func sugarFace() dialect {
	const instance, api = "/crm", "/crm/rest/v11"
	return dialect{
		service: "SugarCRM", native: []string{"https://apis.sugarcrm.com/auth/crm"},
		paths: map[string]string{
			"/oauth2/auth": "/auth", "/oauth2/token": "/token", "/oauth2/revoke": "/token/revocation",
			api + "/me": "/me", api + "/metadata/public": announcement,
		},
		data: "rest/v11/data/Accounts", header: "OAuth-Token", instance: instance,
		asks: func(q url.Values) {
			asOpenID(q, slices.DeleteFunc(strings.Fields(q.Get("scope")), func(s string) bool { return s == "offline" || s == "profile" || s == "email" }))
		},
		answers: func(f *face, path, _ string, status int, body map[string]any) (int, any) {
			switch {
			case path == "/token" && status == http.StatusOK:
				body["scope"] = strings.Join(append(f.vendorScopes(body), "offline", "profile", "email"), " ")
			case path == "/me" && status == http.StatusUnauthorized:
				return status, map[string]string{"error": "need_login", "error_message": "The access token provided is invalid."}
			case path == "/me" && status == http.StatusOK:
				return status, map[string]any{"current_user": map[string]any{
					"id": strconv.FormatUint(number(body["sub"]), 10), "full_name": body["name"], "user_name": body["email"],
					"email": []map[string]any{{"email_address": body["email"], "primary_address": true}},
				}}
			}
			return status, body
		},
	}
}

// number is one that stands for a text, the same each time.
func number(text any) uint64 {
	said, _ := text.(string)
	n := uint64(1469598103934665603) // FNV-1a
	for _, b := range []byte(said) {
		n = (n ^ uint64(b)) * 1099511628211
	}
	return n % 1_000_000_000
}

// The drivers of dialects that no general provider has, against one that forgives
// nothing: its access tokens end, its refresh tokens work once, and whoever presents an
// old one ends the grant.
func TestVendorsByAStrictProvider(t *testing.T) {
	t.Parallel()
	for _, d := range []dialect{hubspotFace(), forceFace(), zohoFace(), sugarFace()} {
		t.Run(d.service, func(t *testing.T) {
			t.Parallel()
			w := start(t, trustsFaces(t))
			s := startStrict(t, w.url+"/v1/auth/callback", "", strings.Join(d.native, " "))
			f := s.face(d)
			w.registerAtFace(f)
			b := w.browser()
			c := w.redeemedAccount(b.signInAtFace(f, grace))
			w.strictThread(f, c)

			stolen := s.tokens.newest()
			s.advance(strictLife)
			w.wantData(f, c, "before the replay")
			if replay := s.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {stolen.Refresh}}); !strings.Contains(replay.body, "invalid_grant") {
				t.Fatalf("the replay: %d %s", replay.status, replay.body)
			}
			before := s.counts()
			for range 3 {
				refused(t, w.data(f, c), http.StatusUnauthorized, "token.dead")
			}
			if n := s.counts(); n.Refused != before.Refused+1 || n.Ended != 1 || w.status(c) != "dead" {
				t.Errorf("Avain asks once and then knows: %+v, and then %+v; the account is %s", before, n, w.status(c))
			}

			again := w.redeemedAccount(b.signInAtFace(f, grace))
			if again.AccountID != c.AccountID || w.status(c) != "active" {
				t.Errorf("account %d became %d, %s", c.AccountID, again.AccountID, w.status(c))
			}
			s.advance(strictLife)
			w.wantData(f, c, "the old bearer after the new sign-in, renewed")

			w.strictCheckUp(f)

			last := s.tokens.newest()
			gone := w.as(c, http.MethodDelete, "/v1/account")
			if gone.status != http.StatusOK || !strings.Contains(gone.body, `"providerGrant":"revoked"`) {
				t.Errorf("delete: %d %s", gone.status, gone.body)
			}
			if s.live(last.Refresh) || s.counts().Ended != 2 {
				t.Errorf("the grant outlives the account: %+v", s.counts())
			}
		})
	}
}

// strictThread looks at a new account, and renews it in every way.
func (w *world) strictThread(f *face, c connected) {
	w.t.Helper()
	s := f.strict
	who := w.details(c, "?pingProvider=true")
	if n := s.counts(); n != (strictCounts{Code: 1}) || s.tokens.newest().Refresh == "" {
		w.t.Errorf("the sign-in took %+v", n)
	}
	if id, _ := who["authUserId"].(string); who["email"] != grace || who["tokenStatus"] != "active" || id == "" {
		w.t.Errorf("the answers became %v", who)
	}
	for _, want := range f.native {
		if !slices.Contains(words(who["authNativeScopes"]), want) {
			w.t.Errorf("%s was granted, and is not in %v", want, who["authNativeScopes"])
		}
	}
	if strings.Contains(strings.Join(words(who["authNativeScopes"]), " "), "offline_access") {
		w.t.Errorf("the dialect's bends show: %v", who["authNativeScopes"])
	}
	w.wantData(f, c, "with the first access token")

	w.clock.advance(strictLife)
	s.advance(strictLife)
	w.wantData(f, c, "after the access token's end")
	for range 3 {
		s.advance(strictLife)
		w.wantData(f, c, "after an end that came early")
	}
	s.advance(strictLife)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if got := w.data(f, c); got.status != http.StatusOK {
				w.t.Errorf("one of many: %d %s", got.status, got.body)
			}
		})
	}
	callers.Wait()
	if n := s.counts(); n != (strictCounts{Code: 1, Refresh: 5}) {
		w.t.Errorf("a sign-in, four renewals and one of many took %+v", n)
	}
	seen := map[string]bool{}
	for _, g := range s.tokens.all() {
		seen[g.Refresh] = true
	}
	if len(seen) != 6 || seen[""] {
		w.t.Errorf("%d different refresh tokens", len(seen))
	}
}

// strictCheckUp has doctor ask about the client as it is, and with a wrong secret.
func (w *world) strictCheckUp(f *face) {
	w.t.Helper()
	set := func(password string) {
		in := operator.SetRegistration{ServiceType: f.service, ClientID: strictClient, Secrets: []secret.Text{secret.New(password)}}
		if _, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, in); err != nil {
			w.t.Fatal(err)
		}
	}
	ask := func() []operator.Finding {
		return slices.DeleteFunc(w.askProviders(), func(o operator.Finding) bool { return !strings.HasSuffix(o.Subject, "/"+f.service) })
	}
	wantFinding(w.t, ask(), operator.OK, "nothing against the client")
	set("not-the-secret")
	wantFinding(w.t, ask(), operator.Error, "does not take the client (invalid_client)")
	set(strictSecret)
}

func (w *world) data(f *face, c connected) answer {
	w.t.Helper()
	return w.as(c, http.MethodGet, "/v1/direct/"+f.dialect.data)
}

func (w *world) wantData(f *face, c connected, when string) {
	w.t.Helper()
	if got := w.data(f, c); got.status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", when, got.status, got.body)
	}
}
