package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// CreateApplication describes an application to be made.
type CreateApplication struct {
	Name       string
	ReturnURLs []string
	Settings   account.Settings
	Brand      brand.Brand // but for the logo
	Logo       brand.Logo  // the zero value is none
	// ClientID and Secret are given where an application moves in from elsewhere;
	// left empty, both are made.
	ClientID string
	Secret   secret.Text
	// SigningSecret signs webhooks; left empty, one is made when the first URL is set.
	SigningSecret secret.Text
}

// CreateApplication makes an application. The secret is returned this once; a
// public application has none.
func (s *Service) CreateApplication(ctx context.Context, in CreateApplication) (account.Application, secret.Text, error) {
	if err := in.check(); err != nil {
		return account.Application{}, secret.Text{}, err
	}
	var err error
	if in.Settings.Alias, err = s.alias(in.Settings.Alias); err != nil {
		return account.Application{}, secret.Text{}, err
	}
	now := s.Now()
	app := account.Application{
		ID: account.NewRecordID(), ClientID: in.ClientID, Name: in.Name, ReturnURLs: unique(in.ReturnURLs),
		Settings: in.Settings, Brand: in.face(), CreatedAt: now, UpdatedAt: now,
	}
	if app.ClientID == "" {
		app.ClientID = account.NewClientID()
	}
	clientSecret, records, record := in.Secret, []store.ApplicationSecret(nil), store.Application{Application: app, Logos: pictures(&in.Logo)}
	key, wrapped, err := s.Ring.NewDataKey(app.ID)
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	record.DataKey = wrapped
	if !in.Settings.Public {
		clientSecret = orNewSecret(clientSecret)
		sealed, err := sealSecret(key, app.ID, clientSecret, now)
		if err != nil {
			return account.Application{}, secret.Text{}, err
		}
		records = append(records, sealed)
	}
	err = s.Store.CreateApplication(ctx, record, records...)
	if errors.Is(err, store.ErrConflict) {
		return account.Application{}, secret.Text{}, usagef("another application has the client id %s already", app.ClientID)
	}
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	if _, err := s.giveSigningSecret(ctx, app, in.SigningSecret); err != nil {
		return app, clientSecret, err
	}
	return app, clientSecret, s.audit(ctx, auditApplicationCreated, app.ID, 0, app.Name)
}

func (in CreateApplication) check() error {
	if err := checkName(in.Name); err != nil {
		return err
	}
	if in.ClientID != "" && !account.ValidClientID(in.ClientID) {
		return usagef("the client id %q must be 32 hexadecimal digits in lower case (openssl rand -hex 16)", in.ClientID)
	}
	if in.Settings.Public && !in.Secret.IsZero() {
		return usagef("a public application has no client secret: leave one of the two out")
	}
	if !in.Secret.IsZero() {
		if err := checkGivenSecret("client secret", in.Secret); err != nil {
			return err
		}
	}
	if !in.SigningSecret.IsZero() {
		if err := checkGivenSecret("signing secret", in.SigningSecret); err != nil {
			return err
		}
	}
	if err := checkReturnURLs(in.ReturnURLs); err != nil {
		return err
	}
	if err := checkBrand(in.face()); err != nil {
		return err
	}
	return checkSettings(in.Settings)
}

// Applications lists all, oldest first.
func (s *Service) Applications(ctx context.Context) ([]account.Application, error) {
	records, err := s.Store.Applications(ctx)
	apps := make([]account.Application, len(records))
	for i, r := range records {
		apps[i] = r.Application
	}
	return apps, err
}

// Application finds one by its client id, or by its name where only one has it.
func (s *Service) Application(ctx context.Context, ref string) (account.Application, error) {
	record, err := s.find(ctx, ref)
	return record.Application, err
}

