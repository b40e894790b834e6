package zoho

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is a plain Z: Zoho's own mark is its trademark, and no rules that allow it on
// a button were found.
//
//go:embed logo.svg
var logo string

// button has the words of zoho.com/accounts/protocol/oauth/sign-in-using-zoho. There
// are no rules about colours; the fill is dark enough for its label.
func button() provider.Button {
	c := provider.Colors{Fill: "#b3261e", Border: "#b3261e", Label: "#ffffff"}
	return provider.Button{Label: "Sign in using Zoho", Hint: "Zoho Mail, Calendar, Contacts", Logo: logo, Light: c, Dark: c, Corner: 4}
}
