package imap_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/imap"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// abroad is the sandbox with its DNS, web sites, mail servers and Exchange, and the driver in it.
func abroad(t *testing.T) (*sandbox.Sandbox, *imap.Provider) {
	t.Helper()
	box := sandbox.New(sandbox.Config{})
	mail, err := box.ListenMail(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Close() })
	names, err := box.ListenNames(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = names.Close() })
	exchange, err := box.ListenExchange(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exchange.Close() })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(mail.CA) {
		t.Fatal("the sandbox's authority cannot be read")
	}
	internet := sandbox.Internet{
		HTTP: names.HTTP, HTTPS: names.HTTPS,
		IMAPTLS: mail.IMAPTLS, IMAP: mail.IMAPStartTLS, SMTPTLS: mail.SMTPTLS, SMTP: mail.SMTPStartTLS,
		ExchangeHTTP: exchange.HTTP, ExchangeHTTPS: exchange.TLS,
	}
	return box, imap.New(outbound.NewTyped(outbound.TypedConfig{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots,
		Resolver: outbound.NewResolver(names.DNS), Connect: internet.Dial,
	}))
}

// Every domain of the sandbox by its own way, through real DNS and real servers; where the
// way is a form, its values sign Ada in.
func TestFindAtTheSandbox(t *testing.T) {
	t.Parallel()
	box, p := abroad(t)
	ways := map[string]struct {
		elsewhere    account.ServiceType
		host, unsure string
	}{
		"sandbox.test":           {host: "mail.sandbox.test"},
		"srv.sandbox.test":       {host: "mail.srv.sandbox.test"},
		"guess.sandbox.test":     {host: "imap.guess.sandbox.test", unsure: "is a guess"},
		"open.sandbox.test":      {host: "mail.open.sandbox.test", unsure: "unencrypted"},
		"hosted.sandbox.test":    {host: "mail.hoster.test", unsure: "mail.hoster.test does not belong"},
		"google.sandbox.test":    {elsewhere: account.Google},
		"microsoft.sandbox.test": {elsewhere: account.Office365},
		"zoho.sandbox.test":      {elsewhere: account.Zoho},
		"exchange.sandbox.test":  {elsewhere: account.EWS},
		"online.sandbox.test":    {elsewhere: account.Office365},
		"nothing.sandbox.test":   {},
		"hoster.test":            {host: "mail.hoster.test", unsure: "is a guess"},
	}
	for _, d := range sandbox.MailDomains() {
		want, ok := ways[d.Name]
		if !ok {
			t.Errorf("%s is not tried", d.Name)
		}
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			email := "ada@" + d.Name
			form := provider.Form{Values: map[string]string{"email": email}, Scopes: []scope.Scope{scope.MailRead, scope.MailSend}}
			way, err := p.Find(t.Context(), account.Registration{}, form)
			if nothing := want.elsewhere == "" && want.host == ""; nothing {
				var refused *provider.Error
				if !errors.As(err, &refused) || refused.Code != provider.CodeServerUnknown || way.Found() {
					t.Errorf("%+v, %v", way, err)
				}
				return
			}
			if err != nil || way.Elsewhere != want.elsewhere || way.Values["imapHost"] != want.host || way.Source == "" ||
				!strings.Contains(way.Unsure, want.unsure) || (way.Unsure == "") != (want.unsure == "") {
				t.Fatalf("%+v, %v", way, err)
			}
			if want.host == "" {
				return
			}
			for name, value := range way.Values {
				form.Values[name] = value
			}
			form.Password = secret.New(box.MailPassword("ada"))
			if _, who, err := p.SignIn(t.Context(), account.Registration{}, form); err != nil || who.Email != email {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

// What the person has typed stays.
func TestFindKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	_, p := abroad(t)
	form := provider.Form{Values: map[string]string{"email": "ada@sandbox.test", "imapHost": "other.test", "username": "somebody"}, Scopes: []scope.Scope{scope.MailRead}}
	way, err := p.Find(t.Context(), account.Registration{}, form)
	if err != nil || len(way.Values) > 0 {
		t.Errorf("%+v, %v", way, err)
	}
}

// The address stays here: neither DNS nor a server hears of Ada.
func TestFindTellsNobodyTheAddress(t *testing.T) {
	t.Parallel()
	asked := &listening{}
	p := imap.New(outbound.NewTyped(outbound.TypedConfig{
		Resolver: asked, Connect: func(context.Context, netip.AddrPort) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer func() { _ = server.Close() }()
				_ = server.SetDeadline(time.Now().Add(time.Second))
				heard := make([]byte, 4096)
				n, _ := server.Read(heard)
				asked.hear(string(heard[:n]))
			}()
			return client, nil
		},
	}))
	for _, email := range []string{"Ada.Lovelace@example.com", "@example.com", "Ada.Lovelace@127.0.0.1", "Ada.Lovelace@localhost"} {
		if way, err := p.Find(t.Context(), account.Registration{}, provider.Form{Values: map[string]string{"email": email}}); err == nil || way.Found() {
			t.Errorf("%s: %+v", email, way)
		}
	}
	all := asked.all()
	if !strings.Contains(all, "autoconfig.example.com") || strings.Contains(strings.ToLower(all), "lovelace") || strings.Contains(all, "127.0.0.1") || strings.Contains(all, "localhost") {
		t.Errorf("heard %q", all)
	}
}

// listening is a resolver that knows every name, and all that was said.
type listening struct {
	mu    sync.Mutex
	heard []string
}

func (l *listening) hear(said string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, said)
}

func (l *listening) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.heard, "\n")
}

func (l *listening) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	l.hear(host)
	return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
}

func (l *listening) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	l.hear(name)
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (l *listening) LookupSRV(_ context.Context, service, _, name string) (string, []*net.SRV, error) {
	l.hear(service + " " + name)
	return "", nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
