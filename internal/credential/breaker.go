package credential

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// A registration that the provider refuses is no account's fault. Where one refusal names
// the client, or many accounts fail alike, its refreshes are stopped, for all processes: who
// calls is told at once, and one at a time asks whether it is over. See docs/refresh.md.

// Bounds of the breaker.
const (
	// alikeAccounts fail alike, alikeWithin that long and with no answer in between, before
	// the registration is to blame for what does not name it.
	alikeAccounts = 5
	alikeWithin   = time.Minute

	firstStop        = 5 * time.Second
	longestStop      = 5 * time.Minute
	firstShortStop   = time.Second // of passing trouble
	longestShortStop = time.Minute

	// putOffStopped is when a due refresh of a stopped registration is looked at again.
	putOffStopped = 30 * time.Minute
	// probeAccounts is among how many accounts a probe in the background finds one.
	probeAccounts = 20
)

// codeWrongClient is what the provider says of a client id or secret (RFC 6749 §5.2).
const codeWrongClient = "invalid_client"

// gate is one question to the provider in a registration's name.
type gate struct {
	service *Service
	account account.Account
	health  store.Health // as it was before
	probe   string       // the claim to be the one who asks; empty where all may
	secret  int          // which of the secrets was sent last
}

// gate lets a caller ask, or says what the provider has refused the registration with.
func (s *Service) gate(ctx context.Context, acct account.Account, current held) (*gate, error) {
	h, err := s.health(ctx, acct, current)
	if err != nil {
		return nil, err
	}
	g := &gate{service: s, account: acct, health: h, secret: h.Secret}
	if !h.Stopped {
		return g, nil
	}
	if h.Wait > 0 {
		return nil, stoppedBy(h)
	}
	g.probe = account.NewRecordID()
	claimed, err := s.Store.ClaimProbe(ctx, h, g.probe, s.RefreshTimeout+claimMargin)
	if err != nil {
		return nil, fault.Wrap(fault.StoreUnavailable, err)
	}
	if !claimed {
		return nil, stoppedBy(h)
	}
	return g, nil
}

// stopped is what a caller gets who would ask in the name of a registration that is stopped.
// It costs no write: so many callers may come as will.
func (s *Service) stopped(ctx context.Context, acct account.Account, current held) error {
	h, err := s.health(ctx, acct, current)
	if err == nil && h.Stopped && h.Wait > 0 {
		return stoppedBy(h)
	}
	return err
}

func (s *Service) health(ctx context.Context, acct account.Account, current held) (store.Health, error) {
	h, err := s.Store.Health(ctx, acct.RegistrationID, current.tokens.Place.Accounts)
	if errors.Is(err, store.ErrNotFound) {
		return h, fault.New(fault.ServiceTypeUnavailable, "")
	}
	if err != nil {
		return h, fault.Wrap(fault.StoreUnavailable, err)
	}
	return h, nil
}

var errStopped = errors.New("the registration is stopped, and the provider was not asked")

func stoppedBy(h store.Health) error {
	return Fault(&provider.Error{
		Class: provider.Class(h.Refusal.Class), Code: h.Refusal.Code, Cause: h.Refusal.Cause, Cure: h.Refusal.Cure,
		RetryAfter: max((h.Wait + time.Second - 1).Truncate(time.Second), time.Second), Err: errStopped,
	})
}

// ask sends one secret after the other, the one that was taken last first, until one is not
// refused as wrong. Where data centres have secrets of their own, the driver chooses.
func (g *gate) ask(ctx context.Context, p provider.Refresher, reg account.Registration, tokens provider.Tokens) (provider.Tokens, error) {
	secrets := g.sorted(reg).Secrets
	if len(secrets) < 2 || len(reg.CentreSecrets) > 0 {
		return p.Refresh(ctx, g.sorted(reg), tokens)
	}
	var answer provider.Tokens
	var err error
	for i, one := range secrets {
		g.secret = slices.IndexFunc(reg.Secrets, one.Equal)
		only := reg
		only.Secrets = secrets[i : i+1]
		answer, err = p.Refresh(ctx, only, tokens)
		if !wrongClient(err) {
			break
		}
	}
	return answer, err
}

// sorted is the registration with the secret first that was taken last.
func (g *gate) sorted(reg account.Registration) account.Registration {
	if n := g.health.Secret; n > 0 && n < len(reg.Secrets) && len(reg.CentreSecrets) == 0 {
		reg.Secrets = slices.Concat(reg.Secrets[n:n+1], reg.Secrets[:n], reg.Secrets[n+1:])
	}
	return reg
}

func wrongClient(err error) bool {
	var e *provider.Error
	return errors.As(err, &e) && e.Code == codeWrongClient
}

// told notes what the answer says about the registration, and returns the error that the
// caller is to have for it.
func (g *gate) told(ctx context.Context, err error) error {
	ctx = context.WithoutCancel(ctx)
	var e *provider.Error
	switch {
	case err == nil:
		g.taken(ctx)
	case !errors.As(err, &e), e.Code == provider.CodeNoRefresh, e.Code == provider.CodeStrangeHost: // our own judgement
	case e.Class == provider.Config, e.Class == provider.Later:
		return g.refused(ctx, e, err)
	default: // about the grant, and so not about the client
		g.taken(ctx)
	}
	return err
}

