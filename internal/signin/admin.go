package signin

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// AdminPage tells a person that an administrator must approve the application, and
// hands out the link for that.
type AdminPage struct {
	ApplicationName, ServiceTitle string
	// AdminURL is the provider's page for administrators; empty where it has none.
	AdminURL string
	// Steps are what an administrator does where there is no such page; may be empty.
	Steps []string
	// BackURL leads back to the application, as in [ErrorPage].
	BackURL                 string
	Code, Detail, RequestID string
}

// adminView is what admin.html shows.
type adminView struct {
	Application, Service, AdminURL, Label string
	Steps                                 []string
	Mail, Back                            template.URL
	Code, Detail, RequestID               string
}

// Admin writes headers, status and body.
func (p *Pages) Admin(w http.ResponseWriter, page AdminPage) {
	application := named(page.ApplicationName)
	v := adminView{
		Application: application, Service: page.ServiceTitle, Steps: page.Steps,
		Label: "Back to " + application, Back: backLink(page.BackURL),
		Code: page.Code, Detail: page.Detail, RequestID: page.RequestID,
	}
	if len(page.Steps) > 0 {
		v.Mail = mailLink("Please approve "+application, "Hello,\n\nI would like to connect my account to "+application+
			". Our organization wants an administrator to approve that first. At "+page.ServiceTitle+" these are the steps:\n\n"+numbered(page.Steps))
	}
	if u, err := url.Parse(page.AdminURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		v.AdminURL = page.AdminURL // shown in place of steps: one click is less
		v.Mail = mailLink("Please approve "+application,
			"Hello,\n\nI would like to connect my account to "+application+". Our organization wants an administrator to approve that first, on this page:\n\n"+page.AdminURL+"\n")
	}
	p.write(w, http.StatusForbidden, "admin", "An administrator must approve "+application+" first.", v)
}

// numbered writes the steps as lines of a mail.
func numbered(steps []string) string {
	var lines strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&lines, "%d. %s\n", i+1, step)
	}
	return lines.String()
}

// mailLink writes a mail without a recipient (RFC 6068).
func mailLink(subject, body string) template.URL {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return template.URL("mailto:?subject=" + escape(subject) + "&body=" + escape(strings.ReplaceAll(body, "\n", "\r\n"))) //nolint:gosec // all of it escaped
}

// Approved tells an administrator that the approval has worked.
func (p *Pages) Approved(w http.ResponseWriter, application string) {
	application = named(application)
	p.write(w, http.StatusOK, "approved", application+" is approved.", struct{ Application string }{application})
}
