package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

type registrationCommands struct {
	Set    registrationSetCommand    `cmd:"" help:"Make or change a registration; it is the one that new sign-ins use. What is not named stays."`
	List   registrationListCommand   `cmd:"" help:"List the registrations with their redirect URIs."`
	Remove registrationRemoveCommand `cmd:"" help:"Remove a registration that no account rests on."`
}

// providerRef is the arguments that name an application and a provider.
type providerRef struct {
	appRef
	ServiceType string `arg:"" help:"Provider, such as Google."`
}

type registrationSetCommand struct {
	providerRef
	address
	ClientID         string                 `name:"client-id" placeholder:"ID" help:"Client id at the provider. Another client id is another registration. None for a service that is signed in to on our own page, such as IMAP."`
	ClientSecret     secret.Text            `name:"client-secret-file" secret:"AVAIN_REGISTRATION_CLIENT_SECRET" placeholder:"PATH" help:"File with the client secret at the provider (- is standard input)."`
	CentreSecret     map[string]secret.Text `name:"centre-secret" placeholder:"CENTRE=PATH" help:"File with the client secret of one data centre, where the provider has several with secrets of their own, as in eu=PATH (Zoho). May be repeated."`
	DropCentreSecret []string               `name:"drop-centre-secret" placeholder:"CENTRE" help:"Take the secret of that data centre away, so that the common one is used there."`
	SecretExpires    *string                `name:"client-secret-expires" placeholder:"DAY" help:"When the client secret ends, as in 2027-01-31, so that doctor and the log warn of it; empty forgets it."`
	AddSecret        bool                   `help:"Keep the stored secrets beside the new one, while the provider changes over."`

	Scopes         []string `placeholder:"SCOPE" help:"Scopes to ask for where the application names none, as in Mail.Read,Calendar.Read."`
	NativeScopes   []string `placeholder:"SCOPE" help:"The provider's own scopes to ask for besides."`
	Tenant         *string  `placeholder:"TENANT" help:"Whom to let sign in, where the provider has tenants: common, organizations, consumers, a tenant id or a domain; at Salesforce production, sandbox or the host of My Domain; at SugarCRM the API platform. Empty for the default."`
	Cloud          *string  `placeholder:"CLOUD" help:"The provider's cloud: global, usgov, dod or china."`
	CallbackURL    *string  `name:"callback-url" placeholder:"URL" help:"The application's relay page, where the provider sends the browser to; empty for our own."`
	UnboundBrowser *bool    `negatable:"" help:"Let a sign-in be finished in another browser than the one that started it: only for relays that fetch or post on their own."`

	endpointFlags
}

// endpointFlags replace the provider's endpoints all together: one that is not
// named is the provider's own.
type endpointFlags struct {
	Authorize    string `name:"authorize-endpoint" placeholder:"URL" group:"Endpoints" help:"Replaces the provider's authorization page. Naming any endpoint sets all of them; {tenant} in this one and the next stands for the tenant."`
	Token        string `name:"token-endpoint" placeholder:"URL" group:"Endpoints" help:"Replaces the token endpoint."`
	Revoke       string `name:"revoke-endpoint" placeholder:"URL" group:"Endpoints" help:"Replaces the revocation endpoint."`
	Userinfo     string `name:"userinfo-endpoint" placeholder:"URL" group:"Endpoints" help:"Replaces the identity endpoint."`
	API          string `name:"api-endpoint" placeholder:"URL" group:"Endpoints" help:"Replaces the base of all data calls."`
	Issuer       string `name:"issuer" placeholder:"URL" group:"Endpoints" help:"Replaces the issuer that callbacks are compared with."`
	OwnEndpoints bool   `name:"provider-endpoints" group:"Endpoints" help:"Go back to the provider's own endpoints."`
}

// chosen is nil where the endpoints stay as they are.
func (f endpointFlags) chosen() (*account.Endpoints, error) {
	e := account.Endpoints{Authorize: f.Authorize, Token: f.Token, Revoke: f.Revoke, Userinfo: f.Userinfo, API: f.API, Issuer: f.Issuer}
	named := e != account.Endpoints{}
	switch {
	case named && f.OwnEndpoints:
		return nil, usagef("--provider-endpoints leaves no endpoint to name")
	case named || f.OwnEndpoints:
		return &e, nil
	}
	return nil, nil
}

