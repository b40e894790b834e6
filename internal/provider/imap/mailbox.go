package imap

import (
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/avain-project/avain/internal/provider"
)

// mailbox signs in by IMAP, once, and looks whether there is an inbox: some servers
// take a login for which they have no mailbox.
func (l *link) mailbox(login provider.Login) error {
	client := imapclient.New(l.resume("* OK ready\r\n"), nil)
	defer func() { _ = client.Close() }()
	caps, err := client.Capability().Wait()
	if err != nil {
		return l.failed(login, err)
	}
	switch mechanism := preferred(login, saslOf(caps)); {
	case mechanism != nil:
		err = client.Authenticate(mechanism)
	case caps.Has(imap.CapLoginDisabled):
		return trouble{server: l.server}.of(noPasswords, nil)
	default:
		// The library quotes the two, or sends them as literals.
		err = client.Login(login.Username, login.Password.Reveal()).Wait()
	}
	if err != nil {
		return l.imapRefusal(login, err)
	}
	if _, err := client.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		var no *imap.Error
		if !errors.As(err, &no) {
			return l.failed(login, err)
		}
		codes := []string{string(no.Code)}
		k := refusal(imapRows(), codes, no.Text)
		if k.code == provider.CodeLoginRefused {
			k = disabled
		}
		return trouble{server: l.server}.of(k, said(login, codes, no.Text))
	}
	client.Logout() // sent, not waited for
	return nil
}

// imapRefusal classifies the end of a login that did not succeed.
func (l *link) imapRefusal(login provider.Login, err error) error {
	var no *imap.Error
	switch {
	case !errors.As(err, &no):
		return l.failed(login, err)
	case no.Type == imap.StatusResponseTypeBad:
		return trouble{server: l.server}.of(nonsense, said(login, []string{"BAD"}, no.Text))
	}
	codes := []string{strings.ToUpper(string(no.Code))}
	return trouble{server: l.server}.of(refusal(imapRows(), codes, no.Text), said(login, codes, no.Text))
}

// saslOf lists the mechanisms of AUTH=… capabilities.
func saslOf(caps imap.CapSet) []string {
	var out []string
	for c := range caps {
		if mechanism, ok := strings.CutPrefix(strings.ToUpper(string(c)), "AUTH="); ok {
			out = append(out, mechanism)
		}
	}
	return out
}
