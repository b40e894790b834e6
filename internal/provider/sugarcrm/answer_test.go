package sugarcrm_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/sugarcrm"
	"github.com/avain-project/avain/internal/secret"
)

// An instance of somebody's own may say anything. Its answers are read as those of the
// identity service, which e2e lies about (TestAProviderThatLies).
func TestAnInstanceThatLies(t *testing.T) {
	t.Parallel()
	var says string
	here := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, says) }))
	t.Cleanup(here.Close)
	roots := x509.NewCertPool()
	roots.AddCert(here.Certificate())
	driver := sugarcrm.New(outbound.New(outbound.Config{Typed: outbound.TypedConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots,
	}}))
	held := provider.Tokens{
		Access: secret.New("old"), Refresh: secret.New("held"), NativeScopes: []string{"profile"},
		Place: provider.Place{Accounts: here.URL, API: here.URL},
	}
	for answer, want := range map[string]provider.Tokens{
		`{"access_token": "a", "refresh_token": "r", "expires_in": "600", "scope": ""}`: {Access: secret.New("a"), Refresh: secret.New("r"), Life: 10 * time.Minute},
		`{"access_token": "a", "refresh_token": "r", "expires_in": 600.5}`:              {Access: secret.New("a"), Refresh: secret.New("r"), Life: 600500 * time.Millisecond},
		`{"access_token": "a", "refresh_token": "one\ntwo", "expires_in": -1}`:          {Access: secret.New("a")},
		`{"access_token": "one\ntwo", "refresh_token": "r"}`:                            {},
		`{"error": "need_login", "error_message": "The session is over."}`:              {},
	} {
		says = answer
		got, err := driver.Refresh(t.Context(), atInstance(), held)
		if d := cmp.Diff(want, got, cmp.Comparer(secret.Text.Equal)); d != "" {
			t.Errorf("%s: %s", answer, d)
		}
		if (err == nil) == want.Access.IsZero() {
			t.Errorf("%s: %v", answer, err)
		}
	}
}
