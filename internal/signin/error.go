package signin

import (
	"html/template"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrorPage is a fault as a person meets it.
type ErrorPage struct {
	Status int    // the HTTP status
	Code   string // "state.expired", for whoever helps the person
	// Message is sentences in English: what went wrong first, then what to do next.
	// Detail is its end, which belongs to this one case; it may be empty.
	Message, Detail string
	RequestID       string
	RetryAfter      time.Duration // where positive, how long to wait
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
	words
	said
	Application, Wait, Label string
	Back                     template.URL
	TryAgain                 string
	Reload                   bool
	Code, RequestID          string
}

// Error writes headers, status and body of an error page.
func (p *Pages) Error(w http.ResponseWriter, look Look, page ErrorPage) {
	text := p.words(look)
	what := text.fault(page.Code, page.Message, page.Detail)
	if what.Lead == "" {
		what.Lead = text.Text("wrong")
	}
	p.draw(w, sheet{look: look, status: page.Status, name: "error", title: what.Lead, view: errorView{
		words: text, said: what, Wait: text.retry(page.RetryAfter),
		Application: look.ApplicationName, Back: backLink(page.BackURL), Label: text.back(look.ApplicationName),
		TryAgain: ownPath(page.TryAgainURL), Reload: page.Reload, Code: page.Code, RequestID: page.RequestID,
	}})
}

// sentences cuts a message after its first sentence: a full stop followed by a
// space and a capital, or a letter of a script that has none. "avain.example" and "e.g.
// this" do not end one.
func sentences(message string) (first, rest string) {
	message = strings.TrimSpace(message)
	for i, r := range message {
		if !strings.ContainsRune(".!?。؟।", r) {
			continue
		}
		rest := message[i+utf8.RuneLen(r):]
		after := strings.TrimLeft(rest, " ")
		next, _ := utf8.DecodeRuneInString(after)
		ends := len(after) < len(rest) || r == '。'
		if ends && unicode.IsLetter(next) && !unicode.IsLower(next) {
			return message[:len(message)-len(rest)], after
		}
	}
	return message, ""
}
