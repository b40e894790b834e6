package operator

import (
	"context"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Change tells what Apply did with one thing that the file names.
type Change struct {
	Kind     string // "application" or "registration"
	Name     string // the application's; a registration adds its service type
	Action   Action
	ClientID string
	// Secret is the one made for a new application, shown this once; absent where
	// the file gave one.
	Secret secret.Text
	// RedirectURI is what a registration needs at the provider, where it is known.
	RedirectURI string
}

// Apply brings applications and registrations to what the file says. All of it is
// checked before anything is written; the same file again changes nothing.
func (s *Service) Apply(ctx context.Context, f File, resolve Resolve) ([]Change, error) {
	plans, err := s.plan(ctx, f, resolve)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, p := range plans {
		done, err := s.carryOut(ctx, p)
		changes = append(changes, done...)
		if err != nil {
			return changes, fmt.Errorf("application %q: %w", p.in.Name, err)
		}
	}
	return changes, nil
}

// plan is one application of a file, checked.
type plan struct {
	in            CreateApplication
	have          *store.Application // nil: to be made
	registrations []SetRegistration
}

func (s *Service) plan(ctx context.Context, f File, resolve Resolve) ([]plan, error) {
	all, err := s.Store.Applications(ctx)
	if err != nil {
		return nil, err
	}
	plans := make([]plan, 0, len(f.Applications))
	for i, spec := range f.Applications {
		p, err := s.planApplication(spec, all, resolve)
		if err != nil {
			return nil, fmt.Errorf("application %d (%q): %w", i+1, spec.Name, err)
		}
		for _, other := range plans {
			if p.same(other) {
				return nil, usagef("application %d (%q) stands in the file twice", i+1, spec.Name)
			}
		}
		plans = append(plans, p)
	}
	return plans, nil
}

func (s *Service) planApplication(spec ApplicationSpec, all []store.Application, resolve Resolve) (plan, error) {
	in, err := spec.application(resolve)
	if err != nil {
		return plan{}, err
	}
	p := plan{in: in}
	if err := in.check(); err != nil {
		return plan{}, err
	}
	if _, err := s.alias(in.Settings.Alias); err != nil {
		return plan{}, err
	}
	for i, app := range all {
		if in.ClientID != "" && app.ClientID != in.ClientID || in.ClientID == "" && app.Name != in.Name {
			continue
		}
		if p.have != nil {
			return plan{}, usagef("more than one application has this name: add the clientId of the one that is meant")
		}
		p.have = &all[i]
	}
	if p.have != nil {
		want := p.have.Application
		p.onto(&want)
		if err := checkChanged(p.have.Application, want); err != nil {
			return plan{}, err
		}
	}
	p.registrations, err = s.planRegistrations(spec.Registrations, resolve)
	return p, err
}

func (s *Service) planRegistrations(specs []RegistrationSpec, resolve Resolve) ([]SetRegistration, error) {
	seen := map[account.ServiceType]bool{}
	registrations := make([]SetRegistration, 0, len(specs))
	for _, spec := range specs {
		in, err := spec.registration(resolve)
		if err != nil {
			return nil, fmt.Errorf("registration %s: %w", spec.ServiceType, err)
		}
		serviceType, err := s.checkRegistration(in)
		if err != nil {
			return nil, fmt.Errorf("registration %s: %w", spec.ServiceType, err)
		}
		if seen[serviceType] {
			return nil, usagef("%s is registered twice: new sign-ins can use only one", serviceType)
		}
		seen[serviceType] = true
		registrations = append(registrations, in)
	}
	return registrations, nil
}

// same tells whether both plans are for one application.
func (p plan) same(other plan) bool {
	if p.have != nil || other.have != nil {
		return p.have != nil && other.have != nil && p.have.ID == other.have.ID
	}
	if p.in.ClientID != "" && other.in.ClientID != "" {
		return p.in.ClientID == other.in.ClientID
	}
	return p.in.Name == other.in.Name
}

// onto makes the stored application what the file wants it to be.
func (p plan) onto(app *account.Application) {
	app.Name, app.ReturnURLs, app.Settings, app.Brand = p.in.Name, p.in.ReturnURLs, p.in.Settings, p.in.face()
}

func (s *Service) carryOut(ctx context.Context, p plan) ([]Change, error) {
	app, change, err := s.applyApplication(ctx, p)
	if err != nil && change.ClientID == "" {
		return nil, err
	}
	changes := []Change{change} // told even if something failed behind it: it may hold a new secret
	if err != nil {
		return changes, err
	}
	for _, in := range p.registrations {
		reg, action, err := s.setRegistration(ctx, app, in)
		if err != nil {
			return changes, fmt.Errorf("registration %s: %w", in.ServiceType, err)
		}
		changes = append(changes, Change{
			Kind: "registration", Name: app.Name + "/" + string(reg.ServiceType), Action: action,
			ClientID: reg.ClientID, RedirectURI: reg.RedirectURI,
		})
	}
	return changes, nil
}

func (s *Service) applyApplication(ctx context.Context, p plan) (account.Application, Change, error) {
	if p.have == nil {
		app, minted, err := s.CreateApplication(ctx, p.in)
		change := Change{Kind: "application", Name: app.Name, Action: Created, ClientID: app.ClientID}
		if p.in.Secret.IsZero() {
			change.Secret = minted
		}
		return app, change, err
	}
	app, action, err := s.update(ctx, p.have.ID, func(app *account.Application) error { p.onto(app); return nil }, pictures(&p.in.Logo)...)
	if err != nil {
		return app, Change{}, err
	}
	added, err := s.ensureSecret(ctx, *p.have, p.in.Secret)
	if err == nil {
		var given bool
		given, err = s.giveSigningSecret(ctx, app, p.in.SigningSecret)
		added = added || given
	}
	if added {
		action = Updated
	}
	return app, Change{Kind: "application", Name: app.Name, Action: action, ClientID: app.ClientID}, err
}

// ensureSecret adds a secret that the application does not hold yet.
func (s *Service) ensureSecret(ctx context.Context, app store.Application, t secret.Text) (added bool, err error) {
	if t.IsZero() {
		return false, nil
	}
	held, err := s.holdsSecret(ctx, app.ID, t)
	if err != nil || held {
		return false, err
	}
	return true, s.addSecret(ctx, app, t, keepSecrets)
}
