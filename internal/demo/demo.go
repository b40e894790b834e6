package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/demo/sample"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

// The addresses the demo likes best; free ports take their place when they are
// taken.
const (
	preferredListen  = "127.0.0.1:8080"
	preferredSample  = "127.0.0.1:8081"
	preferredSandbox = "127.0.0.1:8082"
)

// ApplicationName is what the sample application is called on the pages.
const ApplicationName = "Sample application"

// Config is what can be chosen about a demo.
type Config struct {
	Listen string // of the server; loopback only
	// SampleListen is where the sample application listens, "127.0.0.2:0"; loopback only. Empty: a port of
	// 127.0.0.1, which is called localhost.
	SampleListen string
	DataDir      string // empty: a temporary one, removed at the end
	JSON         bool   // one line of JSON when ready, in place of words for people
	Out          io.Writer
	LogTo        io.Writer // the server's log; nil for none
	Version      string
	Now          func() time.Time
}

// Ready is what a script needs to drive the demo: the line of JSON.
type Ready struct {
	URL            string `json:"url"`
	ClientID       string `json:"clientId"`
	ClientSecret   string `json:"clientSecret"`
	ReturnURL      string `json:"returnUrl"` // registered; nobody needs to listen there
	SandboxURL     string `json:"sandboxUrl"`
	ApplicationURL string `json:"applicationUrl"`
	// Samples are logins that work, one a service that people sign in to on our own page:
	// the values of its form's fields, by their names. Refused are some that do not.
	Samples map[string]map[string]string `json:"samples"`
	Refused map[string]map[string]string `json:"refused"`
}

// Run serves the demo until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	for _, listen := range []string{cfg.Listen, cfg.SampleListen} {
		if err := checkLoopback(listen); err != nil {
			return err
		}
	}
	dir, cleanUp, err := dataDir(cfg.DataDir)
	if err != nil {
		return err
	}
	defer cleanUp()
	key, err := demoKey(dir)
	if err != nil {
		return err
	}
	l, err := listenAll(ctx, cfg.Listen, cfg.SampleListen)
	if err != nil {
		return err
	}
	defer l.close()
	box := sandbox.New(sandbox.Config{Now: cfg.Now})
	office, err := openMail(ctx, box, dir)
	if err != nil {
		return err
	}
	defer office.close()
	exchange, err := box.ListenExchange(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = exchange.Close() }()
	names, err := box.ListenNames(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = names.Close() }()
	secure, err := box.ListenHTTPS(ctx, "127.0.0.1")
	if err != nil {
		return err
	}
	defer func() { _ = secure.Close() }()
	avain, err := app.Open(ctx, app.Config{
		DataDir: dir, Key: key, Serving: true, Listen: l.listen, HomeURL: l.sampleURL, LogTo: cfg.LogTo, LogFormat: "text",
		Version: cfg.Version, Now: cfg.Now, ShutdownTimeout: 3 * time.Second,
		TypedNetworks: office.networks(), TypedCA: office.ca,
		TypedResolver: names.DNS, Connect: internet(names, office.mail, exchange).Dial,
	})
	if err != nil {
		return fmt.Errorf("open the demo's server: %w", err)
	}
	defer func() { _ = avain.Close() }()
	server, err := avain.Listen(ctx)
	if err != nil {
		return err
	}
	d := &demo{
		cfg: cfg, listeners: l, box: box, office: office, company: company{box, exchange}, sugar: instances{box, secure},
		app: avain, server: server, dir: dir,
	}
	return d.serve(ctx)
}

type demo struct {
	cfg       Config
	listeners *listeners
	box       *sandbox.Sandbox
	office    *postOffice
	company   company
	sugar     instances
	app       *app.App
	server    *app.Server
	dir       string
}

