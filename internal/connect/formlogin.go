package connect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// submitLogin reads the login and has it tried.
func (s *Service) submitLogin(ctx context.Context, v *visited, in FormSubmission) Outcome {
	form, ask := s.readLogin(ctx, v, in)
	switch {
	case ask != nil && v.spent():
		return s.unusable(ctx, access.Hash(v.key), in.Browser)
	case ask != nil:
		return ask()
	}
	same := sha256.Sum256([]byte(in.Values.Encode()))
	answer, _, _ := s.forms.Do(v.attempt.ID+" "+hex.EncodeToString(same[:]), func() (any, error) {
		// What the server has confirmed is carried out even if the browser goes away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
		defer cancel()
		return s.signInByForm(ctx, v, form, in), nil
	})
	return answer.(Outcome)
}

// readLogin reads what was sent into form and v. Where no password may go anywhere yet,
// it returns the page that is shown instead.
func (s *Service) readLogin(ctx context.Context, v *visited, in FormSubmission) (form provider.Form, ask func() Outcome) {
	err := v.openFound(in.Values)
	if err != nil {
		_, typed, _, _ := readForm(v.fields[:1], in.Values)
		return form, func() Outcome { return v.firstPage(typed[0], err, "") }
	}
	v.confirmed = in.Values.Get(FieldConfirmed) != ""
	var wrong string
	form, v.typed, wrong, err = readForm(v.fields, in.Values)
	form.Scopes = v.scopes()
	switch {
	case v.found != nil && form.Values[v.fields[0].Name] != v.found.First: // the server is another person's
		return form, func() Outcome {
			v.found = nil
			return s.find(ctx, v, in)
		}
	case err == nil && v.found != nil && v.found.Unsure != "" && !v.confirmed:
		err, wrong = fault.New(fault.ServerUnconfirmed, ""), FieldConfirmed
	}
	if err != nil {
		return form, func() Outcome { return v.page(v.typed, err, wrong) }
	}
	return form, nil
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
func (s *Service) signInByForm(ctx context.Context, v *visited, form provider.Form, in FormSubmission) Outcome {
	// The flight before this one may have finished the attempt since the page was opened.
	stateHash := access.Hash(v.key)
	switch now, err := s.Store.Attempt(ctx, stateHash); {
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	case !now.ConsumedAt.IsZero():
		return s.unusable(ctx, stateHash, in.Browser)
	}
	if err := in.Admit(v.app.ID, v.former.Mailboxes(form)); err != nil {
		return v.page(v.typed, err, "")
	}
	proven, err := v.prove(ctx, form)
	if err != nil {
		var told *provider.Error
		if !errors.As(err, &told) {
			told = &provider.Error{}
		}
		if told.Way.Found() && v.finder != nil {
			return s.detour(ctx, v, told)
		}
		if told.Code == provider.CodeServerUnconfirmed {
			v.typed, v.confirmed = v.guessed(v.typed), false
		}
		return v.page(v.typed, credential.Fault(err), told.Field)
	}
	attempt, err := s.Store.ConsumeAttempt(ctx, stateHash, access.Hash(in.Browser), s.Now())
	switch {
	case errors.Is(err, store.ErrNotFound): // another form was quicker, or time is up
		return s.unusable(ctx, stateHash, in.Browser)
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	}
	v.attempt, v.attempt.NativeScopes = attempt, nil // as load does
	proven.run = v.run
	if proven, err = s.withHeld(proven); err != nil {
		return s.failed(ctx, v.run, err)
	}
	to, err := s.finish(ctx, proven)
	if err != nil {
		return s.failed(ctx, v.run, err)
	}
	if proven.asks() {
		return Outcome{Page: PageOnward, Location: to.location, ApplicationName: v.app.Name, Brand: v.app.Brand}
	}
	return Outcome{Page: PageDone, Location: to.location, Session: to.session, ApplicationName: v.app.Name, Brand: v.app.Brand}
}

// detour goes on where the driver has found out, while signing in, that the mailbox is
// elsewhere: at another service, or at a server that the person has not seen yet. What was
// typed stays, but for the password.
func (s *Service) detour(ctx context.Context, v *visited, told *provider.Error) Outcome {
	first, way := v.typed[0], told.Way
	if len(way.Values) == 0 {
		return s.follow(ctx, v, first, way)
	}
	f := found{First: cmp.Or(way.Values[first.Name], first.Value), Values: map[string]string{}, Unsure: way.Unsure, Source: way.Source}
	for _, typed := range v.typed[1:] {
		if typed.Kind != provider.FieldPassword {
			f.Values[typed.Name] = typed.Value
		}
	}
	maps.Copy(f.Values, way.Values)
	sealed, err := v.sealFound(f)
	if err != nil {
		return v.page(v.typed, err, "")
	}
	v.found, v.sealed, v.confirmed = &f, sealed, false
	return v.page(v.filledIn(), credential.Fault(told), FieldConfirmed)
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
