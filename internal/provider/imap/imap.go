package imap

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
	"github.com/avain-project/avain/internal/provider/logintext"
	"github.com/avain-project/avain/internal/scope"
)

// The protocols of a mailbox's servers. They are its native scopes too: a login that
// was proven there gives all that the protocol can do.
const (
	protocolIMAP = "imap"
	protocolSMTP = "smtp"
)

// serverTimeout is for one server in all: name, connection, TLS, login.
const serverTimeout = 15 * time.Second

// Provider is the service type IMAP.
type Provider struct {
	typed     *outbound.Typed
	timeout   time.Duration
	discovery *discovery.Discovery
}

// New makes the driver. It dials through typed alone, and keeps nothing between calls
// but what domains publish about their servers, for a short time.
func New(typed *outbound.Typed) *Provider {
	p := &Provider{typed: typed, timeout: serverTimeout}
	p.discovery = discovery.New(discovery.Config{Typed: typed, Greet: p.greets})
	return p
}

var (
	_ provider.Signer = (*Provider)(nil)
	_ provider.Finder = (*Provider)(nil)
)

// Info implements provider.Provider. A password opens all that its servers have, so
// the mail scopes are all or nothing for each of the two protocols; calendar, contacts
// and tasks are in neither.
func (p *Provider) Info() provider.Info {
	return provider.Info{
		ServiceType: account.IMAP, Title: "IMAP", Button: button(),
		Scopes: provider.ScopeMap{Native: map[scope.Scope][]string{
			scope.MailRead:      {protocolIMAP},
			scope.MailReadWrite: {protocolIMAP},
			scope.MailSend:      {protocolSMTP},
			scope.MailDrafts:    {protocolIMAP, protocolSMTP},
			scope.MailAll:       {protocolIMAP, protocolSMTP},
		}},
	}
}

// SignIn implements provider.Signer. The errors are *provider.Error with a code of
// the fault catalogue and, where one field is to blame, its name.
func (p *Provider) SignIn(ctx context.Context, _ account.Registration, form provider.Form) (provider.Login, account.Identity, error) {
	typed, err := read(form)
	if err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	if err := p.prove(ctx, typed.login); err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	return typed.login, p.who(typed.email, typed.login), nil
}

// who is the identity, without a word for the address where STARTTLS may have been left
// out: anybody on the way can do that.
func (p *Provider) who(email string, login provider.Login) account.Identity {
	who, server := identity(email, login), login.Servers[0]
	if server.Security != provider.SecurityTLS && p.typed.Plaintext(server.Host) {
		who.EmailVerified = false
	}
	return who
}

// Verify implements provider.Signer.
func (p *Provider) Verify(ctx context.Context, _ account.Registration, login provider.Login) error {
	return p.prove(ctx, login)
}

// prove signs in at each server, once; the first failure ends it.
func (p *Provider) prove(ctx context.Context, login provider.Login) error {
	// Nothing is dialled for a login of which a part is not allowed.
	for _, server := range login.Servers {
		if server.Security == provider.SecurityNone && !p.typed.Plaintext(server.Host) {
			return trouble{server: server}.of(plaintextForbidden, nil)
		}
	}
	for _, server := range login.Servers {
		if err := p.proveAt(ctx, server, login); err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) proveAt(ctx context.Context, server provider.Server, login provider.Login) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	link, err := p.open(ctx, server)
	if err != nil {
		return err
	}
	defer link.close()
	if server.Protocol == protocolSMTP {
		return link.submission(login)
	}
	return link.mailbox(login)
}

// identity is the login name at the server that has taken it, written as an IMAP URL
// (RFC 5092): the same name at another host is another account. On a port of its own a
// host may run somebody else's server, so that is named as well.
func identity(email string, login provider.Login) account.Identity {
	server := login.Servers[0]
	host := server.Host
	if !standardPort(server) {
		host = net.JoinHostPort(host, strconv.Itoa(server.Port))
	}
	return account.Identity{
		Subject: "imap://" + logintext.Escape(login.Username, "") + "@" + host,
		Email:   email, EmailVerified: vouches(server, email, login.Username),
	}
}

// vouches tells whether the server's word is enough for the address: the person
// signed in under the very address, encrypted, and the server is the domain's own.
// That is where the bundled list names it for the domain, or where it has the domain's
// own name. A host below the domain is not enough: under many domains, strangers
// have hosts.
func vouches(server provider.Server, email, username string) bool {
	_, domain, _ := strings.Cut(email, "@")
	if server.Security == provider.SecurityNone || !strings.EqualFold(email, username) || !standardPort(server) {
		return false
	}
	known, ok := discovery.HostOfDomain(domain)
	return server.Host == domain || ok && known.IMAP.Host == server.Host
}

func standardPort(server provider.Server) bool { return server.Port == 993 || server.Port == 143 }
