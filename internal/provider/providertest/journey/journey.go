package journey

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store/storetest"
)

const returnURL = "https://app.example/connected"

// Run chooses the driver's provider on the page, signs in, redeems the code, reads the
// account, calls the provider at that path of /v1/direct with a live access token and
// with one that has ended, and deletes the account. The path is one that the subject's
// scopes open.
func Run(t *testing.T, s providertest.Subject, path string) {
	t.Helper()
	j := start(t, s)
	result := j.signIn()
	if result.Get("status") != "success" {
		t.Fatalf("the application is told %v", result)
	}
	var c struct {
		AccountID   int64
		AccessToken string
	}
	j.read(j.send(http.MethodPost, "/v1/auth/token/"+result.Get("code"), j.application), &c)
	bearer := "Bearer " + c.AccessToken

	var who struct {
		ServiceType, TokenStatus, AuthUserID string
		AuthNativeScopes                     []string
	}
	j.read(j.send(http.MethodGet, "/v1/account", bearer), &who)
	if who.ServiceType != string(j.info.ServiceType) || who.TokenStatus != string(account.TokenActive) || who.AuthUserID == "" || len(who.AuthNativeScopes) == 0 {
		t.Errorf("account %d is %+v", c.AccountID, who)
	}

	j.read(j.send(http.MethodGet, "/v1/direct/"+path, bearer), nil)
	if _, ok := s.Provider.(provider.Refresher); ok {
		s.Expire()
		j.read(j.send(http.MethodGet, "/v1/direct/"+path, bearer), nil)
	}

	var gone struct{ ProviderGrant string }
	j.read(j.send(http.MethodDelete, "/v1/account", bearer), &gone)
	want := "unsupported"
	if _, ok := s.Provider.(provider.Revoker); ok {
		want = "revoked"
	}
	if gone.ProviderGrant != want {
		t.Errorf("the grant is %s at the provider, want %s", gone.ProviderGrant, want)
	}
}

// journey is a server with one application that has the subject's registration, and
// the browser of one person.
type journey struct {
	t           *testing.T
	subject     providertest.Subject
	info        provider.Info
	url         string
	clientID    string
	application string // its Authorization header
	browser     *http.Client
}

func start(t *testing.T, s providertest.Subject) *journey {
	t.Helper()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := app.Open(t.Context(), app.Config{Database: storetest.Setting(t), Key: key, Listen: "127.0.0.1:0", Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	server, err := opened.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{t: t, subject: s, info: s.Provider.Info(), url: server.URL, browser: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	j.register(opened.Operator())
	return j
}

// register makes the application and its registrations: the subject's, and another one
// so that there is something to choose from.
func (j *journey) register(ops *operator.Service) {
	j.t.Helper()
	created, password, err := ops.CreateApplication(j.t.Context(), operator.CreateApplication{Name: "Journey", ReturnURLs: []string{returnURL}})
	if err != nil {
		j.t.Fatal(err)
	}
	req := http.Request{Header: http.Header{}}
	req.SetBasicAuth(created.ClientID, password.Reveal())
	j.clientID, j.application = created.ClientID, req.Header.Get("Authorization")

	reg := j.subject.Registration
	for _, in := range []operator.SetRegistration{
		{
			// The subject's provider knows one redirect URI. We play the page there, and
			// pass the answer on.
			ServiceType: strings.ToLower(string(j.info.ServiceType)), ClientID: reg.ClientID, Secrets: reg.Secrets,
			NativeScopes: j.subject.NativeScopes, Endpoints: &reg.Endpoints, CallbackURL: &j.subject.RedirectURI,
		},
		{ServiceType: j.another(), ClientID: "another", Secrets: []secret.Text{secret.New("another")}},
	} {
		if _, _, err := ops.SetRegistration(j.t.Context(), created.ClientID, in); err != nil {
			j.t.Fatal(err)
		}
	}
}

func (j *journey) another() string {
	if j.info.ServiceType == account.Google {
		return string(account.Office365)
	}
	return string(account.Google)
}

// signIn goes from the page of choices to the provider and back, and returns what the
// application is told.
func (j *journey) signIn() url.Values {
	j.t.Helper()
	asked := url.Values{"clientId": {j.clientID}, "returnUrl": {returnURL}, "state": {"the-state"}}
	page := j.get(j.url+"/v1/auth/authorize?"+asked.Encode(), "Accept", "text/html")
	if label := html.EscapeString(j.info.Button.Label); page.status != http.StatusOK || !strings.Contains(page.body, label) || !strings.Contains(page.body, j.info.Button.Logo) {
		j.t.Fatalf("the page of choices (%d) has no button %q with its logo", page.status, label)
	}
	asked.Set("serviceType", strings.ToUpper(string(j.info.ServiceType)))
	away := j.get(j.url + "/v1/auth/authorize?" + asked.Encode())
	if away.status/100 != 3 || away.location == "" {
		j.t.Fatalf("authorize answers %d %s", away.status, away.body)
	}
	back := j.subject.Consent(j.t, away.location, true)
	for range 3 { // to the code, by way of our own pages if there are any
		a := j.get(j.url + "/v1/auth/callback?" + back.Encode())
		to, err := url.Parse(a.location)
		if err != nil || a.location == "" {
			j.t.Fatalf("the callback answers %d %s", a.status, a.body)
		}
		if strings.HasPrefix(a.location, returnURL) {
			return to.Query()
		}
		back = j.subject.Consent(j.t, a.location, true) // asked once more, for consent
	}
	j.t.Fatal("the sign-in goes on and on")
	return nil
}

// answer is a response, read.
type answer struct {
	status         int
	location, body string
}

func (j *journey) get(address string, headers ...string) answer {
	j.t.Helper()
	return j.do(j.browser, http.MethodGet, address, headers...)
}

// send is a program's request, without cookies.
func (j *journey) send(method, path, authorization string) answer {
	j.t.Helper()
	return j.do(http.DefaultClient, method, j.url+path, "Authorization", authorization)
}

func (j *journey) do(client *http.Client, method, address string, headers ...string) answer {
	j.t.Helper()
	req, err := http.NewRequestWithContext(j.t.Context(), method, address, nil)
	if err != nil {
		j.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		j.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		j.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), string(body)}
}

// read wants 200 and, where into is given, its JSON.
func (j *journey) read(a answer, into any) {
	j.t.Helper()
	if a.status != http.StatusOK {
		j.t.Fatalf("the answer is %d: %s", a.status, a.body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		j.t.Fatalf("%s: %v", a.body, err)
	}
}
