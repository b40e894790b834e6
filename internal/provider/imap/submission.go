package imap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/emersion/go-smtp"

	"github.com/avain-project/avain/internal/provider"
)

// submission signs in by SMTP, once, and sends nothing.
func (l *link) submission(login provider.Login) error {
	client := smtp.NewClient(l.resume("220 ready\r\n"))
	defer func() { _ = client.Close() }()
	if err := client.Hello("localhost"); err != nil {
		return l.smtpRefusal(login, err)
	}
	_, offered := client.Extension("AUTH")
	mechanism := preferred(login, strings.Fields(strings.ToUpper(offered)))
	if mechanism == nil {
		return trouble{server: l.server}.of(noPasswords, fmt.Errorf("it offers %s", quote(offered)))
	}
	if err := client.Auth(mechanism); err != nil {
		return l.smtpRefusal(login, err)
	}
	return nil
}

// smtpRefusal classifies an answer to EHLO or AUTH.
func (l *link) smtpRefusal(login provider.Login, err error) error {
	var no *smtp.SMTPError
	if !errors.As(err, &no) {
		return l.failed(login, err)
	}
	basic, enhanced := strconv.Itoa(no.Code), fmt.Sprintf("%d.%d.%d", no.EnhancedCode[0], no.EnhancedCode[1], no.EnhancedCode[2])
	codes := []string{basic + " " + enhanced, enhanced, basic, basic[:1]}
	return trouble{server: l.server}.of(refusal(smtpRows(), codes, no.Message), said(login, codes[:1], no.Message))
}
