package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// returnURL is the applications' own. Nobody listens there: the flow reads the code
// off the redirect.
const returnURL = "https://bench.example/connected"

// codeFlow connects an account the way a browser and its application do: authorize,
// the provider, callback, token. The browser has not been here before, and each
// flow makes a new account, for a person who has just consented.
func codeFlow(ctx context.Context, client *http.Client, avain string, app application) (token string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := *client
	browser.Jar = jar
	back, err := signIn(ctx, &browser, avain+"/v1/auth/authorize?"+url.Values{
		"clientId": {app.clientID}, "serviceType": {"Google"}, "scopes": {"Mail.Read Mail.Send"}, "returnUrl": {returnURL},
		"state": {"the-application-s-own"}, "loginHint": {"ada+auto@sandbox.test"}, "prompt": {"consent"}, "clientOrgId": {uuid.NewString()},
	}.Encode())
	if err != nil {
		return "", err
	}
	code := back.Query().Get("code")
	if code == "" {
		return "", fmt.Errorf("the sign-in came back without a code: %s", back)
	}
	return redeem(ctx, client, avain+"/v1/auth/token/"+code, app)
}

// signIn walks the redirects until they leave for the application.
func signIn(ctx context.Context, browser *http.Client, next string) (back *url.URL, err error) {
	for !strings.HasPrefix(next, returnURL) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
		if err != nil {
			return nil, err
		}
		res, err := browser.Do(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			return nil, err
		}
		if next = res.Header.Get("Location"); next == "" {
			return nil, fmt.Errorf("the sign-in stopped with status %d: %s", res.StatusCode, body)
		}
	}
	return url.Parse(next)
}

func redeem(ctx context.Context, client *http.Client, address string, app application) (token string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(app.clientID, app.secret)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	var redeemed struct{ AccessToken string }
	if err := json.Unmarshal(body, &redeemed); err != nil || redeemed.AccessToken == "" {
		return "", fmt.Errorf("the code was answered with %d: %s", res.StatusCode, body)
	}
	return redeemed.AccessToken, nil
}
