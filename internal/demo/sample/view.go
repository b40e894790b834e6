package sample

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed static/* *.html
var files embed.FS

// choice is one tick-box of the connect form.
type choice struct{ Scope, Words string }

var choices = []choice{
	{"Mail.Read", "read mail"},
	{"Calendar.Read", "see calendars"},
	{"Mail.Send", "send mail"},
}

// service is one radio button of it: a provider, as Avain names it, and as people do.
type service struct{ Type, Name string }

// services are offered in this order; the first is chosen where nobody chooses.
var services = []service{{"Google", "Google"}, {"Office365", "Microsoft 365"}, {"Hubspot", "HubSpot"}, {"Salesforce", "Salesforce"}, {"SugarCRM", "SugarCRM"}, {"Zoho", "Zoho"}, {"IMAP", "E-mail (IMAP)"}, {"EWS", "Exchange"}}

// anyService leaves the choice to Avain's own page.
const anyService = "any"

type homeView struct {
	Avain, Sandbox string
	Notice         string
	Services       []service
	Choices        []choice
	Logins         []Login
	Connected      *connectedView // nil for none
	Calls          []call
}

type connectedView struct {
	ID           int64
	Account      account
	Token        string // shortened
	Messages     []message
	MessagesNote string
	CanSend      bool
	CRM          bool // it has contacts and no mail
	Failure      *failure
	Service      string   // to connect again
	Again        []string // the scopes to ask for again
}

type tokenView struct {
	Avain    string
	Expected []expected
	Again    string
}

// expected is a connection in the token flow that this browser began.
type expected struct{ State, Authorize, Again string }

// problem is a page that tells what went wrong.
type problem struct {
	Title   string
	Failure failure
	Again   string // where trying again begins
	Calls   []call
}

// pages maps a page's name to its template.
type pages map[string]*template.Template

// parsePages reads the embedded templates. It panics when they are broken, which
// a test shows before anybody else does.
func parsePages() pages {
	parsed := pages{}
	for _, name := range []string{"home", "problem", "token", "landing"} {
		parsed[name] = template.Must(template.ParseFS(files, "layout.html", name+".html"))
	}
	return parsed
}

// show writes a page.
func (a *application) show(w http.ResponseWriter, r *http.Request, status int, page string, view any) {
	var body bytes.Buffer
	if err := a.pages[page].ExecuteTemplate(&body, "layout.html", view); err != nil {
		a.Logger.ErrorContext(r.Context(), "sample: page failed", "page", page, "error", err)
		http.Error(w, "The sample application could not draw its page. Its log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a browser that went away is no trouble of ours
}
