package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// introspected is what the tests read of an introspection.
type introspected struct {
	Active                    bool
	Scope, Sub, Iss, Username string
	Iat                       int64
	ClientID                  string `json:"client_id"`
	TokenType                 string `json:"token_type"`
	TokenStatus               string `json:"token_status"`
}

// A library that its authors wrote for any server drives the whole face: it reads the
// metadata, and nothing is told to it beside.
func TestAnIndependentLibraryDrivesTheStandardsFace(t *testing.T) {
	t.Parallel()
	w := startSecure(t)
	public := w.publicly()
	l := startLibrary(t, w.certificate)
	for way, seen := range map[string]*world{"basic": w.world, "post": w.world, "none": public} {
		t.Run(way, func(t *testing.T) {
			var begun struct{ Address string }
			l.do("begin", map[string]any{
				"issuer": w.url, "client": seen.client.ClientID, "secret": seen.password, "way": way,
				"parameters": map[string]string{"redirect_uri": returnURL, "scope": "Mail.Read", "service_type": "Google", "login_hint": ada},
			}, &begun)
			var got struct {
				AccessToken  string `json:"access_token"`
				TokenType    string `json:"token_type"`
				RefreshToken string `json:"refresh_token"`
				Scope        string
				AccountID    int64 `json:"account_id"`
				ExpiresIn    *int  `json:"expires_in"`
			}
			back := w.visit(begun.Address)
			l.do("redeem", map[string]any{"address": back}, &got)
			if !strings.EqualFold(got.TokenType, "bearer") || got.Scope != "Mail.Read" || got.AccountID < 1 || got.RefreshToken != "" || got.ExpiresIn != nil {
				t.Errorf("the token is %+v", got)
			}
			token := map[string]any{"token": got.AccessToken, "address": w.url + "/v1/account"}
			var call struct{ Status int }
			l.do("call", token, &call)
			if call.Status != http.StatusOK {
				t.Errorf("the token is answered %d", call.Status)
			}
			want := introspected{
				Active: true, Scope: "Mail.Read", Sub: strconv.FormatInt(got.AccountID, 10), Iss: w.url, Username: "ada@sandbox.test", Iat: w.clock.Now().Unix(),
				ClientID: seen.client.ClientID, TokenType: "Bearer", TokenStatus: "active",
			}
			for _, want := range []introspected{want, {}} {
				var told introspected
				switch refused := l.try("introspect", token, &told); {
				case way == "none" && (refused == nil || refused.Status != http.StatusUnauthorized):
					t.Errorf("a client without a secret may introspect: %+v, %+v", told, refused)
				case way != "none" && (refused != nil || told != want):
					t.Errorf("introspected %+v, %+v, want %+v", told, refused, want)
				}
				l.do("revoke", token, nil)
			}
			if refused := l.try("call", token, nil); refused == nil || refused.Status != http.StatusUnauthorized {
				t.Errorf("after its revocation the token is answered %+v", refused)
			}
			// A code works once, and what is refused is in words that the library knows.
			if refused := l.try("redeem", map[string]any{"address": back}, nil); refused == nil || refused.Error != "invalid_grant" {
				t.Errorf("the code again: %+v", refused)
			}
		})
	}
	t.Run("declined", func(t *testing.T) {
		var begun struct{ Address string }
		l.do("begin", map[string]any{
			"issuer": w.url, "client": public.client.ClientID, "way": "none",
			"parameters": map[string]string{"redirect_uri": returnURL, "scope": "Mail.Read", "service_type": "Google", "login_hint": "ada+deny@sandbox.test"},
		}, &begun)
		back := w.visit(begun.Address)
		if refused := l.try("redeem", map[string]any{"address": back}, nil); refused == nil || refused.Error != "access_denied" || !strings.HasPrefix(refused.Description, "access_denied: ") {
			t.Errorf("%s: %+v", back, refused)
		}
		// Another server's answer, mixed in, is none of ours.
		other := withQuery(t, back, url.Values{"iss": {"https://other.example"}})
		if refused := l.try("redeem", map[string]any{"address": other}, nil); refused == nil || refused.Error != "" {
			t.Errorf("%s: %+v", other, refused)
		}
	})
}

// The library of the Go project, which finds nothing out by itself.
func TestGoLibraryDrivesTheStandardsFace(t *testing.T) {
	t.Parallel()
	w := startSecure(t)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: w.transport})
	for name, c := range map[string]struct {
		seen  *world
		style oauth2.AuthStyle
		plain bool // without PKCE
	}{
		"basic": {w.world, oauth2.AuthStyleInHeader, false}, "post": {w.world, oauth2.AuthStyleInParams, false}, "found out": {w.world, oauth2.AuthStyleAutoDetect, true},
		"public": {w.publicly(), oauth2.AuthStyleInParams, false}, "public, found out": {w.publicly(), oauth2.AuthStyleAutoDetect, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := oauth2.Config{
				ClientID: c.seen.client.ClientID, RedirectURL: returnURL, Scopes: []string{"Mail.Read", "Calendar.Read"},
				Endpoint: oauth2.Endpoint{AuthURL: w.url + "/oauth/authorize", TokenURL: w.url + "/oauth/token", AuthStyle: c.style},
			}
			if !c.seen.client.Settings.Public {
				cfg.ClientSecret = c.seen.password
			}
			verifier := oauth2.GenerateVerifier()
			ask := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("login_hint", ada)}
			redeem := []oauth2.AuthCodeOption{}
			if !c.plain {
				ask, redeem = append(ask, oauth2.S256ChallengeOption(verifier)), append(redeem, oauth2.VerifierOption(verifier))
			}
			// The application has one service, so that none need be named.
			back, err := url.Parse(w.visit(cfg.AuthCodeURL("s-1", ask...)))
			if err != nil || back.Query().Get("state") != "s-1" || back.Query().Get("iss") != w.url {
				t.Fatalf("came back to %s, %v", back, err)
			}
			token, err := cfg.Exchange(ctx, back.Query().Get("code"), redeem...)
			if err != nil {
				t.Fatal(err)
			}
			if !token.Valid() || !token.Expiry.IsZero() || token.RefreshToken != "" || token.Extra("scope") != "Calendar.Read Mail.Read" {
				t.Errorf("%+v, scope %v", token, token.Extra("scope"))
			}
			answer, err := cfg.Client(ctx, token).Get(w.url + "/v1/account")
			if err != nil {
				t.Fatal(err)
			}
			var acct struct{ ID int64 }
			err = json.NewDecoder(answer.Body).Decode(&acct)
			_ = answer.Body.Close()
			if id, _ := token.Extra("account_id").(float64); err != nil || acct.ID == 0 || int64(id) != acct.ID {
				t.Errorf("%v: account %d, told %v", err, acct.ID, token.Extra("account_id"))
			}
			_, err = cfg.Exchange(ctx, back.Query().Get("code"), redeem...)
			var refused *oauth2.RetrieveError
			if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" || !strings.HasPrefix(refused.ErrorDescription, "code.used: ") {
				t.Errorf("the code again: %v", err)
			}
		})
	}
}
