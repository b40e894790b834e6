package connect

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Partial is what a person is asked who gave less access than was asked for. The
// URLs are the choices; RestURL is empty once the rest has been asked for.
type Partial struct {
	Email   string // who signed in
	Missing []scope.Scope
	// MissingNative are provider's own scopes that no unified one stands for.
	MissingNative                  []string
	RestURL, WithoutURL, CancelURL string
}

// The choices on the page, as its links say them.
const (
	choiceRest    = "rest"
	choiceWithout = "without"
	choiceCancel  = "cancel"
)

// question seals the sign-in in its attempt and returns the page that asks the person.
// Nothing else changes before the choice.
func (s *Service) question(ctx context.Context, f finishing) (string, error) {
	// Somebody else's account is refused now, not after a second round.
	if _, err := s.target(ctx, f); err != nil {
		return "", err
	}
	held, err := s.Credentials.SealSignIn(f.reg, f.attempt.ID, f.SignIn)
	if err != nil {
		return "", err
	}
	return s.hold(ctx, f.run, held)
}

// hold stores a sealed sign-in under a new key and returns the page of that key, at the
// origin where the browser is: its cookie belongs there, whatever alias was set since.
func (s *Service) hold(ctx context.Context, r run, held []byte) (string, error) {
	key := access.NewNonce()
	page := r.at.JoinPath(PartialPath).String() + "?" + url.Values{"key": {key.Reveal()}}.Encode()
	result, err := r.reg.Key.Seal([]byte(page), store.LabelResult, r.attempt.ID)
	if err != nil {
		return "", err
	}
	err = s.Store.HoldAttempt(ctx, store.Hold{
		AttemptID: r.attempt.ID, Held: held, ChoiceHash: access.Hash(key), Result: result, ExpiresAt: s.Now().Add(AttemptLifetime),
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", fault.Wrap(fault.StateExpired, err) // swept away meanwhile
	case err != nil:
		return "", fault.Wrap(fault.StoreUnavailable, err)
	}
	return page, nil
}

// withHeld compares a second sign-in with the held first one of the same person: the
// one with less missing counts, and a refresh token is not lost.
func (s *Service) withHeld(f finishing) (finishing, error) {
	if f.attempt.Held == nil {
		return f, nil
	}
	first, err := s.Credentials.OpenSignIn(f.reg, f.attempt.ID, f.attempt.Held)
	if err != nil {
		return f, err
	}
	if first.Identity.Subject != f.Identity.Subject {
		return f, nil
	}
	before := finishing{run: f.run, SignIn: first}
	if len(before.missing()) < len(f.missing()) {
		return before, nil
	}
	f.Tokens = first.Tokens.Merge(f.Tokens)
	return f, nil
}

// Choose shows the page of a partial grant, or carries out the choice made there.
func (s *Service) Choose(ctx context.Context, rawQuery string, browser secret.Text) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(fault.New(fault.ParameterInvalid, "The query is malformed."))
	}
	for _, name := range []string{"key", "choice"} {
		if len(query[name]) > 1 {
			return shown(fault.New(fault.ParameterRepeated, "It is "+name+"."))
		}
	}
	attempt, err := s.Store.AttemptByChoice(ctx, access.Hash(secret.New(query.Get("key"))))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return shown(fault.New(fault.StateUnknown, ""))
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	case !attempt.Unbound && string(attempt.BrowserHash) != string(access.Hash(browser)):
		return shown(fault.New(fault.StateBrowser, ""))
	case attempt.Held == nil && attempt.Result != nil: // the sweeper wipes both
		return s.over(ctx, attempt, fault.StateUsed)
	case attempt.Held == nil || !s.Now().Before(attempt.ExpiresAt):
		return s.over(ctx, attempt, fault.StateExpired)
	}
	// A choice is carried out even if the browser goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
	defer cancel()
	out := s.choose(ctx, attempt, query)
	switch {
	case out.Fault == nil:
	case out.Fault.Code == fault.StateUsed:
		if now, err := s.Store.AttemptByChoice(ctx, attempt.ChoiceHash); err == nil {
			return s.over(ctx, now, fault.StateUsed)
		}
	case out.Fault.Code == fault.StoreUnavailable:
		again := repeatable(out.Fault)
		again.Back, again.ApplicationName, again.Brand = replyTo(attempt).errorURL(out.Fault), out.ApplicationName, out.Brand
		return again
	}
	return out
}

