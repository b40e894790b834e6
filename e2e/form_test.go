package e2e_test

import (
	"context"
	"database/sql"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

func TestASignInOnOurOwnPage(t *testing.T) {
	t.Parallel()
	onEachEngine(t, aSignInOnOurOwnPage)
}

func aSignInOnOurOwnPage(t *testing.T, on func(*app.Config)) {
	p := startPost(t, on)
	b := p.browser()
	page := b.atForm("scopes", "Mail.Read Mail.Send", "nativeScopes", "everything", "serverUrl", "mail.test")

	for range 2 { // and again: looking at it spends nothing
		shown := b.get(page, "Accept", asPage)
		if shown.status != http.StatusOK || shown.header.Get("Cache-Control") != "no-store" || shown.header.Get("Referrer-Policy") != "same-origin" ||
			!strings.Contains(shown.header.Get("Content-Security-Policy"), "form-action 'self'") {
			t.Fatalf("the page: %d %v %s", shown.status, shown.header, shown.body)
		}
		for _, want := range []string{
			`name="email" type="text" value="ada@mail.test" autocomplete="username"`, `name="password" type="password" value=""`,
			`name="imapHost" type="text" value="mail.test"`, "<strong>E2E</strong>", "Read your mail", "Send mail as you", `<details id="more" open>`,
		} {
			if !strings.Contains(shown.body, want) {
				t.Errorf("the page lacks %s:\n%s", want, shown.body)
			}
		}
		if strings.Contains(shown.body, "<script") || strings.Contains(shown.body, `id="problem"`) {
			t.Errorf("a fresh page with a script or a problem: %s", shown.body)
		}
	}

	done := b.sends(page, filled())
	if done.status != http.StatusOK || done.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("done: %d %v", done.status, done.header)
	}
	c := p.redeemedAccount(done.ledOn(t))
	got := p.details(c, "")
	for field, want := range map[string]any{
		"serviceType": "IMAP", "tokenStatus": "active", "email": "ada@mail.test", "loginString": "ada@mail.test",
		"authScopes": []any{"Mail.Read", "Mail.Send"}, "authNativeScopes": []any{"imap", "smtp"}, "authUserId": "mail.test/ada@mail.test",
	} {
		if d := cmp.Diff(want, got[field]); d != "" {
			t.Errorf("%s: %s", field, d)
		}
	}
	if d := cmp.Diff([]string{"ada@mail.test@mail.test"}, p.office.tried()); d != "" {
		t.Errorf("logins tried: %s", d)
	}
	refused(t, p.as(c, http.MethodGet, "/v1/direct/mail"), http.StatusBadRequest, "direct.unavailable")
}

func TestARefusedFormSpendsNothing(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	page := b.atForm()

	again := b.sends(page, filled("password", "wrong-pass-word", "imapHost", "Mail.Test", "imapPort", "993", "imapSecurity", "starttls"))
	if again.status != http.StatusForbidden {
		t.Errorf("a refused login answers %d", again.status)
	}
	for _, want := range []string{
		`<code id="code">login.refused</code>`, `role="alert"`, `href="#field-password"`, `id="error-password"`,
		`aria-describedby="error-password help-password" aria-invalid="true" autofocus`,
		`value="ada@mail.test"`, `value="Mail.Test"`, `value="993"`, `<option value="starttls" selected>`, "tried once",
	} {
		if !strings.Contains(again.body, want) {
			t.Errorf("the page lacks %s:\n%s", want, again.body)
		}
	}
	noneIn(t, again.body+p.log.String(), []string{"wrong-pass-word"})
	if n := len(p.office.tried()); n != 1 || len(p.mailAccounts()) != 0 {
		t.Errorf("%d logins, %d accounts", n, len(p.mailAccounts()))
	}
	p.office.answers["broken.test"] = &provider.Error{Class: provider.User, Code: provider.CodeServerTLS, Field: "imapHost", Cause: "the certificate ended"}
	advanced := b.sends(page, filled("imapHost", "broken.test"))
	for _, want := range []string{`<details id="more" open>`, "server.tls", `id="error-imapHost"`, "the certificate ended"} {
		if !strings.Contains(advanced.body, want) {
			t.Errorf("the page lacks %s:\n%s", want, advanced.body)
		}
	}
	p.redeemedAccount(b.sends(page, filled()).ledOn(t))
}

