package sample

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const authorizePath = "/v1/auth/authorize"

// connect begins: it remembers a fresh state in the session and sends the browser
// to Avain. service is the provider, flow=choose leaves it open; scopes may repeat;
// accountId renews that account.
func (a *application) connect(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	flow, named := query.Get("flow"), query.Get("service")
	if flow == "choose" {
		flow, named = "code", anyService
	}
	landing, ok := map[string]string{"code": "/connected", "token": "/connected-token"}[flow]
	if !ok {
		a.show(w, r, http.StatusBadRequest, "problem", problem{
			Title:   "Which way?",
			Failure: failure{Code: "flow.unknown", Message: "The address needs flow=code, flow=token or flow=choose. Use the buttons of the first page."},
			Again:   "/",
		})
		return
	}
	chosen, ok := chosenService(named)
	if !ok {
		a.show(w, r, http.StatusBadRequest, "problem", problem{
			Title:   "Which service?",
			Failure: failure{Code: "service.unknown", Message: "The address names a service that is not offered. Use the buttons of the first page."},
			Again:   "/",
		})
		return
	}
	ask := url.Values{
		"clientId": {a.ClientID}, "responseType": {flow},
		"returnUrl": {a.BaseURL + landing}, "state": {rand.Text()},
	}
	if chosen != anyService {
		ask.Set("serviceType", chosen)
	}
	same := url.Values{"flow": {flow}}
	if named != "" {
		same.Set("service", chosen)
	}
	if scopes := query["scopes"]; len(scopes) > 0 {
		ask.Set("scopes", strings.Join(scopes, " "))
		same["scopes"] = scopes
	}
	if id := query.Get("accountId"); id != "" {
		ask.Set("accountId", id)
		same.Set("accountId", id)
	}
	authorize := a.AvainURL + authorizePath + "?" + ask.Encode()
	a.sessions.begin(w, r, func(s *session) {
		s.expect(pending{
			state: ask.Get("state"), flow: flow, authorize: shownURL(authorizePath, ask),
			again: "/connect?" + same.Encode(), service: chosen, scopes: query["scopes"], began: a.Now(),
		})
	})
	http.Redirect(w, r, authorize, http.StatusSeeOther)
}

// chosenService is one of those offered, or anyService; the first where none is named.
func chosenService(named string) (string, bool) {
	switch named {
	case "":
		return services[0].Type, true
	case anyService:
		return anyService, true
	}
	return named, slices.ContainsFunc(services, func(s service) bool { return s.Type == named })
}

// connected takes the browser back in the code flow. The state is checked before
// anything of the answer is believed, its errors included.
func (a *application) connected(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var begun pending
	known := false
	a.sessions.use(r, func(s *session) { begun, known = s.take(query.Get("state"), a.Now()) })
	if !known {
		a.show(w, r, http.StatusBadRequest, "problem", problem{
			Title: "This answer was not asked for here",
			Failure: failure{Code: "state.mismatch", Message: "Its state does not belong to a connection that this browser began in the last 15 minutes, " +
				"or it was used already. Nothing was done with it."},
			Again: "/",
		})
		return
	}
	calls := []call{
		{Who: "browser", Method: http.MethodGet, Path: begun.authorize, Status: http.StatusSeeOther},
		{Who: "browser", Method: http.MethodGet, Path: shownURL(r.URL.Path, query), Status: http.StatusSeeOther},
	}
	if query.Get("status") != "success" {
		calls[1].Status = http.StatusOK
		a.show(w, r, http.StatusOK, "problem", problem{
			Title: "Nothing was connected", Failure: failure{Code: query.Get("error"), Message: query.Get("details")},
			Again: begun.again, Calls: calls,
		})
		return
	}
	got, err := a.exchange(r, &calls, query.Get("code"))
	if err != nil {
		calls[1].Status = http.StatusBadGateway
		a.show(w, r, http.StatusBadGateway, "problem", problem{
			Title: "The code could not be exchanged", Failure: a.told(err), Again: begun.again, Calls: calls,
		})
		return
	}
	got.service, got.again = begun.service, begun.scopes
	a.sessions.renew(w, r, func(s *session) {
		s.connected = &got
		s.keep(calls)
	})
	http.Redirect(w, r, "/", http.StatusSeeOther) // takes the code out of the address
}

// exchange turns the code into the account's token, with the application's secret.
func (a *application) exchange(r *http.Request, calls *[]call, code string) (connection, error) {
	var got connection
	err := a.avain.do(r.Context(), calls, request{
		method: http.MethodPost, path: "/v1/auth/token/" + url.PathEscape(code),
		shown: "/v1/auth/token/" + code[:min(6, len(code)/4)] + "…", auth: a.avain.asApplication(0),
	}, &got)
	if err == nil && (got.AccountID <= 0 || got.AccessToken == "") {
		err = &failure{Code: "answer.unreadable", Message: "Avain answered without an account or a token. Try again in a minute."}
	}
	return got, err
}

// connectedToken is the page that takes the browser back in the token flow. The
// answer is in the fragment, which no server sees: static/sample.js reads it.
func (a *application) connectedToken(w http.ResponseWriter, r *http.Request) {
	view := tokenView{Avain: a.AvainURL, Again: "/connect?flow=token"}
	a.sessions.use(r, func(s *session) {
		s.forget(a.Now())
		for _, p := range slices.Backward(s.pending) {
			if p.flow == "token" {
				view.Expected = append(view.Expected, expected{p.state, p.authorize, p.again})
			}
		}
	})
	a.show(w, r, http.StatusOK, "token", view)
}

// landing is the return URL for scripts, which read the answer off the address
// they are redirected to and never come here.
func (a *application) landing(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "landing", nil)
}