func (s *Service) choose(ctx context.Context, attempt store.Attempt, query url.Values) Outcome {
	r := run{attempt: attempt}
	if err := s.load(ctx, &r); err != nil {
		return replyTo(attempt).failure(err)
	}
	held, err := s.Credentials.OpenSignIn(r.reg, attempt.ID, attempt.Held)
	if err != nil {
		return replyTo(attempt).failure(err)
	}
	f := finishing{run: r, SignIn: held, chosen: true}
	var to arrival
	switch query.Get("choice") {
	case "":
		return partialPage(f, query.Get("key"))
	case choiceRest:
		to.location, err = s.askRest(ctx, f)
	case choiceWithout:
		f.attempt.PartialGrant = account.AcceptPartial // also after a consent that must be forced
		if f.attempt.RestAsked {
			f.attempt.ConsentForced = false // it was forced for the rest, which was not given
		}
		to, err = s.finish(ctx, f)
	case choiceCancel:
		if err = chosenOnce(s.Store.ReleaseAttempt(ctx, attempt.ChoiceHash)); err == nil {
			err = fault.New(fault.AccessDenied, "")
		}
	default:
		return shown(fault.New(fault.ParameterInvalid, "It is choice; rest, without or cancel."))
	}
	if err != nil {
		return s.failed(ctx, r.released(), err)
	}
	return Outcome{Location: to.location, Session: to.session}
}

// released is r without what was held: a failure is then the application's to hear.
func (r run) released() run {
	r.attempt.Held = nil
	return r
}

// partialPage is the question.
func partialPage(f finishing, key string) Outcome {
	link := func(choice string) string {
		return PartialPath + "?" + url.Values{"key": {key}, "choice": {choice}}.Encode()
	}
	p := Partial{
		Email: f.Identity.Email, WithoutURL: link(choiceWithout), CancelURL: link(choiceCancel),
		Missing:       scope.Missing(f.info.Scopes.Unified(f.Tokens.NativeScopes), f.supported()),
		MissingNative: f.info.Scopes.Missing(f.attempt.NativeScopes, f.Tokens.NativeScopes),
	}
	if !f.attempt.RestAsked {
		p.RestURL = link(choiceRest)
	}
	return Outcome{
		Page: PagePartial, Partial: p, ApplicationName: f.app.Name, Brand: f.app.Brand, ServiceTitle: f.info.Title,
		Fault: fault.New(fault.ScopesMissing, "Missing: "+strings.Join(f.missingNames(), ", ")+"."), // for whoever reads no HTML
	}
}

// askRest sends the person to the provider once more, for all that was asked for:
// consent is forced, since the provider may else take the first answer for the last.
func (s *Service) askRest(ctx context.Context, f finishing) (string, error) {
	if f.attempt.RestAsked {
		return "", fault.New(fault.StateUsed, "")
	}
	next := f.attempt
	next.RestAsked, next.RestOf, next.ConsentForced = true, f.attempt.ID, true
	next.LoginHint = cmp.Or(next.LoginHint, f.Identity.Email)
	next, location, err := s.visit(ctx, next, f.app, f.reg)
	if err != nil {
		return "", err
	}
	if next.Held, err = s.Credentials.SealSignIn(f.reg, next.ID, f.SignIn); err != nil {
		return "", err
	}
	return location, chosenOnce(s.Store.AskRest(ctx, f.attempt.ChoiceHash, next))
}

// chosenOnce tells what a write says that follows a choice.
func chosenOnce(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fault.Wrap(fault.StateUsed, err) // two choices at once: this one came second
	case err != nil:
		return fault.Wrap(fault.StoreUnavailable, err)
	}
	return nil
}