func TestTheSameMailboxKeepsItsAccount(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	first := p.signsIn(filled())
	if again := p.signsIn(filled("email", "ADA@mail.test")); again.AccountID != first.AccountID {
		t.Errorf("the same mailbox is account %d, then %d", first.AccountID, again.AccountID)
	}
	if other := p.signsIn(filled("imapHost", "evil.test")); other.AccountID == first.AccountID {
		t.Error("the same name at another server is the same account")
	}
	if other := p.signsIn(filled(), "recycle", "false"); other.AccountID == first.AccountID {
		t.Error("recycle=false kept the account")
	}
	if other := p.signsIn(filled(), "clientOrgId", "another"); other.AccountID == first.AccountID {
		t.Error("another clientOrgId has the same account")
	}
}

// A renewed account keeps what it held, proven with the new password.
func TestRenewingAMailboxAfterItsPasswordChanged(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	held := p.signsIn(filled(), "scopes", "Mail.Read Mail.Send")
	p.office.mu.Lock()
	p.office.password = "changed"
	p.office.mu.Unlock()
	if got := p.details(held, "?pingProvider=true")["tokenStatus"]; got != "dead" {
		t.Fatalf("the old password is %v", got)
	}
	again := p.signsIn(filled("password", "changed"), "scopes", "Mail.Read", "accountId", strconv.FormatInt(held.AccountID, 10))
	got := p.details(again, "?pingProvider=true")
	if d := cmp.Diff([]any{"Mail.Read", "Mail.Send"}, got["authScopes"]); d != "" || got["tokenStatus"] != "active" || again.AccountID != held.AccountID {
		t.Errorf("renewed: %v, %s", got, d)
	}
}

func (p post) signsIn(form map[string][]string, changes ...string) connected {
	p.t.Helper()
	b := p.browser()
	return p.redeemedAccount(b.sends(b.atForm(changes...), form).ledOn(p.t))
}

// What an application insists on holds here as it does at a provider.
func TestWhatTheApplicationInsistsOnAtTheForm(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	held := p.signsIn(filled())
	before := p.mailAccounts()
	for name, c := range map[string]struct{ form, changes []string }{
		"email.mismatch":   {[]string{"email", "bob@mail.test"}, []string{"authEmail", "ada@mail.test"}},
		"account.mismatch": {[]string{"email", "bob@mail.test"}, []string{"accountId", strconv.FormatInt(held.AccountID, 10)}},
	} {
		b := p.browser()
		a := b.sends(b.atForm(c.changes...), filled(c.form...))
		if result := a.ledOn(t); result.Get("error") != name || result.Get("state") != "app-state" || result.Has("code") {
			t.Errorf("%s: the application gets %v", name, result)
		}
		if !strings.Contains(a.body, "Back to E2E") {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	// An address that its server does not vouch for is not the one insisted on.
	b := p.browser()
	a := b.sends(b.atForm("authEmail", "ada@mail.test"), filled("imapHost", "evil.test"))
	if result := a.ledOn(t); result.Get("error") != "email.mismatch" {
		t.Errorf("somebody's address at another server: %v", result)
	}
	if d := cmp.Diff(before, p.mailAccounts()); d != "" {
		t.Errorf("accounts changed: %s", d)
	}
}

func TestTokenModeFromTheForm(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	a := b.sends(b.atForm("responseType", "token"), filled())
	if next := a.links()["back"]; !strings.HasPrefix(next, returnURL+"#") || !strings.Contains(next, "accessToken=avain_at_") {
		t.Errorf("it leads on to %q", next)
	}
}

func TestCancelAtTheForm(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	b := p.browser()
	cancel := b.get(b.atForm(), "Accept", asPage).links()["cancel"]
	if !strings.HasPrefix(cancel, returnURL+"?") || !strings.Contains(cancel, "error=access_denied") || !strings.Contains(cancel, "state=app-state") {
		t.Errorf("cancel leads to %q", cancel)
	}
}

// A double click is one login, one account and one code.
func TestTheSameFormTwiceAtOnce(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		p := startPost(t, on)
		p.office.hold, p.office.entered = make(chan struct{}), make(chan struct{}, 2)
		b := p.browser()
		page := b.atForm()
		answers := make([]answer, 2)
		var posts sync.WaitGroup
		for i := range answers {
			posts.Go(func() { answers[i] = b.sends(page, filled()) })
		}
		<-p.office.entered
		close(p.office.hold)
		posts.Wait()
		var codes []string
		for _, a := range answers {
			back := a.links()["back"]
			if !strings.HasPrefix(back, returnURL+"?") {
				t.Fatalf("one of the two ends at %d %s", a.status, a.body)
			}
			codes = append(codes, a.links()["back"])
		}
		if codes[0] != codes[1] || len(p.mailAccounts()) != 1 || len(p.office.tried()) != 1 {
			t.Errorf("two answers %v, %d accounts, %d logins", codes, len(p.mailAccounts()), len(p.office.tried()))
		}
	})
}

