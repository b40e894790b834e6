package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/secret"
)

// ticketOffice is the post office of a provider that gives tokens for the password.
type ticketOffice struct {
	office  *postOffice
	granted []string // native scopes; nil: it does not say
	life    time.Duration
}

func (o *ticketOffice) Info() provider.Info                     { return o.office.Info() }
func (o *ticketOffice) Fields(h provider.Hint) []provider.Field { return o.office.Fields(h) }
func (o *ticketOffice) Mailboxes(f provider.Form) []string      { return o.office.Mailboxes(f) }

func (o *ticketOffice) Grant(ctx context.Context, reg account.Registration, f provider.Form) (provider.Tokens, account.Identity, error) {
	_, who, err := o.office.SignIn(ctx, reg, f)
	return provider.Tokens{
		Access: secret.New("ticket-1"), Refresh: secret.New("book-of-tickets"), Life: o.life, NativeScopes: o.granted,
	}, who, err
}

func (o *ticketOffice) Refresh(_ context.Context, _ account.Registration, held provider.Tokens) (provider.Tokens, error) {
	if held.Refresh.Reveal() != "book-of-tickets" {
		return provider.Tokens{}, fmt.Errorf("another refresh token than the one that was given")
	}
	return provider.Tokens{Access: secret.New("ticket-2"), Life: time.Hour}, nil
}

func startTickets(t *testing.T, change func(*ticketOffice), on ...func(*app.Config)) post {
	t.Helper()
	office := &postOffice{answers: map[string]*provider.Error{}}
	tickets := &ticketOffice{office: office, life: time.Hour}
	change(tickets)
	w := start(t, append(on, func(c *app.Config) {
		c.Providers = func(clients outbound.Clients) provider.Registry {
			registry := all.Registry(clients)
			registry[account.IMAP] = tickets
			return registry
		}
	})...)
	w.takesMail(w.client.ClientID)
	return post{w, office}
}

// A password that was traded for tokens is nowhere afterwards, and they live like those
// of any other provider.
func TestAPasswordIsTradedForTokens(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, on func(*app.Config)) {
		p := startTickets(t, func(o *ticketOffice) { o.life = time.Second }, on)
		b := p.browser()
		page := b.atForm("scopes", "Mail.Read Mail.Send")
		refusedOnce := b.sends(page, filled("password", "wrong"))
		if refusedOnce.status != http.StatusForbidden || !strings.Contains(refusedOnce.body, "login.refused") {
			t.Errorf("a wrong password: %d %s", refusedOnce.status, refusedOnce.body)
		}
		c := p.redeemedAccount(b.sends(page, filled()).ledOn(t))
		got := p.details(c, "")
		for field, want := range map[string]any{
			"tokenStatus": "active", "email": "ada@mail.test", "loginString": "ada@mail.test", "authNativeScopes": []any{"imap", "smtp"},
		} {
			if d := cmp.Diff(want, got[field]); d != "" {
				t.Errorf("%s: %s", field, d)
			}
		}
		yes := true
		if _, err := p.ops.SetApplication(t.Context(), p.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
			t.Fatal(err)
		}
		auth := p.call(http.MethodGet, "/v1/account?includeProviderAuth=true", nil,
			"Authorization", basic(p.client.ClientID, p.password), "X-Aurinko-Account-Id", fmt.Sprint(c.AccountID))
		if auth.status != http.StatusOK || !strings.Contains(auth.body, "ticket-2") { // one second is over at once
			t.Errorf("the token, renewed: %d %s", auth.status, auth.body)
		}
		noneIn(t, auth.body+p.log.String(), []string{rightPassword, url.QueryEscape(rightPassword)})
	})
}

// What a provider grants less than it was asked for is a partial grant here too.
func TestAPasswordThatIsGrantedLess(t *testing.T) {
	t.Parallel()
	p := startTickets(t, func(o *ticketOffice) { o.granted = []string{"imap"} })
	b := p.browser()
	refused := b.sends(b.atForm("scopes", "Mail.Read Mail.Send", "ensureScopes", "true"), filled())
	if result := refused.ledOn(t); result.Get("error") != "scopes.missing" {
		t.Errorf("an application that insists gets %v", result)
	}
}

// What the service cannot give is on neither page: nobody could allow it there.
func TestAPersonIsAskedForWhatTheServiceHas(t *testing.T) {
	t.Parallel()
	p := startTickets(t, func(o *ticketOffice) { o.granted = []string{"imap"} })
	b := p.browser()
	page := b.atForm("scopes", "Mail.Read Mail.Send Calendar.Read")
	left := b.asked(b.get(b.sends(page, filled()).onward(t)))
	for name, shown := range map[string]string{"the form": b.get(b.atForm("scopes", "Mail.Send Calendar.Read"), "Accept", asPage).body, "the question": left.body} {
		if !strings.Contains(shown, "<li>Send mail as you</li>") || strings.Contains(shown, "calendar") {
			t.Errorf("%s asks for something else:\n%s", name, shown)
		}
	}
	insisting := b.atForm("scopes", "Mail.Read Calendar.Read", "ensureScopes", "true")
	if result := b.sends(insisting, filled()).ledOn(t); result.Get("error") != "scopes.missing" || !strings.Contains(result.Get("details"), "Calendar.Read") {
		t.Errorf("an application that insists gets %v", result)
	}
}
