package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/go-ntlmssp"

	"github.com/avain-project/avain/internal/sandbox"
)

// tlv is one element of DER, written by hand so that the test shares no reader with
// what it tries.
func tlv(tag byte, inner ...[]byte) []byte {
	content := bytes.Join(inner, nil)
	if len(content) < 0x80 {
		return append([]byte{tag, byte(len(content))}, content...)
	}
	return append(binary.BigEndian.AppendUint16([]byte{tag, 0x82}, uint16(len(content))), content...)
}

// firstToken is a NegTokenInit (RFC 4178) with mechanisms, of which the token is for the
// first.
func firstToken(token []byte, mechanisms ...[]byte) []byte {
	parts := [][]byte{tlv(0xa0, tlv(0x30, mechanisms...))}
	if token != nil {
		parts = append(parts, tlv(0xa2, tlv(0x04, token)))
	}
	return tlv(0x60, []byte("\x06\x06\x2b\x06\x01\x05\x05\x02"), tlv(0xa0, tlv(0x30, parts...)))
}

// nextToken is a NegTokenResp.
func nextToken(token []byte) []byte { return tlv(0xa1, tlv(0x30, tlv(0xa2, tlv(0x04, token)))) }

const (
	ntlmMechanism     = "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
	kerberosMechanism = "\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
	// What Windows sends: NTLM's first message in SPNEGO.
	fromWindows = "YEgGBisGAQUFAqA+MDygDjAMBgorBgEEAYI3AgIKoioEKE5UTE1TU1AAAQAAAJeCCOIAAAAAAAAAAAAAAAAAAAAABgGxHQAAAA8="
)

// negotiate sends one token and returns the server's.
func (c company) negotiate(client *http.Client, token []byte) (answer, []byte) {
	c.Helper()
	got := c.post(client, c.at.URL("/EWS/Exchange.asmx"), envelope(getInbox), "Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(token))
	back, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got.Header.Get("WWW-Authenticate"), "Negotiate "))
	if err != nil {
		c.Fatalf("%v in %v", err, got.Header)
	}
	return got, back
}

func TestExchangeTakesSPNEGO(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	windows, err := base64.StdEncoding.DecodeString(fromWindows)
	if err != nil {
		t.Fatal(err)
	}
	if got, back := c.negotiate(c.client(), windows); got.StatusCode != 401 || !bytes.Contains(back, []byte("NTLMSSP\x00\x02")) || back[0] != 0xa1 {
		t.Errorf("to Windows: %d %x", got.StatusCode, back)
	}
	hello, err := ntlmssp.NewNegotiateMessage("", "")
	if err != nil {
		t.Fatal(err)
	}
	for name, first := range map[string][]byte{
		"NTLM alone":         firstToken(hello, []byte(ntlmMechanism)),
		"NTLM, then another": firstToken(hello, []byte(ntlmMechanism), []byte(kerberosMechanism)),
		"Kerberos preferred": firstToken([]byte("a ticket"), []byte(kerberosMechanism), []byte(ntlmMechanism)),
	} {
		for password, want := range map[string]int{c.box.ExchangePassword("ada"): 200, "wrong": 401} {
			client := c.client()
			got, back := c.negotiate(client, first)
			if got.StatusCode != 401 || !bytes.Contains(back, []byte(ntlmMechanism)) {
				t.Fatalf("%s: %d %x names no mechanism", name, got.StatusCode, back)
			}
			if strings.HasPrefix(name, "Kerberos") {
				_, back = c.negotiate(client, nextToken(hello))
			}
			at := bytes.Index(back, []byte("NTLMSSP\x00"))
			if at < 0 {
				t.Fatalf("%s: no challenge in %x", name, back)
			}
			response, err := ntlmssp.NewAuthenticateMessage(back[at:], `SANDBOX\ada`, password, nil)
			if err != nil {
				t.Fatal(err)
			}
			last := c.post(client, c.at.URL("/EWS/Exchange.asmx"), envelope(getInbox), "Authorization", "Negotiate "+base64.StdEncoding.EncodeToString(nextToken(response)))
			if last.StatusCode != want || (want == 200) != strings.Contains(last.Header.Get("WWW-Authenticate"), "Negotiate oQcwBaADCgEA") {
				t.Errorf("%s with %s: %d %v", name, password, last.StatusCode, last.Header)
			}
		}
	}
	c.tries(6)
}

// Nonsense is answered with the question, and counts as no password.
func TestExchangeTakesNoNonsense(t *testing.T) {
	t.Parallel()
	c := setupCompany(t, sandbox.ExchangeSettings{})
	ews := c.at.URL("/EWS/Exchange.asmx")
	for _, token := range []string{
		"", "x", "NTLMSSP\x00", "NTLMSSP\x00\x01\x00\x00\x00", "NTLMSSP\x00\x03\x00\x00\x00" + strings.Repeat("\xff", 80), "\x60\x82\xff\xff", "\xa1\x02\x30\x00",
		string(firstToken([]byte("a ticket"), []byte(kerberosMechanism))), string(tlv(0x60, []byte("\x06\x01\x05"))),
	} {
		for _, scheme := range []string{"NTLM ", "Negotiate ", "Basic ", "Digest "} {
			got := c.post(c.client(), ews, envelope(getInbox), "Authorization", scheme+base64.StdEncoding.EncodeToString([]byte(token)))
			if got.StatusCode != 401 {
				t.Errorf("%s%q: %d", scheme, token, got.StatusCode)
			}
		}
	}
	c.tries(0)
}
