package office365_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/providertest"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // of RFC 7636 appendix B

func (o opened) authorizeURL(t *testing.T, native []string) string {
	t.Helper()
	page, err := o.driver.AuthorizeURL(o.Registration, provider.AuthRequest{
		State: "the-state", Verifier: secret.New(verifier), RedirectURI: providertest.RedirectURI, NativeScopes: native,
	})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func (o opened) signIn(t *testing.T, hint string, native ...string) (provider.Tokens, account.Identity, error) {
	t.Helper()
	native = append(slices.Clone(o.NativeScopes), native...)
	return o.driver.Exchange(t.Context(), o.Registration, provider.Callback{
		Params: providertest.Consent(t, o.authorizeURL(t, native), hint), Verifier: secret.New(verifier), RedirectURI: providertest.RedirectURI, NativeScopes: native,
	})
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	d := newDriver()
	for _, test := range []struct {
		reg                   account.Registration
		authorize, api, admin string
		scope                 string
	}{
		{
			account.Registration{},
			"https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "https://graph.microsoft.com/v1.0/",
			"https://login.microsoftonline.com/organizations/v2.0/adminconsent", "openid Mail.Read",
		},
		{
			account.Registration{Tenant: "contoso.example", Cloud: account.CloudUSGov},
			"https://login.microsoftonline.us/contoso.example/oauth2/v2.0/authorize", "https://graph.microsoft.us/v1.0/",
			"https://login.microsoftonline.us/contoso.example/v2.0/adminconsent", "openid https://graph.microsoft.us/Mail.Read",
		},
		{
			account.Registration{Cloud: account.CloudDoD},
			"https://login.microsoftonline.us/common/oauth2/v2.0/authorize", "https://dod-graph.microsoft.us/v1.0/",
			"https://login.microsoftonline.us/organizations/v2.0/adminconsent", "openid https://dod-graph.microsoft.us/Mail.Read",
		},
		{
			account.Registration{Cloud: account.CloudChina},
			"https://login.partner.microsoftonline.cn/common/oauth2/v2.0/authorize", "https://microsoftgraph.chinacloudapi.cn/v1.0/",
			"https://login.partner.microsoftonline.cn/organizations/v2.0/adminconsent", "openid https://microsoftgraph.chinacloudapi.cn/Mail.Read",
		},
		{
			account.Registration{Tenant: "t", Endpoints: account.Endpoints{Authorize: "http://127.0.0.1:1/x/{tenant}/oauth2/v2.0/authorize", API: "http://127.0.0.1:1/graph"}},
			"http://127.0.0.1:1/x/t/oauth2/v2.0/authorize", "http://127.0.0.1:1/graph/",
			"http://127.0.0.1:1/x/t/v2.0/adminconsent", "openid Mail.Read",
		},
	} {
		page, err := d.AuthorizeURL(test.reg, provider.AuthRequest{Verifier: secret.New(verifier), NativeScopes: []string{"openid", "Mail.Read"}})
		before, query, _ := strings.Cut(page, "?")
		q, queryErr := url.ParseQuery(query)
		if err != nil || queryErr != nil || before != test.authorize || q.Get("scope") != test.scope || q.Get("response_mode") != "query" {
			t.Errorf("authorize page %q, %v", page, err)
		}
		api, err := d.Info().Direct.Endpoint(test.reg, provider.Place{}, "me/messages")
		if err != nil || api.String() != test.api {
			t.Errorf("API %v, %v; want %s", api, err, test.api)
		}
		admin, err := d.AdminConsentURL(test.reg, "", []string{"openid", "Mail.Read", "https://outlook.office.com/SMTP.Send"}, providertest.RedirectURI, "s")
		before, query, _ = strings.Cut(admin, "?")
		q, _ = url.ParseQuery(query)
		if err != nil || before != test.admin || q.Get("scope") != test.scope || q.Get("redirect_uri") != providertest.RedirectURI {
			t.Errorf("admin consent %q, %v; want %s", admin, err, test.admin)
		}
	}
	if _, err := d.AdminConsentURL(account.Registration{Endpoints: account.Endpoints{Authorize: "https://elsewhere.example/a"}}, "", nil, "", ""); err == nil {
		t.Error("a page for administrators was made up")
	}
}

// Microsoft takes one word.
func TestOnePromptAtMost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		asked  string
		forced bool
		want   string
	}{
		{"", false, ""},
		{"none", false, "none"},
		{"select_account consent", false, "consent"},
		{"select_account login", false, "login"},
		{"none", true, "consent"},
		{"select_account", false, "select_account"},
	} {
		page, err := newDriver().AuthorizeURL(account.Registration{}, provider.AuthRequest{Prompt: test.asked, ForceConsent: test.forced})
		u, parseErr := url.Parse(page)
		if err != nil || parseErr != nil || u.Query().Get("prompt") != test.want {
			t.Errorf("prompt %q (forced %t) became %s, %v", test.asked, test.forced, page, err)
		}
	}
}

