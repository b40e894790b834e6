package signin_test

import (
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/signin"
)

var anyLink = regexp.MustCompile(`<a id="([a-z-]+)"[^>]* href="([^"]*)"`)

// linksOf are the links of a page by their id.
func linksOf(body string) map[string]string {
	found := map[string]string{}
	for _, m := range anyLink.FindAllStringSubmatch(body, -1) {
		found[m[1]] = html.UnescapeString(m[2])
	}
	return found
}

func partial(t *testing.T, page signin.PartialPage, look ...signin.Look) string {
	t.Helper()
	w := httptest.NewRecorder()
	pages(t).Partial(w, seen(look), page)
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
	return w.Body.String()
}

func TestThePageOfAPartialGrant(t *testing.T) {
	t.Parallel()
	page := signin.PartialPage{
		ServiceTitle: "Google", Email: "ada@example.org", Missing: []scope.Scope{scope.CalendarRead},
		MissingNative: []string{"https://x.example/auth/drive"}, RestURL: "/r?key=a&choice=rest", WithoutURL: "/w", CancelURL: "/c",
	}
	body := partial(t, page)
	for _, want := range []string{"See your calendar", "https://x.example/auth/drive", "Clinic", "Google", "ada@example.org"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q:\n%s", want, body)
		}
	}
	links := linksOf(body)
	if links["rest"] != page.RestURL || links["without"] != "/w" || links["cancel"] != "/c" {
		t.Errorf("the choices are %v", links)
	}
	page.RestURL = ""
	if links := linksOf(partial(t, page)); links["rest"] != "" || links["without"] != "/w" {
		t.Errorf("the second time, the choices are %v", links)
	}
}

// Nobody has to read Mail.ReadWrite.
func TestEveryScopeHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range scope.All() {
		body := partial(t, signin.PartialPage{Missing: []scope.Scope{s}})
		words := regexp.MustCompile(`<li>(.*)</li>`).FindStringSubmatch(body)
		if words == nil || words[1] == string(s) || seen[words[1]] {
			t.Errorf("%s is called %v", s, words)
			continue
		}
		seen[words[1]] = true
	}
}

func TestChoicesStayOnThisServer(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"https://evil.example/", "//evil.example/", "javascript:alert(1)", "relative", `/\evil.example`, "/%zz"} {
		links := linksOf(partial(t, signin.PartialPage{RestURL: bad, WithoutURL: bad, CancelURL: bad}))
		maps.Copy(links, linksOf(drawn(t, signin.ErrorPage{Message: "No.", TryAgainURL: bad}).Body.String()))
		for id, to := range links {
			if to != "" {
				t.Errorf("%q became the link %s to %q", bad, id, to)
			}
		}
	}
}

func admin(t *testing.T, page signin.AdminPage, look ...signin.Look) string {
	t.Helper()
	w := httptest.NewRecorder()
	pages(t).Admin(w, seen(look), page)
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	return w.Body.String()
}

func TestThePageForAnAdministratorsLink(t *testing.T) {
	t.Parallel()
	const link = "https://login.example/organizations/v2.0/adminconsent?client_id=a&state=admin.x.y"
	body := admin(t, signin.AdminPage{
		ServiceTitle: "Microsoft 365", AdminURL: link, BackURL: "https://clinic.example/back", Code: "provider.admin",
	})
	links := linksOf(body)
	if links["admin-open"] != link || links["back"] != "https://clinic.example/back" || !strings.Contains(body, html.EscapeString(link)+"</textarea>") {
		t.Errorf("the links are %v in\n%s", links, body)
	}
	mail, err := url.Parse(links["admin-mail"])
	if err != nil || mail.Scheme != "mailto" || mail.Query().Get("subject") != "Please approve Clinic & Co" ||
		!strings.Contains(mail.Query().Get("body"), "\r\n"+link+"\r\n") || strings.Contains(mail.RawQuery, "+") {
		t.Errorf("the mail is %q, %v", links["admin-mail"], err)
	}
	for _, bad := range []string{"", "javascript:alert(1)", "//x.example", "https:///x"} {
		if links := linksOf(admin(t, signin.AdminPage{AdminURL: bad})); links["admin-open"] != "" || links["admin-mail"] != "" {
			t.Errorf("%q became %v", bad, links)
		}
	}
}

// Where the provider has no page for it, an administrator gets steps.
func TestThePageForAnAdministratorsSteps(t *testing.T) {
	t.Parallel()
	steps := []string{"Open Setup.", "Choose Install & wait."}
	page := signin.AdminPage{ServiceTitle: "Salesforce", Steps: steps, BackURL: "https://clinic.example/back"}
	body := admin(t, page)
	links := linksOf(body)
	if links["admin-open"] != "" || links["back"] != page.BackURL || !strings.Contains(body, "<li>Open Setup.</li><li>Choose Install &amp; wait.</li>") {
		t.Errorf("the links are %v in\n%s", links, body)
	}
	mail, err := url.Parse(links["admin-mail"])
	if err != nil || mail.Scheme != "mailto" || !strings.Contains(mail.Query().Get("body"), "1. Open Setup.\r\n2. Choose Install & wait.\r\n") ||
		!strings.Contains(mail.Query().Get("body"), "At Salesforce") {
		t.Errorf("the mail is %q, %v", links["admin-mail"], err)
	}
	// One click is less.
	page.AdminURL = "https://login.example/adminconsent"
	body = admin(t, page)
	if strings.Contains(body, "Open Setup") || strings.Contains(linksOf(body)["admin-mail"], "Setup") || linksOf(body)["admin-open"] != page.AdminURL {
		t.Errorf("with a link there are steps:\n%s", body)
	}
}

func TestHostileWordsStayWordsOnEveryPage(t *testing.T) {
	t.Parallel()
	const evil = `</textarea></style><script>alert(1)</script>"><img src=x onerror=alert(1)>`
	approved := httptest.NewRecorder()
	pages(t).Approved(approved, signin.Look{ApplicationName: evil})
	for name, body := range map[string]string{
		"partial": partial(t, signin.PartialPage{
			ServiceTitle: evil, Email: evil, Missing: []scope.Scope{evil}, MissingNative: []string{evil},
			RestURL: "/?" + evil, WithoutURL: "/?" + evil, CancelURL: "/?" + evil,
		}, signin.Look{ApplicationName: evil}),
		"admin": admin(t, signin.AdminPage{
			ServiceTitle: evil, AdminURL: "https://x.example/?" + evil, Code: evil, Detail: evil, RequestID: evil,
		}, signin.Look{ApplicationName: evil}),
		"steps":    admin(t, signin.AdminPage{ServiceTitle: evil, Steps: []string{evil}}, signin.Look{ApplicationName: evil}),
		"approved": approved.Body.String(),
	} {
		for _, bad := range []string{"<script", "<img"} {
			if strings.Contains(body, bad) {
				t.Errorf("the page %s carries %s of a caller:\n%s", name, bad, body)
			}
		}
	}
}
