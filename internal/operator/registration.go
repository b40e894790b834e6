package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// maxRegistrationSecrets is how many secrets of one client may be tried.
const maxRegistrationSecrets = 3

// SetRegistration describes an OAuth client at a provider, or switches a service on whose
// people sign in on our own page: that one has scopes alone. Nil fields keep what is
// stored, and are empty in a new registration.
type SetRegistration struct {
	ServiceType string // any spelling of it
	ClientID    string
	// Secrets replace the stored ones; with AddSecret they are put before them.
	Secrets   []secret.Text
	AddSecret bool
	// CentreSecrets do the same for the data centres they name, where the provider has
	// them; one without a secret takes away what is stored for it. Others keep theirs.
	CentreSecrets map[string][]secret.Text
	// SecretExpires is when the newest of Secrets ends; the zero time forgets it, and so
	// does another secret that comes without one.
	SecretExpires *time.Time

	Scopes         []string // unified; empty, not nil, asks for none
	NativeScopes   []string
	Tenant         *string // where the provider has them; empty is its default
	Cloud          *string
	Endpoints      *account.Endpoints
	CallbackURL    *string // the application's relay page, where the provider sends the browser to
	UnboundBrowser *bool
}

// Registration is a registration as operators see it. Its Secrets are opened, to be
// counted: they print as redacted.
type Registration struct {
	account.Registration
	Application account.Application
	// RedirectURI is what must be registered at the provider, character by
	// character; empty where the public URL is not known.
	RedirectURI string
	// RelayTarget is where the relay at RedirectURI must send the browser on to; empty
	// without a relay, or where it is not known.
	RelayTarget string
	// Failing is where the provider refuses it; empty where it does not.
	Failing []Health
}

// SetRegistration updates the registration with that client id, or makes one; it
// becomes the one that new sign-ins use. Accounts stay with the registration that
// issued their grant.
func (s *Service) SetRegistration(ctx context.Context, ref string, in SetRegistration) (Registration, Action, error) {
	app, err := s.Application(ctx, ref)
	if err != nil {
		return Registration{}, "", err
	}
	return s.setRegistration(ctx, app, in)
}

func (s *Service) setRegistration(ctx context.Context, app account.Application, in SetRegistration) (Registration, Action, error) {
	serviceType, err := s.checkRegistration(in)
	if err != nil {
		return Registration{}, "", err
	}
	record, err := s.Store.RegistrationByClientID(ctx, app.ID, serviceType, in.ClientID)
	var have account.Registration
	action := Updated
	switch {
	case absent(err):
		action = Created
		have = account.Registration{
			ID: account.NewRecordID(), ApplicationID: app.ID, ServiceType: serviceType, ClientID: in.ClientID, CreatedAt: s.Now(),
		}
	case err != nil:
		return Registration{}, "", err
	default:
		opened, err := credential.OpenRegistration(s.Ring, record)
		if err != nil {
			return Registration{}, "", err
		}
		have = opened.Registration
	}
	want, err := in.onto(have)
	if err != nil {
		return Registration{}, "", err
	}
	if action == Updated && have.Current && sameRegistration(have, want) {
		return s.view(have, app), Unchanged, nil
	}
	want.Current, want.UpdatedAt = true, s.Now()
	return s.view(want, app), action, s.saveRegistration(ctx, want, record.DataKey)
}

func (s *Service) saveRegistration(ctx context.Context, reg account.Registration, dataKey []byte) error {
	sealed, err := credential.SealRegistration(s.Ring, reg, dataKey)
	if err != nil {
		return err
	}
	err = s.Store.SaveRegistration(ctx, sealed)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("the registration was changed by somebody else at the same moment: run the command again: %w", err)
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, auditRegistrationSaved, reg.ApplicationID, 0, strings.TrimSpace(string(reg.ServiceType)+" "+reg.ClientID))
}

// checkRegistration checks all that can be checked without the stored one.
func (s *Service) checkRegistration(in SetRegistration) (account.ServiceType, error) {
	serviceType, ok := s.Providers.Parse(in.ServiceType)
	if !ok {
		return "", usagef("there is no service type %q; known are %s", in.ServiceType, joined(s.Providers.ServiceTypes()))
	}
	p, ok := s.Providers.Of(serviceType)
	if !ok {
		return "", usagef("this version of Avain does not serve %s yet", serviceType)
	}
	_, byForm := p.(provider.Former)
	_, byRedirect := p.(provider.Redirector)
	if byForm && !byRedirect {
		if err := in.checkForm(serviceType); err != nil {
			return "", err
		}
	} else if in.ClientID == "" && !byForm || len(in.ClientID) > 512 || in.ClientID != "" && checkSecretText("client id", in.ClientID) != nil {
		return "", usagef("the client id at %s is missing or malformed: copy it from the provider's console", serviceType)
	}
	if err := in.checkSecrets(serviceType, p.Info()); err != nil {
		return "", err
	}
	unified, err := scope.ParseAll(scope.Split(in.Scopes))
	if err != nil {
		return "", &UsageError{Err: err}
	}
	for _, sc := range unified {
		if !p.Info().Scopes.Supports(sc) {
			return "", usagef("%s has nothing that corresponds to the scope %s", serviceType, sc)
		}
	}
	if err := checkNativeScopes(in.NativeScopes); err != nil {
		return "", err
	}
	if err := in.checkPlace(p); err != nil {
		return "", err
	}
	if in.Endpoints != nil {
		if err := checkEndpoints(*in.Endpoints); err != nil {
			return "", err
		}
	}
	if in.CallbackURL != nil {
		return serviceType, checkCallback(*in.CallbackURL)
	}
	return serviceType, nil
}

