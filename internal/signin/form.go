package signin

import (
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
)

// FormPage asks for a login, in steps where the server can be found: first for what
// people know by heart. What few people need is under "More settings".
type FormPage struct {
	Status       int
	ServiceType  account.ServiceType
	ServiceTitle string
	Form         connect.Form
	// CancelURL leads back to the application, as BackURL of [ErrorPage].
	CancelURL string
	// Message says what is wrong with the form that was sent, Form.Wrong where; empty
	// for a fresh one. Detail is its end, as in [ErrorPage].
	Message, Detail string
	Code, RequestID string
	RetryAfter      time.Duration // as in [ErrorPage]
}

// DonePage leads on: no redirect may follow a form.
type DonePage struct {
	Status   int
	Location string // proven to belong to the application, or ours
	// Code, Message and Detail are what went wrong, as in [ErrorPage]; empty where
	// nothing did.
	Code, Message, Detail string
	// Onward: the sign-in is not done, and goes on at Location: at the service of that
	// title, or with a question of ours.
	Onward       bool
	ServiceTitle string
	ToForm       bool // that service's sign-in is a page of ours, too
}

// formView is what form.html shows.
type formView struct {
	words
	Application, Service, Action string
	Heading, Submit              string
	Asks                         []string // in plain words
	Fields, More                 []fieldView
	Open                         bool // More settings
	Cancel                       template.URL
	Problem                      said   // here where no field says it
	Wait                         string // with Problem
	WrongID, WrongLabel          string // of the field that the problem is about
	Wrong                        bool   // the form was sent, and refused
	Steps                        []sentence
	Mail                         template.URL
	Code, RequestID              string

	Finding, Signing bool   // the first step; the second
	ByAddress        bool   // of the first: it asks for an address
	FindURL          string // of the form by hand: leads to the first step
	First            string // of the second: the name of the first field
	FirstValue       string
	Found            string
	Source, Unsure   sentence
	Servers          []string
	Confirmed        bool
	ConfirmError     string
	ConfirmFocus     bool
	Traded           bool
}

// fieldView is one field as HTML has it.
type fieldView struct {
	Name, ID, Label, Value        string
	Help                          sentence
	Error                         said
	Wait                          string // with Error
	Type, InputMode, Autocomplete string
	DescribedBy                   string // ids
	Required, Focus, Fixed        bool
	LabelEnglish                  bool // as in [sentence]
	Choices                       []choiceOf
}

// choiceOf is one entry of a list to choose from.
type choiceOf struct {
	Value, Label string
	Chosen       bool
}

// doneView is what done.html shows.
type doneView struct {
	words
	said
	Way, Label string
	Next       template.URL
	Failed     bool
}

// Form writes headers, status and body of the sign-in page.
func (p *Pages) Form(w http.ResponseWriter, look Look, page FormPage) {
	text := p.words(look)
	application := text.named(look.ApplicationName)
	v := formView{
		words: text, Application: application, Service: page.ServiceTitle, Action: ownPath(page.Form.Action),
		Cancel: backLink(page.CancelURL), Code: page.Code, RequestID: page.RequestID, Traded: page.Form.Traded,
	}
	for _, s := range page.Form.Scopes {
		v.Asks = append(v.Asks, text.scope(s))
	}
	if page.Form.Everything {
		v.Asks = append(v.Asks, text.Text("form.everything", "service", page.ServiceTitle))
	}
	if v.Wrong = page.Message != ""; v.Wrong {
		v.Problem, v.Wait = text.fault(page.Code, page.Message, page.Detail), text.retry(page.RetryAfter)
		v.Steps, v.Mail = text.steps(page.Form.Steps, application, page.ServiceTitle)
	}
	v.step(page.Form)
	for i, f := range page.Form.Fields {
		view := text.viewField(page.ServiceType, f)
		view.Fixed = v.Signing && i == 0
		if v.Wrong && f.Name == page.Form.Wrong {
			view.Error, view.Wait = v.Problem, v.Wait
			v.Problem, v.Wait = said{}, "" // said once: there
			v.WrongID, v.WrongLabel = view.ID, view.Label
		}
		v.add(f, view)
	}
	if page.Form.Wrong == connect.FieldConfirmed && v.Unsure.Text != "" {
		v.ConfirmError = text.Text("form.confirm.wrong")
		v.WrongID, v.WrongLabel = "field-"+connect.FieldConfirmed, text.Text("form.confirm")
	}
	v.focus()
	title := text.Text("form.title", "application", application)
	if v.Wrong {
		title = text.Text("form.title.wrong", "application", application)
	}
	// A browser that may not tell a referrer sends "Origin: null" with a form, and we
	// want to see that the form is ours.
	p.draw(w, sheet{look: look, status: page.Status, name: "form", title: title, referrer: "same-origin", view: v})
}

