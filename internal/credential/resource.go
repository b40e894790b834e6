package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// mainResource is the provider's main API, whose access token is Tokens.Access.
const mainResource = ""

// AccessTo is a live access token for another resource than the provider's main
// API, named by its URL ("https://outlook.office.com"). One refresh token serves
// all resources; each access token is kept beside it until it ends.
func (s *Service) AccessTo(ctx context.Context, acct account.Account, resource string) (secret.Text, error) {
	if acct.TokenStatus == account.TokenDead {
		return secret.Text{}, fault.New(fault.TokenDead, "")
	}
	current, err := s.current(ctx, acct)
	if err != nil {
		return secret.Text{}, err
	}
	if t, ok := current.tokens.Others[resource]; ok && s.fresh(current, t.Expires) {
		return t.Access, nil
	}
	current, err = s.renew(ctx, acct.ID, current, resource)
	if err != nil {
		return secret.Text{}, err
	}
	access := current.access(resource)
	if access.IsZero() { // another process has stored a credential meanwhile, which lacks it
		return secret.Text{}, fault.Wrap(fault.ProviderUnavailable, fmt.Errorf("account %s changed while its token for %s was renewed", acct.ID, resource))
	}
	return access, nil
}

// access is the access token for a resource; zero where there is none.
func (h held) access(resource string) secret.Text {
	if resource == mainResource {
		return h.tokens.Access
	}
	return h.tokens.Others[resource].Access
}

// refreshOther asks for another resource's access token and stores it beside the
// main one. A refusal as dead comes back as it is, since that is the grant's end; any
// other concerns that resource alone, and the main API may work on.
func (s *Service) refreshOther(ctx context.Context, acct account.Account, reg account.Registration, p provider.Provider, current held, resource string) (held, error) {
	refresher, can := p.(provider.ResourceRefresher)
	if !can {
		return held{}, fault.New(fault.RefreshFailed, "")
	}
	current, answer, err := askAgain(current, func(tokens provider.Tokens) (provider.Tokens, error) {
		return s.owned(ctx, acct, func() (provider.Tokens, error) { return refresher.RefreshFor(ctx, reg, tokens, resource) })
	})
	switch {
	case dead(err):
		return held{}, err
	case err != nil:
		return held{}, Fault(err)
	}
	renewed := current
	renewed.tokens.Others = with(current.tokens.Others, resource, provider.ResourceToken{
		Access: answer.Access, Expires: s.expiry(answer.Life, p.Info(), current.tokens),
	})
	if !answer.Refresh.IsZero() {
		renewed.tokens.Refresh = answer.Refresh
	}
	renewed.previous = before(p.Info(), current, renewed)
	return s.save(ctx, p.Info(), acct, renewed, current.tokens.Refresh, store.TokenState{Status: acct.TokenStatus, Error: acct.TokenError})
}

// dead tells whether the provider says that the grant has ended.
func dead(err error) bool {
	var refusal *provider.Error
	return errors.As(err, &refusal) && refusal.Class == provider.Dead
}

// with is the map with one more entry; the map itself may be in use elsewhere.
func with[V any](m map[string]V, key string, value V) map[string]V {
	grown := maps.Clone(m)
	if grown == nil {
		grown = map[string]V{}
	}
	grown[key] = value
	return grown
}
