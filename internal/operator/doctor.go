package operator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
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
	// RedirectURI is what must stand at the provider, character by character, in the
	// one finding of a registration that tells it.
	RedirectURI string
}

func finding(level Level, subject, text, cure string) Finding {
	return Finding{Level: level, Subject: subject, Text: text, Cure: cure}
}

// Doctor looks for what will not work: settings, database, key, applications and
// registrations. It makes no network calls; [Service.DoctorOnline] does. For each
// registration it tells the redirect URI that must stand at the provider.
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
		findings = append(findings, finding(
			Warn, "applications", "there are none",
			"make one: avain app create NAME --return-url URL",
		))
	}
	failing, err := s.failing(ctx)
	if err != nil {
		return nil, err
	}
	var byForm []account.ServiceType
	for _, app := range apps {
		records, err := s.Store.Registrations(ctx, app.ID)
		if err != nil {
			return nil, err
		}
		findings = append(findings, examineApplication(app, len(records))...)
		findings = append(findings, s.examineAlias(app)...)
		for _, r := range records {
			findings = append(findings, s.examineRegistration(app, r, failing[r.ID])...)
			if s.byForm(r.Registration) && !slices.Contains(byForm, r.ServiceType) {
				byForm = append(byForm, r.ServiceType)
			}
		}
	}
	return append(findings, s.examineTyped(byForm)...), nil
}

func (s *Service) examinePublicURL() Finding {
	const subject = "public URL"
	u := s.PublicURL
	switch {
	case u == nil:
		return finding(Warn, subject, "not given, so redirect URIs cannot be told", "give the server's own: --public-url https://… or AVAIN_PUBLIC_URL")
	case u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return finding(Error, subject, u.Redacted()+" is not a base address", "write scheme, host and, if need be, port and path: https://avain.example.com")
	case u.Scheme == "https":
		return Finding{Level: OK, Subject: subject, Text: u.String()}
	case u.Scheme == "http" && weburl.Loopback(u.Hostname()):
		return Finding{Level: OK, Subject: subject, Text: u.String() + ", for this machine only"}
	default:
		return finding(Warn, subject, u.String()+" is not https: codes and tokens travel in the open, and most providers refuse it", "serve https, or put a TLS proxy in front")
	}
}

func (s *Service) examineDatabase(ctx context.Context) (Finding, error) {
	const subject = "database"
	status, err := s.Store.MigrationStatus(ctx)
	switch {
	case err != nil:
		return Finding{}, err
	case len(status.Pending) > 0:
		return finding(
			Error, subject, fmt.Sprintf("at version %d of %d; pending: %s", status.Current, status.Latest, strings.Join(status.Pending, ", ")),
			"avain migrate up",
		), nil
	case !status.Serves():
		return finding(
			Error, subject, fmt.Sprintf("at version %d, but this program knows only %d", status.Current, status.Latest),
			"use the newer program that migrated it",
		), nil
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
		return finding(Error, subject, err.Error(), "give the key that the data was sealed with"), nil
	}
	return Finding{Level: OK, Subject: subject, Text: s.Ring.ID() + " opens this database"}, nil
}

func examineApplication(app account.Application, registrations int) []Finding {
	subject := "application " + app.Name
	var findings []Finding
	if len(app.ReturnURLs) == 0 {
		findings = append(findings, finding(
			Error, subject, "has no return URL, so no sign-in can come back to it",
			fmt.Sprintf("avain app return-url add %s URL", app.ClientID),
		))
	}
	if registrations == 0 {
		findings = append(findings, finding(
			Error, subject, "has no registration at a provider, so no account can be connected",
			fmt.Sprintf("avain registration set %s Google --client-id ID --client-secret-file PATH", app.ClientID),
		))
	}
	if app.Settings.TokenMode {
		findings = append(findings, finding(
			Warn, subject, "has token mode on: access tokens reach the browser in the address (responseType=token)",
			"where the application can redeem codes: avain app set "+app.ClientID+" --no-token-mode",
		))
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{Level: OK, Subject: subject, Text: fmt.Sprintf("%d return URLs, %d registrations", len(app.ReturnURLs), registrations)})
	}
	return findings
}
