package imap_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// A list in a list in a list costs the library a call each, and a longer error.
func TestListsHaveNoDepthsToGetLostIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.typed.Plaintext = []string{"mail.sandbox.test"}
	form := w.form(scope.MailRead)
	form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "* OK ready\r\n* 1 FETCH (BODYSTRUCTURE "+strings.Repeat("(", 5000)+"x\r\n")
		_, _ = io.Copy(io.Discard, c)
	}), "none"
	refused := w.refused(form, provider.CodeServerProtocol, "imapHost")
	if words := refused.Error(); len(words) > 1000 {
		t.Errorf("an error of %d bytes: %.300s", len(words), words)
	}
}

// Servers repeat a command that they do not know, in whatever form it came.
func TestAServerThatRepeatsThePasswordInAnotherForm(t *testing.T) {
	t.Parallel()
	const password = `hunter2"hunter2`
	plain := base64.StdEncoding.EncodeToString([]byte("\x00ada@sandbox.test\x00" + password))
	for name, test := range map[string]struct{ caps, secret string }{
		"SASL PLAIN": {"IMAP4rev1 AUTH=PLAIN SASL-IR", plain},
		"SASL LOGIN": {"IMAP4rev1 AUTH=LOGIN", base64.StdEncoding.EncodeToString([]byte(password))},
		"quoted":     {"IMAP4rev1", `hunter2\"hunter2`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.typed.Plaintext = []string{"mail.sandbox.test"}
			form := w.form(scope.MailRead)
			form.Password = secret.New(password)
			form.Values["imapPort"], form.Values["imapSecurity"] = listen(t, func(c net.Conn) {
				_, _ = io.WriteString(c, "* OK ready\r\n")
				lines := bufio.NewScanner(c)
				for lines.Scan() {
					tag, rest, _ := strings.Cut(lines.Text(), " ")
					switch {
					case rest == "CAPABILITY":
						_, _ = io.WriteString(c, "* CAPABILITY "+test.caps+"\r\n"+tag+" OK done\r\n")
					case rest == "AUTHENTICATE LOGIN":
						_, _ = io.WriteString(c, "+ VXNlcm5hbWU6\r\n")
						lines.Scan()
						_, _ = io.WriteString(c, "+ UGFzc3dvcmQ6\r\n")
						lines.Scan()
						_, _ = io.WriteString(c, tag+" NO I do not like "+lines.Text()+"\r\n")
					default:
						_, _ = io.WriteString(c, tag+" NO I do not like "+rest+"\r\n")
					}
				}
			}), "none"
			refused := w.refused(form, provider.CodeLoginRefused, "password")
			if words := refused.Error() + refused.Err.Error(); strings.Contains(words, test.secret) || strings.Contains(words, strings.ReplaceAll(test.secret, `\`, `\\`)) || strings.Contains(words, "hunter2") {
				t.Errorf("the error holds the password: %s", words)
			}
		})
	}
}
