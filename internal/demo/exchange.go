package demo

import (
	"fmt"
	"net"

	"github.com/avain-project/avain/internal/sandbox"
)

// company is the sandbox's Exchange Server. Its authority is that of the mail servers.
type company struct {
	box      *sandbox.Sandbox
	exchange *sandbox.Exchange
}

// sample is a persona's login, as the form's fields take it.
func (c company) sample(persona string) map[string]string {
	address, _, _ := c.box.ExchangeNames(persona)
	return map[string]string{
		"email": address, "password": c.box.ExchangePassword(persona), "username": "",
		"serverUrl": "https://" + net.JoinHostPort(mailHost, port(c.exchange.TLS)) + "/EWS/Exchange.asmx",
	}
}

func (c company) refused(persona string) map[string]string {
	fields := c.sample(persona)
	fields["password"] = "wrong-password"
	return fields
}

// words are the sample for people.
func (c company) words(persona string) string {
	s := c.sample(persona)
	return fmt.Sprintf("%s, password %s; the server is found, or type it: %s", s["email"], s["password"], s["serverUrl"])
}
