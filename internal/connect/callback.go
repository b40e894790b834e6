package connect

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// maxCallbackValue bounds each callback parameter, in bytes: providers' codes
// stay far below.
const maxCallbackValue = 4096

// Callback takes the browser back from the provider, at the origin at. The attempt is
// consumed by one atomic statement before anything else happens, so that two callbacks
// with one state can never both be served.
func (s *Service) Callback(ctx context.Context, at *url.URL, rawQuery string, browser secret.Text) Outcome {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return shown(fault.New(fault.ParameterInvalid, "The query is malformed."))
	}
	if err := checkCallback(query); err != nil {
		return shown(err)
	}
	if strings.HasPrefix(query.Get("state"), adminPrefix) {
		return s.adminReturned(ctx, query)
	}
	stateHash := access.Hash(secret.New(query.Get("state")))
	attempt, err := s.Store.ConsumeAttempt(ctx, stateHash, access.Hash(browser), s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return s.unusable(ctx, stateHash, browser)
	}
	if err != nil {
		// Nothing is spent: the same request can come again.
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	}
	// The provider's code is spent from here on: a browser that goes away must not
	// lose what the person has granted.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ExchangeTimeout)
	defer cancel()
	run := run{attempt: attempt, at: at}
	to, err := s.complete(ctx, &run, query)
	if err != nil {
		return s.failed(ctx, run, err)
	}
	return Outcome{Location: to.location, Session: to.session}
}

// checkCallback bounds what came; unknown parameters are none of our business.
func checkCallback(query url.Values) error {
	for _, name := range []string{"state", "code", "error", "error_description", "iss", "admin_consent"} {
		if len(query[name]) > 1 {
			return fault.New(fault.ParameterRepeated, "It is "+name+".")
		}
		if len(query.Get(name)) > maxCallbackValue {
			return fault.Newf(fault.ParameterTooLong, "It is %s.", name)
		}
	}
	if query.Get("state") == "" {
		return fault.New(fault.StateMissing, "")
	}
	return nil
}

// unusable says why an attempt could not be consumed. Another browser learns
// nothing but that.
func (s *Service) unusable(ctx context.Context, stateHash []byte, browser secret.Text) Outcome {
	attempt, err := s.Store.Attempt(ctx, stateHash)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return shown(fault.New(fault.StateUnknown, ""))
	case err != nil:
		return repeatable(fault.Wrap(fault.StoreUnavailable, err))
	case !attempt.Unbound && string(attempt.BrowserHash) != string(access.Hash(browser)):
		return shown(fault.New(fault.StateBrowser, ""))
	}
	if attempt.ConsumedAt.IsZero() {
		return s.over(ctx, attempt, fault.StateExpired)
	}
	if attempt.Held != nil && s.Now().Before(attempt.ExpiresAt) && !attempt.Unbound {
		if page := s.result(ctx, attempt); page != "" {
			return Outcome{Location: page} // the person has a choice to make there
		}
	}
	return s.over(ctx, attempt, fault.StateUsed)
}

// over is the page of an attempt that has ended, with a way back from it.
func (s *Service) over(ctx context.Context, attempt store.Attempt, code fault.Code) Outcome {
	f := fault.New(code, "")
	out := shown(f)
	out.Back = replyTo(attempt).errorURL(f)
	if app, err := s.Store.Application(ctx, attempt.ApplicationID); err == nil {
		out.ApplicationName, out.Brand = app.Name, app.Brand
	}
	if result := s.unredeemed(ctx, attempt); result != "" {
		out.Back = result
	}
	return out
}

// result is where the attempt's callback led; "" if that is not known.
func (s *Service) result(ctx context.Context, attempt store.Attempt) string {
	if attempt.Result == nil {
		return ""
	}
	reg, err := s.Credentials.Registration(ctx, attempt.RegistrationID)
	if err != nil {
		return ""
	}
	plain, err := reg.Key.Open(attempt.Result, store.LabelResult, attempt.ID)
	if err != nil {
		return ""
	}
	return string(plain)
}

// unredeemed is where the attempt's first callback led, while its code still
// waits: a person whose connection broke off goes on there.
func (s *Service) unredeemed(ctx context.Context, attempt store.Attempt) string {
	if attempt.TokenMode || attempt.Unbound {
		return ""
	}
	location := s.result(ctx, attempt)
	result, err := url.Parse(location)
	if err != nil {
		return ""
	}
	code, err := s.Store.Code(ctx, access.Hash(secret.New(result.Query().Get("code"))))
	if err != nil || !code.UsedAt.IsZero() || !s.Now().Before(code.ExpiresAt) {
		return ""
	}
	return location
}
