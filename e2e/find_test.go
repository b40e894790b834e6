package e2e_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
)

// The address alone leads to the server, and the password goes there.
func TestTheServerIsFoundByTheAddress(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		p := startFound(t, on)
		b := p.browser()
		page := b.atForm("scopes", "Mail.Read Mail.Send")
		first := b.get(page, "Accept", asPage)
		first.holdsAll(t, "the first page", `name="email" type="text" value="ada@mail.test"`, `name="step" value="find"`, `name="step" value="manual"`, "<strong>E2E</strong>", "Read your mail")
		for _, bad := range []string{`type="password"`, "imapHost", "<details"} {
			if strings.Contains(first.body, bad) {
				t.Errorf("the first page asks for more than one thing: %s", bad)
			}
		}
		second := b.looksFor(page, "Ada@mail.test")
		second.holdsAll(t, "the second page", `value="Ada@mail.test"`, " readonly", `type="password" value=""`, "Your password goes to <strong>mail.test</strong>.",
			"How it was found: the domain&#39;s own settings.", `name="imapHost" type="text" value="mail.test"`, `<details id="more">`)
		if strings.Contains(second.body, `name="confirmed"`) || second.status != http.StatusOK {
			t.Errorf("a server that is certain is to be confirmed: %d %s", second.status, second.body)
		}
		c := p.redeemedAccount(b.sends(page, b.atPassword(page, "Ada@mail.test", rightPassword)).ledOn(t))
		if got := p.details(c, "")["authUserId"]; got != "mail.test/ada@mail.test" {
			t.Errorf("connected is %v", got)
		}
		if d := cmp.Diff([]string{"Ada@mail.test@mail.test"}, p.office.tried()); d != "" {
			t.Errorf("logins tried: %s", d)
		}
		for _, f := range p.directory.searched() {
			if !f.Password.IsZero() || len(f.Scopes) != 2 {
				t.Errorf("the search is given %+v", f)
			}
		}
		if !strings.Contains(p.log.String(), `"source":"the domain's own settings"`) && !strings.Contains(p.log.String(), `source="the domain's own settings"`) {
			t.Error("the log does not tell where the server was found")
		}
	})
}

// An address of another service is signed in to there, in the same sign-in.
func TestAnAddressOfAnotherService(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm("scopes", "Mail.Read Calendar.Read", "clientOrgId", "org", "authEmail", "ada@sandbox.test")
	onward := b.looksFor(page, "ada@large.test")
	to := onward.links()["back"]
	if onward.status != http.StatusOK || onward.location() != "" || !strings.Contains(onward.body, `<meta http-equiv="refresh"`) {
		t.Fatalf("no page that leads on: %d %s", onward.status, onward.body)
	}
	onward.holdsAll(t, "onward", "Your account is with Google.", "Continue to Google")
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, p.url+"/v1/auth/authorize?") {
		t.Fatalf("it leads to %q", to)
	}
	for name, want := range map[string]string{
		"serviceType": "Google", "loginHint": "ada@large.test", "scopes": "Mail.Read Calendar.Read", "returnUrl": returnURL,
		"state": "app-state", "clientOrgId": "org", "authEmail": "ada@sandbox.test", "clientId": p.client.ClientID,
	} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if at := b.get(to).location(); !strings.HasPrefix(at, p.boxURL) || !strings.Contains(at, "login_hint=ada%40large.test") {
		t.Errorf("authorize leads to %q", at)
	}
	noneIn(t, p.log.String(), []string{"ada@large.test"})
}

