package signin

import (
	"html/template"
	"net/http"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
)

// FormPage asks for a login, in steps where the server can be found: first for what
// people know by heart. What few people need is under "More settings".
type FormPage struct {
	Status                        int
	ApplicationName, ServiceTitle string
	Form                          connect.Form
	// CancelURL leads back to the application, as BackURL of [ErrorPage].
	CancelURL string
	// Message says what is wrong with the form that was sent, Form.Wrong where; empty
	// for a fresh one.
	Message         string
	Code, RequestID string
}

// DonePage leads on: no redirect may follow a form.
type DonePage struct {
	Status          int
	ApplicationName string
	Location        string // proven to belong to the application, or ours
	Message         string // what went wrong; empty where nothing did
	// Onward: the sign-in is not done, and goes on at Location: at the service of that
	// title, or with a question of ours.
	Onward       bool
	ServiceTitle string
}

// formView is what form.html shows.
type formView struct {
	Application, Service, Action string
	Heading, Submit              string
	Asks                         []string // in plain words
	Fields, More                 []fieldView
	Open                         bool // More settings
	Cancel                       template.URL
	Problem, ProblemRest         string
	WrongID, WrongLabel          string // of the field that the problem is about
	Code, RequestID              string

	Finding, Signing bool   // the first step; the second
	ByAddress        bool   // of the first: it asks for an address
	FindURL          string // of the form by hand: leads to the first step
	First            string // of the second: the name of the first field
	FirstValue       string
	Found, Source    string
	Servers          []string
	Unsure           string
	Confirmed        bool
	ConfirmError     string
	ConfirmFocus     bool
	Traded           bool
}

// fieldView is one field as HTML has it.
type fieldView struct {
	Name, ID, Label, Help, Value, Error string
	Type, InputMode, Autocomplete       string
	DescribedBy                         string // ids
	Required, Focus, Fixed              bool
	Choices                             []choiceOf
}

// choiceOf is one entry of a list to choose from.
type choiceOf struct {
	Value, Label string
	Chosen       bool
}

// doneView is what done.html shows.
type doneView struct {
	Lead, Rest, Way, Label string
	Next                   template.URL
	Failed                 bool
}

// Form writes headers, status and body of the sign-in page.
func (p *Pages) Form(w http.ResponseWriter, page FormPage) {
	application := named(page.ApplicationName)
	v := formView{
		Application: application, Service: page.ServiceTitle, Action: ownPath(page.Form.Action),
		Cancel: backLink(page.CancelURL), Code: page.Code, RequestID: page.RequestID, Traded: page.Form.Traded,
	}
	for _, s := range page.Form.Scopes {
		v.Asks = append(v.Asks, phrase(s))
	}
	v.Problem, v.ProblemRest = sentences(page.Message)
	v.step(page.Form)
	for i, f := range page.Form.Fields {
		view := viewField(f)
		view.Fixed = v.Signing && i == 0
		if page.Message != "" && f.Name == page.Form.Wrong {
			view.Error = page.Message
			v.WrongID, v.WrongLabel = view.ID, view.Label
		}
		v.add(f, view)
	}
	if page.Form.Wrong == connect.FieldConfirmed && v.Unsure != "" {
		v.ConfirmError, v.WrongID, v.WrongLabel = "Tick the box if it is; else correct the server below.", "field-"+connect.FieldConfirmed, "Is this your server?"
	}
	v.focus()
	title := "Sign in to connect your account to " + application
	if v.Problem != "" {
		title = v.Problem + " " + title
	}
	// A browser that may not tell a referrer sends "Origin: null" with a form, and we
	// want to see that the form is ours.
	p.sending("same-origin").write(w, page.Status, "form", title, v)
}

// step sets what differs between the steps.
func (v *formView) step(form connect.Form) {
	v.Heading, v.Submit = "Sign in with your "+v.Service+" account", "Sign in"
	switch form.Step {
	case connect.StepFind:
		v.Finding, v.Submit = true, "Continue"
		v.ByAddress = len(form.Fields) > 0 && form.Fields[0].Kind == provider.FieldEmail
	case connect.StepPassword:
		v.Signing, v.Found, v.Servers, v.Source = true, form.Found, form.Servers, form.Source
		v.Unsure, v.Confirmed = form.Unsure, form.Confirmed
		v.Open = form.Unsure != "" || form.Source == "" // to be looked at; or changed
		if len(form.Fields) > 0 {
			v.First, v.FirstValue = form.Fields[0].Name, form.Fields[0].Value
			v.Heading = "Sign in as " + v.FirstValue
		}
	default:
		v.FindURL = ownPath(form.FindURL)
		v.Open = v.FindURL != "" // whoever comes here wants to see them
	}
}