func (s *Service) find(ctx context.Context, ref string) (store.Application, error) {
	record, err := s.Store.ApplicationByClientID(ctx, ref)
	if !absent(err) {
		return record, err
	}
	all, err := s.Store.Applications(ctx)
	if err != nil {
		return store.Application{}, err
	}
	named := slices.DeleteFunc(all, func(a store.Application) bool { return a.Name != ref })
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return store.Application{}, fmt.Errorf("no application has the client id or the name %q: see avain app list: %w", ref, store.ErrNotFound)
	default:
		return store.Application{}, usagef("%d applications have the name %q: give the client id", len(named), ref)
	}
}

// SetApplication says what is to change; nil fields stay as they are.
type SetApplication struct {
	Name           *string
	TokenMode      *bool
	CodeLifetime   *time.Duration // 0 is the default
	RevokeOnReplay *bool
	ProviderAuth   *bool
	CrossSite      *bool
	Origins        *[]string
	Alias          *string // empty ends it
	ReturnURLs     *[]string
	PartialGrant   *account.PartialGrant
	Webhooks       *[]string // empty ends all

	BrandColor, BrandColorDark *string     // empty ends it
	Logo                       *brand.Logo // the zero value ends it
	PrivacyURL, TermsURL       *string     // empty ends it
}

// SetApplication changes an application. Whether it is public never changes.
func (s *Service) SetApplication(ctx context.Context, ref string, in SetApplication) (account.Application, error) {
	return s.change(ctx, ref, func(app *account.Application) error {
		in.onto(app)
		return nil
	}, pictures(in.Logo)...)
}

