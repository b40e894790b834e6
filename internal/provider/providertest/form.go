package providertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
)

// ofFormers are the tests of sign-ins on our own page.
func ofFormers() map[string]part {
	parts := map[string]part{
		"A form asks for one password":      {test: testFields},
		"A form signs in, and again later":  {test: testFormSignIn},
		"An ended context ends a form":      {test: testFormContext},
		"Forms are safe for concurrent use": {test: testFormsAtOnce},
		"A login passes calls through":      {Passes, testCall},
	}
	for _, class := range classes() {
		parts["A form is refused as "+string(class)] = part{Refuses(class), func(t *testing.T, s Subject) { testFormRefused(t, s, class) }}
	}
	return parts
}

func classes() []provider.Class {
	return []provider.Class{provider.Dead, provider.User, provider.Admin, provider.Config, provider.Later}
}

// submit signs in with a form: a signer gives a login, a granter tokens.
func (s Subject) submit(ctx context.Context, form provider.Form) (provider.Login, provider.Tokens, account.Identity, error) {
	if p, ok := s.Provider.(provider.Granter); ok {
		tokens, who, err := p.Grant(ctx, s.Registration, form)
		return provider.Login{}, tokens, who, err
	}
	login, who, err := s.Provider.(provider.Signer).SignIn(ctx, s.Registration, form)
	return login, provider.Tokens{}, who, err
}

func testFields(t *testing.T, s Subject) {
	p := s.Provider.(provider.Former)
	known := provider.Hint{Email: "ada@sandbox.test", ServerURL: "crm.sandbox.test"}
	fields := p.Fields(known)
	var names, passwords []string
	for _, f := range fields {
		if f.Name == "" || f.Label == "" || f.Kind == "" || strings.ContainsAny(f.Label+f.Help, "<>") {
			t.Errorf("field %+v", f)
		}
		if names = append(names, f.Name); f.Kind == provider.FieldPassword {
			passwords = append(passwords, f.Name)
			if f.Value != "" || f.Autocomplete != "current-password" || !f.Required || f.Advanced {
				t.Errorf("the password's field %+v", f)
			}
		}
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(names))); len(passwords) != 1 || len(sorted) != len(names) {
		t.Fatalf("fields %v, of them passwords %v", names, passwords)
	}
	hinted := map[provider.FieldKind]string{provider.FieldEmail: known.Email, provider.FieldText: known.Email, provider.FieldHost: known.ServerURL}
	if first := fields[0]; first.Value == "" || first.Value != hinted[first.Kind] || first.Advanced {
		t.Errorf("the first field is not what people know, with the hint in it: %+v", first)
	}
	for _, hint := range []provider.Hint{{}, {Email: "x", ServerURL: "https://server.test/path"}, {Email: "\"><script>", ServerURL: "://"}} {
		var others []string
		for _, f := range p.Fields(hint) {
			others = append(others, f.Name)
		}
		if diff := cmp.Diff(names, others); diff != "" {
			t.Errorf("the names of the fields change with the hint %+v: %s", hint, diff)
		}
	}
	for name := range s.Form(t, "").Values {
		if !slices.Contains(names, name) || name == passwords[0] {
			t.Errorf("a form that works has %s, which is no field for plain text", name)
		}
	}
}

