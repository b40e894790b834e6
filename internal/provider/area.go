package provider

import (
	"context"
	"slices"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
)

// Area is a part of an account that one small call can prove.
type Area string

// The areas (contract §3.2, ensureAccess).
const (
	Email    Area = "Email"
	Calendar Area = "Calendar"
	Contacts Area = "Contacts"
	Tasks    Area = "Tasks"
)

// Areas lists all areas in the contract's order.
func Areas() []Area { return []Area{Email, Calendar, Contacts, Tasks} }

// Scopes lists the unified scopes that ask for something in the area.
func (a Area) Scopes() []scope.Scope {
	switch a {
	case Email:
		return []scope.Scope{scope.MailRead, scope.MailReadWrite, scope.MailSend, scope.MailDrafts, scope.MailAll}
	case Calendar:
		return []scope.Scope{scope.CalendarRead, scope.CalendarReadWrite}
	case Contacts:
		return []scope.Scope{scope.ContactsRead, scope.ContactsReadWrite}
	case Tasks:
		return []scope.Scope{scope.TasksRead, scope.TasksReadWrite}
	}
	return nil
}

// AreasOf lists the areas in which those scopes ask for something, in the
// contract's order.
func AreasOf(asked []scope.Scope) []Area {
	return slices.DeleteFunc(Areas(), func(a Area) bool { return disjoint(a.Scopes(), asked) })
}

// Prober makes the least call that proves access to an area: a scope may be granted
// and the mailbox behind it still be missing, switched off or closed by a policy.
type Prober interface {
	Provider
	// Proofs lists, for each area, the native scopes with any one of which its call
	// is let through. An area that is not in the map cannot be proven at this
	// registration; a scope that is not in the list (sending mail alone) proves
	// nothing, since the call only reads.
	Proofs(account.Registration) map[Area][]string
	// Probe makes exactly one call with held.Access and keeps nothing of the answer.
	// nil is the proof. Where the provider refuses, the *Error has
	// CodeAccessRefused and the class User or Admin; any other code is no refusal:
	// Config (an API that the registration's project has not enabled) or Later. An
	// administrator's consent does not cure class Admin here: a license or a policy does.
	Probe(ctx context.Context, reg account.Registration, held Tokens, area Area) error
}

// ProbePlan sorts the areas that a sign-in asked for. Each list is in the contract's
// order, and no area is in two.
type ProbePlan struct {
	// Refused: what was asked there was not granted, so no call is needed. That
	// is so, too, where reading was asked and only sending was granted.
	Refused []Area
	// Call: Probe tells.
	Call []Area
	// Unproven: granted, but no call shows it (sending alone was asked, or the
	// provider's cloud lacks the service). It counts as access.
	Unproven []Area
}

// PlanProbes says what to do about each area that the unified scopes ask for, given
// the native scopes that were granted.
func PlanProbes(p Prober, reg account.Registration, asked []scope.Scope, granted []string) ProbePlan {
	scopes, proofs := p.Info().Scopes, p.Proofs(reg)
	have := scopes.Normalize(granted)
	var plan ProbePlan
	for _, area := range AreasOf(asked) {
		proof := scopes.Normalize(proofs[area])
		wanted := scopes.native(intersect(area.Scopes(), asked))
		switch {
		case !disjoint(proof, have):
			plan.Call = append(plan.Call, area)
		case disjoint(wanted, have), !disjoint(proof, wanted):
			plan.Refused = append(plan.Refused, area)
		default:
			plan.Unproven = append(plan.Unproven, area)
		}
	}
	return plan
}

// native lists what the unified scopes mean at the provider, in its own spelling.
func (m ScopeMap) native(unified []scope.Scope) []string {
	var out []string
	for _, s := range unified {
		out = append(out, m.Native[s]...)
	}
	return m.Normalize(out)
}

func intersect[T comparable](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(v T) bool { return !slices.Contains(b, v) })
}

func disjoint[T comparable](a, b []T) bool { return len(intersect(a, b)) == 0 }
