package ews_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

// The password that Apache knows. Behind it, the sandbox's Exchange is asked by another.
const apachePassword = `right pass"word\ äöü`

// atApache puts an Apache before the sandbox's Exchange, which verifies NTLM by a
// library that we did not write (gss-ntlmssp).
func atApache(t *testing.T) (*world, counterpart.Apache, provider.Form) {
	t.Helper()
	w := setup(t)
	apache := counterpart.StartApache(t, counterpart.ApacheConfig{
		Hosts: []string{exchange}, Domain: "SANDBOX", User: "ada", Password: apachePassword,
		Backend: w.exchange.URL(""), BackendCA: string(w.exchange.CA),
		BackendAuthorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(`SANDBOX\ada:`+w.box.ExchangePassword("ada"))),
	})
	w.names[exchange] = apache.Address
	w.typed.Roots.AppendCertsFromPEM([]byte(apache.Chain))
	form := w.form()
	form.Password, form.Values["username"] = secret.New(apachePassword), `SANDBOX\ada`
	return w, apache, form
}

// attempts wants that many handshakes to have come to an end.
func attempts(t *testing.T, apache counterpart.Apache, accepted, refused int) {
	t.Helper()
	if yes, no := apache.Attempts(t); yes != accepted || no != refused {
		t.Errorf("Apache let in %d times and refused %d times, want %d and %d", yes, no, accepted, refused)
	}
}

func TestApacheVerifiesTheLogin(t *testing.T) {
	t.Parallel()
	w, apache, form := atApache(t)
	login, identity, err := w.signIn(form)
	if err != nil {
		t.Fatal(err)
	}
	if identity.Email != "ada@sandbox.test" || login.Username != `SANDBOX\ada` {
		t.Errorf("signed in as %+v, login name %q", identity, login.Username)
	}
	attempts(t, apache, 1, 0)
	if err := w.provider().Verify(t.Context(), account.Registration{}, login); err != nil {
		t.Errorf("verified again: %v", err)
	}
	attempts(t, apache, 2, 0)
}

func TestApacheRefusesAWrongPasswordOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*provider.Form){
		"another password": func(f *provider.Form) { f.Password = secret.New("wrong") },
		"another person":   func(f *provider.Form) { f.Values["username"] = `SANDBOX\bob` },
		"another domain":   func(f *provider.Form) { f.Values["username"] = `OTHER\ada` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, apache, form := atApache(t)
			change(&form)
			w.refused(form, provider.CodeLoginRefused, "password")
			attempts(t, apache, 0, 1)
			w.logins(0)
		})
	}
}

// What is called for an account goes over a connection on which Apache knows it
// (GssapiConnectionBound): no call is asked for a login of its own, and the next
// connection is.
func TestApacheKnowsTheConnection(t *testing.T) {
	t.Parallel()
	w, apache, form := atApache(t)
	login, _, err := w.signIn(form)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := w.provider().Endpoint(account.Registration{}, login, "EWS/Exchange.asmx")
	if err != nil {
		t.Fatal(err)
	}
	for connection := range 2 {
		line, err := w.provider().Dial(t.Context(), account.Registration{}, login)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint.String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := line.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			said, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK || err != nil {
				t.Errorf("a call is answered with %s, %v: %s", resp.Status, err, said)
			}
		}
		line.Close()
		attempts(t, apache, 2+connection, 0)
	}
}
