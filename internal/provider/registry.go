package provider

import (
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// Registry finds a provider by its service type. It is made once and not changed.
type Registry map[account.ServiceType]Provider

// NewRegistry collects providers; two of one service type are a programming error.
func NewRegistry(providers ...Provider) Registry {
	r := make(Registry, len(providers))
	for _, p := range providers {
		st := p.Info().ServiceType
		if known, ok := r.Parse(string(st)); ok && r[known] != nil {
			panic("two providers for " + string(st))
		}
		r[st] = p
	}
	return r
}

// Of returns the provider, and whether there is one.
func (r Registry) Of(t account.ServiceType) (Provider, bool) {
	p, ok := r[t]
	return p, ok
}

// Parse reads a service type without regard to case: one of the contract's, served
// or not, or that of any other provider here.
func (r Registry) Parse(s string) (account.ServiceType, bool) {
	if t, ok := account.ParseServiceType(s); ok {
		return t, true
	}
	for t := range r {
		if strings.EqualFold(string(t), s) {
			return t, true
		}
	}
	return "", false
}

// ServiceTypes lists those of the contract in its order, and then the others that
// are served, by name.
func (r Registry) ServiceTypes() []account.ServiceType {
	all := account.ServiceTypes()
	var others []account.ServiceType
	for t := range r {
		if !slices.Contains(all, t) {
			others = append(others, t)
		}
	}
	slices.Sort(others)
	return append(all, others...)
}
