package rig

import (
	"encoding/json"
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

// Seat is one account, with an application and a provider's client of its own.
type Seat struct {
	Name     string // also of its Provider
	Client   func() *http.Client
	Provider *Provider

	ClientID string // of the application
	password string

	Account int64
	bearer  string
}

// NewSeat is one whose servers the client reaches at the public URL.
func NewSeat(t testing.TB, name string, box *sandbox.Sandbox, client func() *http.Client) *Seat {
	t.Helper()
	return &Seat{Name: name, Client: client, Provider: NewProvider(t, name, box)}
}

// Register makes the application and the client. No server need run.
func (s *Seat) Register(t testing.TB, a *app.App, box *sandbox.Sandbox) {
	t.Helper()
	id := s.Name + ".apps.sandbox.test"
	err := box.Register(serviceType, sandbox.Client{ID: id, Secret: clientSecret, Name: s.Name, RedirectURIs: []string{PublicURL + "/v1/auth/callback"}})
	if err != nil {
		t.Fatal(err)
	}
	created, password, err := a.Operator().CreateApplication(t.Context(), operator.CreateApplication{Name: id, ReturnURLs: []string{returnURL}})
	if err != nil {
		t.Fatal(err)
	}
	s.ClientID, s.password = created.ClientID, password.Reveal()
	e := box.GoogleEndpoints(s.Provider.rest.URL)
	_, _, err = a.Operator().SetRegistration(t.Context(), created.ClientID, operator.SetRegistration{
		ServiceType: serviceType, ClientID: id, Secrets: []secret.Text{secret.New(clientSecret)},
		Endpoints: &account.Endpoints{
			Authorize: e.Authorize, Token: box.GoogleEndpoints(s.Provider.token.URL).Token,
			Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// SignIn connects the account, for the first time or once more: from a browser that
// follows each redirect, to the application that redeems the code.
func (s *Seat) SignIn(t testing.TB) {
	t.Helper()
	client := s.Client()
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
		"clientId": {s.ClientID}, "serviceType": {serviceType}, "scopes": {"Mail.Read"},
		"returnUrl": {returnURL}, "loginHint": {"ada+auto+once@sandbox.test"},
	}
	back := request(t, client, http.MethodGet, PublicURL+"/v1/auth/authorize?"+q.Encode(), nil)
	to, err := url.Parse(back.Header.Get("Location"))
	if err != nil || back.Err != nil || to.Query().Get("status") != "success" {
		t.Fatalf("the sign-in ended with %+v", back)
	}
	redeemed := request(t, client, http.MethodPost, PublicURL+"/v1/auth/token/"+to.Query().Get("code"), func(r *http.Request) {
		r.SetBasicAuth(s.ClientID, s.password)
	})
	var c struct {
		AccountID   int64
		AccessToken string
	}
	if err := json.Unmarshal([]byte(redeemed.Body), &c); err != nil || redeemed.Status != http.StatusOK {
		t.Fatalf("redeem: %+v", redeemed)
	}
	if s.Account != 0 && c.AccountID != s.Account {
		t.Fatalf("signed in again, account %d became %d", s.Account, c.AccountID)
	}
	s.Account, s.bearer = c.AccountID, c.AccessToken
}

// Answer is a response, as far as it came.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Err    error
}

// Code is the code of our error JSON.
func (a Answer) Code() string {
	var f struct{ Code string }
	_ = json.Unmarshal([]byte(a.Body), &f)
	return f.Code
}

// Call uses the account: a request to the provider's API, whose path says for whom it is.
func (s *Seat) Call(t testing.TB) Answer {
	return s.Do(t, http.MethodGet, "/v1/direct/echo/"+s.Name)
}

// Served tells whether an answer of Call is that of the seat's own provider.
func (s *Seat) Served(a Answer) bool {
	var echoed struct{ Host, RawPath string }
	return a.Err == nil && a.Status == http.StatusOK && json.Unmarshal([]byte(a.Body), &echoed) == nil &&
		echoed.Host == s.Provider.host() && strings.HasSuffix(echoed.RawPath, "/echo/"+s.Name)
}

// Do is any request with the account's bearer.
func (s *Seat) Do(t testing.TB, method, path string) Answer {
	return request(t, s.Client(), method, PublicURL+path, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+s.bearer)
	})
}

func request(t testing.TB, client *http.Client, method, address string, change func(*http.Request)) Answer {
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		return Answer{Err: err}
	}
	if change != nil {
		change(req)
	}
	res, err := client.Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return Answer{res.StatusCode, res.Header, string(body), err}
}
