package signin

import (
	"html/template"
	"net/http"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
)

// FormPage asks for a login: first for what people know by heart, and for the rest
// under "More settings".
type FormPage struct {
	Status                        int
	ApplicationName, ServiceTitle string
	Action                        string // path of this server that takes the form
	Fields                        []provider.Field
	Scopes                        []scope.Scope // what the application asks for
	// CancelURL leads back to the application, as BackURL of [ErrorPage].
	CancelURL string
	// Message says what is wrong with the form that was sent; empty for a fresh one.
	// Wrong names the field that it is about; "" for none.
	Message, Wrong  string
	Code, RequestID string
}

// DonePage leads on to the application: no redirect may follow a form.
type DonePage struct {
	Status          int
	ApplicationName string
	Location        string // proven to belong to the application
	Message         string // what went wrong; empty where nothing did
}

// formView is what form.html shows.
type formView struct {
	Application, Service, Action string
	Asks                         []string // in plain words
	Fields, More                 []fieldView
	Open                         bool // More settings
	Cancel                       template.URL
	Problem, ProblemRest         string
	WrongID, WrongLabel          string // of the field that the problem is about
	Code, RequestID              string
}

// fieldView is one field as HTML has it.
type fieldView struct {
	Name, ID, Label, Help, Value, Error string
	Type, InputMode, Autocomplete       string
	DescribedBy                         string // ids
	Required, Focus                     bool
	Choices                             []choiceOf
}

// choiceOf is one entry of a list to choose from.
type choiceOf struct {
	Value, Label string
	Chosen       bool
}

// doneView is what done.html shows.
type doneView struct {
	Lead, Rest, Label string
	Next              template.URL
	Failed            bool
}

// Form writes headers, status and body of the sign-in page.
func (p *Pages) Form(w http.ResponseWriter, page FormPage) {
	application := named(page.ApplicationName)
	v := formView{
		Application: application, Service: page.ServiceTitle, Action: ownPath(page.Action),
		Cancel: backLink(page.CancelURL), Code: page.Code, RequestID: page.RequestID,
	}
	for _, s := range page.Scopes {
		v.Asks = append(v.Asks, phrase(s))
	}
	v.Problem, v.ProblemRest = sentences(page.Message)
	for _, f := range page.Fields {
		view := viewField(f)
		if page.Message != "" && f.Name == page.Wrong {
			view.Error = page.Message
			v.WrongID, v.WrongLabel = view.ID, view.Label
		}
		v.add(f, view)
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
	v.Open = v.Open || view.Error != "" || f.Kind == provider.FieldHost && f.Value != ""
}

// focus goes to the field that is wrong, or else to the first that is empty.
func (v *formView) focus() {
	for _, list := range [][]fieldView{v.Fields, v.More} {
		for i := range list {
			if v.WrongID == list[i].ID || v.WrongID == "" && list[i].Value == "" {
				list[i].Focus = true
				return
			}
		}
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
	v := doneView{Lead: "Your account is connected.", Label: "Continue to " + application, Next: backLink(page.Location)}
	if page.Message != "" {
		v.Failed, v.Label = true, "Back to "+application
		v.Lead, v.Rest = sentences(page.Message)
	}
	p.write(w, page.Status, "done", v.Lead, v)
}