func (in SetApplication) onto(app *account.Application) {
	set(&app.Name, in.Name)
	set(&app.Settings.TokenMode, in.TokenMode)
	set(&app.Settings.CodeLifetime, in.CodeLifetime)
	set(&app.Settings.RevokeOnReplay, in.RevokeOnReplay)
	set(&app.Settings.ProviderAuth, in.ProviderAuth)
	set(&app.Settings.CrossSite, in.CrossSite)
	set(&app.Settings.Origins, in.Origins)
	set(&app.Settings.PartialGrant, in.PartialGrant)
	set(&app.Settings.Alias, in.Alias)
	set(&app.Settings.Webhooks, in.Webhooks)
	set(&app.ReturnURLs, in.ReturnURLs)
	set(&app.Brand.Color, in.BrandColor)
	set(&app.Brand.ColorDark, in.BrandColorDark)
	set(&app.Brand.PrivacyURL, in.PrivacyURL)
	set(&app.Brand.TermsURL, in.TermsURL)
	if in.Logo != nil {
		app.Brand.Logo = in.Logo.Hash
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// change edits the application that ref names.
func (s *Service) change(ctx context.Context, ref string, edit func(*account.Application) error, logos ...brand.Logo) (account.Application, error) {
	app, err := s.Application(ctx, ref)
	if err != nil {
		return account.Application{}, err
	}
	app, _, err = s.update(ctx, app.ID, edit, logos...)
	return app, err
}

// update edits an application as it stands in that moment: what another operator
// changes at the same time is neither lost nor brought back.
func (s *Service) update(ctx context.Context, id string, edit func(*account.Application) error, logos ...brand.Logo) (account.Application, Action, error) {
	var after account.Application
	err := s.Store.UpdateApplication(ctx, id, func(app *account.Application) error {
		have := *app
		if err := edit(app); err != nil {
			return err
		}
		if err := checkChanged(have, *app); err != nil {
			return err
		}
		if err := s.changeAlias(have, app); err != nil {
			return err
		}
		app.ReturnURLs, app.Settings.Origins, app.Settings.Webhooks = unique(app.ReturnURLs), unique(app.Settings.Origins), unique(app.Settings.Webhooks)
		if sameApplication(have, *app) {
			after = have
			return errUnchanged
		}
		app.UpdatedAt = s.Now()
		after = *app
		return nil
	}, logos...)
	switch {
	case errors.Is(err, errUnchanged):
		return after, Unchanged, nil
	case err != nil:
		return account.Application{}, "", err
	}
	if len(after.Settings.Webhooks) > 0 {
		if _, err := s.giveSigningSecret(ctx, after, secret.Text{}); err != nil {
			return after, Updated, err
		}
	}
	return after, Updated, s.audit(ctx, auditApplicationUpdated, after.ID, 0, after.Name)
}

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("nothing is to be changed")

func checkChanged(have, want account.Application) error {
	if have.Settings.Public != want.Settings.Public {
		return usagef("whether application %q is public was decided when it was made: make another one", have.Name)
	}
	if err := checkName(want.Name); err != nil {
		return err
	}
	if err := checkReturnURLs(want.ReturnURLs); err != nil {
		return err
	}
	if err := checkBrand(want.Brand); err != nil {
		return err
	}
	return checkSettings(want.Settings)
}

func sameApplication(a, b account.Application) bool {
	x, y := a.Settings, b.Settings
	return a.Name == b.Name && a.Brand == b.Brand && slices.Equal(a.ReturnURLs, b.ReturnURLs) && slices.Equal(x.Origins, y.Origins) && slices.Equal(x.Webhooks, y.Webhooks) &&
		x.Public == y.Public && x.TokenMode == y.TokenMode && x.CodeLifetime == y.CodeLifetime &&
		x.RevokeOnReplay == y.RevokeOnReplay && x.ProviderAuth == y.ProviderAuth && x.CrossSite == y.CrossSite && x.Alias == y.Alias && x.PartialGrant == y.PartialGrant
}

// AddReturnURL registers one more return URL; one that is there already stays.
func (s *Service) AddReturnURL(ctx context.Context, ref, raw string) (account.Application, error) {
	return s.change(ctx, ref, func(app *account.Application) error {
		app.ReturnURLs = append(slices.Clone(app.ReturnURLs), raw)
		return nil
	})
}

// RemoveReturnURL ends the registration of a return URL.
func (s *Service) RemoveReturnURL(ctx context.Context, ref, raw string) (account.Application, error) {
	return s.change(ctx, ref, func(app *account.Application) error {
		at := slices.Index(app.ReturnURLs, raw)
		if at < 0 {
			return fmt.Errorf("application %q has no return URL %q: see avain app show", app.Name, raw)
		}
		app.ReturnURLs = slices.Delete(slices.Clone(app.ReturnURLs), at, at+1)
		return nil
	})
}

// DeleteApplication deletes an application with its registrations. Accounts stand
// in the way unless force is set: they are then deleted first, each as by
// [Service.DeleteAccount], and what became of them is returned.
func (s *Service) DeleteApplication(ctx context.Context, ref string, force bool) ([]DeletedAccount, error) {
	app, err := s.Application(ctx, ref)
	if err != nil {
		return nil, err
	}
	accounts, total, err := s.Store.Accounts(ctx, store.AccountFilter{ApplicationID: app.ID})
	if err != nil {
		return nil, err
	}
	if total > 0 && !force {
		return nil, fmt.Errorf("application %q has %d connected accounts: delete them first, or give --force to delete them with it", app.Name, total)
	}
	var deleted []DeletedAccount
	for _, acct := range accounts {
		outcome, err := s.deleteAccount(ctx, acct)
		if err != nil {
			return deleted, fmt.Errorf("delete account %s of application %q: %w", acct.ID, app.Name, err)
		}
		deleted = append(deleted, outcome)
	}
	if err := s.Store.DeleteApplication(ctx, app.ID, s.Now()); err != nil {
		return deleted, err
	}
	return deleted, s.audit(ctx, auditApplicationDeleted, app.ID, 0, app.Name)
}

// DeletedAccount tells what became of an account's grant at the provider.
type DeletedAccount struct {
	ID    account.ID
	Grant credential.Revocation
}

// unique drops repeated strings and keeps the order.
func unique(in []string) []string {
	var out []string
	for _, v := range in {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
