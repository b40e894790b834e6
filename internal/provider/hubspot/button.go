package hubspot

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is an address card, our own: HubSpot's mark may not be used without leave.
//
//go:embed logo.svg
var logo string

// button is plain. HubSpot has no rules for sign-in buttons, and its brand
// guidelines (hubspot.com/brand-guidelines) keep colours and mark to itself.
func button() provider.Button {
	return provider.Button{
		Label: "Sign in with HubSpot", Hint: "CRM users who may connect apps", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#747775", Label: "#1f1f1f"},
		Dark:  provider.Colors{Fill: "#1f1f1f", Border: "#8e918f", Label: "#e3e3e3"},
	}
}