// checkForm refuses what a service has not that is signed in to on our own page.
func (in SetRegistration) checkForm(t account.ServiceType) error {
	for name, given := range map[string]bool{
		"client id": in.ClientID != "", "client secret": len(in.Secrets) > 0 || in.SecretExpires != nil && !in.SecretExpires.IsZero(), "native scopes": len(in.NativeScopes) > 0,
		"endpoints":    in.Endpoints != nil && *in.Endpoints != account.Endpoints{},
		"callback URL": in.CallbackURL != nil && *in.CallbackURL != "", "unbound browser": in.UnboundBrowser != nil && *in.UnboundBrowser,
	} {
		if given {
			return usagef("%s has no %s: people sign in with their login name and password, on a page of Avain's", t, name)
		}
	}
	return nil
}

func (in SetRegistration) checkSecrets(t account.ServiceType, info provider.Info) error {
	all := slices.Clone(in.Secrets)
	for centre, secrets := range in.CentreSecrets {
		switch {
		case len(info.Centres) == 0:
			return usagef("%s has no data centres with secrets of their own", t)
		case !slices.Contains(info.Centres, centre):
			return usagef("%s has no data centre %q; known are %s", t, centre, strings.Join(info.Centres, ", "))
		}
		all = append(all, secrets...)
	}
	for _, one := range all {
		if one.IsZero() {
			return usagef("the client secret is empty")
		}
		if err := checkSecretText("client secret", one.Reveal()); err != nil {
			return err
		}
	}
	return nil
}

// tenant is an id, a domain name, or one of the provider's names for several.
var tenant = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// checkPlace checks the tenant, which becomes part of an address, and the cloud.
func (in SetRegistration) checkPlace(p provider.Provider) error {
	info := p.Info()
	tenants, checks := p.(provider.TenantChecker)
	cloud := in.Cloud != nil && *in.Cloud != ""
	switch {
	case (cloud || in.Tenant != nil && *in.Tenant != "") && !info.Tenants:
		return usagef("%s has no tenants and no clouds to choose from", info.ServiceType)
	case checks && cloud:
		return usagef("%s has no clouds to choose from", info.ServiceType)
	case checks && in.Tenant != nil:
		if err := tenants.CheckTenant(strings.ToLower(*in.Tenant)); err != nil {
			return &UsageError{Err: err}
		}
	case in.Tenant != nil && *in.Tenant != "" && !tenant.MatchString(*in.Tenant):
		return usagef("the tenant %q is none: common, organizations, consumers, a tenant id or a domain", *in.Tenant)
	}
	if in.Cloud != nil {
		if _, ok := account.ParseCloud(*in.Cloud); !ok {
			return usagef("there is no cloud %q; known are global, usgov, dod, china", *in.Cloud)
		}
	}
	return nil
}

// onto lays the checked fields over a registration.
func (in SetRegistration) onto(reg account.Registration) (account.Registration, error) {
	var err error
	before := reg
	if len(in.Secrets) > 0 {
		if reg.Secrets, err = in.secretsOver(in.Secrets, reg.Secrets); err != nil {
			return account.Registration{}, err
		}
	}
	if reg.CentreSecrets, err = in.centreSecretsOver(reg.CentreSecrets); err != nil {
		return account.Registration{}, err
	}
	reg.SecretExpires = in.expiryOver(before, reg)
	if in.Scopes != nil {
		if reg.Scopes, err = scope.ParseAll(scope.Split(in.Scopes)); err != nil {
			return account.Registration{}, err
		}
	}
	if in.NativeScopes != nil {
		reg.NativeScopes = unique(in.NativeScopes)
	}
	if in.Tenant != nil {
		reg.Tenant = strings.ToLower(*in.Tenant)
	}
	if in.Cloud != nil {
		reg.Cloud, _ = account.ParseCloud(*in.Cloud) // checked before
	}
	set(&reg.Endpoints, in.Endpoints)
	set(&reg.CallbackURL, in.CallbackURL)
	set(&reg.UnboundBrowser, in.UnboundBrowser)
	return reg, nil
}

// secretsOver puts added secrets first: they are tried in order, and the stored
// ones are about to end.
func (in SetRegistration) secretsOver(given, stored []secret.Text) ([]secret.Text, error) {
	secrets := slices.Clone(given)
	if in.AddSecret {
		for _, old := range stored {
			if !slices.ContainsFunc(secrets, old.Equal) {
				secrets = append(secrets, old)
			}
		}
	}
	if len(secrets) > maxRegistrationSecrets {
		return nil, usagef("a registration holds at most %d secrets: set it without --add-secret to end the old ones", maxRegistrationSecrets)
	}
	return secrets, nil
}

