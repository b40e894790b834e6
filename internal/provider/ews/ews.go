package ews

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/discovery"
	"github.com/avain-project/avain/internal/provider/logintext"
	"github.com/avain-project/avain/internal/scope"
)

// protocol is the native scope too: a login opens all that the web services have.
const protocol = "ews"

// signInTimeout is for a whole sign-in: finding the server, logging in, and the inbox.
const signInTimeout = 30 * time.Second

// Provider is the service type EWS.
type Provider struct {
	typed     *outbound.Typed
	discovery *discovery.Discovery
	timeout   time.Duration
}

// New makes the driver. Between calls it keeps what domains say of their servers, for
// minutes, and nothing of anybody who signs in. It dials through typed alone.
func New(typed *outbound.Typed) *Provider {
	return &Provider{typed: typed, discovery: discovery.New(discovery.Config{Typed: typed}), timeout: signInTimeout}
}

var (
	_ provider.Caller = (*Provider)(nil)
	_ provider.Finder = (*Provider)(nil)
)

// Info implements provider.Provider.
func (p *Provider) Info() provider.Info {
	native := map[scope.Scope][]string{}
	for _, s := range scope.All() {
		native[s] = []string{protocol}
	}
	return provider.Info{
		ServiceType: account.EWS, Title: "Microsoft Exchange", Button: button(),
		Scopes: provider.ScopeMap{Native: native},
		Direct: provider.Direct{
			RequestHeaders:  []string{"SOAPAction", "X-AnchorMailbox", "X-PreferServerAffinity", "client-request-id", "return-client-request-id"},
			ResponseHeaders: []string{"client-request-id"},
		},
	}
}

// SignIn implements provider.Signer.
func (p *Provider) SignIn(ctx context.Context, _ account.Registration, form provider.Form) (provider.Login, account.Identity, error) {
	t, err := read(form)
	if err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	end, err := p.newWalk(t).toInbox(ctx)
	if err != nil {
		return provider.Login{}, account.Identity{}, err
	}
	t.login.Servers = []provider.Server{end.at.server()}
	return t.login, account.Identity{Subject: subject(t.login.Username, end.at), Email: t.email, EmailVerified: end.own}, nil
}

// subject is the login name at the server. Windows knows no case in names, so two spellings
// are one person.
func subject(username string, at place) string {
	return "ews://" + logintext.Escape(strings.ToLower(username), ";") + "@" + at.name()
}

// Verify implements provider.Signer.
func (p *Provider) Verify(ctx context.Context, _ account.Registration, login provider.Login) error {
	server, ok := login.Server(protocol)
	if !ok {
		return errNoServer
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	_, to, err := p.inbox(ctx, served(server), login, "")
	if err == nil && to != "" {
		return trouble(server.Host).of(nonsense, errors.New("it leads to "+quote(to)))
	}
	return err
}

var errNoServer = errors.New("the login names no Exchange server")

// inbox logs in at the web services and asks for the inbox. own: it is the address's,
// too. Where a redirect answers, no login was tried, or a proven one: to is where.
func (p *Provider) inbox(ctx context.Context, at place, login provider.Login, email string) (own bool, to string, err error) {
	l, said, err := p.signOn(ctx, at.String(), login, inboxRequest(email))
	var open *noLogin
	switch {
	case errors.As(err, &open):
		if to := redirected(open.answer, at.String()); to != "" {
			return false, to, nil
		}
		return false, "", trouble(at.host).unasked(open)
	case err != nil:
		return false, "", err
	}
	defer l.close()
	if to := redirected(said, at.String()); to != "" {
		return false, to, nil
	}
	own, err = l.folders(said)
	return own, "", err
}

// folders reads the answer to inboxRequest. The first folder is the proof; the second
// is for the address, and may be refused.
func (l *line) folders(said answer) (own bool, err error) {
	e, err := soap(said.body)
	if err != nil {
		if k, ok := byStatus(said.status); ok {
			return false, l.later(k, said)
		}
		return false, trouble(l.host).of(nonsense, errors.Join(err, l.said(said)))
	}
	if f := e.Body.Fault; f != nil {
		return false, l.byCode(said, firstOf(f.Detail.Code, f.Code), f.Detail.Detail.wait())
	}
	folders := e.Body.Folders
	if len(folders) == 0 {
		return false, trouble(l.host).of(nonsense, l.said(said))
	}
	if first := folders[0]; first.Code != "NoError" || first.FolderID.ID == "" {
		return false, l.byCode(said, first.Code, first.Detail.wait())
	}
	return len(folders) > 1 && folders[1].Code == "NoError" && folders[1].FolderID.ID == folders[0].FolderID.ID, nil
}
