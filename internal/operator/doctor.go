package operator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/weburl"
)

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK    Level = "ok"
	Warn  Level = "warn"
	Error Level = "error"
)

// Finding is one line of the check-up.
type Finding struct {
	Level   Level
	Subject string // what was looked at
	Text    string // what was found
	Cure    string // what to do about it; empty where nothing is to be done
}

// Doctor looks for what will not work: settings, database, key, applications and
// registrations. It makes no network calls. For each registration it tells the
// redirect URI that must stand at the provider.
func (s *Service) Doctor(ctx context.Context) ([]Finding, error) {
	findings := []Finding{s.examinePublicURL()}
	database, err := s.examineDatabase(ctx)
	if err != nil {
		return nil, err
	}
	findings = append(findings, database)
	if database.Level == Error {
		return findings, nil // tables may be missing: nothing else can be read
	}
	key, err := s.examineKey(ctx)
	if err != nil {
		return nil, err
	}
	findings = append(findings, key)
	apps, err := s.Applications(ctx)
	if err != nil {
		return nil, err
	}
	if len(apps) == 0 {
		findings = append(findings, Finding{
			Warn, "applications", "there are none",
			"make one: avain app create NAME --return-url URL",
		})
	}
	for _, app := range apps {
		records, err := s.Store.Registrations(ctx, app.ID)
		if err != nil {
			return nil, err
		}
		findings = append(findings, examineApplication(app, len(records))...)
		findings = append(findings, s.examineAlias(app)...)
		for _, r := range records {
			findings = append(findings, s.examineRegistration(app, r)...)
		}
	}
	return findings, nil
}

func (s *Service) examinePublicURL() Finding {
	const subject = "public URL"
	u := s.PublicURL
	switch {
	case u == nil:
		return Finding{Warn, subject, "not given, so redirect URIs cannot be told", "give the server's own: --public-url https://… or AVAIN_PUBLIC_URL"}
	case u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Finding{Error, subject, u.Redacted() + " is not a base address", "write scheme, host and, if need be, port and path: https://avain.example.com"}
	case u.Scheme == "https":
		return Finding{Level: OK, Subject: subject, Text: u.String()}
	case u.Scheme == "http" && weburl.Loopback(u.Hostname()):
		return Finding{Level: OK, Subject: subject, Text: u.String() + ", for this machine only"}
	default:
		return Finding{Warn, subject, u.String() + " is not https: codes and tokens travel in the open, and most providers refuse it", "serve https, or put a TLS proxy in front"}
	}
}

func (s *Service) examineDatabase(ctx context.Context) (Finding, error) {
	const subject = "database"
	status, err := s.Store.MigrationStatus(ctx)
	switch {
	case err != nil:
		return Finding{}, err
	case len(status.Pending) > 0:
		return Finding{
			Error, subject, fmt.Sprintf("at version %d of %d; pending: %s", status.Current, status.Latest, strings.Join(status.Pending, ", ")),
			"avain migrate up",
		}, nil
	case status.Current > status.Latest:
		return Finding{
			Error, subject, fmt.Sprintf("at version %d, but this program knows only %d", status.Current, status.Latest),
			"use the newer program that migrated it",
		}, nil
	}
	return Finding{Level: OK, Subject: subject, Text: fmt.Sprintf("at version %d, up to date", status.Current)}, nil
}

func (s *Service) examineKey(ctx context.Context) (Finding, error) {
	const subject = "key"
	raw, err := s.Store.Meta(ctx, canaryKey)
	if absent(err) {
		return Finding{Level: OK, Subject: subject, Text: s.Ring.ID() + ", not in use yet"}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	if err := s.checkCanary(raw); err != nil {
		return Finding{Error, subject, err.Error(), "give the key that the data was sealed with"}, nil
	}
	return Finding{Level: OK, Subject: subject, Text: s.Ring.ID() + " opens this database"}, nil
}

func examineApplication(app account.Application, registrations int) []Finding {
	subject := "application " + app.Name
	var findings []Finding
	if len(app.ReturnURLs) == 0 {
		findings = append(findings, Finding{
			Error, subject, "has no return URL, so no sign-in can come back to it",
			fmt.Sprintf("avain app return-url add %s URL", app.ClientID),
		})
	}
	if registrations == 0 {
		findings = append(findings, Finding{
			Error, subject, "has no registration at a provider, so no account can be connected",
			fmt.Sprintf("avain registration set %s Google --client-id ID --client-secret-file PATH", app.ClientID),
		})
	}
	if app.Settings.TokenMode {
		findings = append(findings, Finding{
			Warn, subject, "has token mode on: access tokens reach the browser in the address (responseType=token)",
			"where the application can redeem codes: avain app set " + app.ClientID + " --no-token-mode",
		})
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{Level: OK, Subject: subject, Text: fmt.Sprintf("%d return URLs, %d registrations", len(app.ReturnURLs), registrations)})
	}
	return findings
}

func (s *Service) examineRegistration(app account.Application, record store.Registration) []Finding {
	subject := fmt.Sprintf("registration %s/%s", app.Name, record.ServiceType)
	again := fmt.Sprintf("avain registration set %s %s --client-id %s", app.ClientID, record.ServiceType, record.ClientID)
	var findings []Finding
	add := func(level Level, text, cure string) {
		findings = append(findings, Finding{level, subject, text, cure})
	}

	if s.byForm(record.ServiceType) {
		add(OK, "people sign in with their login name and password, on a page of this server: nothing is registered at a provider", "")
		return findings
	}
	if uri := connect.CallbackURL(s.PublicURL, app, record.Registration); uri != "" {
		add(OK, "redirect URI to register at the provider, exactly: "+uri, "")
	}
	if target := connect.OwnCallback(s.PublicURL, app); target != "" && record.CallbackURL != "" {
		add(OK, "its relay must send the browser on to "+target, "")
	}
	if !record.Current {
		add(OK, "client "+record.ClientID+" serves the accounts it connected; new sign-ins use another one", "")
	}
	opened, err := credential.OpenRegistration(s.Ring, record)
	switch {
	case err != nil:
		add(Error, "its secrets do not open with this key", "give the right key, or enter the secret again: "+again+" --client-secret-file PATH")
	case len(opened.CentreSecrets) > 0:
		names := strings.Join(slices.Sorted(maps.Keys(opened.CentreSecrets)), ", ")
		if len(opened.Secrets) == 0 {
			add(Warn, "has a client secret for the data centres "+names+" alone: people of others cannot connect", again+" --client-secret-file PATH")
		} else {
			add(OK, "has client secrets of their own for the data centres "+names+"; the others use the common one", "")
		}
	case len(opened.Secrets) == 0:
		add(Warn, "has no client secret; most providers want one", again+" --client-secret-file PATH")
	}
	if err := checkEndpoints(record.Endpoints); err != nil {
		add(Error, err.Error(), again+" with the endpoint corrected")
	}
	if err := checkCallback(record.CallbackURL); err != nil {
		add(Error, err.Error(), again+" --callback-url URL")
	}
	if record.UnboundBrowser {
		add(Warn, "a sign-in may be finished in another browser than the one that started it", "where the relay answers with a redirect: "+again+" --no-unbound-browser")
	}
	if _, ok := s.Providers.Of(record.ServiceType); !ok {
		add(Error, "this version does not serve "+string(record.ServiceType), "")
	}
	return findings
}