func testFormSignIn(t *testing.T, s Subject) {
	form := s.Form(t, "")
	mailboxes := s.Provider.(provider.Former).Mailboxes(form)
	if len(mailboxes) == 0 || slices.Contains(mailboxes, "") || strings.Contains(strings.Join(mailboxes, " "), form.Password.Reveal()) {
		t.Errorf("attempts are counted by %q", mailboxes)
	}
	login, tokens, who, err := s.submit(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	if who.Subject == "" || who.Subject == who.Email || strings.Contains(who.Subject, form.Password.Reveal()) {
		t.Errorf("the subject must be stable, name the server, and not be the address: %+v", who)
	}
	if p, ok := s.Provider.(provider.Signer); ok {
		testLogin(t, form, login)
		if err := p.Verify(t.Context(), s.Registration, login); err != nil {
			t.Errorf("what was just proven: %v", err)
		}
	} else if tokens.Access.IsZero() {
		t.Error("no access token")
	}
	_, _, again, err := s.submit(t.Context(), form)
	if diff := cmp.Diff(who, again); err != nil || diff != "" {
		t.Errorf("the same person the second time: %v %s", err, diff)
	}
}

// testLogin holds a login to what is needed to use it again.
func testLogin(t *testing.T, form provider.Form, login provider.Login) {
	t.Helper()
	if !login.Password.Equal(form.Password) || login.Username == "" || len(login.Servers) == 0 {
		t.Errorf("login %q at %+v", login.Username, login.Servers)
	}
	for _, server := range login.Servers {
		if server.Protocol == "" || server.Host == "" || server.Host != strings.ToLower(server.Host) || server.Port == 0 {
			t.Errorf("server %+v", server)
		}
	}
}

// A refusal has its class and is not tried again; beside it comes nothing.
func testFormRefused(t *testing.T, s Subject, class provider.Class) {
	form := s.Form(t, class)
	before := s.Calls()
	login, tokens, who, err := s.submit(t.Context(), form)
	is(t, err, class, "")
	if n := s.Calls() - before; n > 1 {
		t.Errorf("the password was tried %d times", n)
	}
	if len(login.Servers) > 0 || !login.Password.IsZero() || !tokens.Access.IsZero() || who != (account.Identity{}) {
		t.Errorf("beside the error came a credential, or %+v", who)
	}
	var e *provider.Error
	if errors.As(err, &e) && e.Field != "" && !slices.ContainsFunc(s.Provider.(provider.Former).Fields(provider.Hint{}), func(f provider.Field) bool { return f.Name == e.Field }) {
		t.Errorf("the error names the field %q, which there is not", e.Field)
	}
	if err != nil && strings.Contains(err.Error(), form.Password.Reveal()) {
		t.Errorf("the error holds the password: %v", err)
	}
}

// testCall goes where the pass-through of a login would. What comes of tokens is tried
// with those.
func testCall(t *testing.T, s Subject) {
	p, ok := s.Provider.(provider.Caller)
	if !ok {
		return
	}
	login, _, _, err := s.submit(t.Context(), s.Form(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if to, err := p.Endpoint(s.Registration, login, s.DirectPath); err != nil || to.Scheme != "https" || to.Hostname() != login.Servers[0].Host {
		t.Errorf("%q leads to %v: %v", s.DirectPath, to, err)
	}
	if to, err := p.Endpoint(s.Registration, login, "somewhere/else"); err == nil {
		t.Errorf("any path leads to %s", to)
	}
	before := s.Calls()
	call, err := p.Dial(t.Context(), s.Registration, login)
	if err != nil {
		t.Fatal(err)
	}
	call.Close()
	if n := s.Calls() - before; n != 1 {
		t.Errorf("the password was tried %d times", n)
	}
}

func testFormContext(t *testing.T, s Subject) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	before := s.Calls()
	if _, _, _, err := s.submit(ended, s.Form(t, "")); err == nil || s.Calls() != before {
		t.Errorf("a sign-in in an ended context: %v after %d tries", err, s.Calls()-before)
	}
}

// A provider may let a person's newest session end the one before, so that not all of
// them come through.
func testFormsAtOnce(t *testing.T, s Subject) {
	form := s.Form(t, "")
	var group sync.WaitGroup
	var through atomic.Int32
	for range 8 {
		group.Go(func() {
			if _, _, _, err := s.submit(t.Context(), form); err == nil {
				through.Add(1)
			}
		})
	}
	group.Wait()
	if n := through.Load(); n == 0 {
		t.Error("nobody came through")
	}
}
