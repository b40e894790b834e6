package google

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is the G in its four colours, which the rules want unchanged on every theme.
//
//go:embed logo.svg
var logo string

// button follows "Sign in with Google Branding Guidelines"
// (https://developers.google.com/identity/branding-guidelines, custom button): one
// of its texts, the colours of its light and dark themes, 1 px of border, the
// rectangular form. It must be at least as prominent as the others on the page.
func button() provider.Button {
	return provider.Button{
		Label: "Sign in with Google", Hint: "Gmail or Google Workspace", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#747775", Label: "#1f1f1f"},
		Dark:  provider.Colors{Fill: "#131314", Border: "#8e918f", Label: "#e3e3e3"},
	}
}
