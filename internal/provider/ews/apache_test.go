package ews_test

import (
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

// Apache with gss-ntlmssp is an NTLM server that we did not write. Behind it stands the
// sandbox's Exchange.
func TestNTLMAtApache(t *testing.T) {
	t.Parallel()
	const password = `right "pass"\wörd`
	w := setup(t)
	apache := counterpart.StartApache(t, counterpart.ApacheConfig{
		Domain: "SANDBOX", User: "ada", Password: password, Backend: w.exchange.URL(""), BackendCA: string(w.exchange.CA),
		BackendAuthorization: "Basic " + base64.StdEncoding.EncodeToString([]byte("ada@sandbox.test:"+w.box.ExchangePassword("ada"))),
	})
	at, err := url.Parse(apache.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.typed.Roots.AppendCertsFromPEM([]byte(apache.Chain))
	w.names["localhost"] = "127.0.0.1:" + at.Port()
	form := w.form()
	form.Values["serverUrl"], form.Values["username"], form.Password = "localhost", `SANDBOX\ada`, secret.New(password)
	login, identity, err := w.signIn(form)
	if err != nil || identity.Subject != "ews://sandbox%5Cada@localhost" {
		t.Fatalf("%+v, %v", identity, err)
	}
	if err := w.provider().Verify(t.Context(), account.Registration{}, login); err != nil {
		t.Error(err)
	}
	form.Password = secret.New("wrong")
	w.refused(form, provider.CodeLoginRefused, "password")
}
