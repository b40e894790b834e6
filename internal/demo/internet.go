package demo

import "github.com/avain-project/avain/internal/sandbox"

// internet is the demo's: who types an address of the sandbox is led to its servers,
// and nobody else's name is known, so that no password leaves the machine by mistake.
func internet(names *sandbox.Names, mail *sandbox.Mail, exchange *sandbox.Exchange) sandbox.Internet {
	return sandbox.Internet{
		HTTP: names.HTTP, HTTPS: names.HTTPS,
		IMAPTLS: mail.IMAPTLS, IMAP: mail.IMAPStartTLS, SMTPTLS: mail.SMTPTLS, SMTP: mail.SMTPStartTLS,
		ExchangeHTTP: exchange.HTTP, ExchangeHTTPS: exchange.TLS,
	}
}
