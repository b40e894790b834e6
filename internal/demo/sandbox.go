package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/avain-project/avain/internal/sandbox"
)

// SandboxConfig is what can be chosen about sandbox vendors that run alone.
type SandboxConfig struct {
	Listen       string   // loopback only
	RedirectURIs []string // what the client may redirect to
	JSON         bool
	Out          io.Writer
	Now          func() time.Time
}

// The client that is registered at sandbox vendors running alone. It guards
// nothing: whoever reaches the sandbox may sign in as anybody.
const (
	sandboxClientID     = "avain.apps.sandbox.test"
	sandboxClientSecret = "sandbox-secret" //nolint:gosec // no secret, see above
)

// SandboxReady is the line of JSON for scripts.
type SandboxReady struct {
	SandboxURL   string            `json:"sandboxUrl"`
	ClientID     string            `json:"clientId"`
	ClientSecret string            `json:"clientSecret"`
	RedirectURIs []string          `json:"redirectUris"`
	Google       map[string]string `json:"google"` // endpoints for a registration
	Office365    map[string]string `json:"office365"`
	Hubspot      map[string]string `json:"hubspot"`
	Zoho         map[string]string `json:"zoho"`
	Salesforce   map[string]string `json:"salesforce"`
	// SugarCRM has the endpoints of its cloud, a login at its own instance as the sign-in
	// form's fields take it, and under "cloud" the instance that leads to the cloud's sign-in.
	SugarCRM map[string]string `json:"sugarcrm"`
	// IMAP is a persona's login, as the sign-in form's fields take it, and under "ca" the
	// PEM of the authority that certifies the mail servers and SugarCRM's instances.
	IMAP map[string]string `json:"imap"`
	EWS  map[string]string `json:"ews"` // likewise, of the Exchange
}

// RunSandbox serves the sandbox vendors until ctx ends.
func RunSandbox(ctx context.Context, cfg SandboxConfig) error {
	if err := checkLoopback(cfg.Listen); err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s (--listen chooses another address): %w", cfg.Listen, err)
	}
	box := sandbox.New(sandbox.Config{Now: cfg.Now})
	for _, vendor := range []string{"Google", "Office365", "Hubspot", "Salesforce", "SugarCRM", "Zoho"} {
		err = box.Register(vendor, sandbox.Client{
			ID: sandboxClientID, Secret: sandboxClientSecret, Name: "An application", RedirectURIs: cfg.RedirectURIs,
		})
		if err != nil {
			return fmt.Errorf("register the client: %w", err)
		}
	}
	ready := SandboxReady{
		SandboxURL: called(listener), ClientID: sandboxClientID, ClientSecret: sandboxClientSecret, RedirectURIs: cfg.RedirectURIs,
	}
	e := box.GoogleEndpoints(ready.SandboxURL)
	ready.Google = map[string]string{
		"authorize": e.Authorize, "token": e.Token, "revoke": e.Revoke, "userinfo": e.Userinfo, "api": e.API,
		"issuer": e.Issuer,
	}
	m := box.Office365Endpoints(ready.SandboxURL)
	ready.Office365 = map[string]string{"authorize": m.Authorize, "token": m.Token, "userinfo": m.Userinfo, "api": m.API}
	h := box.HubspotEndpoints(ready.SandboxURL)
	ready.Hubspot = map[string]string{"authorize": h.Authorize, "token": h.Token, "revoke": h.Revoke, "userinfo": h.Userinfo, "api": h.API}
	z := box.ZohoEndpoints(ready.SandboxURL)
	ready.Zoho = map[string]string{"authorize": z.Authorize, "token": z.Token, "revoke": z.Revoke, "userinfo": z.Userinfo}
	sf := box.SalesforceEndpoints(ready.SandboxURL)
	ready.Salesforce = map[string]string{"authorize": sf.Authorize, "token": sf.Token, "revoke": sf.Revoke}
	mail, err := box.ListenMail(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = mail.Close() }()
	ready.IMAP = (&postOffice{box: box, mail: mail}).sample("ada")
	ready.IMAP["ca"] = string(mail.CA)
	exchange, err := box.ListenExchange(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = exchange.Close() }()
	ready.EWS = company{box, exchange}.sample("ada")
	ready.EWS["ca"] = string(exchange.CA)
	secure, err := box.ListenHTTPS(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = secure.Close() }()
	sugar, su := instances{box, secure}, box.SugarCRMEndpoints(ready.SandboxURL, secure.URL)
	ready.SugarCRM = sugar.sample("ada")
	for name, value := range map[string]string{"authorize": su.Authorize, "token": su.Token, "revoke": su.Revoke, "userinfo": su.Userinfo, "cloud": sugar.cloud()} {
		ready.SugarCRM[name] = value
	}
	if err := cfg.announce(ready); err != nil {
		return err
	}
	return serveUntil(ctx, listener, box, box.Close)
}