// Confirm is the label of the box to tick.
func (v formView) Confirm() string {
	if len(v.Servers) == 1 {
		return "Yes, " + v.Servers[0] + " may have my password"
	}
	return "Yes, these servers may have my password"
}

// add puts a field where it belongs. More settings stand open where they are needed, or
// where they name a server: anybody can write a link that names one, and the password
// goes there.
func (v *formView) add(f provider.Field, view fieldView) {
	view.DescribedBy = describedBy(view)
	if !f.Advanced {
		v.Fields = append(v.Fields, view)
		return
	}
	v.More = append(v.More, view)
	shown := !v.Signing && f.Kind == provider.FieldHost && f.Value != "" // else the page says where it goes
	v.Open = v.Open || view.Error != "" || shown
}

// focus goes to the field that is wrong, or else to the first that is empty. Who has
// something to confirm begins there.
func (v *formView) focus() {
	if v.Unsure != "" && (v.ConfirmError != "" || v.WrongID == "" && !v.Confirmed) {
		v.ConfirmFocus = true
		return
	}
	for _, list := range [][]fieldView{v.Fields, v.More} {
		for i := range list {
			if v.WrongID == list[i].ID || v.WrongID == "" && list[i].Value == "" {
				list[i].Focus = true
				return
			}
		}
	}
	if v.Finding && len(v.Fields) > 0 {
		v.Fields[0].Focus = true // Enter goes on
	}
}

func viewField(f provider.Field) fieldView {
	v := fieldView{
		Name: f.Name, ID: "field-" + f.Name, Label: f.Label, Help: f.Help, Value: f.Value,
		Type: "text", Autocomplete: f.Autocomplete, Required: f.Required,
	}
	if v.Autocomplete == "" {
		v.Autocomplete = "off"
	}
	switch f.Kind {
	case provider.FieldEmail:
		v.InputMode = "email" // not the type: a login name may be typed there, and servers know best
	case provider.FieldPassword:
		v.Type, v.Value = "password", ""
	case provider.FieldHost:
		v.InputMode = "url"
	case provider.FieldPort:
		v.InputMode = "numeric"
	case provider.FieldSecurity:
		v.Choices = []choiceOf{{"", "Find out", f.Value == ""}}
		for _, s := range provider.Securities() {
			v.Choices = append(v.Choices, choiceOf{string(s), securityWords(s), f.Value == string(s)})
		}
	}
	return v
}

func securityWords(s provider.Security) string {
	switch s {
	case provider.SecurityTLS:
		return "TLS (SSL)"
	case provider.SecuritySTARTTLS:
		return "STARTTLS"
	}
	return string(s)
}

// describedBy are the ids of what is said about a field, for aria-describedby.
func describedBy(v fieldView) string {
	switch {
	case v.Error != "" && v.Help != "":
		return "error-" + v.Name + " help-" + v.Name
	case v.Error != "":
		return "error-" + v.Name
	case v.Help != "":
		return "help-" + v.Name
	}
	return ""
}

// Done writes a page that goes on by itself, and has a link for browsers that do not.
func (p *Pages) Done(w http.ResponseWriter, page DonePage) {
	application := named(page.ApplicationName)
	v := doneView{
		Lead: "Your account is connected.", Way: "You are going back now.",
		Label: "Continue to " + application, Next: backLink(page.Location),
	}
	switch {
	case page.Message != "":
		v.Failed, v.Label = true, "Back to "+application
		v.Lead, v.Rest = sentences(page.Message)
	case page.Onward && page.ServiceTitle != "":
		v.Lead, v.Way = "Your account is with "+page.ServiceTitle+".", "You are going there now."
		v.Rest = "You sign in there, and come back to " + application + " afterwards. Your password is not asked for here."
		v.Label = "Continue to " + page.ServiceTitle
	case page.Onward:
		v.Lead, v.Way, v.Label = "One question is left.", "You are going there now.", "Continue"
	}
	p.write(w, page.Status, "done", v.Lead, v)
}
