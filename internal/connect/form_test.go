package connect

import (
	"testing"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/store"
)

// Whoever types another address than the hint's must not send its password to the
// servers of the hint's.
func TestTheServersOfAHintAreNotFilledIn(t *testing.T) {
	t.Parallel()
	for serverURL, want := range map[string]string{"": "", "imap.named.test": "imap.named.test"} {
		v := &visited{former: imap.New(outbound.NewTyped(outbound.TypedConfig{}))}
		v.info = v.former.Info()
		v.attempt = store.Attempt{LoginHint: "ada@work.test", ServerURL: serverURL}
		held := map[string]provider.Field{}
		for _, f := range v.fieldsFor(v.attempt.LoginHint) {
			held[f.Name] = f
		}
		if got := held["imapHost"].Value; got != want {
			t.Errorf("serverUrl %q: the server is %q, want %q", serverURL, got, want)
		}
		if got := held["imapPort"].Value; (got == "") != (want == "") {
			t.Errorf("serverUrl %q: the port is %q", serverURL, got)
		}
		if got := held["email"].Value; got != "ada@work.test" {
			t.Errorf("the address is %q", got)
		}
	}
}
