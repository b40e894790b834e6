package office365

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is the four squares, which the rules forbid to alter.
//
//go:embed logo.svg
var logo string

// button follows "Sign in with Microsoft: Branding guidelines for applications"
// (https://learn.microsoft.com/entra/identity-platform/howto-add-branding-in-apps):
// logo and "Sign in with Microsoft" together, square corners, the light or the dark
// colours. The hint is the one it asks for; "Microsoft 365 ID", "business account"
// and the names of the directory product are ruled out.
func button() provider.Button {
	return provider.Button{
		Label: "Sign in with Microsoft", Hint: "Work or school account", Logo: logo,
		Light: provider.Colors{Fill: "#ffffff", Border: "#8c8c8c", Label: "#5e5e5e"},
		Dark:  provider.Colors{Fill: "#2f2f2f", Border: "#2f2f2f", Label: "#ffffff"},
	}
}
