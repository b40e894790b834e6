package ews

import (
	_ "embed"

	"github.com/avain-project/avain/internal/provider"
)

// logo is an envelope in front of a server. It is ours: Microsoft gives no mark of
// Exchange to sign in with, and its own stands for Microsoft's sign-in page.
//
//go:embed logo.svg
var logo string

func button() provider.Button {
	return provider.Button{
		Label: "Sign in with Exchange", Hint: "mailbox on your organization's own server", Logo: logo, Corner: 4,
		Light: provider.Colors{Fill: "#ffffff", Border: "#6b7280", Label: "#1f2937"},
		Dark:  provider.Colors{Fill: "#1f2937", Border: "#9ca3af", Label: "#f3f4f6"},
	}
}
