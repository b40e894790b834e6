package providertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// Run tries the driver. open gives each test a subject of its own: its registration
// is known to the provider, and nobody has consented yet. A call that hangs must
// end within seconds by the clients that the driver was made with.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	p := open(t).Provider
	_, redirects := p.(provider.Redirector)
	_, grants := p.(provider.Granter)
	_, signs := p.(provider.Signer)
	if !redirects && !grants && !signs {
		t.Fatal("nobody can sign in: the driver is no Redirector, no Signer and no Granter")
	}
	every(t, open, ofAll())
	if redirects {
		every(t, open, ofRedirectors())
	}
	if redirects || grants {
		every(t, open, ofTokens())
	}
	if grants || signs {
		every(t, open, ofFormers())
	}
}

// part is one test of the suite, and the promise that it is about; "" for all drivers.
type part struct {
	about Promise
	test  func(*testing.T, Subject)
}

func every(t *testing.T, open func(t *testing.T) Subject, parts map[string]part) {
	t.Helper()
	for name, p := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			if p.about != "" && !s.kept(t, p.about) {
				return
			}
			p.test(t, s)
		})
	}
}

// ofAll are the tests of every driver.
func ofAll() map[string]part {
	return map[string]part{
		"What it has not has a reason": {test: testPromises},
		"Info is complete":             {test: testInfo},
		"The button can be drawn":      {test: testButton},
		"Scopes map there and back":    {test: testScopes},
	}
}

// ofRedirectors are those of sign-ins on the provider's own pages.
func ofRedirectors() map[string]part {
	return map[string]part{
		"AuthorizeURL has what it must":        {test: testAuthorizeURL},
		"A sign-in gives tokens and person":    {test: testSignIn},
		"A partial grant is told":              {Narrows, testPartialGrant},
		"A no costs no call":                   {test: testDenied},
		"An administrator's no is told":        {NeedsAdmin, testNeedsAdmin},
		"A callback without a code":            {test: testNoCode},
		"A code works with its verifier":       {test: testVerifier},
		"Errors hold nothing secret":           {test: testNoSecretsInErrors},
		"A rotated refresh token is handed on": {Rotates, testRotation},
		"A sign-in without a refresh token":    {Withholds, testSignInWithoutRefresh},
		"Each secret is tried":                 {Refreshes, testSecrets},
		"Failures have their class":            {test: testFailures},
		"Probe proves what was granted":        {Probes, testProbe},
		"Probe refuses the rest":               {Probes, testProbeRefused},
		"Probe sees a service that is off":     {ProbesNoMail, testProbeOff},
	}
}

// ofTokens are those of tokens, however they came.
func ofTokens() map[string]part {
	return map[string]part{
		"Refresh gives a working token":          {Refreshes, testRefresh},
		"Refresh of what is gone":                {Refreshes, testRefreshGone},
		"Refresh without a token":                {Refreshes, testNoRefreshToken},
		"An ended context ends the call":         {test: testContext},
		"Revoke ends the grant, once":            {Revokes, testRevoke},
		"Ping tells live from refused":           {Pings, testPing},
		"The pass-through opens what is granted": {Passes, testDirect},
		"It is safe for concurrent use":          {test: testConcurrent},
	}
}