func (d *demo) serve(ctx context.Context) error {
	ready, err := d.setUp(ctx, d.box)
	if err != nil {
		return err
	}
	front := sample.New(sample.Config{
		AvainURL: ready.URL, BaseURL: d.listeners.sampleURL, ClientID: ready.ClientID, ClientSecret: ready.ClientSecret,
		SandboxURL: ready.SandboxURL, Logins: logins(ready.Samples), HTTP: &http.Client{Timeout: 30 * time.Second}, Logger: slog.New(slog.DiscardHandler),
	})
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error { return d.server.Serve(running) })
	group.Go(func() error { return serveUntil(running, d.listeners.sample, front, func() {}) })
	group.Go(func() error { return serveUntil(running, d.listeners.sandbox, d.box, d.box.Close) })
	if err := d.announce(ready); err != nil {
		return err
	}
	return group.Wait()
}

// setUp registers the sample application and its client at the sandbox, anew or
// over what an earlier demo left in the same data directory.
func (d *demo) setUp(ctx context.Context, box *sandbox.Sandbox) (Ready, error) {
	ready := Ready{
		URL: d.server.URL, SandboxURL: d.listeners.sandboxURL, ApplicationURL: d.listeners.sampleURL,
		ReturnURL: d.listeners.sampleURL + "/landing",
		Samples: map[string]map[string]string{
			string(account.IMAP): d.office.sample("ada"), string(account.EWS): d.company.sample("ada"), string(account.SugarCRM): d.sugar.sample("ada"),
		},
		Refused: map[string]map[string]string{
			string(account.IMAP): d.office.refused("ada"), string(account.EWS): d.company.refused("ada"), string(account.SugarCRM): d.sugar.refused("ada"),
		},
	}
	ops := d.app.Operator()
	// The https one is for scripts that try what must be refused: loopback return
	// URLs take any port. Nobody serves it.
	returns := []string{ready.ReturnURL, "https://app.example/connected", d.listeners.sampleURL + "/connected", d.listeners.sampleURL + "/connected-token"}
	settings := account.Settings{TokenMode: true, ProviderAuth: true}
	sampleApp, clientSecret, err := application(ctx, ops, returns, settings)
	if err != nil {
		return Ready{}, err
	}
	ready.ClientID, ready.ClientSecret = sampleApp.ClientID, clientSecret.Reveal()

	client := sandbox.Client{
		ID: "sample.apps.sandbox.test", Secret: "sandbox-secret", Name: ApplicationName,
		RedirectURIs: []string{d.server.URL + "/v1/auth/callback"},
	}
	for service, e := range vendors(box, ready.SandboxURL, d.sugar.secure.URL) {
		if err := box.Register(string(service), client); err != nil {
			return Ready{}, fmt.Errorf("register at the sandbox: %w", err)
		}
		_, _, err = ops.SetRegistration(ctx, sampleApp.ClientID, operator.SetRegistration{
			ServiceType: string(service), ClientID: client.ID, Secrets: []secret.Text{secret.New(client.Secret)},
			Scopes:    first(service),
			Endpoints: &account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API, Issuer: e.Issuer},
		})
		if err != nil {
			return Ready{}, fmt.Errorf("register the sandbox's client at %s: %w", service, err)
		}
	}
	for _, service := range []account.ServiceType{account.IMAP, account.EWS} {
		_, _, err = ops.SetRegistration(ctx, sampleApp.ClientID, operator.SetRegistration{
			ServiceType: string(service), Scopes: []string{string(scope.MailRead)},
		})
		if err != nil {
			return Ready{}, fmt.Errorf("switch %s on for the sample application: %w", service, err)
		}
	}
	return ready, nil
}

