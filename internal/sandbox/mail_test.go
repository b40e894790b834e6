package sandbox_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/sandbox"
)

// postOffice is the sandbox's mail service and how to reach it.
type postOffice struct {
	t    *testing.T
	box  *sandbox.Sandbox
	mail *sandbox.Mail
	tls  *tls.Config
}

func setupMail(t *testing.T) postOffice {
	t.Helper()
	o := postOffice{t: t, box: sandbox.New(sandbox.Config{})}
	var err error
	if o.mail, err = o.box.ListenMail(t.Context(), "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.mail.Close(); err != nil {
			t.Error(err)
		}
	})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.mail.CA)
	o.tls = &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS12}
	return o
}

func (o postOffice) dial(address string) net.Conn {
	o.t.Helper()
	c, err := tls.Dial("tcp", address, o.tls)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (o postOffice) reader() *imapclient.Client {
	client := imapclient.New(o.dial(o.mail.IMAPTLS), nil)
	o.t.Cleanup(func() { _ = client.Close() })
	return client
}

func (o postOffice) count(client *imapclient.Client, folder string) uint32 {
	o.t.Helper()
	selected, err := client.Select(folder, nil).Wait()
	if err != nil {
		o.t.Fatal(err)
	}
	return selected.NumMessages
}

func TestMailIsSeededAndSent(t *testing.T) {
	t.Parallel()
	o := setupMail(t)
	client := o.reader()
	if err := client.Authenticate(sasl.NewPlainClient("", "ada@sandbox.test", o.box.MailPassword("ada"))); err != nil {
		t.Fatal(err)
	}
	if n := o.count(client, "INBOX"); n != 25 {
		t.Errorf("%d messages in the inbox, want 25", n)
	}
	seen, err := client.Search(&imap.SearchCriteria{NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil || len(seen.AllSeqNums()) != 3 || seen.AllSeqNums()[2] != 25 {
		t.Errorf("unread: %v, %v; want the three newest", seen, err)
	}

	sender, err := smtp.DialStartTLS(o.mail.SMTPStartTLS, o.tls)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if err := sender.SendMail("ada@sandbox.test", []string{"bob@sandbox.test"}, strings.NewReader("Subject: x\r\n\r\nx\r\n")); err == nil {
		t.Error("anybody may send")
	}
	_ = sender.Reset()
	if err := sender.Auth(sasl.NewPlainClient("", "ada@sandbox.test", o.box.MailPassword("ada"))); err != nil {
		t.Fatal(err)
	}
	if err := sender.SendMail("ada@sandbox.test", []string{"bob@sandbox.test"}, strings.NewReader("Subject: Cards\r\n\r\nHello\r\n")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{"ada": 1, "bob": 0} {
		reader := o.reader()
		if err := reader.Login(name+"@sandbox.test", o.box.MailPassword(name)).Wait(); err != nil {
			t.Fatal(err)
		}
		if n := o.count(reader, "Sent"); n != want {
			t.Errorf("%s has %d sent messages, want %d", name, n, want)
		}
	}
	if c := o.box.Stats()["IMAP"]; c.IMAP != 3 || c.SMTP != 1 || c.IMAPLogin != 3 || c.SMTPLogin != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestMailIsForItsOwner(t *testing.T) {
	t.Parallel()
	o := setupMail(t)
	for name, login := range map[string][2]string{
		"a wrong password":  {"ada@sandbox.test", "x"},
		"somebody else's":   {"bob@sandbox.test", o.box.MailPassword("ada")},
		"nobody's":          {"eve@sandbox.test", "-app-password"},
		"another domain":    {"ada@other.test", o.box.MailPassword("ada")},
		"an unknown tag":    {"ada+nosuch@sandbox.test", o.box.MailPassword("ada")},
		"a locked account":  {"ada+locked@sandbox.test", o.box.MailPassword("ada")},
		"an empty password": {"ada@sandbox.test", ""},
	} {
		if err := o.reader().Login(login[0], login[1]).Wait(); err == nil {
			t.Errorf("%s opens the mailbox", name)
		}
	}
}

func TestMailWithoutTLSTakesNoPassword(t *testing.T) {
	t.Parallel()
	o := setupMail(t)
	c, err := net.Dial("tcp", o.mail.IMAPStartTLS)
	if err != nil {
		t.Fatal(err)
	}
	client := imapclient.New(c, nil)
	defer func() { _ = client.Close() }()
	if caps := client.Caps(); !caps.Has(imap.CapLoginDisabled) || !caps.Has(imap.CapStartTLS) {
		t.Errorf("capabilities %v", caps)
	}
	if err := client.Login("ada@sandbox.test", o.box.MailPassword("ada")).Wait(); err == nil {
		t.Error("a password was taken in the clear")
	}
}

func TestMailFaultsAreCleared(t *testing.T) {
	t.Parallel()
	o := setupMail(t)
	if err := o.box.SetFaults([]sandbox.Fault{{Vendor: "imap", Endpoint: "imap", Kind: "oversized", Times: 1}}); err != nil {
		t.Fatal(err)
	}
	if n, _ := io.Copy(io.Discard, o.dial(o.mail.IMAPTLS)); n < 10<<20 {
		t.Errorf("the endless greeting ends after %d bytes", n)
	}
	if greeting, err := bufio.NewReader(o.dial(o.mail.IMAPTLS)).ReadString('\n'); !strings.HasPrefix(greeting, "* OK") {
		t.Errorf("%q, %v after the fault", greeting, err)
	}
}
