package demo

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/avain-project/avain/internal/sandbox"
)

// postOffice is the sandbox's mail service as the demo's server may use it: what an
// operator would allow by --typed-networks and --typed-ca.
type postOffice struct {
	box  *sandbox.Sandbox
	mail *sandbox.Mail
	ca   string // path of the PEM file
}

// mailHost is what the mail servers are called; their certificate has the name.
const mailHost = "localhost"

func openMail(ctx context.Context, box *sandbox.Sandbox, dir string) (*postOffice, error) {
	o := &postOffice{box: box, ca: filepath.Join(dir, "sandbox-mail-ca.pem")}
	var err error
	if o.mail, err = box.ListenMail(ctx, "127.0.0.1"); err != nil {
		return nil, err
	}
	if err := os.WriteFile(o.ca, o.mail.CA, 0o600); err != nil {
		o.close()
		return nil, fmt.Errorf("write the authority of the sandbox's mail servers: %w", err)
	}
	return o, nil
}

func (o *postOffice) close() { _ = o.mail.Close() }

func (o *postOffice) networks() []string { return []string{"127.0.0.0/8"} }

// sample is a persona's login, as the form's fields take it.
func (o *postOffice) sample(persona string) map[string]string {
	return map[string]string{
		"email": persona + "@sandbox.test", "password": o.box.MailPassword(persona), "username": "",
		"imapHost": mailHost, "imapPort": port(o.mail.IMAPTLS), "imapSecurity": "tls",
		"smtpHost": mailHost, "smtpPort": port(o.mail.SMTPTLS), "smtpSecurity": "tls",
	}
}

func (o *postOffice) refused(persona string) map[string]string {
	fields := o.sample(persona)
	fields["password"] = "wrong-password"
	return fields
}

// words are the sample for people.
func (o *postOffice) words(persona string) string {
	s := o.sample(persona)
	return fmt.Sprintf("%s, password %s; the server is found, or type it: IMAP server %s port %s (SMTP port %s), TLS",
		s["email"], s["password"], s["imapHost"], s["imapPort"], s["smtpPort"])
}

func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
