package imap

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is an envelope: IMAP has no owner and no mark.
//
//go:embed logo.svg
var logo string

func button() provider.Button {
	return provider.Button{
		Label: "Sign in with an e-mail password", Hint: "any mailbox with IMAP", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#6b7280", Label: "#1f2937"},
		Dark:  provider.Colors{Fill: "#1f2937", Border: "#9ca3af", Label: "#f3f4f6"},
	}
}
