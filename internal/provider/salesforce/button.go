package salesforce

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is a drawing of our own. Salesforce's cloud and name in its colours are
// trademarks that its guidelines give to nobody without a license
// (https://brand.salesforce.com, Trademark usage guidelines); it has no rules for
// sign-in buttons. Naming it in plain words is allowed.
//
//go:embed logo.svg
var logo string

func button() provider.Button {
	return provider.Button{
		Label: "Sign in with Salesforce", Hint: "Your organization's Salesforce user", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#747775", Label: "#1f1f1f"},
		Dark:  provider.Colors{Fill: "#1f1f1f", Border: "#8e918f", Label: "#e3e3e3"},
	}
}
