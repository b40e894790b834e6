package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
)

// A server that is not certain gets no password before the person has said yes to it.
func TestAServerThatIsNotCertainIsConfirmed(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	b.looksFor(page, "ada@unsure.test").holdsAll(t, "unsure", "Is this your server?", "It belongs to another domain than your address.",
		"Your password goes to <strong>mx.hoster.test</strong>.", `name="confirmed" type="checkbox" value="yes" required`,
		"Yes, mx.hoster.test may have my password", `<details id="more" open>`)

	form := b.atPassword(page, "ada@unsure.test", rightPassword)
	for _, not := range []string{"absent", ""} {
		if form.Set("confirmed", not); not == "absent" {
			form.Del("confirmed")
		}
		again := b.sends(page, form)
		again.holdsAll(t, "not confirmed", "server.unconfirmed", `id="error-confirmed"`, `href="#field-confirmed"`, "Is this your server?", `value="mx.hoster.test"`)
		noneIn(t, again.body, []string{"staple"})
		if again.status != http.StatusBadRequest || len(p.office.tried()) != 0 {
			t.Fatalf("the password is sent unconfirmed: %d, %v", again.status, p.office.tried())
		}
	}
	form.Set("confirmed", "yes")
	wrong := withValue(form, "password", "wrong")
	b.sends(page, wrong).holdsAll(t, "refused there", "login.refused", " checked", "Is this your server?")
	p.redeemedAccount(b.sends(page, form).ledOn(t))
	if got := p.office.tried(); len(got) != 2 || got[1] != "ada@unsure.test@mx.hoster.test" {
		t.Errorf("tried: %v", got)
	}
}

func withValue(form url.Values, name, value string) url.Values {
	changed := url.Values{}
	for n, v := range form {
		changed[n] = v
	}
	changed.Set(name, value)
	return changed
}

// What was found is for the attempt, the address and the server that it was found for.
// A page of another site cannot send it; what the person's own browser sends is what
// stood in the fields, and nothing is searched for again behind the page.
func TestWhatWasFoundCannotBeBent(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	form := b.atPassword(page, "ada@unsure.test", rightPassword)
	certain := b.atPassword(page, "ada@mail.test", rightPassword)
	elsewhere := b.atPassword(b.atForm(), "ada@mail.test", rightPassword)
	sealed := form.Get("found")
	flipped := sealed[:len(sealed)-2] + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, sealed[len(sealed)-2:])
	for name, found := range map[string]string{
		"cut": sealed[:40], "changed": flipped, "nothing": "", "no base64": "%%%", "of another attempt": elsewhere.Get("found"),
	} {
		a := b.sends(page, withValue(form, "found", found))
		a.holdsAll(t, name, "parameter.invalid", `name="step" value="find"`, `value="ada@unsure.test"`)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.status)
		}
		link := page + "&" + url.Values{"found": {found}}.Encode()
		b.get(link, "Accept", asPage).holdsAll(t, name+", in the address", "parameter.invalid", `name="step" value="find"`)
	}
	wantShown(t, p.browser().get(page+"&"+url.Values{"found": {sealed}}.Encode()), http.StatusBadRequest, "state.browser")
	// The certainty of one address is none of another's: the way is looked for anew.
	for name, bent := range map[string]url.Values{
		"a certain one's, with another address": withValue(certain, "email", "bob@unsure.test"),
		"confirmed for another address":         withValue(withValue(form, "email", "bob@unsure.test"), "confirmed", "yes"),
	} {
		before := len(p.directory.searched())
		a := b.nextStep(b.sends(page, bent))
		a.holdsAll(t, name, `value="bob@unsure.test"`, "Is this your server?", `name="confirmed" type="checkbox" value="yes" required autofocus>`)
		if len(p.directory.searched()) != before+1 {
			t.Errorf("%s: nothing was searched for", name)
		}
	}
	lost := b.sends(page, withValue(certain, "email", "bob@none.test"))
	lost.holdsAll(t, "with an address of which nothing is found", "server.unknown", `name="imapHost" type="text" value=""`)
	noneIn(t, lost.body, []string{`name="found"`})
	// The directory changes its mind between the steps: what was shown is what counts.
	p.directory.mu.Lock()
	p.directory.ways["mail.test"] = provider.Way{Values: map[string]string{"imapHost": "evil.test"}}
	p.directory.mu.Unlock()
	if n := len(p.office.tried()); n != 0 {
		t.Fatalf("%d logins were tried: %v", n, p.office.tried())
	}
	p.redeemedAccount(b.sends(page, certain).ledOn(t))
	if got := p.office.tried(); len(got) != 1 || got[0] != "ada@mail.test@mail.test" {
		t.Errorf("tried: %v", got)
	}
}

// A search needs the page, the browser and the time of its attempt.
func TestWhoMaySearch(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	find := url.Values{"email": {"ada@mail.test"}, "step": {"find"}}
	foreign := b.posts(page, find.Encode(), "Origin", "https://evil.example", "Accept", asPage, "Content-Type", urlencoded)
	foreign.holdsAll(t, "another site", "form.foreign")
	other := p.browser()
	other.atForm()
	other.sends(page, find).holdsAll(t, "another browser", "state.browser")
	p.clock.advance(connect.AttemptLifetime)
	wantPage(t, b.sends(page, find), http.StatusBadRequest, "state.expired")
	if n := len(p.directory.searched()); n != 0 {
		t.Errorf("%d searches", n)
	}
}

// Whoever has us ask one server after the other is stopped; logins have bounds of their own.
func TestSearchesAreLimited(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	for range 20 {
		b.looksFor(page, "ada@none.test")
	}
	limited := b.looksFor(page, "ada@mail.test")
	limited.holdsAll(t, "the 21st", "login.limited", `value="ada@mail.test"`, `name="step" value="find"`)
	if limited.status != http.StatusTooManyRequests || limited.header.Get("Retry-After") == "" || len(p.directory.searched()) != 20 {
		t.Errorf("%d %v after %d searches", limited.status, limited.header, len(p.directory.searched()))
	}
	p.signsIn(filled("imapHost", "mail.test"))
	p.clock.advance(6 * time.Second)
	b.atPassword(page, "ada@mail.test", "")
}

func TestProgramsThatSearch(t *testing.T) {
	t.Parallel()
	p := startFound(t)
	b := p.browser()
	page := b.atForm()
	asks := func(email string) answer {
		return b.posts(page, url.Values{"email": {email}, "step": {"find"}}.Encode(), "Accept", "application/json", "Origin", p.url, "Content-Type", urlencoded)
	}
	refused(t, asks("ada@mail.test"), http.StatusBadRequest, "form.page")
	refused(t, asks("ada@none.test"), http.StatusBadRequest, "server.unknown")
	refused(t, asks("ada@zoho.test"), http.StatusBadRequest, "service.elsewhere")
	var led struct{ Location string }
	a := asks("ada@large.test")
	if err := json.Unmarshal([]byte(a.body), &led); err != nil || a.status != http.StatusOK || !strings.Contains(led.Location, "serviceType=Google") {
		t.Errorf("a program is answered %d %s", a.status, a.body)
	}
}
