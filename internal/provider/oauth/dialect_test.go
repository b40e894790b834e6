package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
	"github.com/avain-project/avain/internal/secret"
)

// answering is a registration whose endpoints all give that answer. seen is the last
// request.
func answering(t *testing.T, status int, body string) (account.Registration, *http.Request) {
	t.Helper()
	seen := &http.Request{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*seen = *r
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("right")},
		Endpoints: account.Endpoints{Token: server.URL, Revoke: server.URL, Userinfo: server.URL},
	}, seen
}

func held() provider.Tokens {
	return provider.Tokens{Access: secret.New("access"), Refresh: secret.New("refresh")}
}

func TestLifeIsInSeconds(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]time.Duration{
		`"expires_in": 3600`:                             time.Hour,
		`"expires_in": "3600"`:                           time.Hour,
		`"expires_in_sec": 3600`:                         time.Hour,
		`"expires_in_sec": 3600, "expires_in": 3600000`:  time.Hour,
		`"expires_in": 3600000, "expires_in_sec": "600"`: 10 * time.Minute,
		`"scope": "a"`:                                   0,
	} {
		reg, _ := answering(t, http.StatusOK, `{"access_token": "new", "token_type": "Bearer", `+answer+`}`)
		got, err := (&oauth.Client{HTTP: http.DefaultClient}).Refresh(t.Context(), reg, held())
		if err != nil || got.Life != want {
			t.Errorf("%s: life %s, %v; want %s", answer, got.Life, err, want)
		}
	}
}

func TestADialectReadsWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	reg, _ := answering(t, http.StatusOK, `{"access_token": "new", "token_type": "Bearer", "instance_url": "https://a", "number": 7}`)
	got, err := (&oauth.Client{HTTP: http.DefaultClient}).Refresh(t.Context(), reg, held())
	if err != nil || got.Text("instance_url") != "https://a" || got.Text("number") != "" || got.Text("absent") != "" {
		t.Errorf("read %q, %q; %v", got.Text("instance_url"), got.Text("number"), err)
	}
	if (oauth.Answer{}).Text("instance_url") != "" {
		t.Error("an empty answer has texts")
	}
}

// Some providers tell an error with status 200.
func TestAnErrorWithStatus200IsOne(t *testing.T) {
	t.Parallel()
	client := oauth.Client{HTTP: http.DefaultClient, Troubles: []provider.Trouble{{Code: "invalid_code", Class: provider.Dead}}}
	reg, _ := answering(t, http.StatusOK, `{"error": "invalid_code"}`)
	_, err := client.Refresh(t.Context(), reg, held())
	if e, ok := err.(*provider.Error); !ok || e.Class != provider.Dead {
		t.Errorf("refresh: %v", err)
	}
	if err := client.Revoke(t.Context(), reg, held()); err == nil {
		t.Error("a revocation that failed passes for one")
	}
	client.Gone = []string{"invalid_code"}
	if err := client.Revoke(t.Context(), reg, held()); err != nil {
		t.Errorf("a token that is gone: %v", err)
	}
}

func TestRevocationOfTheTokenAlone(t *testing.T) {
	t.Parallel()
	reg, seen := answering(t, http.StatusOK, `{"status": "success"}`)
	client := oauth.Client{HTTP: http.DefaultClient, RevokeAlone: true}
	if err := client.Revoke(t.Context(), reg, held()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(url.Values{"token": {"refresh"}}, seen.PostForm); d != "" {
		t.Error(d)
	}
}

func TestTheWordBeforeTheToken(t *testing.T) {
	t.Parallel()
	for scheme, want := range map[string]string{"": "Bearer access", "Zoho-oauthtoken": "Zoho-oauthtoken access"} {
		reg, seen := answering(t, http.StatusOK, `{}`)
		client := oauth.Client{HTTP: http.DefaultClient, Scheme: scheme}
		if err := client.GetJSON(t.Context(), reg.Endpoints.Userinfo, secret.New("access"), &struct{}{}); err != nil {
			t.Fatal(err)
		}
		if got := seen.Header.Get("Authorization"); got != want {
			t.Errorf("scheme %q: %q", scheme, got)
		}
	}
}
