package ews

import "github.com/avain-project/avain/internal/provider"

var _ provider.Filler = (*Provider)(nil)

// Fill implements provider.Filler.
func (p *Provider) Fill(known provider.Known) provider.Form {
	return provider.Form{Values: map[string]string{
		fieldEmail: known.Email, fieldUsername: known.Username, fieldServer: known.ServerURL,
	}}
}
