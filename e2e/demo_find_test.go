package e2e_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/sandbox"
)

// TestTheDemoFindsTheServersOfItsDomains types an address of each domain that
// docs/sandbox.md lists into the demo's form: no network is there to help.
func TestTheDemoFindsTheServersOfItsDomains(t *testing.T) {
	t.Parallel()
	ready := startDemo(t)
	shown := map[string]string{
		"sandbox.test":           "<strong>mail.sandbox.test</strong>",
		"srv.sandbox.test":       "<strong>mail.srv.sandbox.test</strong>",
		"open.sandbox.test":      `name="confirmed"`,
		"hosted.sandbox.test":    `name="confirmed"`,
		"guess.sandbox.test":     `name="confirmed"`,
		"hoster.test":            `name="confirmed"`,
		"google.sandbox.test":    "Your account is with Google.",
		"microsoft.sandbox.test": "Your account is with Microsoft 365.",
		"online.sandbox.test":    "Your account is with Microsoft 365.",
		"zoho.sandbox.test":      "Your account is with Zoho.",
		"exchange.sandbox.test":  "Your account is with Microsoft Exchange.</h1>\n<p id=\"next\">You sign in to it on the next page,",
		"nothing.sandbox.test":   "server.unknown",
	}
	for _, d := range sandbox.MailDomains() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			ask := url.Values{"clientId": {ready.ClientID}, "serviceType": {"IMAP"}, "returnUrl": {ready.ReturnURL}, "scopes": {"Mail.Read Mail.Send"}}
			jar, _ := cookiejar.New(nil)
			browser := &http.Client{Jar: jar}
			page := shows(t.Context(), t, browser, http.MethodGet, ready.URL+"/v1/auth/authorize?"+ask.Encode(), nil)
			action := formPageAction.FindStringSubmatch(page)
			if action == nil {
				t.Fatalf("authorize leads to no form: %s", page)
			}
			form := url.Values{"email": {"ada@" + d.Name}, "step": {"find"}}
			if body := shows(t.Context(), t, browser, http.MethodPost, ready.URL+action[1], form); shown[d.Name] == "" || !strings.Contains(body, shown[d.Name]) {
				t.Errorf("want %q: %s", shown[d.Name], body)
			}
		})
	}
}

// shows is the page that a browser ends at; a form is sent as our own page sends it.
func shows(ctx context.Context, t *testing.T, browser *http.Client, method, address string, form url.Values) string {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	res, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
