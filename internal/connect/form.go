package connect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
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
	Fields []provider.Field
	Scopes []scope.Scope // what the application asks for
	// Wrong is the name of the field that the Outcome's Fault is about; "" for none.
	Wrong string
}

// FormSubmission is a form that a browser has sent.
type FormSubmission struct {
	At       *url.URL // the origin that it came to
	RawQuery string
	Values   url.Values
	Browser  secret.Text
	// Admit is asked before a login is tried at its server, and may refuse.
	Admit func(applicationID string, mailboxes []string) error
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
	case !v.attempt.ConsumedAt.IsZero():
		return s.unusable(ctx, access.Hash(v.key), browser)
	}
	return v.page(v.fields, fault.New(fault.FormPage, ""), "")
}

// SubmitForm tries the login once. The same form sent twice at the same time, as by a
// double click, is one attempt with one answer.
func (s *Service) SubmitForm(ctx context.Context, in FormSubmission) Outcome {
	v, out := s.openForm(ctx, in.RawQuery, in.Browser)
	if v == nil {
		return out
	}
	v.at = in.At
	form, typed, wrong, err := readForm(v.fields, in.Values)
	form.Scopes = v.scopes()
	switch {
	case err != nil && !v.attempt.ConsumedAt.IsZero():
		return s.unusable(ctx, access.Hash(v.key), in.Browser)
	case err != nil:
		return v.page(typed, err, wrong)
	}
	same := sha256.Sum256([]byte(in.Values.Encode()))
	answer, _, _ := s.forms.Do(v.attempt.ID+" "+hex.EncodeToString(same[:]), func() (any, error) {
		// What the server has confirmed is carried out even if the browser goes away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
		defer cancel()
		return s.signInByForm(ctx, v, form, typed, in), nil
	})
	return answer.(Outcome)
}

// visited is the page of one attempt, open in the right browser.
type visited struct {
	run
	former provider.Former
	fields []provider.Field
	key    secret.Text
}

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
	v := &visited{key: secret.New(query.Get("key"))}
	hash := access.Hash(v.key)
	v.attempt, err = s.Store.Attempt(ctx, hash)
	p, _ := s.Providers.Of(v.attempt.ServiceType)
	former, byForm := p.(provider.Former)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !byForm:
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
	v.fields = v.fresh()
	return v, Outcome{}
}

// fresh are the fields of a form that nobody has sent. Of the servers, only the one that
// the application names is filled in: those of the hint's address would stay where the
// person types another address, and get its password.
func (v *visited) fresh() []provider.Field {
	hint := provider.Hint{Email: v.attempt.LoginHint, ServerURL: v.attempt.ServerURL, Scopes: v.scopes()}
	fields := v.former.Fields(hint)
	hint.Email = ""
	for _, named := range v.former.Fields(hint) {
		i := slices.IndexFunc(fields, func(f provider.Field) bool { return f.Name == named.Name })
		if i >= 0 && slices.Contains([]provider.FieldKind{provider.FieldHost, provider.FieldPort, provider.FieldSecurity}, named.Kind) {
			fields[i].Value = named.Value
		}
	}
	return fields
}

// scopes are what the login must be good for: an account to be renewed keeps what it
// holds, which a new password has to prove anew.
func (v *visited) scopes() []scope.Scope { return v.info.Scopes.Unified(v.ask) }

// page asks, or asks again for what err says.
func (v *visited) page(fields []provider.Field, err error, wrong string) Outcome {
	return Outcome{
		Page: PageForm, Fault: fault.From(err), ApplicationName: v.app.Name, ServiceTitle: v.info.Title,
		Back: replyTo(v.attempt).errorURL(fault.New(fault.AccessDenied, "")),
		Form: Form{Action: formPath(v.key), Fields: fields, Scopes: v.attempt.Scopes, Wrong: wrong},
	}
}

// guessed fills in the servers that were left empty, as the driver guesses them by the
// address that was typed: no password goes to a server that its owner has not seen.
func (v *visited) guessed(typed []provider.Field) []provider.Field {
	hint := provider.Hint{Email: typed[0].Value, ServerURL: v.attempt.ServerURL, Scopes: v.attempt.Scopes}
	out := append([]provider.Field(nil), typed...)
	for _, f := range v.former.Fields(hint) {
		i := slices.IndexFunc(out, func(o provider.Field) bool { return o.Name == f.Name })
		if i >= 0 && f.Kind == provider.FieldHost && out[i].Value == "" {
			out[i].Value = f.Value
		}
	}
	return out
}

// signInByForm tries the login and finishes the attempt with it. Until the server has
// confirmed the login, the attempt stays open.
func (s *Service) signInByForm(ctx context.Context, v *visited, form provider.Form, typed []provider.Field, in FormSubmission) Outcome {
	// The flight before this one may have finished the attempt since the page was opened.
	stateHash := access.Hash(v.key)
	switch now, err := s.Store.Attempt(ctx, stateHash); {
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	case !now.ConsumedAt.IsZero():
		return s.unusable(ctx, stateHash, in.Browser)
	}
	if err := in.Admit(v.app.ID, v.former.Mailboxes(form)); err != nil {
		return v.page(typed, err, "")
	}
	proven, err := v.prove(ctx, form)
	if err != nil {
		var told *provider.Error
		if !errors.As(err, &told) {
			told = &provider.Error{}
		}
		if told.Code == provider.CodeServerUnconfirmed {
			typed = v.guessed(typed)
		}
		return v.page(typed, credential.Fault(err), told.Field)
	}
	attempt, err := s.Store.ConsumeAttempt(ctx, stateHash, access.Hash(in.Browser), s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // another form was quicker, or time is up
		return s.unusable(ctx, stateHash, in.Browser)
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	}
	v.attempt = attempt
	proven.run = v.run
	if proven, err = s.withHeld(proven); err != nil {
		return s.failed(ctx, v.run, err)
	}
	location, err := s.finish(ctx, proven)
	if err != nil {
		return s.failed(ctx, v.run, err)
	}
	return Outcome{Page: PageDone, Location: location, ApplicationName: v.app.Name}
}

// prove tries the password, once. A driver that keeps it gives a login, and one that
// trades it tokens.
func (v *visited) prove(ctx context.Context, form provider.Form) (f finishing, err error) {
	switch former := v.former.(type) {
	case provider.Signer:
		var login provider.Login
		login, f.Identity, err = former.SignIn(ctx, v.reg.Registration, form)
		f.login, f.Tokens.NativeScopes = &login, v.ask // all of it was proven
	case provider.Granter:
		f.Tokens, f.Identity, err = former.Grant(ctx, v.reg.Registration, form)
		if f.Tokens.NativeScopes == nil {
			f.Tokens.NativeScopes = v.ask
		}
	default:
		err = fault.New(fault.ServiceTypeUnavailable, "")
	}
	return f, err
}
