package provider

import "github.com/avain-project/avain/internal/account"

// Registry finds a provider by its service type. It is made once and not changed.
type Registry map[account.ServiceType]Provider

// NewRegistry collects providers; two of one service type are a programming error.
func NewRegistry(providers ...Provider) Registry {
	r := make(Registry, len(providers))
	for _, p := range providers {
		st := p.Info().ServiceType
		if _, twice := r[st]; twice {
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
