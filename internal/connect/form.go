package connect

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Where a service has no sign-in page, ours takes its place. The attempt is the same
// row: the key to the page is what the state is to a provider, random and stored as a
// hash. The page belongs to the browser that came from authorize, always; no relay is
// between the two. A refused form spends nothing, and a proven one the attempt.

// Form is the page that asks for a login.
type Form struct {
	Action string // path of this server that takes the form, and shows it
	Step   Step
	Fields []provider.Field
	Scopes []scope.Scope // what the application asks for, of what the service has
	// Everything: the service knows none of our scopes, and opens whatever the person may do there.
	Everything bool
	// Wrong is the name of the field that the Outcome's Fault is about; "" for none. It
	// may be FieldConfirmed.
	Wrong string
	// Steps are what an administrator does about that; often none.
	Steps []string
	// FindURL is a path of this server: the page that looks for the way; of StepAll
	// alone, and empty where the driver finds none.
	FindURL string
	// Traded: the password is traded for tokens, and not kept.
	Traded bool

	// The rest is of StepPassword. Found goes back with the form. Servers get the
	// password; Source says where they were found, and is empty once they were changed.
	Found   string
	Servers []string
	Source  string
	// Unsure is why the person must confirm the servers first; Confirmed: they have.
	Unsure    string
	Confirmed bool
}

// FormSubmission is a form that a browser has sent.
type FormSubmission struct {
	At       *url.URL // the origin that it came to
	RawQuery string
	Values   url.Values
	Browser  secret.Text
	// Admit is asked before a login is tried at its server, and may refuse.
	Admit func(applicationID string, mailboxes []string) error
	// AdmitSearch is asked before the way is looked for, and may refuse.
	AdmitSearch func(applicationID string) error
}

// formURL is the address of the page.
func (s *Service) formURL(app account.Application, key secret.Text) string {
	return Home(s.PublicURL, app).String() + formPath(key)
}

func formPath(key secret.Text) string {
	return FormPath + "?" + url.Values{"key": {key.Reveal()}}.Encode()
}

// ShowForm is the page of an attempt that waits for it, as often as it is asked for.
func (s *Service) ShowForm(ctx context.Context, rawQuery string, browser secret.Text) Outcome {
	v, out := s.openForm(ctx, rawQuery, browser)
	switch {
	case v == nil:
		return out
	case v.spent():
		return s.unusable(ctx, access.Hash(v.key), browser)
	}
	if err := v.openFound(v.query); err != nil {
		return v.firstPage(v.fields[0], err, "")
	}
	if v.finder != nil && v.found == nil && !v.query.Has("manual") {
		return v.firstPage(v.fields[0], fault.New(fault.FormPage, ""), "")
	}
	return v.page(v.fields, fault.New(fault.FormPage, ""), "")
}

// SubmitForm takes the next step: a form with a password is a login to be tried, once,
// whatever else it says. The same form sent twice at the same time, as by a double
// click, is one attempt with one answer.
func (s *Service) SubmitForm(ctx context.Context, in FormSubmission) Outcome {
	v, out := s.openForm(ctx, in.RawQuery, in.Browser)
	if v == nil {
		return out
	}
	v.at = in.At
	if v.finder != nil && in.Values.Get(v.passwordName()) == "" {
		step := in.Values.Get(FieldStep)
		if step != "" && v.spent() {
			return s.unusable(ctx, access.Hash(v.key), in.Browser)
		}
		_, typed, _, _ := readForm(v.fields[:1], in.Values)
		switch step {
		case StepFindValue:
			return s.find(ctx, v, in)
		case StepStartValue:
			return v.firstPage(typed[0], fault.New(fault.FormPage, ""), "")
		case StepManualValue:
			return v.page(v.fieldsFor(typed[0].Value), fault.New(fault.FormPage, ""), "")
		}
	}
	return s.submitLogin(ctx, v, in)
}

// visited is the page of one attempt, open in the right browser.
type visited struct {
	run
	former provider.Former
	finder provider.Finder // nil where all is asked for at once
	query  url.Values      // of the page's address
	fields []provider.Field
	typed  []provider.Field // fields, with what was sent
	key    secret.Text
	// Of the password's step: what was found, also as the page carries it, and whether
	// the person has confirmed it.
	found     *found
	sealed    string
	confirmed bool
}

// spent tells whether the attempt has been consumed.
func (v *visited) spent() bool { return !v.attempt.ConsumedAt.IsZero() }

