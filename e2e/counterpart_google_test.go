package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv"
)

const (
	emulateClient = "avain-e2e.apps.googleusercontent.com"
	emulateSecret = "GOCSPX-avain-e2e-secret"
	grace         = "grace.hopper@example.com"
)

// TestGoogleByAnIndependentEmulator runs the whole thread against a Google that we
// did not write: authorize page, PKCE, exchange, userinfo, refresh, revoke, and
// Gmail list and send through the pass-through.
func TestGoogleByAnIndependentEmulator(t *testing.T) {
	t.Parallel()
	w := start(t)
	google := startEmulate(t, w.url+"/v1/auth/callback")
	tokens := overhear(t, google)
	w.registerAt(google, tokens.url)

	b := w.browser()
	result := b.consentAtEmulate(b.authorize(url.Values{"scopes": {"Mail.ReadWrite"}, "loginHint": nil})).result(t)
	if result.Get("status") != "success" {
		t.Fatalf("the sign-in ended with %v", result)
	}
	var c connected
	if err := json.Unmarshal([]byte(w.redeem(result.Get("code")).body), &c); err != nil {
		t.Fatal(err)
	}
	if who := w.accountOf(c); who["email"] != grace || who["name"] != "Grace Hopper" || who["authOrgId"] != "example.com" {
		t.Errorf("userinfo became %v", who)
	}

	// Grace's own address in the path: a token that the emulator does not know is
	// taken for somebody else's there, and refused.
	mailbox := "/v1/direct/gmail/v1/users/" + url.PathEscape(grace) + "/messages"
	list := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer())
	if list.status != http.StatusOK || !strings.Contains(list.body, "msg_cobol") || strings.Contains(list.body, "msg_stranger") {
		t.Errorf("list: %d %s", list.status, list.body)
	}

	raw := base64.URLEncoding.EncodeToString([]byte("To: jean@example.com\r\nSubject: From Avain\r\n\r\nNanoseconds.\r\n"))
	sent := w.call(http.MethodPost, mailbox+"/send", strings.NewReader(`{"raw":"`+raw+`"}`),
		"Authorization", c.bearer(), "Content-Type", "application/json")
	if sent.status != http.StatusOK {
		t.Fatalf("send: %d %s", sent.status, sent.body)
	}
	var message struct{ ID string }
	if err := json.Unmarshal([]byte(sent.body), &message); err != nil || message.ID == "" {
		t.Fatalf("send answered %s", sent.body)
	}
	shelf := w.call(http.MethodGet, mailbox+"?labelIds=SENT", nil, "Authorization", c.bearer())
	if !strings.Contains(shelf.body, message.ID) {
		t.Errorf("the sent message is not on the shelf: %s", shelf.body)
	}

	t.Run("refresh", func(t *testing.T) {
		before := w.accountOf(c)["tokenIssuedAt"]
		w.clock.advance(2 * time.Hour)
		again := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer())
		if again.status != http.StatusOK || !strings.Contains(again.body, "msg_cobol") {
			t.Fatalf("after the refresh: %d %s", again.status, again.body)
		}
		if after := w.accountOf(c); after["tokenIssuedAt"] == before || after["tokenStatus"] != "active" {
			t.Errorf("no refresh is to be seen: issued %v, then %v", before, after["tokenIssuedAt"])
		}
	})

	t.Run("the same person keeps the account", func(t *testing.T) {
		second := w.browser()
		result := second.consentAtEmulate(second.authorize(url.Values{"scopes": {"Mail.ReadWrite"}, "loginHint": nil})).result(t)
		var again connected
		if err := json.Unmarshal([]byte(w.redeem(result.Get("code")).body), &again); err != nil || again.AccountID != c.AccountID {
			t.Errorf("account %d became %d (%v)", c.AccountID, again.AccountID, err)
		}
	})

	t.Run("revoked at the provider", func(t *testing.T) {
		if answer := tokens.refresh(); answer.status != http.StatusOK {
			t.Fatalf("the refresh token is dead before it was revoked: %s", answer.body)
		}
		deleted := w.call(http.MethodDelete, "/v1/account/token", nil, "Authorization", c.bearer())
		if deleted.status != http.StatusOK || !strings.Contains(deleted.body, `"providerGrant":"revoked"`) {
			t.Fatalf("delete the token: %d %s", deleted.status, deleted.body)
		}
		if call := w.call(http.MethodGet, mailbox, nil, "Authorization", c.bearer()); call.code() != "token.dead" {
			t.Errorf("a call after that: %d %s", call.status, call.body)
		}
		if answer := tokens.refresh(); answer.code() != "" || !strings.Contains(answer.body, "invalid_grant") {
			t.Errorf("the emulator still takes the refresh token: %s", answer.body)
		}
	})
}

