package provider_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

func TestExtendKeepsWhatTheSamePasswordHasProven(t *testing.T) {
	t.Parallel()
	imap := provider.Server{Protocol: "imap", Host: "mail.test", Port: 993, Security: provider.SecurityTLS}
	moved := provider.Server{Protocol: "imap", Host: "mail.test", Port: 143, Security: provider.SecuritySTARTTLS}
	smtp := provider.Server{Protocol: "smtp", Host: "mail.test", Port: 465, Security: provider.SecurityTLS}
	older := provider.Login{Username: "ada", Password: secret.New("right"), Servers: []provider.Server{imap, smtp}}
	for name, c := range map[string]struct {
		username, password string
		want               []provider.Server
	}{
		"same login":       {"ada", "right", []provider.Server{moved, smtp}},
		"another password": {"ada", "newer", []provider.Server{moved}},
		"another name":     {"bob", "right", []provider.Server{moved}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := provider.Login{Username: c.username, Password: secret.New(c.password), Servers: []provider.Server{moved}}
			if diff := cmp.Diff(c.want, now.Extend(older).Servers); diff != "" {
				t.Errorf("servers (-want +got):\n%s", diff)
			}
		})
	}
}
