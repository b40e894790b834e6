package counterpart

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/testenv"
)

// Dovecot is an IMAP and submission server. Its two people have the same password; Off
// may not log in.
type Dovecot struct {
	// IMAP and Submission are ports that begin in the clear and offer STARTTLS, IMAPS and
	// Submissions those of TLS. All are for the name localhost.
	IMAP, IMAPS, Submission, Submissions string
	// Chain is the PEM of the certificate to trust.
	Chain string

	// lmtp takes mail in, auth answers whether a password is right.
	lmtp, auth string
}

// The people of [Dovecot], whose domain is DovecotDomain.
const (
	DovecotDomain   = "dove.test"
	DovecotUser     = "ada@" + DovecotDomain
	DovecotOff      = "off@" + DovecotDomain
	DovecotPassword = `right pass"word\ äöü`
)

// StartDovecot runs one with those SASL mechanisms ("plain login") until the test ends.
func StartDovecot(t testing.TB, mechanisms string) Dovecot {
	t.Helper()
	program := testenv.Dovecot(t)
	r := open(t, "dovecot")
	d := Dovecot{
		IMAP: r.port(), IMAPS: r.port(), Submission: r.port(), Submissions: r.port(),
		lmtp: r.port(), auth: r.port(), Chain: r.chain,
	}
	var people strings.Builder
	fmt.Fprintf(&people, "%s:{PLAIN}%s::::::\n%s:{PLAIN}%s:::::: nologin=y\n", DovecotUser, DovecotPassword, DovecotOff, DovecotPassword)
	r.write("users", people.String())
	mailUser, mailGroup, accounts := r.accounts()
	config := r.write("dovecot.conf", strings.NewReplacer("DIR", r.dir, "MECHANISMS", mechanisms, "USER", mailUser, "GROUP", mailGroup,
		"IMAPS", d.IMAPS, "IMAP", d.IMAP, "SUBMISSIONS", d.Submissions, "SUBMISSION", d.Submission, "LMTP", d.lmtp, "AUTH", d.auth).
		Replace(dovecotConfig)+accounts)
	r.run(d.IMAPS, "log", exec.Command(program, "-F", "-c", config))
	return d
}

// accounts are who the mail belongs to, and what else to say where Dovecot runs as
// whoever runs the tests. It makes the folder of the mail.
func (r *room) accounts() (mailUser, mailGroup, more string) {
	r.t.Helper()
	mail := filepath.Join(r.dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		r.t.Fatal(err)
	}
	if !r.root {
		me, err := user.Current()
		if err != nil {
			r.t.Fatal(err)
		}
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			r.t.Fatal(err)
		}
		more = fmt.Sprintf("default_internal_user = %s\ndefault_login_user = %s\ndefault_internal_group = %s\n", r.user, r.user, group.Name)
		for _, service := range []string{"anvil", "imap-login", "submission-login"} {
			more += "service " + service + " {\n chroot =\n}\n"
		}
		return r.user, group.Name, more
	}
	r.own(mail, "nobody")
	return "nobody", "nogroup", ""
}

// own gives a folder to an account of the machine.
func (r *room) own(path, name string) {
	r.t.Helper()
	owner, err := user.Lookup(name)
	if err != nil {
		r.t.Fatal(err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		r.t.Fatal(err)
	}
}

const dovecotConfig = `
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap submission lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
auth_mechanisms = MECHANISMS
auth_failure_delay = 0
submission_relay_host = 127.0.0.1
mail_location = maildir:DIR/mail/%u
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = username_format=%u DIR/users
}
userdb {
  driver = static
  args = uid=USER gid=GROUP home=DIR/mail/%u
}
service imap-login {
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = IMAPS
    ssl = yes
  }
}
service submission-login {
  inet_listener submission {
    port = SUBMISSION
  }
  inet_listener submissions {
    port = SUBMISSIONS
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = LMTP
  }
}
service auth {
  inet_listener {
    port = AUTH
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`