// The second click may come when the login is proven, but what came of it is not stored yet.
func TestTheSameFormWhileTheFirstIsStored(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		slow := &slowEngine{statement: "INSERT INTO codes", entered: make(chan struct{}), asked: make(chan struct{}, 1), release: make(chan struct{})}
		p := startPost(t, on, func(c *app.Config) { c.WrapEngine = slow.around })
		b := p.browser()
		page := b.atForm()
		answers := make([]answer, 2)
		var posts sync.WaitGroup
		posts.Go(func() { answers[0] = b.sends(page, filled()) })
		<-slow.entered
		posts.Go(func() { answers[1] = b.sends(page, filled()) })
		<-slow.asked
		close(slow.release)
		posts.Wait()
		first, second := answers[0].links()["back"], answers[1].links()["back"]
		if !strings.Contains(first, "code=") || second != first || len(p.office.tried()) != 1 {
			t.Errorf("the two lead to %q and %q after %d logins", first, second, len(p.office.tried()))
		}
	})
}

// slowEngine holds a change back at one statement until release is closed, and tells
// when somebody has read in the meantime.
type slowEngine struct {
	store.Engine
	statement               string
	entered, asked, release chan struct{}
	once                    sync.Once
}

func (e *slowEngine) around(inner store.Engine) store.Engine {
	e.Engine = inner
	return e
}

func (e *slowEngine) Write(ctx context.Context, fn func(context.Context, store.Querier) error) error {
	return e.Engine.Write(ctx, func(ctx context.Context, q store.Querier) error {
		return fn(ctx, watched{q, func(query string) {
			if strings.Contains(query, e.statement) {
				e.once.Do(func() { close(e.entered) })
				<-e.release
			}
		}})
	})
}

func (e *slowEngine) Reader() store.Querier { return slowReader{e.Engine.Reader(), e} }

type slowReader struct {
	store.Querier
	engine *slowEngine
}

func (r slowReader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := r.Querier.QueryRowContext(ctx, query, args...)
	select {
	case <-r.engine.entered:
		if strings.Contains(query, "FROM attempts") {
			select {
			case r.engine.asked <- struct{}{}:
			default:
			}
		}
	default:
	}
	return row
}

// Two different forms at once: both are tried, one finishes the attempt.
func TestTwoFormsAtOnceAreOneAccount(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	p.office.hold, p.office.entered = make(chan struct{}), make(chan struct{}, 2)
	b := p.browser()
	page := b.atForm()
	var posts sync.WaitGroup
	answers := make([]answer, 2)
	for i, email := range []string{"ada@mail.test", "bob@mail.test"} {
		posts.Go(func() { answers[i] = b.sends(page, filled("email", email)) })
	}
	<-p.office.entered
	<-p.office.entered
	close(p.office.hold)
	posts.Wait()
	if n := len(p.mailAccounts()); n != 1 {
		t.Errorf("%d accounts of one attempt", n)
	}
	if answers[0].status != http.StatusOK {
		answers[0], answers[1] = answers[1], answers[0]
	}
	answers[0].ledOn(t)
	wantPage(t, answers[1], http.StatusBadRequest, "state.used")
}

