package ews_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox"
)

// A call goes to the account's endpoint on a connection that is logged in, once.
func TestCalls(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"NTLM", "Negotiate", "Basic"} {
		w := setup(t)
		w.offers(mechanism)
		login, _, err := w.signIn(w.form())
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.provider().Endpoint(account.Registration{}, login, "ews/exchange.ASMX")
		if err != nil || to.String() != "https://"+exchange+"/EWS/Exchange.asmx" {
			t.Fatalf("%v, %v", to, err)
		}
		for _, path := range []string{"", "EWS", "EWS/Services.wsdl", "EWS/Exchange.asmx/", "owa/"} {
			if to, err := w.provider().Endpoint(account.Registration{}, login, path); err == nil {
				t.Errorf("%q stands for %v", path, to)
			}
		}
		call, err := w.provider().Dial(t.Context(), account.Registration{}, login)
		if err != nil {
			t.Fatal(err)
		}
		ask := func() (*http.Response, error) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.String(), strings.NewReader("<x/>"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer of-the-caller")
			return call.RoundTrip(r)
		}
		res, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusInternalServerError || !strings.Contains(string(text), "ErrorInvalidRequest") {
			t.Errorf("%s: %d %s", mechanism, res.StatusCode, text)
		}
		_ = res.Body.Close()
		// The connection has lost its login: the password is not to blame, but with Basic.
		w.fault(sandbox.Fault{Endpoint: "ewsFront", Kind: "status", Status: 401})
		res, err = ask()
		if mechanism == "Basic" {
			if err != nil || res.StatusCode != http.StatusUnauthorized {
				t.Errorf("Basic: %v, %v", res, err)
			}
		} else if codeOf(err) != provider.CodeServerProtocol {
			t.Errorf("%s: %v", mechanism, err)
		}
		if err == nil {
			_ = res.Body.Close()
		}
		call.Close()
	}
}