// openForm finds the attempt of a page. Where there is none to go on with, it returns
// nil and what to show instead. The attempt may have been consumed: the flight that does
// it may still be on its way, with an answer to share.
func (s *Service) openForm(ctx context.Context, rawQuery string, browser secret.Text) (*visited, Outcome) {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, shown(fault.New(fault.ParameterInvalid, "The query is malformed."))
	}
	if len(query["key"]) != 1 {
		return nil, shown(fault.New(fault.StateMissing, ""))
	}
	v := &visited{key: secret.New(query.Get("key")), query: query}
	hash := access.Hash(v.key)
	v.attempt, err = s.Store.Attempt(ctx, hash)
	p, _ := s.Providers.Of(v.attempt.ServiceType)
	former, byForm := p.(provider.Former)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (!byForm || len(v.attempt.Verifier) > 0): // a provider's page has that one
		return nil, shown(fault.New(fault.StateUnknown, ""))
	case err != nil:
		return nil, repeatable(fault.Wrap(fault.StoreUnavailable, err))
	case string(v.attempt.BrowserHash) != string(access.Hash(browser)), !s.Now().Before(v.attempt.ExpiresAt):
		return nil, s.unusable(ctx, hash, browser)
	}
	if err := s.load(ctx, &v.run); err != nil {
		return nil, repeatable(err)
	}
	v.former = former
	if v.attempt.ServerURL == "" || v.serverFirst() { // else the application has found the server already
		v.finder, _ = former.(provider.Finder)
	}
	if v.serverFirst() {
		v.fields = v.fieldsFor(v.attempt.ServerURL)
	} else {
		v.fields = v.fieldsFor(v.attempt.LoginHint)
	}
	return v, Outcome{}
}

// serverFirst tells whether the form begins with the server, in place of the person's
// address: the way depends on it.
func (v *visited) serverFirst() bool { return namesServer(v.former.Fields(provider.Hint{})[0]) }

// hint is what the fields are filled in with where that stands in the first one.
func (v *visited) hint(first string) provider.Hint {
	if v.serverFirst() {
		return provider.Hint{Email: v.attempt.LoginHint, ServerURL: first, Scopes: v.scopes()}
	}
	return provider.Hint{Email: first, ServerURL: v.attempt.ServerURL, Scopes: v.scopes()}
}

// fieldsFor are the fields of a form that nobody has sent, where that stands in the first
// one. Of the servers, only the one that the application names is filled in: those
// of an address would stay where the person types another, and get its password.
func (v *visited) fieldsFor(first string) []provider.Field {
	hint := v.hint(first)
	fields := v.former.Fields(hint)
	hint.Email = ""
	for _, named := range v.former.Fields(hint) {
		i := slices.IndexFunc(fields, func(f provider.Field) bool { return f.Name == named.Name })
		if i >= 0 && namesServer(named) {
			fields[i].Value = named.Value
		}
	}
	return fields
}

// passwordName is what the form calls the password.
func (v *visited) passwordName() string {
	for _, f := range v.fields {
		if f.Kind == provider.FieldPassword {
			return f.Name
		}
	}
	return ""
}

// scopes are what the login must be good for: an account to be renewed keeps what it
// holds, which a new password has to prove anew.
func (v *visited) scopes() []scope.Scope { return v.info.Scopes.Unified(v.ask) }

// page asks for all there is, or for the password where the server was found, or asks
// again for what err says.
func (v *visited) page(fields []provider.Field, err error, wrong string) Outcome {
	_, traded := v.former.(provider.Granter)
	form := Form{Action: formPath(v.key), Fields: fields, Wrong: wrong, Traded: traded}
	switch {
	case v.found != nil:
		form.Step, form.Found, form.Servers = StepPassword, v.sealed, servers(fields)
		form.Unsure, form.Confirmed = v.found.Unsure, v.confirmed
		if v.found.as(fields) {
			form.Source = v.found.Source
		}
	case v.finder != nil:
		form.FindURL = form.Action
		form.Action += "&manual=1"
	}
	return v.asking(form, err)
}

// firstPage asks for the first field alone.
func (v *visited) firstPage(first provider.Field, err error, wrong string) Outcome {
	return v.asking(Form{
		Action: formPath(v.key), Step: StepFind, Fields: []provider.Field{first}, Wrong: wrong,
	}, err)
}

func (v *visited) asking(form Form, err error) Outcome {
	form.Everything, form.Scopes = len(v.info.Scopes.Native) == 0, v.supported()
	var told *provider.Error
	if errors.As(err, &told) {
		form.Steps = told.Steps
	}
	return Outcome{
		Page: PageForm, Fault: fault.From(err), ApplicationName: v.app.Name, Brand: v.app.Brand, ServiceType: v.info.ServiceType, ServiceTitle: v.info.Title,
		Back: replyTo(v.attempt).errorURL(fault.New(fault.AccessDenied, "")), Form: form,
	}
}
