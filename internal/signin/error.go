package signin

import (
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrorPage is a fault as a person meets it.
type ErrorPage struct {
	Status    int    // the HTTP status
	Code      string // "state.expired", for whoever helps the person
	Message   string // sentences: what went wrong first, then what to do next
	RequestID string
	// ApplicationName is what the person wants to connect; it may be empty.
	ApplicationName string
	// BackURL leads back to the application; empty for no link. It must be proven
	// to belong to the application before it comes here.
	BackURL string
	// TryAgainURL starts anew: a path of this server. Empty for no link.
	TryAgainURL string
	// Reload offers to ask for this very page again.
	Reload bool
}

// errorView is what error.html shows.
type errorView struct {
	Application, Lead string
	Rest, Label       string
	Back              template.URL
	TryAgain          string
	Reload            bool
	Code, RequestID   string
}

// Error writes headers, status and body of an error page.
func (p *Pages) Error(w http.ResponseWriter, page ErrorPage) {
	lead, rest := sentences(strings.TrimPrefix(page.Message, page.Code+": "))
	if lead == "" {
		lead = "Something went wrong."
	}
	p.write(w, page.Status, "error", lead, errorView{
		Application: page.ApplicationName, Lead: lead, Rest: rest,
		Back: backLink(page.BackURL), Label: "Back to " + named(page.ApplicationName),
		TryAgain: ownPath(page.TryAgainURL), Reload: page.Reload, Code: page.Code, RequestID: page.RequestID,
	})
}

// sentences cuts a message after its first sentence: a full stop followed by a
// space and a capital. "avain.example" and "e.g. this" do not end one.
func sentences(message string) (first, rest string) {
	message = strings.TrimSpace(message)
	for i := range len(message) {
		if !strings.ContainsRune(".!?", rune(message[i])) {
			continue
		}
		after := strings.TrimLeft(message[i+1:], " ")
		next, _ := utf8.DecodeRuneInString(after)
		if len(after) < len(message)-i-1 && unicode.IsUpper(next) {
			return message[:i+1], after
		}
	}
	return message, ""
}

func named(application string) string {
	if application == "" {
		return "the application"
	}
	return application
}