// Where the application does not take that service, the page says what was found.
func TestAnAddressOfAServiceThatIsNotOffered(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	for _, form := range []url.Values{{"email": {"ada@zoho.test"}, "step": {"find"}}} {
		a := b.sends(page, form)
		a.holdsAll(t, "not offered", "service.elsewhere", "It is with Zoho, which E2E does not offer.", `value="ada@zoho.test"`, `name="step" value="manual"`)
		if a.status != http.StatusBadRequest {
			t.Errorf("it answers %d", a.status)
		}
	}
	if err := p.ops.RemoveRegistration(t.Context(), p.client.ClientID, "Google", ""); err != nil {
		t.Fatal(err)
	}
	b.looksFor(page, "ada@large.test").holdsAll(t, "not any more", "service.elsewhere", "It is with Google,")
	cloud := b.looksFor(page, "ada@cloud.test")
	cloud.holdsAll(t, "a page of its own", "servicetype.unavailable")
}

// An account to be renewed is at a mail server: another service's is another account.
func TestARenewedMailboxStaysAtItsService(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm("accountId", "12345")
	b.looksFor(page, "ada@large.test").holdsAll(t, "renewed", "service.elsewhere", "It is with Google, and the account to be renewed is not.")
}

// A search that finds nothing ends at all the fields, with what was typed.
func TestNothingIsFound(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	d := p.directory
	class := func(c provider.Class, code, field string) error {
		return &provider.Error{Class: c, Code: code, Field: field, Cause: "the reason of " + string(c)}
	}
	d.fails["dead.test"] = class(provider.Dead, "gone", "")
	d.fails["user.test"] = class(provider.User, provider.CodeServerForbidden, "imapHost")
	d.fails["admin.test"] = class(provider.Admin, "policy", "")
	d.fails["config.test"] = class(provider.Config, "broken", "")
	d.fails["later.test"] = class(provider.Later, provider.CodeServerBusy, "")
	d.fails["bug.test"] = errors.New("something with a secret in it")
	for domain, code := range map[string]string{
		"none.test": "server.unknown", "dead.test": "", "user.test": "server.forbidden", "admin.test": "", "config.test": "", "later.test": "server.busy", "bug.test": "internal",
	} {
		b := p.browser()
		page := b.atForm()
		a := b.looksFor(page, "ada@"+domain)
		a.holdsAll(t, domain, `value="ada@`+domain+`"`, `type="password" value=""`, `<details id="more" open>`, `role="alert"`, `id="find"`, "manual=1", code)
		noneIn(t, a.body, []string{"something with a secret"})
		if a.status < 400 || strings.Contains(a.body, `name="found"`) {
			t.Errorf("%s: %d %s", domain, a.status, a.body)
		}
		p.redeemedAccount(b.sends(page+"&manual=1", filled("email", "ada@"+domain, "imapHost", "mail.test")).ledOn(t))
	}
	b := p.browser()
	page := b.atForm()
	for _, bad := range []string{"ada", "", "ada@mail.test\r\nx", strings.Repeat("a", 2000)} {
		a := b.looksFor(page, bad)
		a.holdsAll(t, bad, `id="error-email"`, `name="step" value="find"`)
		if a.status != http.StatusBadRequest || strings.Contains(a.body, `type="password"`) {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
}

// Whoever knows the settings types them, and loses nothing by changing their mind.
func TestTheSettingsByHand(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	for _, shown := range []answer{b.get(page+"&manual=1", "Accept", asPage), b.sends(page, url.Values{"email": {"bob@mail.test"}, "step": {"manual"}})} {
		shown.holdsAll(t, "by hand", `type="password"`, `name="imapHost" type="text" value=""`, `<details id="more" open>`, `href="/v1/auth/form?key=`)
		if shown.status != http.StatusOK || strings.Contains(shown.body, `role="alert"`) {
			t.Errorf("%d %s", shown.status, shown.body)
		}
	}
	b.sends(page, url.Values{"email": {"bob@mail.test"}, "step": {"manual"}}).holdsAll(t, "kept", `value="bob@mail.test"`)
	again := b.sends(page, url.Values{"email": {"bob@mail.test"}, "step": {"start"}})
	again.holdsAll(t, "another address", `value="bob@mail.test"`, `name="step" value="find"`)
	// A server that the application names needs no search.
	named := b.get(b.atForm("serverUrl", "mail.test"), "Accept", asPage)
	named.holdsAll(t, "serverUrl", `type="password"`, `name="imapHost" type="text" value="mail.test"`)
	if strings.Contains(named.body, `id="find"`) || len(p.directory.searched()) != 0 {
		t.Errorf("a server that was named is searched for: %s", named.body)
	}
}

// A program sends all it knows at once, with or without what the buttons would say.
func TestAFormWithAPasswordIsASignIn(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	for _, step := range []string{"", "find", "start", "manual"} {
		form := filled("imapHost", "mail.test")
		if step != "" {
			form.Set("step", step)
		}
		p.signsIn(form)
	}
	if n := len(p.directory.searched()); n != 0 {
		t.Errorf("%d searches", n)
	}
}

// A wrong password comes back to the same step, with the same server.
func TestAWrongPasswordKeepsWhatWasFound(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	wrong := b.sends(page, b.atPassword(page, "ada@mail.test", "wr0ng-one"))
	wrong.holdsAll(t, "refused", "login.refused", " readonly", "Your password goes to <strong>mail.test</strong>.", "How it was found", `id="error-password"`)
	noneIn(t, wrong.body, []string{"wr0ng-one"})
	sealed := sealedFound.FindStringSubmatch(wrong.body)
	if sealed == nil || len(p.directory.searched()) != 1 || len(p.office.tried()) != 1 {
		t.Fatalf("%d searches, %d logins, %s", len(p.directory.searched()), len(p.office.tried()), wrong.body)
	}
	// The person corrects the server: then the page says so no more.
	p.office.answers["other.test"] = &provider.Error{Class: provider.User, Code: provider.CodeLoginRefused, Field: "password"}
	other := b.sends(page, filled("found", sealed[1], "imapHost", "other.test", "imapPort", "993", "imapSecurity", "tls"))
	other.holdsAll(t, "corrected", "Your password goes to <strong>other.test</strong>.", `<details id="more" open>`)
	noneIn(t, other.body, []string{"How it was found"})
}

// Two tabs and two clicks are one search, and one account.
func TestSearchesAtOnce(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	one, other := b.atPassword(page, "ada@mail.test", rightPassword), b.atPassword(page, "bob@mail.test", rightPassword)
	var posts sync.WaitGroup
	for range 4 {
		posts.Go(func() { b.looksFor(page, "eve@mail.test") })
	}
	posts.Wait()
	p.redeemedAccount(b.sends(page, one).ledOn(t))
	for name, late := range map[string]answer{
		"the other tab": b.sends(page, other), "its search": b.looksFor(page, "bob@mail.test"), "by hand": b.get(page+"&manual=1", "Accept", asPage),
		"its step": b.sends(page, url.Values{"email": {"x"}, "step": {"start"}}), "back": b.get(page, "Accept", asPage),
	} {
		if late.status != http.StatusBadRequest || !strings.Contains(late.body, "state.used") {
			t.Errorf("%s, when all is done: %d %s", name, late.status, late.body)
		}
	}
	if n := len(p.mailAccounts()); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// A question about a partial grant is reached from the form as well.
func TestAPasswordThatIsGrantedLessAsks(t *testing.T) {
	t.Parallel()
	p := startTickets(t, func(o *ticketOffice) { o.granted = []string{"imap"} })
	way := account.AskPartial
	if _, err := p.ops.SetApplication(t.Context(), p.client.ClientID, operator.SetApplication{PartialGrant: &way}); err != nil {
		t.Fatal(err)
	}
	b := p.browser()
	a := b.sends(b.atForm("scopes", "Mail.Read Mail.Send"), filled())
	a.holdsAll(t, "onward", "One question is left.")
	q := b.asked(answer{header: http.Header{"Location": {a.links()["back"]}}})
	p.redeemedAccount(b.get(q.without).result(t))
}