func TestALoginLater(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	c := p.signsIn(filled())
	if got := p.details(c, "?pingProvider=true")["tokenStatus"]; got != "active" || p.office.verifications() != 1 {
		t.Errorf("ping: %v after %d calls", got, p.office.verifications())
	}
	p.office.refuses(&provider.Error{Class: provider.Later, Code: provider.CodeServerUnreachable})
	refused(t, p.as(c, http.MethodGet, "/v1/account?pingProvider=true"), http.StatusBadGateway, "provider.unavailable")
	p.office.refuses(&provider.Error{Class: provider.User, Code: provider.CodeLoginDisabled, Cause: "switched off"})
	if got := p.details(c, "?pingProvider=true"); got["tokenStatus"] != "invalid" || got["tokenError"] != "switched off" {
		t.Errorf("a disabled login: %v", got)
	}
	p.office.refuses(&provider.Error{Class: provider.User, Code: provider.CodeLoginRefused})
	if got := p.details(c, "?pingProvider=true")["tokenStatus"]; got != "dead" {
		t.Errorf("a refused password: %v", got)
	}
	calls := p.office.verifications()
	if got := p.details(c, "?pingProvider=true")["tokenStatus"]; got != "dead" || p.office.verifications() != calls {
		t.Errorf("a password that was refused is tried again: %v", got)
	}
	p.office.refuses(nil)
	if again := p.signsIn(filled()); again.AccountID != c.AccountID || p.status(c) != "active" {
		t.Errorf("signed in again: account %d for %d, %s", again.AccountID, c.AccountID, p.status(c))
	}
	// Another application's account of the same mailbox keeps its own copy.
	deleted := p.as(c, http.MethodDelete, "/v1/account")
	if deleted.status != http.StatusOK || !strings.Contains(deleted.body, `"providerGrant":"unsupported"`) {
		t.Errorf("delete: %d %s", deleted.status, deleted.body)
	}
}

// The mailbox's copy in another account makes no difference to what deleting says.
func TestDeletingOneOfTwoAccountsOfAMailbox(t *testing.T) {
	t.Parallel()
	p := startPost(t)
	first, second := p.signsIn(filled()), p.signsIn(filled(), "recycle", "false")
	if a := p.as(first, http.MethodDelete, "/v1/account"); !strings.Contains(a.body, `"providerGrant":"unsupported"`) {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if got := p.details(second, "?pingProvider=true")["tokenStatus"]; got != "active" {
		t.Errorf("the other account is %v", got)
	}
}

func TestTheStoreIsAwayAtTheForm(t *testing.T) {
	t.Parallel()
	onEachOutage(t, func(t *testing.T, f frail) {
		office := &postOffice{answers: map[string]*provider.Error{}}
		w := startFrail(t, google(), f, office.beside)
		w.takesMail(w.client.ClientID)
		b := w.browser()
		page := b.atForm()
		office.hold, office.entered = make(chan struct{}), make(chan struct{}, 1)
		var posts sync.WaitGroup
		var a answer
		posts.Go(func() { a = b.sends(page, filled()) })
		<-office.entered // the form is read, the login is at its server
		w.loseStore()
		close(office.hold)
		posts.Wait()
		if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `id="try-again"`) {
			t.Errorf("the person sees %d %s", a.status, a.body)
		}
		if shown := b.get(page, "Accept", asPage); shown.status != http.StatusServiceUnavailable || !strings.Contains(shown.body, `id="try-again"`) {
			t.Errorf("the page without a store: %d %s", shown.status, shown.body)
		}
		w.restoreStore()
		w.redeemedAccount(b.sends(page, filled()).ledOn(t))
	})
}
