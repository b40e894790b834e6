package sample

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"slices"
)

const (
	accountPath  = "/v1/account"
	messagesPath = "/v1/direct/gmail/v1/users/me/messages"
	firstPage    = "?maxResults=5"
	onlyHeaders  = "?format=metadata&metadataHeaders=Subject&metadataHeaders=From&metadataHeaders=Date"
)

// maxMessages bounds the messages that are read, whatever the list holds.
const maxMessages = 5

// account is what Avain tells of an account (GET /v1/account), as far as it is shown.
type account struct {
	ID          int64    `json:"id"`
	ServiceType string   `json:"serviceType"`
	Email       string   `json:"email"`
	Name        string   `json:"name"`
	TokenStatus string   `json:"tokenStatus"`
	TokenError  string   `json:"tokenError"`
	Scopes      []string `json:"authScopes"`
}

func (acct account) may(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(acct.Scopes, s) })
}

func (acct account) mayRead() bool { return acct.may("Mail.Read", "Mail.ReadWrite", "Mail.All") }
func (acct account) maySend() bool { return acct.may("Mail.Send", "Mail.Drafts", "Mail.All") }

// message is one line of the inbox.
type message struct{ Subject, From, Date, Snippet string }

// home shows the first steps, and for a session with an account the account.
func (a *application) home(w http.ResponseWriter, r *http.Request) {
	view := homeView{Avain: a.AvainURL, Sandbox: a.SandboxURL, Choices: choices}
	var held *connection
	var before []call
	a.sessions.use(r, func(s *session) {
		view.Notice, s.notice = s.notice, ""
		held, before = s.connected, slices.Clone(s.calls)
	})
	view.Calls = before
	if held != nil {
		view.Connected = a.look(r.Context(), *held, &view.Calls)
	}
	a.show(w, r, http.StatusOK, "home", view)
}

// look asks Avain for everything that the page shows of an account. What fails is
// shown in its place.
func (a *application) look(ctx context.Context, held connection, calls *[]call) *connectedView {
	view := &connectedView{Token: shortened(held.AccessToken), ID: held.AccountID, Again: held.again}
	auth := asAccount(held.AccessToken)
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: accountPath, auth: auth}, &view.Account); err != nil {
		f := a.told(err)
		view.Failure = &f
		return view
	}
	view.CanSend = view.Account.maySend()
	if !view.Account.mayRead() {
		view.MessagesNote = "Mail.Read was not granted, so there are no messages to show. Connect again and leave its box ticked."
		return view
	}
	messages, err := a.messages(ctx, auth, calls)
	if err != nil {
		f := a.told(err)
		view.Failure = &f
		return view
	}
	view.Messages = messages
	if len(messages) == 0 {
		view.MessagesNote = "The mailbox is empty."
	}
	return view
}

// messages reads the newest messages through /v1/direct: Gmail's own API, its list
// first, then the headers of each.
func (a *application) messages(ctx context.Context, auth func(*http.Request), calls *[]call) ([]message, error) {
	var list struct {
		Messages []struct {
			ID string `json:"id"`
		} `json:"messages"`
	}
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: messagesPath + firstPage, auth: auth}, &list); err != nil {
		return nil, err
	}
	var found []message
	for _, entry := range list.Messages[:min(maxMessages, len(list.Messages))] {
		var full struct {
			Snippet string `json:"snippet"`
			Payload struct {
				Headers []struct{ Name, Value string } `json:"headers"`
			} `json:"payload"`
		}
		path := messagesPath + "/" + url.PathEscape(entry.ID)
		err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: path + onlyHeaders, shown: path + "?format=metadata", auth: auth}, &full)
		if err != nil {
			return nil, err
		}
		m := message{Snippet: html.UnescapeString(full.Snippet)} // Gmail sends it as HTML text
		for _, h := range full.Payload.Headers {
			switch h.Name {
			case "Subject":
				m.Subject = h.Value
			case "From":
				m.From = h.Value
			case "Date":
				m.Date = h.Value
			}
		}
		found = append(found, m)
	}
	return found, nil
}