func testInfo(t *testing.T, s Subject) {
	info := s.Provider.Info()
	// Commands, addresses and the authorize parameter, which is bounded, carry it.
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,31}$`).MatchString(string(info.ServiceType)) || info.Title == "" {
		t.Errorf("service type %q: up to 32 letters and digits, a letter first; title %q", info.ServiceType, info.Title)
	}
	for _, host := range info.Direct.Hosts {
		// {api} stands for what an answer names, which is checked as such.
		u, err := url.Parse(strings.Replace(host.Base, "{api}", "https://api.test", 1))
		if err != nil || u.Scheme != "https" || u.Host == "" || !strings.HasSuffix(host.Base, "/") || u.RawQuery != "" || strings.HasPrefix(host.Prefix, "/") {
			t.Errorf("pass-through host %+v: an https URL that ends in a slash, and a prefix that does not begin with one", host)
		}
	}
	never := []string{"Authorization", "Cookie", "Set-Cookie", "Host", "Connection", "Link", "X-Http-Method-Override"}
	for _, name := range append(slices.Clone(info.Direct.RequestHeaders), info.Direct.ResponseHeaders...) {
		if slices.ContainsFunc(never, func(n string) bool { return strings.EqualFold(n, name) }) {
			t.Errorf("the pass-through must not let %s through", name)
		}
	}
	if info.AssumedLife < 0 {
		t.Errorf("assumed life %s", info.AssumedLife)
	}
	if diff := cmp.Diff(info.ServiceType, s.Provider.Info().ServiceType); diff != "" {
		t.Error("Info changes from call to call:", diff)
	}
}

func testScopes(t *testing.T, s Subject) {
	m := s.Provider.Info().Scopes
	for _, unified := range scope.All() {
		if !m.Supports(unified) {
			continue
		}
		asked := m.Ask([]scope.Scope{unified}, nil)
		if got := m.Unified(asked); !slices.Contains(got, unified) {
			t.Errorf("%s is asked for as %v, which reads back as %v", unified, asked, got)
		}
		if missing := m.Missing(asked, m.Normalize(asked)); len(missing) > 0 {
			t.Errorf("%s: of what was granted %v is taken for missing", unified, missing)
		}
		if slices.ContainsFunc(asked, func(n string) bool { return strings.ContainsAny(n, " ,") }) {
			t.Errorf("%s: a native scope holds a separator: %v", unified, asked)
		}
	}
	if got := m.Unified(m.Always); len(got) > 0 {
		t.Errorf("the identity scopes alone read as %v", got)
	}
}

func testAuthorizeURL(t *testing.T, s Subject) {
	page, err := s.redirector(t).AuthorizeURL(s.Registration, s.request())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" {
		t.Fatalf("%q, %v", page, err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"client_id": s.Registration.ClientID, "redirect_uri": s.RedirectURI, "state": "the-state", "response_type": "code",
		"code_challenge": challenge, "code_challenge_method": "S256",
	} {
		if got := q[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	// HubSpot takes what may be left out in a parameter of its own.
	asked := strings.FieldsFunc(q.Get("scope")+" "+q.Get("optional_scope"), func(r rune) bool { return r == ' ' || r == ',' })
	for _, want := range s.NativeScopes {
		if !slices.Contains(asked, want) {
			t.Errorf("scope %q and optional_scope %q lack %s", q.Get("scope"), q.Get("optional_scope"), want)
		}
	}
	if strings.Contains(page, verifier) || strings.Contains(page, s.Registration.Secrets[0].Reveal()) {
		t.Errorf("a secret is in the address: %s", page)
	}
}

func testSignIn(t *testing.T, s Subject) {
	tokens, who := s.signIn(t)
	if tokens.Access.IsZero() || tokens.Refresh.IsZero() {
		t.Error("access or refresh token is missing")
	}
	if who.Subject == "" || who.Subject == who.Email {
		t.Errorf("the subject must be stable and not the address: %+v", who)
	}
	info := s.Provider.Info()
	if missing := info.Scopes.Missing(s.NativeScopes, tokens.NativeScopes); tokens.NativeScopes == nil || len(missing) > 0 {
		t.Errorf("granted %v, missing %v", tokens.NativeScopes, missing)
	}
	if tokens.Life == 0 && info.AssumedLife == 0 {
		t.Error("neither the answer nor Info says how long a token lives")
	}
	_, again := s.signIn(t)
	if diff := cmp.Diff(who, again); diff != "" {
		t.Errorf("the same person the second time: %s", diff)
	}
}

func testDenied(t *testing.T, s Subject) {
	callback := s.callback(t, false)
	before := s.Calls()
	_, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback)
	is(t, err, provider.User, provider.CodeAccessDenied)
	if s.Calls() != before {
		t.Error("the provider was called")
	}
}

// The person allows less than was asked for, and the flow has to know.
func testPartialGrant(t *testing.T, s Subject) {
	held := s.signInAs(t, LeavingOut)
	last := s.NativeScopes[len(s.NativeScopes)-1]
	if missing := s.Provider.Info().Scopes.Missing(s.NativeScopes, held.NativeScopes); held.NativeScopes == nil || !slices.Equal(missing, []string{last}) {
		t.Errorf("granted %v, missing %v, and %s was left out", held.NativeScopes, missing, last)
	}
}

func testNeedsAdmin(t *testing.T, s Subject) {
	callback := s.callbackAs(t, WithoutAdmin)
	before := s.Calls()
	_, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback)
	is(t, err, provider.Admin, "")
	if callback.Params.Has("error") && s.Calls() != before {
		t.Error("the provider was called")
	}
}

func testNoCode(t *testing.T, s Subject) {
	callback := s.callback(t, true)
	callback.Params = url.Values{"state": {"the-state"}}
	before := s.Calls()
	if _, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback); err == nil || s.Calls() != before {
		t.Errorf("%v after %d calls", err, s.Calls()-before)
	}
}

func testVerifier(t *testing.T, s Subject) {
	callback := s.callback(t, true)
	callback.Verifier = secret.New(strings.Repeat("x", 43))
	tokens, _, err := s.redirector(t).Exchange(t.Context(), s.Registration, callback)
	var refused *provider.Error
	if !errors.As(err, &refused) || !tokens.Access.IsZero() {
		t.Errorf("another verifier: %v", err)
	}
}

// is checks the class of a failure, and its code where one is given.
func is(t *testing.T, err error, class provider.Class, code string) {
	t.Helper()
	var e *provider.Error
	switch {
	case !errors.As(err, &e):
		t.Errorf("error %v is not classified, want %s", err, class)
	case e.Class != class, code != "" && e.Code != code:
		t.Errorf("error %s (%s), want %s (%s)", e.Code, e.Class, code, class)
	case e.Cause == "" || e.Cure == "":
		t.Errorf("%s has no cause or cure for people", e.Code)
	}
}

func testContext(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for what, call := range s.calls(held) {
		if err := call(ended); err == nil {
			t.Errorf("%s works in an ended context", what)
		}
	}
}

// calls are those of a held credential that the driver can make.
func (s Subject) calls(held provider.Tokens) map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{}
	if p, ok := s.Provider.(provider.Refresher); ok {
		calls["Refresh"] = func(ctx context.Context) error { _, err := p.Refresh(ctx, s.Registration, held); return err }
	}
	if p, ok := s.Provider.(provider.Pinger); ok {
		calls["Ping"] = func(ctx context.Context) error { return p.Ping(ctx, s.Registration, held) }
	}
	if p, ok := s.Provider.(provider.Prober); ok {
		if areas := areasOf(p, s.Registration, s.NativeScopes); len(areas) > 0 {
			calls["Probe"] = func(ctx context.Context) error { return p.Probe(ctx, s.Registration, held, areas[0]) }
		}
	}
	if p, ok := s.Provider.(provider.Revoker); ok {
		calls["Revoke"] = func(ctx context.Context) error { return p.Revoke(ctx, s.Registration, held) }
	}
	return calls
}

func testConcurrent(t *testing.T, s Subject) {
	held, _ := s.signIn(t)
	var group sync.WaitGroup
	failures := make(chan error, 64)
	for what, call := range s.calls(held) {
		if what == "Revoke" {
			continue
		}
		for range 8 {
			group.Go(func() {
				if err := call(t.Context()); err != nil {
					failures <- fmt.Errorf("%s: %w", what, err)
				}
			})
		}
	}
	group.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
}

// soon is when a call that hangs must have ended.
const soon = 20 * time.Second
