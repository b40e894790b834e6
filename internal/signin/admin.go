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
	ServiceTitle string
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
	words
	Application, Service, AdminURL, Label string
	Steps                                 []sentence
	Mail, Back                            template.URL
	Detail                                sentence
	Code, RequestID                       string
}

// sentence is one of a provider's. English marks one that has no translation.
type sentence struct {
	Text    string
	English bool
}

// sentence finds it under those keys; without any, wherever details and providers speak.
func (l words) sentence(english string, keys ...string) sentence {
	if len(keys) == 0 {
		keys = []string{"detail.", "provider."}
	}
	text, ok := l.Said(english, keys...)
	if !ok {
		return sentence{english, true}
	}
	return sentence{Text: text}
}

// Admin writes headers, status and body.
func (p *Pages) Admin(w http.ResponseWriter, look Look, page AdminPage) {
	text := p.words(look)
	application := text.named(look.ApplicationName)
	v := adminView{
		words: text, Application: application, Service: page.ServiceTitle,
		Label: text.back(look.ApplicationName), Back: backLink(page.BackURL),
		Detail: text.sentence(page.Detail), Code: page.Code, RequestID: page.RequestID,
	}
	v.Steps, v.Mail = text.steps(page.Steps, application, page.ServiceTitle)
	if u, err := url.Parse(page.AdminURL); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		v.AdminURL = page.AdminURL // shown in place of steps: one click is less
		v.Mail = mailLink(text.Text("admin.mail.subject", "application", application), text.Text("admin.mail.link", "application", application, "link", page.AdminURL))
	}
	title := text.Text("admin.title", "application", application)
	p.draw(w, sheet{look: look, status: http.StatusForbidden, name: "admin", title: title, view: v})
}

// steps are what an administrator does, and a mail that says so.
func (l words) steps(english []string, application, service string) (steps []sentence, mail template.URL) {
	if len(english) == 0 {
		return nil, ""
	}
	var list strings.Builder
	for i, e := range english {
		steps = append(steps, l.sentence(e))
		fmt.Fprintf(&list, "%d. %s\n", i+1, steps[i].Text)
	}
	body := l.Text("admin.mail.steps", "application", application, "service", service, "steps", list.String())
	return steps, mailLink(l.Text("admin.mail.subject", "application", application), body)
}

// ApproveLink leads to the provider's page for administrators.
func (v adminView) ApproveLink() template.HTML {
	return template.HTML(`<a id="admin-open" href="` + template.HTMLEscapeString(v.AdminURL) + `" rel="noreferrer">` + //nolint:gosec // a web address, escaped
		string(v.T("admin.approve", "application", v.Application)) + `</a>`)
}

// mailLink writes a mail without a recipient (RFC 6068).
func mailLink(subject, body string) template.URL {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return template.URL("mailto:?subject=" + escape(subject) + "&body=" + escape(strings.ReplaceAll(body, "\n", "\r\n"))) //nolint:gosec // all of it escaped
}

// approvedView is what approved.html shows.
type approvedView struct {
	words
	Application string
}

// Approved tells an administrator that the approval has worked.
func (p *Pages) Approved(w http.ResponseWriter, look Look) {
	text := p.words(look)
	application := text.named(look.ApplicationName)
	p.draw(w, sheet{
		look: look, status: http.StatusOK, name: "approved", title: text.Text("approved.title", "application", application),
		view: approvedView{text, application},
	})
}
