package e2e_test

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/scope"
)

// rightPassword opens every mailbox of the post office.
const rightPassword = "correct horse & <staple>"

// postOffice is a provider without a sign-in page: a password form is all there is,
// and the test says what its servers answer.
type postOffice struct {
	mu       sync.Mutex
	logins   []string // tried, as name@host
	password string   // "" for rightPassword
	verified int
	refuse   *provider.Error // at Verify
	answers  map[string]*provider.Error
	hold     chan struct{} // a sign-in waits here where it is set
	entered  chan struct{}
}

func (*postOffice) Info() provider.Info {
	return provider.Info{
		ServiceType: account.IMAP, Title: "e-mail",
		Button: provider.Button{
			Label: "Sign in with e-mail", Corner: 6, Logo: `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 6h18v12H3z"/></svg>`,
			Light: provider.Colors{Fill: "#ffffff", Border: "#51606f", Label: "#17212b"},
			Dark:  provider.Colors{Fill: "#17212b", Border: "#a9b7c4", Label: "#ffffff"},
		},
		Scopes: provider.ScopeMap{Native: map[scope.Scope][]string{scope.MailRead: {"imap"}, scope.MailSend: {"smtp"}}},
	}
}

func (*postOffice) Fields(h provider.Hint) []provider.Field {
	return []provider.Field{
		{Name: "email", Label: "E-mail address", Value: h.Email, Kind: provider.FieldEmail, Autocomplete: "username", Required: true},
		{Name: "password", Label: "Password", Help: "Some servers want one that is made for an application.", Kind: provider.FieldPassword, Autocomplete: "current-password", Required: true},
		{Name: "imapHost", Label: "Mail server", Value: h.ServerURL, Kind: provider.FieldHost, Advanced: true},
		{Name: "imapPort", Label: "Port", Kind: provider.FieldPort, Advanced: true},
		{Name: "imapSecurity", Label: "Protection", Kind: provider.FieldSecurity, Advanced: true},
	}
}

func (*postOffice) Fill(k provider.Known) provider.Form {
	return provider.Form{Values: map[string]string{"email": k.Email, "imapHost": k.ServerURL}}
}

func (*postOffice) Mailboxes(f provider.Form) []string {
	return []string{strings.ToLower(f.Values["email"] + " at " + f.Values["imapHost"])}
}

func (p *postOffice) SignIn(_ context.Context, _ account.Registration, f provider.Form) (provider.Login, account.Identity, error) {
	email, host := f.Values["email"], cmp.Or(strings.ToLower(f.Values["imapHost"]), "mail.test")
	p.mu.Lock()
	p.logins = append(p.logins, email+"@"+host)
	refusal, hold, entered := p.answers[host], p.hold, p.entered
	right := cmp.Or(p.password, rightPassword)
	p.mu.Unlock()
	if hold != nil {
		entered <- struct{}{}
		<-hold
	}
	if refusal == nil && f.Password.Reveal() != right {
		refusal = &provider.Error{Class: provider.User, Code: provider.CodeLoginRefused, Field: "password"}
	}
	if refusal != nil {
		return provider.Login{}, account.Identity{}, refusal
	}
	servers := []provider.Server{{Protocol: "imap", Host: host, Port: 993, Security: provider.SecurityTLS}}
	if slices.Contains(f.Scopes, scope.MailSend) {
		servers = append(servers, provider.Server{Protocol: "smtp", Host: host, Port: 465, Security: provider.SecurityTLS})
	}
	return provider.Login{Username: email, Password: f.Password, Servers: servers},
		account.Identity{Subject: host + "/" + strings.ToLower(email), Email: email, EmailVerified: strings.HasSuffix(email, "@"+host)}, nil
}

func (p *postOffice) Verify(_ context.Context, _ account.Registration, l provider.Login) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verified++
	if p.refuse != nil {
		return p.refuse
	}
	if l.Password.Reveal() != cmp.Or(p.password, rightPassword) {
		return &provider.Error{Class: provider.User, Code: provider.CodeLoginRefused}
	}
	return nil
}

// tried are the logins that the servers have seen.
func (p *postOffice) tried() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.logins)
}

func (p *postOffice) verifications() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.verified
}

func (p *postOffice) refuses(e *provider.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = e
}

// beside registers the post office with all others, in place of one of its service.
func (p *postOffice) beside(c *app.Config) {
	c.Providers = func(clients outbound.Clients) provider.Registry {
		registry := all.Registry(clients)
		registry[account.IMAP] = p
		return registry
	}
}

// post is a world whose application takes mailboxes of the post office.
type post struct {
	*world
	office *postOffice
}

func startPost(t testing.TB, changes ...func(*app.Config)) post {
	t.Helper()
	office := &postOffice{answers: map[string]*provider.Error{}}
	w := start(t, append(changes, office.beside)...)
	w.takesMail(w.client.ClientID)
	return post{w, office}
}

func (w *world) takesMail(application string) {
	w.t.Helper()
	_, _, err := w.ops.SetRegistration(w.t.Context(), application, operator.SetRegistration{ServiceType: "imap", Scopes: []string{"Mail.Read"}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// mailSignIn are the parameters of a sign-in at the post office.
func mailSignIn(changes ...string) url.Values {
	q := url.Values{"serviceType": {"IMAP"}, "loginHint": {"ada@mail.test"}}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return q
}

// atForm goes as far as the page, and returns its address.
func (b *browser) atForm(changes ...string) string {
	b.w.t.Helper()
	led := b.authorize(mailSignIn(changes...))
	if led.status != http.StatusSeeOther || !strings.HasPrefix(led.location(), b.w.url+"/v1/auth/form?key=") {
		b.w.t.Fatalf("authorize leads to %q: %d %s", led.location(), led.status, led.body)
	}
	return led.location()
}

// filled is a form that is good, with changes.
func filled(changes ...string) url.Values {
	v := url.Values{"email": {"ada@mail.test"}, "password": {rightPassword}, "imapHost": {""}, "imapPort": {""}, "imapSecurity": {""}}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// sends posts a form as a browser does from our page.
func (b *browser) sends(page string, form url.Values, headers ...string) answer {
	b.w.t.Helper()
	return b.posts(page, form.Encode(), append([]string{
		"Origin", b.w.url, "Sec-Fetch-Site", "same-origin", "Accept", asPage, "Content-Type", "application/x-www-form-urlencoded",
	}, headers...)...)
}

func (b *browser) posts(page, body string, headers ...string) answer {
	b.w.t.Helper()
	return b.w.send(b.client, http.MethodPost, page, strings.NewReader(body), headers...)
}

// ledOn is the application's answer that a done page leads to.
func (a answer) ledOn(t testing.TB) url.Values {
	t.Helper()
	next := a.links()["back"]
	if a.location() != "" || a.header.Get("Refresh") != "" {
		t.Fatalf("a form is answered by a redirect to %q", a.location())
	}
	if !strings.HasPrefix(next, returnURL) || !strings.Contains(a.body, `<meta http-equiv="refresh" content="0; url=`) {
		t.Fatalf("the page does not lead on: %d %s", a.status, a.body)
	}
	u, err := url.Parse(next)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// mailAccounts are the accounts at the post office.
func (p post) mailAccounts() []account.Account {
	p.t.Helper()
	page, _, err := p.ops.Accounts(p.t.Context(), operator.AccountFilter{ServiceType: "IMAP"})
	if err != nil {
		p.t.Fatal(err)
	}
	return page
}
