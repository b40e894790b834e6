package e2e_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
)

// directory is a post office that knows the way to its mailboxes, and to others.
type directory struct {
	*postOffice
	ways     map[string]provider.Way // by domain
	fails    map[string]error
	searches []provider.Form // under the post office's lock
}

func newDirectory() *directory {
	sure := map[string]string{"imapHost": "mail.test", "imapPort": "993", "imapSecurity": "tls"}
	return &directory{
		postOffice: &postOffice{answers: map[string]*provider.Error{}},
		ways: map[string]provider.Way{
			"mail.test":  {Values: sure, Source: "the domain's own settings"},
			"large.test": {Elsewhere: account.Google, Source: "the domain's mail servers"},
			"zoho.test":  {Elsewhere: account.Zoho, Source: "the domain's mail servers"},
			"cloud.test": {Redirect: &provider.Place{Accounts: "https://cloud.test"}},
			"unsure.test": {
				Values: map[string]string{"imapHost": "mx.hoster.test", "imapPort": "993", "imapSecurity": "tls"},
				Unsure: "It belongs to another domain than your address.", Source: "the domain's mail servers",
			},
		},
		fails: map[string]error{},
	}
}

func (d *directory) Find(_ context.Context, _ account.Registration, f provider.Form) (provider.Way, error) {
	_, domain, ok := strings.Cut(f.Values["email"], "@")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.searches = append(d.searches, f)
	if !ok {
		return provider.Way{}, &provider.Error{Class: provider.User, Code: provider.CodeFieldInvalid, Field: "email", Cause: "there is no @ in it"}
	}
	return d.ways[domain], d.fails[domain]
}

func (d *directory) searched() []provider.Form {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.searches)
}

func (d *directory) beside(c *app.Config) {
	c.Providers = func(clients outbound.Clients) provider.Registry {
		registry := all.Registry(clients)
		registry[account.IMAP] = d
		return registry
	}
}

// found is a post office with a directory.
type found struct {
	post
	directory *directory
}

func startFound(t testing.TB, changes ...func(*app.Config)) found {
	t.Helper()
	d := newDirectory()
	w := start(t, append(changes, d.beside)...)
	w.takesMail(w.client.ClientID)
	return found{post{w, d.postOffice}, d}
}

var sealedFound = regexp.MustCompile(`name="found" value="([^"]*)"`)

// looksFor types an address on the first page, and presses the button.
func (b *browser) looksFor(page, email string, headers ...string) answer {
	b.w.t.Helper()
	return b.nextStep(b.sends(page, url.Values{"email": {email}, "step": {"find"}}, headers...))
}

// nextStep follows a search that has found something to its page, which is a GET of the
// same form.
func (b *browser) nextStep(a answer) answer {
	b.w.t.Helper()
	if a.status != http.StatusSeeOther {
		return a
	}
	if !strings.HasPrefix(a.location(), "/v1/auth/form?key=") {
		b.w.t.Fatalf("the next step is at %s", a.location())
	}
	return b.get(a.resolved(b.w.t, a.location()), "Accept", asPage)
}

// atPassword is looksFor where the server is found: what the next page would send.
func (b *browser) atPassword(page, email, password string) url.Values {
	b.w.t.Helper()
	shown := b.looksFor(page, email)
	sealed := sealedFound.FindStringSubmatch(shown.body)
	if shown.status != http.StatusOK || sealed == nil {
		b.w.t.Fatalf("nothing is found for %s: %d %s", email, shown.status, shown.body)
	}
	next := url.Values{"found": {sealed[1]}, "email": {email}, "password": {password}}
	for _, name := range []string{"imapHost", "imapPort"} {
		value := regexp.MustCompile(`name="` + name + `" type="text" value="([^"]*)"`).FindStringSubmatch(shown.body)
		next.Set(name, value[1])
	}
	next.Set("imapSecurity", regexp.MustCompile(`<option value="([^"]*)" selected>`).FindStringSubmatch(shown.body)[1])
	return next
}

// holdsAll wants every one of the strings on the page.
func (a answer) holdsAll(t testing.TB, name string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(a.body, w) {
			_, body, _ := strings.Cut(a.body, "</style>")
			t.Errorf("%s: the page lacks %s:\n%s", name, w, body)
		}
	}
}