// TestEmulatorRefusesWhatItMust proves that the emulator is a judge: with a wrong
// secret the thread breaks where it must.
func TestEmulatorRefusesWhatItMust(t *testing.T) {
	t.Parallel()
	w := start(t)
	google := startEmulate(t, w.url+"/v1/auth/callback")
	w.registerAt(google, google+"/oauth2/token", secret.New("a-wrong-secret"))
	b := w.browser()
	result := b.consentAtEmulate(b.authorize(url.Values{"loginHint": nil})).result(t)
	if result.Get("error") != "provider.config" {
		t.Errorf("a wrong provider secret ends with %v", result)
	}

	// The right one beside the wrong one: both are tried, in order.
	w.registerAt(google, google+"/oauth2/token", secret.New("a-wrong-secret"), secret.New(emulateSecret))
	result = b.consentAtEmulate(b.authorize(url.Values{"loginHint": nil})).result(t)
	if result.Get("status") != "success" {
		t.Errorf("the second secret was not tried: %v", result)
	}
}

// overheard stands before the emulator's token endpoint and remembers the newest
// refresh token, which Avain itself never shows.
type overheard struct {
	t      *testing.T
	url    string
	google string

	mu    sync.Mutex
	token string
}

func overhear(t *testing.T, google string) *overheard {
	t.Helper()
	target, err := url.Parse(google)
	if err != nil {
		t.Fatal(err)
	}
	o := &overheard{t: t, google: google}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: o.remember,
	})
	t.Cleanup(proxy.Close)
	o.url = proxy.URL + "/oauth2/token"
	return o
}

func (o *overheard) remember(res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.RefreshToken != "" {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.token = answer.RefreshToken
	}
	return nil
}

// refresh asks the emulator itself, past Avain, what it thinks of the token.
func (o *overheard) refresh() answer {
	o.t.Helper()
	o.mu.Lock()
	token := o.token
	o.mu.Unlock()
	res, err := http.PostForm(o.google+"/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {emulateClient}, "client_secret": {emulateSecret},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return answer{status: res.StatusCode, body: string(body)}
}

// registerAt makes the emulator the application's Google.
func (w *world) registerAt(google, tokenEndpoint string, secrets ...secret.Text) {
	w.t.Helper()
	if len(secrets) == 0 {
		secrets = []secret.Text{secret.New(emulateSecret)}
	}
	_, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: "Google", ClientID: emulateClient, Secrets: secrets,
		Endpoints: &account.Endpoints{
			Authorize: google + "/o/oauth2/v2/auth", Token: tokenEndpoint, Revoke: google + "/oauth2/revoke",
			Userinfo: google + "/oauth2/v2/userinfo", API: google,
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// accountOf reads GET /v1/account.
func (w *world) accountOf(c connected) map[string]any {
	w.t.Helper()
	got := w.call(http.MethodGet, "/v1/account", nil, "Authorization", c.bearer())
	var acct map[string]any
	if err := json.Unmarshal([]byte(got.body), &acct); err != nil || got.status != http.StatusOK {
		w.t.Fatalf("account: %d %s", got.status, got.body)
	}
	return acct
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// consentAtEmulate submits Grace's form on the emulator's consent page and brings
// the browser back through our callback.
func (b *browser) consentAtEmulate(first answer) answer {
	b.w.t.Helper()
	page := b.get(first.location())
	if page.status != http.StatusOK {
		b.w.t.Fatalf("the emulator's page: %d %s", page.status, page.body)
	}
	address, err := url.Parse(first.location())
	if err != nil {
		b.w.t.Fatal(err)
	}
	for _, part := range strings.Split(page.body, "<form")[1:] {
		form := url.Values{}
		for _, field := range hidden.FindAllStringSubmatch(part, -1) {
			form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
		}
		if form.Get("email") != grace {
			continue
		}
		back := b.w.send(b.client, http.MethodPost, "http://"+address.Host+"/o/oauth2/v2/auth/callback",
			strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		return b.get(back.location())
	}
	b.w.t.Fatalf("the emulator's page has no form for %s: %s", grace, page.body)
	return answer{}
}

// startEmulate runs the emulator on a free loopback port until the test ends.
func startEmulate(t *testing.T, redirectURI string) string {
	t.Helper()
	node, script := testenv.Emulate(t)
	counterparts := filepath.Join(testenv.Root(t), "e2e", "counterparts")
	template, err := os.ReadFile(filepath.Join(counterparts, "google.seed.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, bytes.ReplaceAll(template, []byte("REDIRECT_URI"), []byte(redirectURI)), 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	base := "http://127.0.0.1:" + port
	cmd := exec.Command(node, "--import", filepath.Join(counterparts, "loopback.mjs"), script,
		"start", "--service", "google", "--port", port, "--base-url", base, "--seed", seed)
	var output lockedBuffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	awaitOpen(t, base+"/.well-known/openid-configuration", ended, &output)
	return base
}

// awaitOpen asks until the answer is 200. The emulator prints its banner before
// its port is open, so there is no other signal.
func awaitOpen(t *testing.T, address string, ended <-chan struct{}, output *lockedBuffer) {
	t.Helper()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	timeout := time.After(60 * time.Second)
	for {
		res, err := http.Get(address) //nolint:gosec // our own loopback address
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-retry.C:
		case <-ended:
			t.Fatalf("the emulator ended\n%s", output)
		case <-timeout:
			t.Fatalf("the emulator does not answer\n%s", output)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
