package counterpart

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/testenv"
)

// Postfix takes mail from the people of a Dovecot, whom it asks about passwords, and
// delivers to it. It speaks to nobody without TLS.
type Postfix struct {
	// Submission is the port that begins in the clear, Submissions that of TLS, for the
	// name localhost.
	Submission, Submissions string
	// Chain is the PEM of the certificate to trust.
	Chain string
}

// StartPostfix runs one until the test ends. It needs root, as Postfix does.
func StartPostfix(t testing.TB, people Dovecot) Postfix {
	t.Helper()
	program, owner, group := testenv.Postfix(t)
	r := open(t, "postfix")
	p := Postfix{Submission: r.port(), Submissions: r.port(), Chain: r.chain}
	queue := filepath.Join(r.dir, "queue")
	for _, folder := range []string{
		"", "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid", "private", "public", "saved", "trace",
	} {
		path := filepath.Join(queue, folder)
		if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // as Postfix has it
			t.Fatal(err)
		}
		if folder != "" && folder != "pid" {
			r.own(path, owner)
		}
	}
	data := filepath.Join(r.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	r.own(data, owner)
	settings := strings.NewReplacer("DIR", r.dir, "OWNER", owner, "SETGID", group, "DOMAIN", DovecotDomain,
		"LMTP", people.lmtp, "AUTH", people.auth, "SUBMISSIONS", p.Submissions, "SUBMISSION", p.Submission)
	for name, text := range map[string]string{"main.cf": postfixMain, "master.cf": postfixMaster} {
		path := r.write(name, settings.Replace(text))
		// Postfix waits until its settings have rested for a second, lest somebody still writes.
		old := time.Now().Add(-time.Minute)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	r.run(p.Submissions, "log", exec.Command(program, "-c", r.dir, "-d"))
	return p
}

const postfixMain = `
compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = DIR/log
maillog_file_prefixes = DIR
mail_owner = OWNER
setgid_group = SETGID
myhostname = localhost
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = DOMAIN
virtual_transport = lmtp:inet:127.0.0.1:LMTP
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:AUTH
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_peername_lookup = no
`

const postfixMaster = `
127.0.0.1:SUBMISSION inet n - n - - smtpd
127.0.0.1:SUBMISSIONS inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`
