package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/go-ntlmssp"

	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

// Apache lets in by NTLM alone whom it knows, and asks the sandbox's Exchange by Basic.
func TestApacheStandsBeforeTheSandboxsExchange(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	apache := counterpart.StartApache(t, counterpart.ApacheConfig{
		Domain: "SANDBOX", User: "ada", Password: "right",
		Backend: c.at.URL(""), BackendCA: string(c.at.CA), BackendAuthorization: basic("ada@sandbox.test", c.box.ExchangePassword("ada")),
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(apache.Chain))
	for password, want := range map[string]int{"right": 200, "wrong": 401} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: ntlmssp.Negotiator{RoundTripper: transport}}
		got := c.post(client, apache.URL+"/EWS/Exchange.asmx", envelope(getInbox), "Authorization", basic(`SANDBOX\ada`, password))
		if got.StatusCode != want || (want == 200) != strings.Contains(got.text, ">NoError<") {
			t.Errorf("%s: %d %v %s", password, got.StatusCode, got.Header, got.text)
		}
	}
	c.tries(1)
	if accepted, refused := apache.Attempts(t); accepted != 1 || refused != 1 {
		t.Errorf("Apache let in %d and refused %d", accepted, refused)
	}
}