// centreSecretsOver is the same for each centre that is named.
func (in SetRegistration) centreSecretsOver(stored map[string][]secret.Text) (map[string][]secret.Text, error) {
	all := maps.Clone(stored)
	for centre, given := range in.CentreSecrets {
		secrets, err := in.secretsOver(given, stored[centre])
		switch {
		case err != nil:
			return nil, err
		case len(given) == 0:
			delete(all, centre)
		case all == nil:
			all = map[string][]secret.Text{centre: secrets}
		default:
			all[centre] = secrets
		}
	}
	return all, nil
}

func sameSecrets(a, b []secret.Text) bool { return slices.EqualFunc(a, b, secret.Text.Equal) }

func sameRegistration(a, b account.Registration) bool {
	return sameSecrets(a.Secrets, b.Secrets) && maps.EqualFunc(a.CentreSecrets, b.CentreSecrets, sameSecrets) && a.SecretExpires.Equal(b.SecretExpires) && slices.Equal(a.Scopes, b.Scopes) &&
		slices.Equal(a.NativeScopes, b.NativeScopes) && a.Endpoints == b.Endpoints &&
		a.Tenant == b.Tenant && a.Cloud == b.Cloud && a.CallbackURL == b.CallbackURL && a.UnboundBrowser == b.UnboundBrowser
}

// Registrations lists those of one application, or all where ref is empty.
func (s *Service) Registrations(ctx context.Context, ref string) ([]Registration, error) {
	apps, err := s.applicationsByID(ctx, ref)
	if err != nil {
		return nil, err
	}
	only := ""
	if ref != "" {
		for id := range apps {
			only = id
		}
	}
	records, err := s.Store.Registrations(ctx, only)
	if err != nil {
		return nil, err
	}
	failing, err := s.failing(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Registration, 0, len(records))
	for _, r := range records {
		opened, err := credential.OpenRegistration(s.Ring, r)
		if err != nil {
			return nil, err
		}
		view := s.view(opened.Registration, apps[r.ApplicationID])
		view.Failing = failing[r.ID]
		list = append(list, view)
	}
	return list, nil
}

func (s *Service) applicationsByID(ctx context.Context, ref string) (map[string]account.Application, error) {
	if ref != "" {
		app, err := s.Application(ctx, ref)
		return map[string]account.Application{app.ID: app}, err
	}
	all, err := s.Applications(ctx)
	byID := make(map[string]account.Application, len(all))
	for _, app := range all {
		byID[app.ID] = app
	}
	return byID, err
}

// RemoveRegistration removes a registration that no account rests on. clientID may
// be empty where the application has one registration of that service type.
func (s *Service) RemoveRegistration(ctx context.Context, ref, serviceType, clientID string) error {
	t, ok := s.Providers.Parse(serviceType)
	if !ok {
		return usagef("there is no service type %q; known are %s", serviceType, joined(s.Providers.ServiceTypes()))
	}
	app, err := s.Application(ctx, ref)
	if err != nil {
		return err
	}
	records, err := s.Store.Registrations(ctx, app.ID)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r store.Registration) bool {
		return r.ServiceType != t || (clientID != "" && r.ClientID != clientID)
	})
	switch len(records) {
	case 0:
		return fmt.Errorf("application %q has no such registration for %s: see avain registration list", app.Name, t)
	case 1:
	default:
		return usagef("application %q has %d registrations for %s: name one by --client-id", app.Name, len(records), t)
	}
	err = s.Store.DeleteRegistration(ctx, records[0].ID)
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("accounts rest on this registration, since it issued their grants: delete them first (avain account list --app %s --service %s): %w", app.ClientID, t, err)
	}
	if err != nil {
		return err
	}
	return s.audit(ctx, auditRegistrationRemoved, app.ID, 0, strings.TrimSpace(string(t)+" "+records[0].ClientID))
}

func (s *Service) view(reg account.Registration, app account.Application) Registration {
	view := Registration{Registration: reg, Application: app}
	if !s.byForm(reg) {
		view.RedirectURI = connect.CallbackURL(s.PublicURL, app, reg)
	}
	if reg.CallbackURL != "" {
		view.RelayTarget = connect.OwnCallback(s.PublicURL, app)
	}
	return view
}

// byForm tells whether people sign in on a page of ours alone. Where some go on at the
// provider's, it takes a client there.
func (s *Service) byForm(reg account.Registration) bool {
	p, _ := s.Providers.Of(reg.ServiceType)
	_, byForm := p.(provider.Former)
	_, byRedirect := p.(provider.Redirector)
	return byForm && (!byRedirect || reg.ClientID == "")
}

func joined(types []account.ServiceType) string { return strings.Join(texts(types), ", ") }

func texts[T ~string](list []T) []string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return words
}
