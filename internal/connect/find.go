package connect

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// Where the driver can find the way, the page asks for the first field alone, and for
// the password once the person can see where it goes. Nothing is kept between the two
// but what the page itself carries, sealed, so that no second search can send the
// password to another server than the one that was shown.

// Step says which of a form's questions stand on the page.
type Step int

// The steps.
const (
	StepAll      Step = iota // all at once; of a Finder's form, the way by hand
	StepFind                 // the first field alone
	StepPassword             // the password, for the server that was found
)

// What the page sends beside the fields of the driver, which have other names.
const (
	FieldStep      = "step"      // which button was pressed, where it does not sign in
	FieldFound     = "found"     // Form.Found
	FieldConfirmed = "confirmed" // not empty: the person has looked at the server
)

// The values of FieldStep.
const (
	StepFindValue   = "find"   // look for the way
	StepManualValue = "manual" // show all the fields
	StepStartValue  = "start"  // ask for the first field again
)

// found is what the search has brought, as the page carries it from the one step to
// the other: sealed for the attempt, so that it is what was shown.
type found struct {
	First  string            `json:"first"` // what was typed into the first field
	Values map[string]string `json:"values"`
	Unsure string            `json:"unsure,omitempty"`
	Source string            `json:"source,omitempty"`
}

// sealFound is f as a value of the page.
func (v *visited) sealFound(f found) (string, error) {
	plain, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("encode what was found: %w", err)
	}
	sealed, err := v.reg.Key.Seal(plain, store.LabelFound, v.attempt.ID)
	if err != nil {
		return "", fmt.Errorf("seal what was found: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// openFound reads what the page has carried into v and its fields; nothing where it
// carried nothing.
func (v *visited) openFound(values url.Values) error {
	if v.finder == nil || !values.Has(FieldFound) {
		return nil
	}
	var f found
	sealed, err := base64.RawURLEncoding.DecodeString(values.Get(FieldFound))
	if err == nil {
		sealed, err = v.reg.Key.Open(sealed, store.LabelFound, v.attempt.ID)
	}
	if err == nil {
		err = json.Unmarshal(sealed, &f)
	}
	if err != nil {
		return &fault.Error{Code: fault.ParameterInvalid, Detail: "It is found; look for the server again.", Err: err}
	}
	v.found, v.sealed = &f, values.Get(FieldFound)
	v.fields = v.filledIn()
	return nil
}

// find looks for the way by the first field, and shows the next step. The same search
// asked for twice at the same time is one.
func (s *Service) find(ctx context.Context, v *visited, in FormSubmission) Outcome {
	form, typed, wrong, err := readForm(v.fields[:1], in.Values)
	if err != nil {
		return v.firstPage(typed[0], err, wrong)
	}
	for _, f := range v.fields[1:] {
		if f.Kind != provider.FieldPassword {
			form.Values[f.Name] = ""
		}
	}
	form.Scopes = v.scopes()
	answer, _, _ := s.forms.Do(v.attempt.ID+" find "+typed[0].Value, func() (any, error) {
		if err := in.AdmitSearch(v.app.ID); err != nil {
			return v.firstPage(typed[0], err, ""), nil
		}
		way, err := v.search(context.WithoutCancel(ctx), form)
		if err != nil {
			return v.unfound(typed[0], err), nil
		}
		out := s.follow(ctx, v, typed[0], way)
		out.Source = way.Source
		return out, nil
	})
	return answer.(Outcome)
}

// search asks the driver, within provider.FindTimeout.
func (v *visited) search(ctx context.Context, form provider.Form) (provider.Way, error) {
	ctx, cancel := context.WithTimeout(ctx, provider.FindTimeout)
	defer cancel()
	way, err := v.finder.Find(ctx, v.reg.Registration, form)
	var told *provider.Error
	switch {
	case err != nil && !errors.As(err, &told) && ctx.Err() != nil:
		return way, &fault.Error{Code: fault.ServerUnknown, Detail: "Nothing that could tell has answered in time.", Err: err}
	case err != nil:
		return way, err
	case !way.Found():
		return way, fault.New(fault.ServerUnknown, "")
	}
	return way, nil
}

// unfound is the page after a search that failed: all the fields, or the first again
// where that is what is wrong.
func (v *visited) unfound(first provider.Field, err error) Outcome {
	var told *provider.Error
	if !errors.As(err, &told) {
		told = &provider.Error{}
	}
	if told.Field == first.Name {
		return v.firstPage(first, credential.Fault(err), told.Field)
	}
	return v.page(v.fieldsFor(first.Value), credential.Fault(err), told.Field)
}

// follow shows where the way leads.
func (s *Service) follow(ctx context.Context, v *visited, first provider.Field, way provider.Way) Outcome {
	switch {
	case way.Elsewhere != "":
		return s.elsewhere(ctx, v, first, way.Elsewhere)
	case way.Redirect != nil:
		return s.atProvider(ctx, v, first, *way.Redirect)
	}
	if value, known := way.Values[first.Name]; known {
		first.Value = value // its one spelling
	}
	f := found{First: first.Value, Values: way.Values, Unsure: way.Unsure, Source: way.Source}
	sealed, err := v.sealFound(f)
	if err != nil {
		return v.firstPage(first, err, "")
	}
	// An address of its own, so that "back" and "reload" are no form sent again. It is on
	// this very host, and says nothing to whoever has not the key of the seal.
	location := formPath(v.key) + "&" + url.Values{FieldFound: {sealed}}.Encode()
	return Outcome{Page: PageFound, Location: location, Fault: fault.New(fault.FormPage, "")}
}

// atProvider goes on at the provider's own page, at that place. It is an attempt of its
// own, with the same aim and fresh secrets: its place is written with it and never
// changes, so that no second search can move what a callback brings to another place.
func (s *Service) atProvider(ctx context.Context, v *visited, first provider.Field, where provider.Place) Outcome {
	if p, _ := s.Providers.Of(v.attempt.ServiceType); !redirects(p) { // else it would lead here again
		return v.firstPage(first, fault.New(fault.ServiceTypeUnavailable, ""), "")
	}
	if err := s.room(ctx, v.app.ID); err != nil {
		return v.firstPage(first, err, "")
	}
	there := v.attempt
	there.PlaceAccounts, there.PlaceAPI = where.Accounts, where.API
	there.Unbound, there.NativeScopes = v.reg.UnboundBrowser, v.native
	location, err := s.begin(ctx, there, v.app, v.reg)
	if err != nil {
		return v.firstPage(first, err, "")
	}
	return Outcome{Page: PageOnward, Location: location, ApplicationName: v.app.Name, Brand: v.app.Brand, ServiceTitle: v.info.Title}
}

func redirects(p provider.Provider) bool {
	_, ok := p.(provider.Redirector)
	return ok
}

// elsewhere begins the same sign-in at another service, where the application takes
// that. An account that is to be renewed stays where it is.
func (s *Service) elsewhere(ctx context.Context, v *visited, first provider.Field, t account.ServiceType) Outcome {
	infos, err := s.services(ctx, v.app.ID)
	if err != nil {
		return repeatable(err)
	}
	offered := slices.IndexFunc(infos, func(i provider.Info) bool { return i.ServiceType == t })
	switch {
	case offered < 0:
		return v.firstPage(first, fault.Newf(fault.ServiceElsewhere, "It is with %s, which %s does not offer.", s.title(t), v.app.Name), first.Name)
	case v.attempt.AccountID != 0:
		return v.firstPage(first, fault.Newf(fault.ServiceElsewhere, "It is with %s, and the account to be renewed is not.", s.title(t)), first.Name)
	}
	there := v.run
	there.attempt.ServiceType, there.native = t, nil // another service has others
	if len(first.Value) <= bounds["loginHint"] {
		there.attempt.LoginHint = first.Value
	}
	location, err := v.at.Parse(there.authorizeURL())
	if err != nil {
		return v.firstPage(first, fmt.Errorf("lead to the other service: %w", err), "")
	}
	p, _ := s.Providers.Of(t)
	_, ours := p.(provider.Former)
	return Outcome{
		Page: PageOnward, Location: location.String(), ApplicationName: v.app.Name, Brand: v.app.Brand,
		ServiceTitle: infos[offered].Title, OnwardToForm: ours,
	}
}

// title is what people call a service.
func (s *Service) title(t account.ServiceType) string {
	if p, ok := s.Providers.Of(t); ok {
		return p.Info().Title
	}
	return string(t)
}

// filledIn are the fields of the password's step. Servers that were not found stay
// empty: the driver's own guess is none that anybody has looked at.
func (v *visited) filledIn() []provider.Field {
	hint := v.hint(v.found.First)
	if !v.serverFirst() {
		hint.ServerURL = ""
	}
	fields := v.former.Fields(hint)
	for i, f := range fields {
		value, known := v.found.Values[f.Name]
		switch {
		case i == 0:
			fields[i].Value = v.found.First
		case known && f.Kind != provider.FieldPassword, namesServer(f):
			fields[i].Value = value
		}
	}
	return fields
}

// namesServer tells whether the field is part of where the password goes.
func namesServer(f provider.Field) bool {
	return f.Kind == provider.FieldHost || f.Kind == provider.FieldPort || f.Kind == provider.FieldSecurity
}

// as tells whether the fields are still what was found.
func (f *found) as(fields []provider.Field) bool {
	return !slices.ContainsFunc(fields, func(field provider.Field) bool {
		return namesServer(field) && field.Value != f.Values[field.Name]
	})
}

// servers are the hosts that the fields name, each once.
func servers(fields []provider.Field) (hosts []string) {
	for _, f := range fields {
		if f.Kind == provider.FieldHost && f.Value != "" && !slices.Contains(hosts, f.Value) {
			hosts = append(hosts, f.Value)
		}
	}
	return hosts
}
