package e2e_test

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/sandbox"
)

// providerFault is a way in which a provider fails in the middle of a sign-in, and
// what the application is told.
type providerFault struct {
	fault sandbox.Fault
	want  string
}

// providerFaults are the ways that all have.
var providerFaults = []providerFault{
	{sandbox.Fault{Endpoint: "code", Kind: "html"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "code", Kind: "malformed"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "code", Kind: "empty"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "code", Kind: "oversized"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "code", Kind: "cut"}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "code", Kind: "html", Status: 400}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "code", Kind: "html", Status: 502}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "code", Kind: "status", Status: 503}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "code", Kind: "status", Status: 429, RetryAfter: "7"}, "provider.limited"},
	{sandbox.Fault{Endpoint: "code", Kind: "error", Error: "invalid_client", Status: 401}, "provider.config"},
	{sandbox.Fault{Endpoint: "code", Kind: "error", Error: "invalid_grant"}, "provider.refused"},
	{sandbox.Fault{Endpoint: "code", Kind: "error", Error: "nobody_knows_this"}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "identity", Kind: "html"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "identity", Kind: "malformed"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "identity", Kind: "empty"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "identity", Kind: "oversized"}, "provider.malformed"},
	{sandbox.Fault{Endpoint: "identity", Kind: "cut"}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "identity", Kind: "status", Status: 500}, "provider.unavailable"},
	{sandbox.Fault{Endpoint: "identity", Kind: "status", Status: 429}, "provider.limited"},
	{sandbox.Fault{Endpoint: "identity", Kind: "status", Status: 401}, "provider.refused"},
	{sandbox.Fault{Endpoint: "identity", Kind: "status", Status: 403}, "provider.malformed"},
}

func TestAProviderThatFailsInASignIn(t *testing.T) {
	t.Parallel()
	onEachService(t, aProviderThatFailsInASignIn)
}

func aProviderThatFailsInASignIn(t *testing.T, s service) {
	w := startAt(t, s)
	w.connect(url.Values{"loginHint": {bob}})
	before := w.heldAccounts()
	leaks := []string{providerPass, w.password, s.accessPrefix, "@sandbox.test", "app-state"}
	all := slices.Clone(providerFaults)
	for told, want := range s.atExchange {
		word, description, _ := strings.Cut(told, " ")
		all = append(all, providerFault{sandbox.Fault{Endpoint: "code", Kind: "error", Error: word, Description: description}, want})
	}
	for _, c := range all {
		if c.fault.Endpoint == "identity" && c.fault.Status == http.StatusUnauthorized {
			c.want = cmp.Or(s.identityRefused, c.want)
		}
		w.clock.advance(time.Second)
		for _, person := range []string{ada, bob} { // a new account, and a renewal
			leaks = append(leaks, failedSignIn(t, w, c.fault, person, c.want)...)
		}
		if t.Failed() {
			t.Fatalf("for %+v", c.fault)
		}
	}
	untouched(t, w, before)
	noneIn(t, w.log.String(), leaks)

	w.faults()
	w.connect(nil) // and nothing stands in the way afterwards
}

// failedSignIn runs into the fault and returns what must not stand in the log.
func failedSignIn(t *testing.T, w *world, f sandbox.Fault, person, want string) []string {
	t.Helper()
	b := w.browser()
	back := b.toCallback(url.Values{"loginHint": {person}})
	w.failAt(f)
	final := b.get(back)
	w.faults()
	result := wantFailed(t, final, want)
	asked, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{asked.Query().Get("code"), asked.Query().Get("state")}
	for _, cookie := range b.client.Jar.Cookies(asked) {
		secrets = append(secrets, cookie.Value)
	}
	noneIn(t, result.Get("details"), append(slices.Clone(secrets), providerPass, w.service.accessPrefix, "127.0.0.1", "Sandbox fault", "AADSTS"))
	return secrets
}

func noneIn(t *testing.T, text string, leaks []string) {
	t.Helper()
	for _, leak := range leaks {
		if leak != "" && strings.Contains(text, leak) {
			t.Errorf("%q stands in %.2000s", leak, text)
		}
	}
}

func TestAProviderThatHangsInASignIn(t *testing.T) {
	t.Parallel()
	onEachService(t, aProviderThatHangsInASignIn)
}

func aProviderThatHangsInASignIn(t *testing.T, s service) {
	w := startAt(t, s, func(c *app.Config) { c.ProviderTimeout = time.Second })
	for _, endpoint := range []string{"code", "identity"} {
		failedSignIn(t, w, sandbox.Fault{Endpoint: sandbox.Endpoint(endpoint), Kind: "hang"}, ada, "provider.timeout")
	}
	untouched(t, w, nil)
}

// A provider's refusal of our client is the operator's to mend, not the end of
// anybody's account.
func TestAWrongProviderSecret(t *testing.T) {
	t.Parallel()
	onEachService(t, aWrongProviderSecret)
}

func aWrongProviderSecret(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	w.registerClient("another-secret", w.url+"/v1/auth/callback")
	b := w.browser()
	wantFailed(t, b.follow(b.authorize(nil)), "provider.config")
	if held := w.heldAccounts(); len(held) != 1 || held[0].TokenStatus != account.TokenActive || int64(held[0].ID) != c.AccountID {
		t.Errorf("the account is now %+v", held)
	}
}

// A whole journey, with what every party must keep to itself.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	onEachService(t, nothingSecretIsLogged)
}

func nothingSecretIsLogged(t *testing.T, s service) {
	w := startAt(t, s)
	b := w.browser()
	back := b.toCallback(nil)
	result := b.get(back).result(t)
	c := w.redeemedAccount(result)
	w.redeem(result.Get("code")) // a replay is written down
	w.call("GET", "/v1/account?access_token="+c.AccessToken, nil)
	w.call("GET", "/v1/account", nil, "Authorization", c.bearer())
	asked, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	leaks := []string{
		asked.Query().Get("code"), asked.Query().Get("state"), result.Get("code"), c.AccessToken,
		w.password, providerPass, s.accessPrefix, "app-state", "@sandbox.test", "avain_at_",
	}
	for _, cookie := range b.client.Jar.Cookies(asked) {
		leaks = append(leaks, cookie.Value)
	}
	noneIn(t, w.log.String(), leaks)
	if !strings.Contains(w.log.String(), "code.used") {
		t.Error("the log tells nothing of the replay")
	}
}