func TestScopesThereAndBack(t *testing.T) {
	t.Parallel()
	m := newDriver().Info().Scopes
	// Microsoft answers in short, in full, and in the full form of its clouds.
	got := m.Unified([]string{"https://graph.microsoft.us/Mail.ReadWrite", "https://graph.microsoft.com/Mail.Send", "Calendars.Read", "openid"})
	want := []scope.Scope{scope.CalendarRead, scope.MailReadWrite, scope.MailSend, scope.MailDrafts, scope.MailAll}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// offline_access never comes back, and is not missed.
	if missing := m.Missing(m.Ask([]scope.Scope{scope.MailRead}, nil), []string{"Mail.Read", "openid"}); len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
	// Nor is any other permission of Graph's, however the answer spells it: national
	// clouds are asked in full, and answer so.
	const files = "Files.Read"
	for _, said := range []string{files, "https://graph.microsoft.com/" + files, "https://graph.microsoft.us/" + files, "https://microsoftgraph.chinacloudapi.cn/" + files} {
		if missing := m.Missing([]string{files}, []string{said}); len(missing) > 0 {
			t.Errorf("granted as %s, missing: %v", said, missing)
		}
	}
	if missing := m.Missing([]string{files}, []string{"https://outlook.office.com/" + files}); len(missing) != 1 {
		t.Errorf("granted for another resource, missing: %v", missing)
	}
}

func TestTheGrantIsRenewedWhereItWasMade(t *testing.T) {
	t.Parallel()
	o := open(t)
	held, who, err := o.signIn(t, "ada+auto@sandbox.test")
	home := o.box.Office365Tenant("ada")
	if err != nil || who.OrgID != home || held.Tenant != home || !strings.HasPrefix(who.Subject, home+"/") {
		t.Fatalf("%+v, tenant %s, %v", who, held.Tenant, err)
	}
	// The registration moves on to another tenant; the grant stays where it was.
	o.Registration.Tenant = o.box.Office365Tenant("bob")
	if _, err := o.driver.Refresh(t.Context(), o.Registration, held); err != nil {
		t.Errorf("refresh: %v", err)
	}
	held.Tenant = ""
	if _, err := o.driver.Refresh(t.Context(), o.Registration, held); err == nil {
		t.Error("the sandbox takes a refresh at another tenant, so this test shows nothing")
	}
	_, guest, err := o.signIn(t, "ada+auto@sandbox.test")
	if err != nil || guest.Subject == who.Subject || guest.OrgID != o.Registration.Tenant {
		t.Errorf("as a guest she is %+v, %v; at home %s", guest, err, who.Subject)
	}
	if !who.EmailVerified || guest.EmailVerified {
		t.Errorf("her own organization vouches for her address: %t; another one: %t", who.EmailVerified, guest.EmailVerified)
	}
}

// An access token opens one resource; one refresh token serves all (lesson 27).
func TestOneRefreshTokenForSeveralResources(t *testing.T) {
	t.Parallel()
	o := open(t)
	const imap = "https://outlook.office.com/IMAP.AccessAsUser.All"
	held, _, err := o.signIn(t, "ada+auto@sandbox.test", imap)
	if err != nil || !slices.Contains(held.NativeScopes, imap) || !slices.Contains(held.NativeScopes, "Mail.Read") {
		t.Fatalf("granted %v, %v", held.NativeScopes, err)
	}
	mail, err := o.driver.RefreshFor(t.Context(), o.Registration, held, "https://outlook.office.com")
	if err != nil || mail.Access.IsZero() || mail.Refresh.IsZero() || mail.NativeScopes != nil {
		t.Fatalf("%+v, %v", mail, err)
	}
	if s := o.graph(t, mail.Access); s != http.StatusUnauthorized {
		t.Errorf("Graph answers %d to Outlook's token", s)
	}
	held = held.Merge(provider.Tokens{Access: held.Access, Refresh: mail.Refresh})
	again, err := o.driver.Refresh(t.Context(), o.Registration, held)
	if err != nil || !slices.Contains(again.NativeScopes, imap) || again.Refresh.IsZero() {
		t.Fatalf("%+v, %v", again, err)
	}
	if s := o.graph(t, again.Access); s != http.StatusOK {
		t.Errorf("Graph answers %d to its own token", s)
	}
	plain, _, err := o.signIn(t, "bob+auto@sandbox.test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.driver.RefreshFor(t.Context(), o.Registration, plain, "https://outlook.office.com"); err == nil {
		t.Error("a token for what nobody consented to")
	}
}

func (o opened) graph(t *testing.T, access secret.Text) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+"/microsoft/graph/v1.0/me/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access.Reveal())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
