package e2e_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

// Who does not know the pages types of a sample what each page asks for, leaves the rest
// as it stands, and sends it, until it leads on.
func TestTheSamplesArePossiblePageByPage(t *testing.T) {
	t.Parallel()
	ready := startDemo(t)
	services := []account.ServiceType{account.EWS, account.IMAP, account.SugarCRM}
	if len(ready.Samples) != len(services) {
		t.Errorf("there are samples of %d services", len(ready.Samples))
	}
	for _, service := range services {
		for what, sample := range map[string]map[string]string{"sample": ready.Samples[string(service)], "refused": ready.Refused[string(service)]} {
			body := pageByPage(t, ready.URL, url.Values{
				"clientId": {ready.ClientID}, "serviceType": {string(service)}, "returnUrl": {ready.ReturnURL}, "scopes": {"Mail.Read"}, "state": {"s"},
			}, sample)
			if connected := sampleCode.MatchString(body); connected != (what == "sample") || !connected && !strings.Contains(body, "login.refused") {
				t.Errorf("%s, %s: it ends at %s", service, what, body)
			}
		}
	}
}

var (
	sampleCode   = regexp.MustCompile(`[?&](?:amp;)?code=[A-Za-z0-9_-]+`)
	sampleForm   = regexp.MustCompile(`(?s)<form[^>]*\bid="sign-in"[^>]*>.*?</form>`)
	sampleAction = regexp.MustCompile(`action="([^"]*)"`)
	formControl  = regexp.MustCompile(`(?s)<input\b[^>]*>|<button\b[^>]*>`)
	formSelect   = regexp.MustCompile(`(?s)<select\b[^>]*\bname="([^"]*)".*?</select>`)
)

// pageByPage signs in as a browser without JavaScript does, and returns the last page.
func pageByPage(t *testing.T, server string, ask url.Values, sample map[string]string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	send := func(method, address string, form url.Values) string {
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		if form != nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Origin", server)
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
	page := send(http.MethodGet, server+"/v1/auth/authorize?"+ask.Encode(), nil)
	for range 4 {
		form := sampleForm.FindString(page)
		if form == "" || strings.Contains(page, "login.refused") {
			return page
		}
		typed := typedOf(form, sample)
		page = send(http.MethodPost, server+html.UnescapeString(sampleAction.FindStringSubmatch(form)[1]), typed)
	}
	return page
}

// typedOf are the form's values with those of the sample.
func typedOf(form string, sample map[string]string) url.Values {
	values := url.Values{}
	attribute := func(tag, name string) string {
		if m := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(tag); m != nil {
			return html.UnescapeString(m[1])
		}
		return ""
	}
	for _, tag := range formControl.FindAllString(form, -1) {
		name, kind := attribute(tag, "name"), attribute(tag, "type")
		switch {
		case name == "", kind == "checkbox":
		case strings.HasPrefix(tag, "<button") && values.Has(name):
		default:
			values.Set(name, attribute(tag, "value"))
		}
	}
	var names []string
	for _, m := range formSelect.FindAllStringSubmatch(form, -1) {
		names = append(names, m[1])
	}
	for name, value := range sample {
		if values.Has(name) || slices.Contains(names, name) {
			values.Set(name, value)
		}
	}
	return values
}
