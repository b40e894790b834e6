package provider

import (
	"cmp"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/scope"
)

// ScopeMap relates the unified scopes to a provider's own, in both directions,
// as data.
type ScopeMap struct {
	// Always is asked for in every sign-in: who the person is.
	Always []string
	// Native lists what to ask for, for each unified scope.
	Native map[scope.Scope][]string
	// Canonical maps a spelling to the one the provider reports back.
	Canonical map[string]string
	// Prefixes may stand before any scope and change nothing: the addresses of a
	// resource that a scope without an address belongs to.
	Prefixes []string
}

// Ask lists the native scopes of a sign-in: always, unified, extra, no duplicates.
func (m ScopeMap) Ask(unified []scope.Scope, extra []string) []string {
	out := slices.Clone(m.Always)
	for _, s := range unified {
		out = append(out, m.Native[s]...)
	}
	return dedupe(append(out, extra...))
}

// Supports tells whether the provider has that scope at all.
func (m ScopeMap) Supports(s scope.Scope) bool { return len(m.Native[s]) > 0 }

// Unified lists the scopes whose native ones were all granted, in the contract's
// order.
func (m ScopeMap) Unified(granted []string) []scope.Scope {
	have := m.Normalize(granted)
	var out []scope.Scope
	for _, s := range scope.All() {
		if m.Supports(s) && subset(m.Native[s], have) {
			out = append(out, s)
		}
	}
	return out
}

// Normalize rewrites every spelling to the provider's own.
func (m ScopeMap) Normalize(native []string) []string {
	out := make([]string, len(native))
	for i, n := range native {
		for _, p := range m.Prefixes {
			n = strings.TrimPrefix(n, p)
		}
		out[i] = cmp.Or(m.Canonical[n], n)
	}
	return dedupe(out)
}

// offlineAccess asks for a refresh token (OpenID Connect Core §11).
const offlineAccess = "offline_access"

// Missing lists those of asked that were not granted. Identity scopes are left aside,
// and so is offline_access: no person can untick it, and whether it was granted shows in the
// refresh token.
func (m ScopeMap) Missing(asked, granted []string) []string {
	have, always := m.Normalize(granted), append(m.Normalize(m.Always), offlineAccess)
	var out []string
	for _, n := range m.Normalize(asked) {
		if !slices.Contains(have, n) && !slices.Contains(always, n) {
			out = append(out, n)
		}
	}
	return out
}

// Wider tells whether a holds everything that b holds.
func (m ScopeMap) Wider(a, b []string) bool { return subset(m.Normalize(b), m.Normalize(a)) }

func subset(of, in []string) bool {
	return !slices.ContainsFunc(of, func(s string) bool { return !slices.Contains(in, s) })
}

func dedupe(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
