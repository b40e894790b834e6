package connect

import (
	"context"
	"errors"
	"strings"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
)

// checkAreas refuses a sign-in that must give access and gives none to a part of what
// was asked for. It makes no call.
func (f finishing) checkAreas() error {
	prober, can := f.provider.(provider.Prober)
	if !f.attempt.EnsureAccess || !can {
		return nil
	}
	if refused := f.probePlan(prober).Refused; len(refused) > 0 {
		return accessRefused(refused, nil)
	}
	return nil
}

func (f finishing) probePlan(p provider.Prober) provider.ProbePlan {
	return provider.PlanProbes(p, f.reg.Registration, f.attempt.Scopes, f.Tokens.NativeScopes)
}

// probe asks the provider once for each part that the application insists on
// (ensureAccess). Providers that cannot be asked pass (contract §4.4).
func (s *Service) probe(ctx context.Context, f finishing) error {
	prober, can := f.provider.(provider.Prober)
	if !f.attempt.EnsureAccess || !can {
		return nil
	}
	var refused []provider.Area
	var why error
	for _, area := range f.probePlan(prober).Call {
		err := prober.Probe(ctx, f.reg.Registration, f.Tokens, area)
		var told *provider.Error
		switch {
		case err == nil:
		case errors.As(err, &told) && told.Code == provider.CodeAccessRefused:
			refused, why = append(refused, area), errors.Join(why, err)
		default:
			return signInFault(err)
		}
	}
	if len(refused) > 0 {
		return accessRefused(refused, why)
	}
	return nil
}

func accessRefused(areas []provider.Area, why error) error {
	names := make([]string, len(areas))
	for i, a := range areas {
		names[i] = string(a)
	}
	return &fault.Error{Code: fault.AccessRefused, Detail: "Refused: " + strings.Join(names, ", ") + ".", Err: why}
}