func (cfg SandboxConfig) announce(ready SandboxReady) error {
	if cfg.JSON {
		line, err := json.Marshal(ready)
		if err != nil {
			return fmt.Errorf("encode the ready line: %w", err)
		}
		_, err = fmt.Fprintln(cfg.Out, string(line))
		return err
	}
	_, err := fmt.Fprintf(cfg.Out, `
  The sandbox vendors are running at %s (personas and control: see there).
  Register their Google for an application:

      printf %s > sandbox.secret
      avain registration set APPLICATION Google --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint %s --token-endpoint %s \
        --revoke-endpoint %s --userinfo-endpoint %s \
        --api-endpoint %s --issuer %s

  Or their Microsoft:

      avain registration set APPLICATION Office365 --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint '%s' \
        --token-endpoint '%s' \
        --userinfo-endpoint %s --api-endpoint %s

  Or their HubSpot:

      avain registration set APPLICATION Hubspot --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint %s --token-endpoint %s \
        --revoke-endpoint %s --userinfo-endpoint %s \
        --api-endpoint %s

  Or their Zoho:

      avain registration set APPLICATION Zoho --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint %s --token-endpoint %s \
        --revoke-endpoint %s --userinfo-endpoint %s

  Or their Salesforce:

      avain registration set APPLICATION Salesforce --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint %s --token-endpoint %s \
        --revoke-endpoint %s

  Or their SugarCRM, whose instances are %s and, for the sign-in of the cloud, %s (user %s, password %s;
  as for the mailbox below, a server must be allowed to call them):

      avain registration set APPLICATION SugarCRM --client-id %s --client-secret-file sandbox.secret \
        --authorize-endpoint %s --token-endpoint %s \
        --revoke-endpoint %s --userinfo-endpoint %s

  A mailbox for the sign-in form (a server must be started with --typed-networks 127.0.0.0/8 and,
  as --typed-ca, the authority that --json prints): %s

  And one of an Exchange: %s

  Stop with Ctrl-C.

`, ready.SandboxURL, ready.ClientSecret, ready.ClientID,
		ready.Google["authorize"], ready.Google["token"], ready.Google["revoke"], ready.Google["userinfo"], ready.Google["api"], ready.Google["issuer"],
		ready.ClientID, ready.Office365["authorize"], ready.Office365["token"], ready.Office365["userinfo"], ready.Office365["api"],
		ready.ClientID, ready.Hubspot["authorize"], ready.Hubspot["token"], ready.Hubspot["revoke"], ready.Hubspot["userinfo"], ready.Hubspot["api"],
		ready.ClientID, ready.Zoho["authorize"], ready.Zoho["token"], ready.Zoho["revoke"], ready.Zoho["userinfo"],
		ready.ClientID, ready.Salesforce["authorize"], ready.Salesforce["token"], ready.Salesforce["revoke"],
		ready.SugarCRM["serverUrl"], ready.SugarCRM["cloud"], ready.SugarCRM["username"], ready.SugarCRM["password"],
		ready.ClientID, ready.SugarCRM["authorize"], ready.SugarCRM["token"], ready.SugarCRM["revoke"], ready.SugarCRM["userinfo"],
		fmt.Sprintf("%s, password %s, IMAP %s:%s, SMTP %s:%s", ready.IMAP["email"], ready.IMAP["password"], ready.IMAP["imapHost"], ready.IMAP["imapPort"], ready.IMAP["smtpHost"], ready.IMAP["smtpPort"]),
		fmt.Sprintf("%s, password %s, at %s", ready.EWS["email"], ready.EWS["password"], ready.EWS["serverUrl"]))
	return err
}
