package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The attacks of standard_attack_test.go on what programs send.

func twiceAtTheTokenEndpoint(t *testing.T, w, public, _ *world) {
	for _, seen := range []*world{w, public} {
		code := seen.standardCode(nil)
		for name, values := range map[string][]string{
			"grant_type": {"authorization_code", "authorization_code"}, "code": {code, "x"}, "redirect_uri": {returnURL, "https://evil.example"},
			"code_verifier": {verifier, verifier}, "client_id": {seen.client.ClientID, w.client.ClientID}, "client_secret": {"x", "y"},
		} {
			wantOAuthError(t, seen.exchange(code, url.Values{name: values}), http.StatusBadRequest, "invalid_request", "parameter.repeated")
		}
		token := wantToken(t, seen.exchange(code, nil))
		wantOAuthError(t, seen.form("/oauth/revoke", url.Values{"token": {token, "x"}}), http.StatusBadRequest, "invalid_request", "parameter.repeated")
		if !w.works(token) {
			t.Error("the token was revoked")
		}
	}
}

func ambiguousClients(t *testing.T, w, public, other *world) {
	code := w.standardCode(nil)
	for what, changes := range map[string]url.Values{
		"another client's id":     {"client_id": {other.client.ClientID}},
		"a public client's id":    {"client_id": {public.client.ClientID}},
		"the secret twice":        {"client_id": {w.client.ClientID}, "client_secret": {w.password}},
		"another client's secret": {"client_secret": {other.password}},
	} {
		t.Run(what, func(t *testing.T) {
			wantOAuthError(t, w.exchange(code, changes), http.StatusBadRequest, "invalid_request", "parameter.invalid")
		})
	}
	wantOAuthError(t, w.exchange(code, nil, "Authorization", basic(other.client.ClientID, other.password)), http.StatusBadRequest, "invalid_request", "parameter.repeated")
	for _, header := range []string{"Bearer " + w.password, "Basic %%%", basic(w.client.ClientID, "wrong"), basic("", w.password), basic(public.client.ClientID, w.password)} {
		got := w.call(http.MethodPost, "/oauth/token", strings.NewReader("grant_type=authorization_code&code="+code), "Authorization", header, "Content-Type", urlencoded)
		wantOAuthError(t, got, http.StatusUnauthorized, "invalid_client", "client.unauthorized")
	}
	// The same id in both places says one thing, and an encoded one is read (RFC 6749 §2.3.1).
	wantToken(t, w.exchange(code, url.Values{"client_id": {w.client.ClientID}}))
	var encoded strings.Builder
	for _, c := range []byte(w.client.ClientID) {
		fmt.Fprintf(&encoded, "%%%02x", c)
	}
	got := w.call(http.MethodPost, "/oauth/revoke", strings.NewReader("token=x"), "Authorization", basic(encoded.String(), w.password), "Content-Type", urlencoded)
	if got.status != http.StatusOK {
		t.Errorf("an encoded id is answered %d %s", got.status, got.body)
	}
}

func secretsInTheAddress(t *testing.T, w, _, _ *world) {
	code := w.standardCode(nil)
	body := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {returnURL}, "code_verifier": {verifier}}
	for name, value := range map[string]string{
		"client_secret": w.password, "client_id": w.client.ClientID, "code": code, "code_verifier": verifier, "token": "avain_at_x", "grant_type": "authorization_code",
	} {
		address := "/oauth/token?" + url.Values{name: {value}}.Encode()
		got := w.call(http.MethodPost, address, strings.NewReader(body.Encode()), "Authorization", basic(w.client.ClientID, w.password), "Content-Type", urlencoded)
		wantOAuthError(t, got, http.StatusBadRequest, "invalid_request", "parameter.invalid")
		if strings.Contains(got.body, value) && name != "grant_type" {
			t.Errorf("the error repeats it: %s", got.body)
		}
	}
	all := url.Values{"client_id": {w.client.ClientID}, "client_secret": {w.password}}
	for name, values := range body {
		all[name] = values
	}
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		if got := w.call(method, "/oauth/token?"+all.Encode(), nil); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "OPTIONS, POST" {
			t.Errorf("%s is answered %d %s, Allow %q", method, got.status, got.body, got.header.Get("Allow"))
		}
	}
	json := w.call(http.MethodPost, "/oauth/token", strings.NewReader(`{"grant_type":"authorization_code"}`),
		"Authorization", basic(w.client.ClientID, w.password), "Content-Type", "application/json")
	wantOAuthError(t, json, http.StatusBadRequest, "invalid_request", "parameter.invalid")
	for _, secret := range []string{w.password, code, verifier} {
		if strings.Contains(w.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
	wantToken(t, w.exchange(code, nil))
}

func tokensOfAnother(t *testing.T, w, public, other *world) {
	token := w.standardToken()
	for _, seen := range []*world{other, public} {
		wantOAuthError(t, seen.form("/oauth/revoke", url.Values{"token": {token}}), http.StatusBadRequest, "invalid_grant", "token.foreign")
	}
	if got := other.form("/oauth/introspect", url.Values{"token": {token}}); got.status != http.StatusOK || got.body != `{"active":false}` {
		t.Errorf("another client is told %d %s", got.status, got.body)
	}
	nobody := w.call(http.MethodPost, "/oauth/revoke", strings.NewReader("token="+token), "Content-Type", urlencoded)
	wantOAuthError(t, nobody, http.StatusUnauthorized, "invalid_client", "client.unauthorized")
	if !w.works(token) {
		t.Fatal("another client has revoked the token")
	}
	for _, unknown := range []string{token[:len(token)-1], "x", token, token} {
		got := w.form("/oauth/revoke", url.Values{"token": {unknown}, "token_type_hint": {"refresh_token"}})
		if got.status != http.StatusOK || got.body != "" {
			t.Errorf("revoking is answered %d %s", got.status, got.body)
		}
	}
	if w.works(token) || w.form("/oauth/introspect", url.Values{"token": {token}}).body != `{"active":false}` {
		t.Error("a revoked token still does something")
	}
}

func publicIntrospection(t *testing.T, w, public, _ *world) {
	token := public.standardToken()
	wantOAuthError(t, public.form("/oauth/introspect", url.Values{"token": {token}}), http.StatusUnauthorized, "invalid_client", "client.unauthorized")
	bearer := w.call(http.MethodPost, "/oauth/introspect", strings.NewReader("token="+token), "Authorization", "Bearer "+token, "Content-Type", urlencoded)
	wantOAuthError(t, bearer, http.StatusUnauthorized, "invalid_client", "client.unauthorized")
}
