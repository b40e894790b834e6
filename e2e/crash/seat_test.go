package crash_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

const (
	returnURL    = "https://app.example/connected"
	clientSecret = "the-provider-knows-it"
	serviceType  = "Google"
)

// seat is one account, with an application and a provider's client of its own.
type seat struct {
	server   *server
	provider *provider
	clientID string // of the application
	password string

	account int64
	bearer  string
}

// register makes the application and the client. The server need not run.
func (s *seat) register(t *testing.T, a *app.App, box *sandbox.Sandbox, number int) {
	t.Helper()
	id := fmt.Sprintf("crash-%d.apps.sandbox.test", number)
	err := box.Register(serviceType, sandbox.Client{ID: id, Secret: clientSecret, Name: "Crash", RedirectURIs: []string{publicURL + "/v1/auth/callback"}})
	if err != nil {
		t.Fatal(err)
	}
	created, password, err := a.Operator().CreateApplication(t.Context(), operator.CreateApplication{Name: id, ReturnURLs: []string{returnURL}})
	if err != nil {
		t.Fatal(err)
	}
	s.clientID, s.password = created.ClientID, password.Reveal()
	e := box.GoogleEndpoints(s.provider.rest.URL)
	_, _, err = a.Operator().SetRegistration(t.Context(), created.ClientID, operator.SetRegistration{
		ServiceType: serviceType, ClientID: id, Secrets: []secret.Text{secret.New(clientSecret)},
		Endpoints: &account.Endpoints{
			Authorize: e.Authorize, Token: box.GoogleEndpoints(s.provider.token.URL).Token,
			Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// signIn connects the account, for the first time or once more.
func (s *seat) signIn(t *testing.T) {
	t.Helper()
	client := s.server.client()
	var err error
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), returnURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	q := url.Values{
		"clientId": {s.clientID}, "serviceType": {serviceType}, "scopes": {"Mail.Read"},
		"returnUrl": {returnURL}, "loginHint": {"ada+auto+once@sandbox.test"},
	}
	back := request(t, client, http.MethodGet, publicURL+"/v1/auth/authorize?"+q.Encode(), nil)
	to, err := url.Parse(back.header.Get("Location"))
	if err != nil || back.err != nil || to.Query().Get("status") != "success" {
		t.Fatalf("the sign-in ended with %+v", back)
	}
	redeemed := request(t, client, http.MethodPost, publicURL+"/v1/auth/token/"+to.Query().Get("code"), func(r *http.Request) {
		r.SetBasicAuth(s.clientID, s.password)
	})
	var c struct {
		AccountID   int64
		AccessToken string
	}
	if err := json.Unmarshal([]byte(redeemed.body), &c); err != nil || redeemed.status != http.StatusOK {
		t.Fatalf("redeem: %+v", redeemed)
	}
	if s.account != 0 && c.AccountID != s.account {
		t.Fatalf("signed in again, account %d became %d", s.account, c.AccountID)
	}
	s.account, s.bearer = c.AccountID, c.AccessToken
}

// answer is a response, as far as it came.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// code is the code of our error JSON.
func (a answer) code() string {
	var f struct{ Code string }
	_ = json.Unmarshal([]byte(a.body), &f)
	return f.Code
}

// call uses the account: a request to the provider's API.
func (s *seat) call(t *testing.T) answer {
	return request(t, s.server.client(), http.MethodGet, publicURL+"/v1/direct/echo/x", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.bearer)
	})
}

func request(t *testing.T, client *http.Client, method, address string, change func(*http.Request)) answer {
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		return answer{err: err}
	}
	if change != nil {
		change(req)
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body), err}
}