// toldOf is told for the access token of another resource, whose refusals concern that
// resource alone where they do not name the client. A probe has to tell in any case.
func (g *gate) toldOf(ctx context.Context, err error) error {
	if err != nil && !wrongClient(err) && g.probe == "" {
		return err
	}
	told := g.told(ctx, err)
	if told != err { // with the pause
		return Fault(told)
	}
	return err
}

// taken notes that the provider takes the client. It is written where that is news.
func (g *gate) taken(ctx context.Context) {
	if !g.health.Failing() && !g.health.Suspect && g.health.Secret == g.secret {
		return
	}
	recovered, err := g.service.Store.ClearRegistration(ctx, g.health, g.secret)
	switch {
	case err != nil:
		g.service.Logger.ErrorContext(ctx, "could not note that the provider takes the registration", "registration", g.health.RegistrationID, "error", err)
	case recovered:
		g.service.Logger.InfoContext(ctx, "the provider takes the registration again", g.names()...)
	}
}

func (g *gate) refused(ctx context.Context, e *provider.Error, err error) error {
	f := store.RegistrationFailure{
		Health: g.health, AccountID: g.account.ID, Probe: g.probe, Accounts: alikeAccounts, Within: alikeWithin,
		Refusal: store.Refusal{Class: string(e.Class), Code: e.Code, Cause: e.Cause, Cure: e.Cure},
		Pause:   g.service.stopAfter(g.health.Failures+1, e),
	}
	if wrongClient(e) {
		f.Accounts = 1
	}
	stopped, failed := g.service.Store.FailRegistration(ctx, f)
	switch {
	case failed != nil:
		g.service.Logger.ErrorContext(ctx, "could not note what the provider has against the registration", "registration", g.health.RegistrationID, "error", failed)
		return err
	case !stopped:
		return err
	}
	level := g.service.Logger.ErrorContext
	if g.health.Failing() { // told before
		level = g.service.Logger.InfoContext
	}
	level(ctx, "the provider refuses the registration: its accounts are not renewed until it is right again",
		append(g.names(), "code", e.Code, "cause", e.Cause, "cure", e.Cure, "pause", f.Pause)...)
	if e.Class != provider.Config {
		return err // the account has a pause of its own
	}
	told := *e
	told.RetryAfter = (f.Pause + time.Second - 1).Truncate(time.Second)
	return &told
}

func (g *gate) names() []any {
	return []any{
		"registration", g.health.RegistrationID, "application", g.account.ApplicationID,
		"serviceType", string(g.account.ServiceType), "place", g.health.Place,
	}
}

// stopAfter is how long nobody asks after the nth refusal in a row: ever longer, and not for
// all processes alike.
func (s *Service) stopAfter(n int, e *provider.Error) time.Duration {
	first, longest := firstStop, longestStop
	if e.Class == provider.Later {
		first, longest = firstShortStop, longestShortStop
	}
	stop := longest
	if n < 8 {
		stop = min(first<<(n-1), longest)
	}
	stop = stop/2 + s.Random(stop/2)
	return max(stop, min(e.RetryAfter, longestTold))
}

// ProbeStopped asks once for each stopped registration whose pause is over, so that one
// recovers that nobody calls. It returns how many have been asked for.
func (s *Service) ProbeStopped(ctx context.Context) (int, error) {
	failing, err := s.Store.FailingRegistrations(ctx)
	if err != nil {
		return 0, err
	}
	asked := 0
	for _, h := range failing {
		if h.Wait > 0 {
			continue
		}
		ok, err := s.probe(ctx, h)
		if err != nil {
			return asked, err
		}
		if ok {
			asked++
		}
	}
	return asked, nil
}

// probe renews one account of the registration, whose grant is of the place: the one that was
// refused, or else any other that may be renewed now.
func (s *Service) probe(ctx context.Context, h store.Health) (bool, error) {
	others, err := s.Store.RegistrationAccounts(ctx, h.RegistrationID, probeAccounts)
	if err != nil {
		return false, err
	}
	for _, id := range append([]account.ID{h.AccountID}, others...) {
		acct, err := s.Store.Account(ctx, id)
		if err != nil || acct.RegistrationID != h.RegistrationID || acct.TokenStatus == account.TokenDead {
			continue
		}
		current, err := s.open(ctx, id)
		if err != nil || current.tokens.Refresh.IsZero() || current.tokens.Place.Accounts != h.Place {
			continue
		}
		_, _ = s.refresh(ctx, id, current) // what comes of it is noted
		now, err := s.Store.Health(ctx, h.RegistrationID, h.Place)
		if err != nil || !now.Stopped || now.Wait > 0 {
			return true, err // somebody has asked
		}
	}
	return false, nil
}
