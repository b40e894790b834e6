package imap_test

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/testenv/counterpart"
)

// Reading at Dovecot, sending at Postfix, which asks Dovecot who somebody is.
func TestPostfix(t *testing.T) {
	t.Parallel()
	d := startDovecot(t, "plain login")
	p := counterpart.StartPostfix(t, d.Dovecot)
	d.typed = outbound.TypedConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: trusted(d.Chain, p.Chain)}
	tlsWay := []string{"smtpHost", "localhost", "smtpPort", p.Submissions, "smtpSecurity", "tls"}
	starttls := []string{"smtpHost", "localhost", "smtpPort", p.Submission, "smtpSecurity", "starttls"}
	for name, way := range map[string][]string{"TLS": tlsWay, "STARTTLS": starttls} {
		if err := d.signIn(t, counterpart.DovecotUser, counterpart.DovecotPassword, way...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := d.signIn(t, counterpart.DovecotUser, "wrong", way...); codeOf(err) != provider.CodeLoginRefused {
			t.Errorf("%s, with a wrong password: %v", name, err)
		}
	}
	d.typed.Roots = trusted(d.Chain)
	if err := d.signIn(t, counterpart.DovecotUser, counterpart.DovecotPassword, starttls...); codeOf(err) != provider.CodeServerCertificate {
		t.Errorf("a Postfix of an unknown authority: %v", err)
	}
	d.delivers(t, p)
}

// delivers sends a mail with the login that the driver has tried, and reads it again.
func (d *dovecot) delivers(t *testing.T, p counterpart.Postfix) {
	t.Helper()
	config := &tls.Config{RootCAs: trusted(d.Chain, p.Chain), ServerName: "localhost", MinVersion: tls.VersionTLS12}
	plain, err := smtp.Dial("127.0.0.1:" + p.Submission)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	login := sasl.NewPlainClient("", counterpart.DovecotUser, counterpart.DovecotPassword)
	if err := plain.Auth(login); err == nil {
		t.Error("Postfix takes a password in the clear")
	}
	sender, err := smtp.DialTLS("127.0.0.1:"+p.Submissions, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if err := sender.Auth(login); err != nil {
		t.Fatal(err)
	}
	message := "From: " + counterpart.DovecotUser + "\r\nSubject: Cards\r\n\r\nHello\r\n"
	if err := sender.SendMail(counterpart.DovecotUser, []string{counterpart.DovecotUser}, strings.NewReader(message)); err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{}, 1)
	reader, err := imapclient.DialTLS("127.0.0.1:"+d.IMAPS, &imapclient.Options{TLSConfig: config, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil && *data.NumMessages > 0 {
				select {
				case arrived <- struct{}{}:
				default:
				}
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := reader.Login(counterpart.DovecotUser, counterpart.DovecotPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	inbox, err := reader.Select("INBOX", nil).Wait()
	if err != nil {
		t.Fatal(err)
	}
	if inbox.NumMessages == 0 {
		idle, err := reader.Idle()
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-arrived:
		case <-time.After(20 * time.Second):
			t.Fatal("the mail does not arrive")
		}
		if err := idle.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := reader.Fetch(goimap.SeqSetNum(1), &goimap.FetchOptions{Envelope: true}).Collect()
	if err != nil || len(got) != 1 || got[0].Envelope.Subject != "Cards" {
		t.Errorf("what arrived is %+v, %v", got, err)
	}
}
