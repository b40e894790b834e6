package sample

import (
	"encoding/json"
	"net/http"
	"strings"
)

// send writes a message from the account to itself, through the provider's own API.
func (a *application) send(w http.ResponseWriter, r *http.Request) {
	held := a.held(r)
	if held == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	auth := asAccount(held.AccessToken)
	var calls []call
	var acct account
	err := a.avain.do(r.Context(), &calls, request{method: http.MethodGet, path: accountPath, auth: auth}, &acct)
	if err == nil {
		var path, body string
		if path, body, err = a.testMessage(r.Context(), acct, auth, &calls); err == nil {
			err = a.avain.do(r.Context(), &calls, request{method: http.MethodPost, path: path, auth: auth, body: strings.NewReader(body), xml: acct.ServiceType == "EWS"}, nil)
		}
	}
	if err != nil {
		a.show(w, r, http.StatusBadGateway, "problem", problem{
			Title: "The message was not sent", Failure: a.told(err), Again: "/", Calls: calls,
		})
		return
	}
	a.sessions.use(r, func(s *session) {
		s.notice = "A test message is on its way from " + acct.Email + " to itself."
		s.keep(calls)
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// disconnect removes the account at Avain, with the application's own credentials:
// a token of the token flow may not do that itself. A page of the token flow sends
// its token along, and the account is the one that the token proves, never one
// that a visitor merely names. (An application with users of its own would rather
// ask who is signed in: here, whoever holds the token can disconnect.)
func (a *application) disconnect(w http.ResponseWriter, r *http.Request) {
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		a.disconnectToken(w, r, token)
		return
	}
	held := a.held(r)
	if held == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	var calls []call
	if err := a.remove(r, held.AccountID, &calls); err != nil {
		a.show(w, r, http.StatusBadGateway, "problem", problem{
			Title: "The account is still connected", Failure: a.told(err), Again: "/", Calls: calls,
		})
		return
	}
	a.sessions.use(r, func(s *session) {
		s.connected = nil
		s.notice = "The account is disconnected. Avain has wiped what it held, and the token opens nothing any more."
		s.keep(calls)
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// disconnectToken answers the page's script: {calls, error}, where error is absent
// when the account is gone.
func (a *application) disconnectToken(w http.ResponseWriter, r *http.Request, token string) {
	var answer struct {
		Calls []call   `json:"calls"`
		Error *failure `json:"error,omitempty"`
	}
	var acct account
	err := a.avain.do(r.Context(), &answer.Calls, request{method: http.MethodGet, path: accountPath, auth: asAccount(token)}, &acct)
	if err == nil {
		err = a.remove(r, acct.ID, &answer.Calls)
	}
	status := http.StatusOK
	if err != nil {
		f := a.told(err)
		answer.Error, status = &f, http.StatusBadGateway
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a page that was closed misses nothing
}

// remove deletes the account at Avain. One that is gone already is no trouble.
func (a *application) remove(r *http.Request, accountID int64, calls *[]call) error {
	err := a.avain.do(r.Context(), calls, request{
		method: http.MethodDelete, path: accountPath, auth: a.avain.asApplication(accountID),
	}, nil)
	if err != nil && a.told(err).Status == http.StatusNotFound {
		return nil
	}
	return err
}

// held is the session's account; nil for none.
func (a *application) held(r *http.Request) (held *connection) {
	a.sessions.use(r, func(s *session) { held = s.connected })
	return held
}