// centreSecrets are those that are given or taken away.
func (c *registrationSetCommand) centreSecrets() map[string][]secret.Text {
	changes := map[string][]secret.Text{}
	for _, centre := range c.DropCentreSecret {
		changes[strings.ToLower(centre)] = nil
	}
	for centre, t := range c.CentreSecret {
		changes[strings.ToLower(centre)] = []secret.Text{t}
	}
	return changes
}

type setRegistrationView struct {
	Action string `json:"action"`
	registrationView
}

// Run makes or changes the registration.
func (c *registrationSetCommand) Run(ctx context.Context, s *settings, out output) error {
	endpoints, err := c.chosen()
	if err != nil {
		return err
	}
	in := operator.SetRegistration{
		ServiceType: c.ServiceType, ClientID: c.ClientID, AddSecret: c.AddSecret, Scopes: c.Scopes, NativeScopes: c.NativeScopes,
		Tenant: c.Tenant, Cloud: c.Cloud, Endpoints: endpoints, CallbackURL: c.CallbackURL, UnboundBrowser: c.UnboundBrowser,
	}
	if c.SecretExpires != nil {
		expires, err := operator.ParseExpiry(*c.SecretExpires)
		if err != nil {
			return err
		}
		in.SecretExpires = &expires
	}
	if !c.ClientSecret.IsZero() {
		in.Secrets = []secret.Text{c.ClientSecret}
	}
	in.CentreSecrets = c.centreSecrets()
	a, err := s.open(ctx, c.onto(s.config()))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	reg, action, err := a.Operator().SetRegistration(ctx, c.App, in)
	if err != nil {
		return err
	}
	return out.show(setRegistrationView{string(action), viewRegistration(reg)}, func(w io.Writer) {
		printf(w, "registration %s/%s %s\n", reg.Application.Name, reg.ServiceType, action)
		if reg.RedirectURI != "" {
			printf(w, "\nRegister this redirect URI at the provider, exactly as it is:\n\n    %s\n", reg.RedirectURI)
		}
		if reg.RelayTarget != "" {
			printf(w, "\nThe relay there must send the browser on to:\n\n    %s\n", reg.RelayTarget)
		}
		if reg.RedirectURI == "" {
			printf(w, "\nPeople sign in to it with their login name and password, on a page of this server.\n")
		}
		if c.PublicURL == "" && reg.RedirectURI != "" && reg.Application.Settings.Alias == "" {
			printf(w, "\nNo public URL was given, so this address is for this machine only. A server that others reach has its own: name it\nby --public-url URL or AVAIN_PUBLIC_URL, here and for serve, and register the address that is printed then.\n")
		}
		printf(w, "\nThen start the server, or check the settings first:\n\n    %s\n    %s\n", s.line("serve"), s.line("doctor"))
	})
}

type registrationListCommand struct {
	address
	App string `arg:"" optional:"" help:"Client id of the application, or its name; all if not given."`
}

// Run lists the registrations.
func (c *registrationListCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, c.onto(s.config()))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	list, err := a.Operator().Registrations(ctx, c.App)
	if err != nil {
		return err
	}
	views, rows := make([]registrationView, len(list)), make([][]string, len(list))
	for i, r := range list {
		views[i] = viewRegistration(r)
		rows[i] = []string{
			r.Application.Name, string(r.ServiceType), dash(r.ClientID), fmt.Sprint(len(r.Secrets)), yes(r.Current), health(r),
			dash(strings.Join(texts(r.Scopes), " ")), dash(r.RedirectURI),
		}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"APPLICATION", "SERVICE", "CLIENT ID", "SECRETS", "CURRENT", "HEALTH", "SCOPES", "REDIRECT URI"}, rows)
	})
}

// health is one word for a registration that the provider takes, as far as is known.
func health(r operator.Registration) string {
	if len(r.Failing) == 0 {
		return "ok"
	}
	return "failing: " + r.Failing[0].Refusal.Code
}

type registrationRemoveCommand struct {
	providerRef
	ClientID string `name:"client-id" placeholder:"ID" help:"Client id at the provider, where the application has more than one registration there."`
}

// Run removes the registration.
func (c *registrationRemoveCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	if err := a.Operator().RemoveRegistration(ctx, c.App, c.ServiceType, c.ClientID); err != nil {
		return err
	}
	return out.show(struct{}{}, func(w io.Writer) { printf(w, "registration removed\n") })
}