// logins are the samples for people: by service, and field by field as its form has them.
func logins(samples map[string]map[string]string) []sample.Login {
	var list []sample.Login
	registry := all.Registry(outbound.New(outbound.Config{}))
	for _, service := range slices.Sorted(maps.Keys(samples)) {
		driver, _ := registry.Of(account.ServiceType(service))
		form, ok := driver.(provider.Former)
		if !ok {
			continue
		}
		l := sample.Login{Service: service}
		for _, f := range form.Fields(provider.Hint{}) {
			if value := samples[service][f.Name]; value != "" {
				l.Fields = append(l.Fields, sample.LoginField{Label: f.Label, Value: value})
			}
		}
		list = append(list, l)
	}
	return list
}

// vendors are those of the sandbox, with their endpoints.
func vendors(box *sandbox.Sandbox, base, secure string) map[account.ServiceType]sandbox.Endpoints {
	return map[account.ServiceType]sandbox.Endpoints{
		account.Google:     box.GoogleEndpoints(base),
		account.Office365:  box.Office365Endpoints(base),
		account.Hubspot:    box.HubspotEndpoints(base),
		account.Salesforce: box.SalesforceEndpoints(base),
		account.SugarCRM:   box.SugarCRMEndpoints(base, secure),
		account.Zoho:       box.ZohoEndpoints(base),
	}
}

// first is what the sample reads at a service.
func first(service account.ServiceType) []string {
	switch service {
	case account.Hubspot: // a CRM has no mail
		return []string{string(scope.ContactsRead)}
	case account.Salesforce, account.SugarCRM: // what signing in opens
		return nil
	}
	return []string{string(scope.MailRead)}
}

func application(ctx context.Context, ops *operator.Service, returns []string, settings account.Settings) (account.Application, secret.Text, error) {
	apps, err := ops.Applications(ctx)
	if err != nil {
		return account.Application{}, secret.Text{}, fmt.Errorf("look for the sample application: %w", err)
	}
	for _, a := range apps {
		if a.Name != ApplicationName {
			continue
		}
		if err := dress(ctx, ops, a.ClientID); err != nil {
			return account.Application{}, secret.Text{}, err
		}
		// The ports may have moved, and a stored secret cannot be shown again.
		for _, u := range returns {
			if _, err := ops.AddReturnURL(ctx, a.ClientID, u); err != nil {
				return account.Application{}, secret.Text{}, err
			}
		}
		return ops.RotateSecret(ctx, a.ClientID, true)
	}
	made, clientSecret, err := ops.CreateApplication(ctx, operator.CreateApplication{Name: ApplicationName, ReturnURLs: returns, Settings: settings})
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	return made, clientSecret, dress(ctx, ops, made.ClientID)
}

func (d *demo) announce(ready Ready) error {
	if d.cfg.JSON {
		line, err := json.Marshal(ready)
		if err != nil {
			return fmt.Errorf("encode the ready line: %w", err)
		}
		_, err = fmt.Fprintln(d.cfg.Out, string(line))
		return err
	}
	ports := make([]string, 0, 3)
	for _, u := range []string{ready.URL, ready.ApplicationURL, ready.SandboxURL} {
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(u, "http://"))
		ports = append(ports, fmt.Sprintf("-L %[1]s:127.0.0.1:%[1]s", port))
	}
	_, err := fmt.Fprintf(d.cfg.Out, `
  Avain demo is running. Open this address and connect an account:

      %s

  Avain itself      %s
  sandbox vendors   %s   (Google, Microsoft, HubSpot, Salesforce, SugarCRM and Zoho; personas ada and bob; no network is needed)
  sandbox mailbox   %s
  sandbox Exchange  %s
  sandbox SugarCRM  %s

  For the curl lines of the README, paste into another terminal:

      AVAIN=%s ID=%s SECRET=%s RETURN=%s

  From another machine, first: ssh %s YOUR-HOST
  Stop with Ctrl-C.

`, ready.ApplicationURL, ready.URL, ready.SandboxURL, d.office.words("ada"), d.company.words("ada"), d.sugar.words("ada"),
		ready.URL, ready.ClientID, ready.ClientSecret, ready.ReturnURL, strings.Join(ports, " "))
	return err
}