// step sets what differs between the steps.
func (v *formView) step(form connect.Form) {
	v.Heading, v.Submit = v.Text("form.lead", "service", v.Service), v.Text("form.submit")
	switch form.Step {
	case connect.StepFind:
		v.Finding, v.Submit = true, v.Text("form.continue")
		v.ByAddress = len(form.Fields) > 0 && form.Fields[0].Kind == provider.FieldEmail
	case connect.StepPassword:
		v.Signing, v.Found, v.Servers, v.Source = true, form.Found, form.Servers, v.sentence(form.Source)
		v.Unsure, v.Confirmed = v.sentence(form.Unsure), form.Confirmed
		v.Open = form.Unsure != "" || form.Source == "" // to be looked at; or changed
		if len(form.Fields) > 0 {
			v.First, v.FirstValue = form.Fields[0].Name, form.Fields[0].Value
			v.Heading = v.Text("form.as", "name", v.FirstValue)
		}
	default:
		v.FindURL = ownPath(form.FindURL)
		v.Open = v.FindURL != "" // whoever comes here wants to see them
	}
}

// Goes says which servers get the password.
func (v formView) Goes() template.HTML {
	switch len(v.Servers) {
	case 1:
		return v.T("form.server", "server", v.Strong(v.Servers[0]))
	case 2:
		return v.T("form.servers.two", "first", v.Strong(v.Servers[0]), "second", v.Strong(v.Servers[1]))
	}
	return v.T("form.servers", "servers", v.Strong(strings.Join(v.Servers, ", ")))
}

// Origin says where the settings come from.
func (v formView) Origin() template.HTML {
	if v.Source.English {
		return v.T("form.source", "source", v.English(v.Source.Text))
	}
	return v.T("form.source", "source", v.Source.Text)
}

// Confirm is the label of the box to tick.
func (v formView) Confirm() string {
	if len(v.Servers) == 1 {
		return v.Text("form.confirm.one", "server", v.Servers[0])
	}
	return v.Text("form.confirm.all")
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
	v.Open = v.Open || view.Error.Lead != "" || shown
}

// focus goes to the field that is wrong, or else to the first that is empty. Who has
// something to confirm begins there.
func (v *formView) focus() {
	if v.Unsure.Text != "" && (v.ConfirmError != "" || v.WrongID == "" && !v.Confirmed) {
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

// viewField is a driver's field in the words of the page: a driver's own English where
// the catalogue has nothing for the service and the field.
func (l words) viewField(service account.ServiceType, f provider.Field) fieldView {
	key := "provider." + string(service) + "." + f.Name + "."
	label := l.sentence(f.Label, key)
	v := fieldView{
		Name: f.Name, ID: "field-" + f.Name, Label: label.Text, LabelEnglish: label.English, Help: l.sentence(f.Help, key), Value: f.Value,
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
		v.Choices = []choiceOf{{"", l.Text("security.find"), f.Value == ""}}
		for _, s := range provider.Securities() {
			v.Choices = append(v.Choices, choiceOf{string(s), l.Text("security." + string(s)), f.Value == string(s)})
		}
	}
	return v
}

// describedBy are the ids of what is said about a field, for aria-describedby.
func describedBy(v fieldView) string {
	switch {
	case v.Error.Lead != "" && v.Help.Text != "":
		return "error-" + v.Name + " help-" + v.Name
	case v.Error.Lead != "":
		return "error-" + v.Name
	case v.Help.Text != "":
		return "help-" + v.Name
	}
	return ""
}

// Done writes a page that goes on by itself, and has a link for browsers that do not.
func (p *Pages) Done(w http.ResponseWriter, look Look, page DonePage) {
	text := p.words(look)
	application := text.named(look.ApplicationName)
	v := doneView{
		words: text, said: said{Lead: text.Text("done.lead")}, Way: text.Text("done.going"),
		Label: text.Text("done.continue", "application", application), Next: backLink(page.Location),
	}
	switch {
	case page.Message != "":
		v.Failed, v.Label = true, text.back(look.ApplicationName)
		v.said = text.fault(page.Code, page.Message, page.Detail)
	case page.Onward && page.ServiceTitle != "":
		v.Lead, v.Way = text.Text("onward.service", "service", page.ServiceTitle), text.Text("onward.going")
		v.Rest = text.Text("onward.service.next", "application", application)
		v.Label = text.Text("onward.service.continue", "service", page.ServiceTitle)
		if page.ToForm {
			v.Rest = text.Text("onward.service.form", "application", application)
		}
	case page.Onward:
		v.Lead, v.Way, v.Label = text.Text("onward.question"), text.Text("onward.going"), text.Text("form.continue")
	}
	p.draw(w, sheet{look: look, status: page.Status, name: "done", title: v.Lead, view: v})
}
