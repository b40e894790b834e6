package sample

import (
	"context"
	"net/http"
	"slices"
)

const accountPath = "/v1/account"

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
	view := homeView{Avain: a.AvainURL, Sandbox: a.SandboxURL, Services: services, Choices: choices, Logins: a.Logins}
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
	view := &connectedView{Token: shortened(held.AccessToken), ID: held.AccountID, Service: held.service, Again: held.again}
	auth := asAccount(held.AccessToken)
	if err := a.avain.do(ctx, calls, request{method: http.MethodGet, path: accountPath, auth: auth}, &view.Account); err != nil {
		f := a.told(err)
		view.Failure = &f
		return view
	}
	if view.Account.ServiceType == "IMAP" { // there is no API to pass calls on to
		view.MessagesNote = "The mailbox is connected. IMAP has no web API, so there are no messages to show here."
		return view
	}
	view.CRM = slices.Contains([]string{"Hubspot", "Salesforce", "SugarCRM"}, view.Account.ServiceType)
	view.CanSend = view.Account.maySend()
	switch {
	case view.Account.ServiceType == "Hubspot" && !view.Account.may("Contacts.Read", "Contacts.ReadWrite"):
		view.MessagesNote = "Contacts.Read was not granted, so there are no contacts to show."
		return view
	case !view.CRM && !view.Account.mayRead():
		view.MessagesNote = "Mail.Read was not granted, so there are no messages to show. Connect again and leave its box ticked."
		return view
	}
	messages, err := a.messages(ctx, view.Account.ServiceType, auth, calls)
	if err != nil {
		f := a.told(err)
		view.Failure = &f
		return view
	}
	view.Messages = messages
	if len(messages) == 0 {
		view.MessagesNote = "There is nothing there yet."
	}
	return view
}
