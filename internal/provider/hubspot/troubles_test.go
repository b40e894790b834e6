package hubspot_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// refused asks a server that refuses in this way for a refresh.
func refused(t *testing.T, status int, body map[string]string, header http.Header) *provider.Error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}))
	defer server.Close()
	_, err := newDriver().Refresh(t.Context(), account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("s")}, Endpoints: account.Endpoints{Token: server.URL},
	}, provider.Tokens{Refresh: secret.New("r")})
	var e *provider.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v: %v is not classified", body, err)
	}
	return e
}

// The guide's form has error and status; v1's had the status alone. Where both are
// there and differ, the status tells more.
func TestWhatErrorsMean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		error, status string
		class         provider.Class
		code          string
	}{
		{"invalid_grant", "BAD_REFRESH_TOKEN", provider.Dead, "invalid_grant"},
		{"", "BAD_REFRESH_TOKEN", provider.Dead, "invalid_grant"},
		{"invalid_request", "BAD_REFRESH_TOKEN", provider.Dead, "invalid_grant"},
		{"invalid_grant", "", provider.Dead, "invalid_grant"},
		{"invalid_grant", "MADE_UP_YESTERDAY", provider.Dead, "invalid_grant"},
		{"", "BAD_AUTH_CODE", provider.Dead, "invalid_grant"},
		{"", "EXPIRED_AUTH_CODE", provider.Dead, "invalid_grant"},
		{"invalid_client", "", provider.Config, "invalid_client"},
		{"", "BAD_CLIENT_ID", provider.Config, "invalid_client"},
		{"invalid_request", "BAD_CLIENT_SECRET", provider.Config, "invalid_client"},
		{"", "MISMATCH_REDIRECT_URI_AUTH_CODE", provider.Config, "redirect_uri_mismatch"},
		{"", "BAD_REDIRECT_URI", provider.Config, "redirect_uri_mismatch"},
		{"invalid_scope", "", provider.Config, "invalid_scope"},
		{"unauthorized_client", "", provider.Config, "unauthorized_client"},
		{"unsupported_grant_type", "BAD_GRANT_TYPE", provider.Config, "unsupported_grant_type"},
		{"temporarily_unavailable", "", provider.Later, "temporarily_unavailable"},
		{"", "error", provider.Later, provider.CodeMalformed}, // the form of the APIs, which names no OAuth error
		{"brand_new_error", "", provider.Later, "brand_new_error"},
	} {
		body := map[string]string{"message": "m"}
		if test.error != "" {
			body["error"], body["error_description"] = test.error, "words"
		}
		if test.status != "" {
			body["status"] = test.status
		}
		if e := refused(t, http.StatusBadRequest, body, nil); e.Class != test.class || e.Code != test.code || e.Cause == "" || e.Cure == "" {
			t.Errorf("%v is %s (%s), want %s (%s)", body, e.Code, e.Class, test.code, test.class)
		}
	}
	dead := map[string]string{"error": "invalid_grant", "status": "BAD_REFRESH_TOKEN"}
	if e := refused(t, http.StatusBadGateway, dead, nil); e.Class != provider.Later {
		t.Errorf("a 502 killed a grant: %v", e)
	}
	id := refused(t, http.StatusBadRequest, map[string]string{"status": "BAD_CLIENT_ID"}, nil)
	if bad := refused(t, http.StatusBadRequest, map[string]string{"status": "BAD_CLIENT_SECRET"}, nil); bad.Cause == id.Cause {
		t.Error("the status does not refine the cause")
	}
}

func TestALimitIsPassing(t *testing.T) {
	t.Parallel()
	e := refused(t, http.StatusTooManyRequests, map[string]string{
		"status": "error", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING", "message": "You have reached your ten_secondly_rolling limit.",
	}, http.Header{"Retry-After": {"9"}, "X-Hubspot-Ratelimit-Remaining": {"0"}, "X-Hubspot-Ratelimit-Interval-Milliseconds": {"10000"}})
	if e.Class != provider.Later || e.Code != provider.CodeLimited || e.RetryAfter != 9*time.Second {
		t.Errorf("%v after %s", e, e.RetryAfter)
	}
}

// v1's form of a wrong secret asks for the next one too.
func TestTheNextSecretAfterABareStatus(t *testing.T) {
	t.Parallel()
	var tried []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tried = append(tried, r.PostFormValue("client_secret"))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"status":"BAD_CLIENT_SECRET","message":"m"}`))
	}))
	t.Cleanup(server.Close)
	reg := account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("old"), secret.New("new")},
		Endpoints: account.Endpoints{Token: server.URL, Userinfo: server.URL, Revoke: server.URL},
	}
	held := provider.Tokens{Access: secret.New("a"), Refresh: secret.New("r")}
	d := newDriver()
	for what, call := range map[string]func() error{
		"refresh":       func() error { _, err := d.Refresh(t.Context(), reg, held); return err },
		"introspection": func() error { return d.Ping(t.Context(), reg, held) },
		"revocation":    func() error { return d.Revoke(t.Context(), reg, held) },
	} {
		tried = nil
		var e *provider.Error
		if err := call(); !errors.As(err, &e) || e.Class != provider.Config || len(tried) != 2 {
			t.Errorf("%s: %v after %v", what, err, tried)
		}
	}
}

func TestRefusalsAtTheCallback(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]provider.Class{
		"access_denied": provider.User, "invalid_scope": provider.Config, "server_error": provider.Later, "surprise": provider.Later,
	} {
		_, _, err := newDriver().Exchange(t.Context(), account.Registration{}, provider.Callback{Params: url.Values{"error": {code}}})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != want || e.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
}
