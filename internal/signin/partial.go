package signin

import (
	"net/http"

	"github.com/avain-project/avain/internal/scope"
)

// PartialPage asks a person who gave less access than was asked for. The choices are
// paths of this server.
type PartialPage struct {
	ApplicationName, ServiceTitle string
	Email                         string // who signed in; it may be empty
	Missing                       []scope.Scope
	MissingNative                 []string // the provider's own scopes, as it spells them
	RestURL                       string   // empty: that has been tried
	WithoutURL, CancelURL         string
}

// partialView is what partial.html shows.
type partialView struct {
	Application, Service, Email    string
	Missing, MissingNative         []string
	RestURL, WithoutURL, CancelURL string
}

// Partial writes headers, status and body of the question.
func (p *Pages) Partial(w http.ResponseWriter, page PartialPage) {
	v := partialView{
		Application: named(page.ApplicationName), Service: page.ServiceTitle, Email: page.Email, MissingNative: page.MissingNative,
		RestURL: ownPath(page.RestURL), WithoutURL: ownPath(page.WithoutURL), CancelURL: ownPath(page.CancelURL),
	}
	for _, s := range page.Missing {
		v.Missing = append(v.Missing, phrase(s))
	}
	p.write(w, http.StatusOK, "partial", "Some of the access was left out.", v)
}

// phrase says what a scope allows, as a person would.
func phrase(s scope.Scope) string {
	if words, known := phrases()[s]; known {
		return words
	}
	return string(s)
}

func phrases() map[scope.Scope]string {
	return map[scope.Scope]string{
		scope.MailRead:          "Read your mail",
		scope.MailReadWrite:     "Read and change your mail",
		scope.MailSend:          "Send mail as you",
		scope.MailDrafts:        "Write drafts, and send mail as you",
		scope.MailAll:           "Read, change and send your mail",
		scope.CalendarRead:      "See your calendar",
		scope.CalendarReadWrite: "See and change your calendar",
		scope.ContactsRead:      "See your contacts",
		scope.ContactsReadWrite: "See and change your contacts",
		scope.TasksRead:         "See your tasks",
		scope.TasksReadWrite:    "See and change your tasks",
	}
}
