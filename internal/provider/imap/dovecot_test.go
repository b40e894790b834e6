package imap_test

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/testenv"
)

// dovecot is an IMAP and submission server that we did not write.
type dovecot struct {
	typed outbound.TypedConfig
	ports map[string]string // by service: imap, imaps, submission, submissions
}

const dovecotPassword = `right pass"word\ äöü`

// startDovecot runs one with those SASL mechanisms until the test ends.
func startDovecot(t *testing.T, mechanisms string) *dovecot {
	t.Helper()
	program := testenv.Dovecot(t)
	dir, err := os.MkdirTemp("", "avain-dovecot-") // sockets want short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &dovecot{ports: map[string]string{}}
	for _, service := range []string{"imap", "imaps", "submission", "submissions"} {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once: Dovecot takes the port
		if err != nil {
			t.Fatal(err)
		}
		d.ports[service] = port(l.Addr().String())
		_ = l.Close()
	}
	chain, key := certificate(t)
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // Dovecot's own user reads it
			t.Fatal(err)
		}
		return path
	}
	write("users", "ada@dove.test:{PLAIN}"+dovecotPassword+"::::::\noff@dove.test:{PLAIN}"+dovecotPassword+":::::: nologin=y\n")
	write("cert.pem", chain)
	write("key.pem", key)
	config := write("dovecot.conf", d.config(t, dir, mechanisms))
	cmd := exec.Command(program, "-F", "-c", config)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Logf("Dovecot: %s%s", said.String(), log)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(chain))
	d.typed = outbound.TypedConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots}
	d.await(t)
	return d
}

// config runs Dovecot as whoever runs the tests, or as its own users where that is root.
func (d *dovecot) config(t *testing.T, dir, mechanisms string) string {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	mailUser, mailGroup, users := me.Username, group.Name, ""
	if me.Uid == "0" {
		mailUser, mailGroup = "nobody", "nogroup"
	} else {
		users = fmt.Sprintf("default_internal_user = %s\ndefault_login_user = %s\ndefault_internal_group = %s\n", me.Username, me.Username, group.Name)
		for _, service := range []string{"anvil", "imap-login", "submission-login"} {
			users += "service " + service + " {\n chroot =\n}\n"
		}
	}
	mail := filepath.Join(dir, "mail")
	if err := os.Mkdir(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // Dovecot's own user goes through it
		t.Fatal(err)
	}
	if owner, err := user.Lookup(mailUser); err == nil && me.Uid == "0" {
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(mail, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return strings.NewReplacer("DIR", dir, "MECHANISMS", mechanisms, "USER", mailUser, "GROUP", mailGroup,
		"IMAPS", d.ports["imaps"], "IMAP", d.ports["imap"], "SUBMISSIONS", d.ports["submissions"], "SUBMISSION", d.ports["submission"]).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/log
protocols = imap submission
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
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`) + users
}

// await goes on when the ports answer.
func (d *dovecot) await(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", "127.0.0.1:"+d.ports["imaps"]) //nolint:noctx // a probe
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("Dovecot does not start: %v", err)
		}
	}
}

func (d *dovecot) signIn(t *testing.T, email, password string, changes ...string) error {
	t.Helper()
	form := provider.Form{Password: secret.New(password), Scopes: []scope.Scope{scope.MailRead}, Values: map[string]string{
		"email": email, "imapHost": "localhost", "imapPort": d.ports["imaps"], "imapSecurity": "tls",
	}}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Values[changes[i]] = changes[i+1]
	}
	if form.Values["smtpHost"] != "" {
		form.Scopes = append(form.Scopes, scope.MailSend)
	}
	_, _, err := imap.New(outbound.NewTyped(d.typed)).SignIn(t.Context(), account.Registration{}, form)
	return err
}

func TestDovecot(t *testing.T) {
	t.Parallel()
	for _, mechanisms := range []string{"plain login", "plain", "login"} {
		t.Run(mechanisms, func(t *testing.T) {
			t.Parallel()
			d := startDovecot(t, mechanisms)
			for name, way := range map[string][]string{
				"TLS":      nil,
				"STARTTLS": {"imapPort", d.ports["imap"], "imapSecurity", "starttls"},
				"sending by TLS": {
					"smtpHost", "localhost", "smtpPort", d.ports["submissions"], "smtpSecurity", "tls",
				},
				"sending by STARTTLS": {
					"smtpHost", "localhost", "smtpPort", d.ports["submission"], "smtpSecurity", "starttls",
				},
			} {
				if err := d.signIn(t, "ada@dove.test", dovecotPassword, way...); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if err := d.signIn(t, "ada@dove.test", "wrong", way...); codeOf(err) != provider.CodeLoginRefused {
					t.Errorf("%s, with a wrong password: %v", name, err)
				}
			}
			if err := d.signIn(t, "off@dove.test", dovecotPassword); codeOf(err) != provider.CodeLoginDisabled {
				t.Errorf("a user that may not log in: %v", err)
			}
			if err := d.signIn(t, "eve@dove.test", dovecotPassword); codeOf(err) != provider.CodeLoginRefused {
				t.Errorf("an unknown user: %v", err)
			}
			d.typed.Roots = x509.NewCertPool()
			for _, way := range [][]string{nil, {"imapPort", d.ports["imap"], "imapSecurity", "starttls"}} {
				if err := d.signIn(t, "ada@dove.test", dovecotPassword, way...); codeOf(err) != provider.CodeServerCertificate {
					t.Errorf("an unknown authority: %v", err)
				}
			}
		})
	}
}

func TestDovecotWithoutPasswordsAsTheyAre(t *testing.T) {
	t.Parallel()
	d := startDovecot(t, "digest-md5")
	if err := d.signIn(t, "ada@dove.test", dovecotPassword); codeOf(err) != provider.CodeLoginUnsupported {
		t.Errorf("a server that takes digests alone: %v", err)
	}
}
