package sugarcrm

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is a drawing of our own: SugarCRM has no rules for sign-in buttons, and its mark
// is a trademark. Naming it in plain words is allowed.
//
//go:embed logo.svg
var logo string

func button() provider.Button {
	return provider.Button{
		Label: "Sign in with SugarCRM", Hint: "Your organization's Sugar user", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#747775", Label: "#1f1f1f"},
		Dark:  provider.Colors{Fill: "#1f1f1f", Border: "#8e918f", Label: "#e3e3e3"},
	}
}
