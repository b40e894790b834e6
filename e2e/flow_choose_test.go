package e2e_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
)

// startBoth is start with the application registered at Google and at Microsoft.
func startBoth(t testing.TB, changes ...func(*app.Config)) *world {
	t.Helper()
	w := start(t, changes...)
	w.alsoOffice()
	return w
}

// alsoOffice registers the application at the sandbox's Microsoft besides.
func (w *world) alsoOffice() {
	w.t.Helper()
	err := w.box.Register("Office365", sandbox.Client{
		ID: providerID, Secret: providerPass, Name: "E2E", RedirectURIs: []string{w.url + "/v1/auth/callback"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	e := w.box.Office365Endpoints(w.boxURL)
	_, _, err = w.ops.SetRegistration(w.t.Context(), w.client.ClientID, operator.SetRegistration{
		ServiceType: "Office365", ClientID: providerID, Secrets: []secret.Text{secret.New(providerPass)},
		Endpoints: &account.Endpoints{Authorize: e.Authorize, Token: e.Token, Userinfo: e.Userinfo, API: e.API},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// open names no service.
func open(changes ...string) url.Values {
	q := url.Values{"serviceType": nil}
	for i := 0; i+1 < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
	}
	return q
}

var choiceLink = regexp.MustCompile(`<a id="choose-(\w+)" class="choice" href="([^"]*)"`)

// choices are the links of the page that asks for a service, as a browser reads
// them, and the services in their order.
func (a answer) choices(t testing.TB) (services []string, links map[string]string) {
	t.Helper()
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || a.location() != "" {
		t.Fatalf("no page to choose on: %d %v %s", a.status, a.header, a.body)
	}
	links = map[string]string{}
	for _, found := range choiceLink.FindAllStringSubmatch(a.body, -1) {
		services = append(services, found[1])
		links[found[1]] = html.UnescapeString(found[2])
	}
	return services, links
}

// resolved is where a browser goes by a link of the page.
func (a answer) resolved(t testing.TB, link string) string {
	t.Helper()
	base, err := url.Parse(a.asked)
	if err != nil {
		t.Fatal(err)
	}
	to, err := base.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return to.String()
}

func TestThePersonChoosesTheService(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	// In bytes that an encoder of ours would not write, and with lists key by key.
	query := "scopes=Mail.Read&clientId=" + w.client.ClientID + "&scopes=Calendar.Read&returnUrl=" + returnURL +
		"&state=a%2fb+c~%7e&prompt=select_account&loginHint=ada%2Bauto@sandbox.test&unknown=&&nativeScopes="
	for _, absent := range []string{query, query + "&serviceType=", "serviceType&" + query} {
		b := w.browser()
		page := b.get(w.url+"/v1/auth/authorize?"+absent, "Accept", asPage)
		services, links := page.choices(t)
		if d := cmp.Diff([]string{"Google", "Office365"}, services); d != "" {
			t.Fatalf("services (-want +got):\n%s", d)
		}
		for service, host := range map[string]string{"Google": "/google/", "Office365": "/microsoft/"} {
			if want := "?" + query + "&serviceType=" + service; links[service] != want {
				t.Errorf("the link is\n%s, want\n%s", links[service], want)
			}
			chosen := b.get(page.resolved(t, links[service]), "Accept", asPage)
			to, err := url.Parse(chosen.location())
			if err != nil || !strings.HasPrefix(to.String(), w.boxURL+host) || to.Query().Get("prompt") != "select_account" ||
				to.Query().Get("login_hint") != ada || !strings.Contains(strings.ToLower(to.Query().Get("scope")), "calendar") {
				t.Errorf("%s leads to %q", service, chosen.location())
			}
			if result := b.follow(chosen).result(t); result.Get("status") != "success" || result.Get("state") != "a/b c~~" {
				t.Errorf("%s ended with %v", service, result)
			}
		}
	}
}

func TestChoosingLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := startBoth(t, func(c *app.Config) { c.MaxOpenAttempts = 1 })
	b := w.browser()
	for range 3 {
		page := b.authorize(open(), "Accept", asPage)
		page.choices(t)
		if cookies := page.header.Values("Set-Cookie"); len(cookies) > 0 {
			t.Fatalf("the page sets %q", cookies)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		} {
			if got := page.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("the policy is %q", policy)
		}
	}
	if to := b.authorize(nil).location(); !strings.HasPrefix(to, w.boxURL) {
		t.Errorf("the pages were counted as attempts: the first one leads to %q", to)
	}
}

// An application with one service has nothing to ask; one with none is told.
func TestTheOnlyServiceIsTaken(t *testing.T) {
	t.Parallel()
	w := start(t)
	if _, _, err := w.ops.SetRegistration(t.Context(), w.client.ClientID, operator.SetRegistration{ServiceType: "Google", ClientID: "newer"}); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{asPage, "*/*"} {
		b := w.browser()
		a := b.authorize(open(), "Accept", accept)
		if to, err := url.Parse(a.location()); err != nil || to.Query().Get("client_id") != "newer" {
			t.Errorf("Accept %s: answered %d %q", accept, a.status, a.location())
		}
		oneCookie(t, a)
	}
	bare, _, err := w.ops.CreateApplication(t.Context(), operator.CreateApplication{Name: "Bare", ReturnURLs: []string{returnURL}})
	if err != nil {
		t.Fatal(err)
	}
	wantFailed(t, w.browser().authorize(open("clientId", bare.ClientID), "Accept", asPage), "servicetype.unavailable")
}

// All that can be wrong is told before anybody is asked.
func TestErrorsComeBeforeTheChoice(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	b := w.browser()
	for name, bad := range map[string][2]string{
		"scopes": {"Mail.Raed", "scope.unknown"}, "accountId": {"0", "parameter.invalid"}, "responseType": {"id_token", "responsetype.unknown"},
		"prompt": {"create", "parameter.invalid"}, "codeChallenge": {"short", "codechallenge.invalid"}, "recycle": {"maybe", "parameter.invalid"},
	} {
		wantFailed(t, b.authorize(open(name, bad[0]), "Accept", asPage), bad[1])
	}
	repeated := open()
	repeated["serviceType"] = []string{"", ""}
	wantFailed(t, b.authorize(repeated, "Accept", asPage), "parameter.repeated")
	wantShown(t, b.authorize(open("clientId", strings.Repeat("0", 32))), http.StatusBadRequest, "client.unknown")
	wantShown(t, b.authorize(open("returnUrl", "https://evil.example/")), http.StatusBadRequest, "returnurl.invalid")
	public := w.asApplication(account.Settings{Public: true})
	public.alsoOffice()
	wantFailed(t, public.browser().authorize(open(), "Accept", asPage), "codechallenge.required")
}

func TestAProgramIsToldTheServices(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	for _, accept := range []string{"", "*/*", "application/json"} {
		a := w.browser().authorize(open(), "Accept", accept)
		wantShown(t, a, http.StatusBadRequest, "parameter.missing")
		if !strings.Contains(a.body, "It is serviceType; the application has Google, Office365.") {
			t.Errorf("answered %s", a.body)
		}
	}
}

// A renewal goes to where the account is. What is not the application's own account
// looks like one that is not there.
func TestAnAccountKnowsItsService(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	own := w.connect(url.Values{"serviceType": {"Office365"}})
	foreign := w.asApplication(account.Settings{}).connect(nil)
	b := w.browser()
	renewed := b.authorize(open("accountId", strconv.FormatInt(own.AccountID, 10)), "Accept", asPage)
	if !strings.HasPrefix(renewed.location(), w.boxURL+"/microsoft/") {
		t.Fatalf("a renewal: %d %q", renewed.status, renewed.location())
	}
	if got := w.redeemedAccount(b.follow(renewed).result(t)); got.AccountID != own.AccountID {
		t.Errorf("account %d became %d", own.AccountID, got.AccountID)
	}
	var pages []string
	for _, id := range []string{strconv.FormatInt(foreign.AccountID, 10), "4503599627370495"} {
		page := b.authorize(open("accountId", id), "Accept", asPage)
		if services, _ := page.choices(t); len(services) != 2 {
			t.Fatalf("accountId=%s: %v", id, services)
		}
		pages = append(pages, strings.ReplaceAll(page.body, id, "ID"))
	}
	if d := cmp.Diff(pages[0], pages[1]); d != "" {
		t.Errorf("a foreign account (-) and one that is not there (+) look different:\n%s", d)
	}
}

func TestThePageToChooseOnOffersTheWayBack(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	back := regexp.MustCompile(`<a id="back"[^>]* href="([^"]*)"`)
	for mode, fragment := range map[string]bool{"code": false, "token": true} {
		page := w.browser().authorize(open("responseType", mode), "Accept", asPage)
		found := back.FindStringSubmatch(page.body)
		if found == nil {
			t.Fatalf("no way back: %s", page.body)
		}
		to, err := url.Parse(html.UnescapeString(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		if q.Get("status") != "error" || q.Get("error") != "access_denied" || q.Get("state") != "app-state" || !strings.HasPrefix(to.String(), returnURL+"?") {
			t.Errorf("%s mode: the way back is %s", mode, to)
		}
		if strings.Contains(to.Fragment, "error=access_denied") != fragment {
			t.Errorf("%s mode: the fragment is %q", mode, to.Fragment)
		}
	}
}

func TestAHostilePageToChooseOn(t *testing.T) {
	t.Parallel()
	w := startBoth(t)
	const evil = `"><script>alert(1)</script><img/src=x>`
	created, _, err := w.ops.CreateApplication(t.Context(), operator.CreateApplication{Name: "E" + evil, ReturnURLs: []string{returnURL}})
	if err != nil {
		t.Fatal(err)
	}
	w.client = created
	w.registerProvider(created.ClientID)
	w.alsoOffice()
	b := w.browser()
	address := returnURL + "?x=" + url.QueryEscape(evil) + "&y=('"
	// Raw, as no browser but many a program sends it.
	query := "clientId=" + created.ClientID + "&returnUrl=" + url.QueryEscape(address) + "&state=" + evil + "&x=javascript:alert(1)"
	page := b.get(w.url+"/v1/auth/authorize?"+query, "Accept", asPage)
	services, links := page.choices(t)
	if !slices.Contains(services, "Google") {
		t.Fatalf("services %v", services)
	}
	for _, bad := range []string{"<script", "<img", "ZgotmplZ", "style="} {
		if strings.Contains(page.body, bad) {
			t.Errorf("the page carries %s: %s", bad, page.body)
		}
	}
	if !strings.Contains(page.body, html.EscapeString("E"+evil)) {
		t.Errorf("the page lacks the application's name: %s", page.body)
	}
	to, err := url.Parse(page.resolved(t, links["Google"]))
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if q.Get("state") != evil || q.Get("returnUrl") != address || !strings.HasPrefix(to.String(), w.url+"/v1/auth/authorize?") {
		t.Errorf("the link leads to %s", to)
	}
}
