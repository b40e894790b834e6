package operator

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Bounds of an application's webhook URLs.
const (
	maxWebhooks   = 8
	maxWebhookURL = 2048 // bytes
)

// checkWebhook wants an https URL. Whether its address may be called is seen when it is.
func checkWebhook(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Scheme != "https" || u.Opaque != "":
		return usagef("the webhook URL must begin with https://")
	case u.User != nil || u.Fragment != "":
		return usagef("a webhook URL has no user name and no fragment")
	case len(raw) > maxWebhookURL:
		return usagef("a webhook URL has %d bytes at most", maxWebhookURL)
	}
	if _, err := outbound.Hostname(u.Hostname()); err != nil {
		return usagef("the host of the webhook URL cannot be used: %w", err)
	}
	return nil
}

// SigningSecret is what an application's webhooks are signed with; made where there is
// none yet.
func (s *Service) SigningSecret(ctx context.Context, ref string) (account.Application, secret.Text, error) {
	record, err := s.find(ctx, ref)
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	signing, err := s.openSigningSecret(ctx, record)
	if absent(err) {
		if err = s.writeSigningSecret(ctx, record, access.NewSigningSecret(), false); err == nil {
			signing, err = s.openSigningSecret(ctx, record)
		}
	}
	return record.Application, signing, err
}

// SetSigningSecret replaces an application's signing secret, by a new one where none is
// given. What is delivered from now on is signed with it alone.
func (s *Service) SetSigningSecret(ctx context.Context, ref string, given secret.Text) (account.Application, secret.Text, error) {
	record, err := s.find(ctx, ref)
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	if given.IsZero() {
		given = access.NewSigningSecret()
	} else if err := checkGivenSecret("signing secret", given); err != nil {
		return account.Application{}, secret.Text{}, err
	}
	return record.Application, given, s.writeSigningSecret(ctx, record, given, true)
}

// giveSigningSecret makes sure that an application has the one given, or any where it has
// webhooks; changed tells whether it had another before.
func (s *Service) giveSigningSecret(ctx context.Context, app account.Application, given secret.Text) (changed bool, err error) {
	if given.IsZero() && len(app.Settings.Webhooks) == 0 {
		return false, nil
	}
	record, err := s.Store.Application(ctx, app.ID)
	if err != nil {
		return false, err
	}
	held, err := s.openSigningSecret(ctx, record)
	switch {
	case absent(err) && given.IsZero():
		return true, s.writeSigningSecret(ctx, record, access.NewSigningSecret(), false)
	case err != nil && !absent(err):
		return false, err
	case given.IsZero() || held.Equal(given):
		return false, nil
	}
	return true, s.writeSigningSecret(ctx, record, given, true)
}

func (s *Service) openSigningSecret(ctx context.Context, app store.Application) (secret.Text, error) {
	sealed, err := s.Store.SigningSecret(ctx, app.ID)
	if err != nil {
		return secret.Text{}, err
	}
	key, err := s.applicationKey(app)
	if err != nil {
		return secret.Text{}, err
	}
	plain, err := key.Open(sealed.Sealed, store.LabelSigningSecret, sealed.ID)
	return secret.New(string(plain)), err
}

func (s *Service) applicationKey(app store.Application) (*seal.DataKey, error) {
	return s.Ring.OpenDataKey(app.DataKey, app.ID)
}

func (s *Service) writeSigningSecret(ctx context.Context, app store.Application, t secret.Text, replace bool) error {
	key, err := s.applicationKey(app)
	if err != nil {
		return err
	}
	record := store.SigningSecret{ID: account.NewRecordID(), ApplicationID: app.ID, CreatedAt: s.Now()}
	if record.Sealed, err = key.Seal([]byte(t.Reveal()), store.LabelSigningSecret, record.ID); err != nil {
		return err
	}
	if err := s.Store.SetSigningSecret(ctx, record, replace); err != nil {
		return err
	}
	return s.audit(ctx, auditSigningSecretSet, app.ID, 0, app.Name)
}

// EventFilter narrows what [Service.Deliveries] lists and [Service.Redeliver] sends again;
// zero fields narrow nothing.
type EventFilter struct {
	Application string // client id or name
	Account     account.ID
	Event       string
	State       string // waiting, delivered or failed
	Since       time.Time
	Limit       int // of Deliveries; 0 for all
}

func (s *Service) deliveryFilter(ctx context.Context, f EventFilter) (store.DeliveryFilter, error) {
	out := store.DeliveryFilter{AccountID: f.Account, EventID: f.Event, State: store.DeliveryState(f.State), Since: f.Since, Limit: f.Limit}
	switch out.State {
	case "", store.DeliveryWaiting, store.DeliveryDone, store.DeliveryFailed:
	default:
		return out, usagef("deliveries are waiting, delivered or failed, not %q", f.State)
	}
	if f.Application == "" {
		return out, nil
	}
	app, err := s.Application(ctx, f.Application)
	out.ApplicationID = app.ID
	return out, err
}

// Delivery is one event on its way to one URL.
type Delivery = store.Delivery

// Deliveries lists the newest, newest first.
func (s *Service) Deliveries(ctx context.Context, f EventFilter) ([]Delivery, error) {
	filter, err := s.deliveryFilter(ctx, f)
	if err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, filter)
}

// Redeliver sends events again whose deliveries have ended, and counts the deliveries. The
// server does it, at once where it runs.
func (s *Service) Redeliver(ctx context.Context, f EventFilter) (int, error) {
	filter, err := s.deliveryFilter(ctx, f)
	if err != nil {
		return 0, err
	}
	n, err := s.Store.Redeliver(ctx, filter)
	if err != nil || n == 0 {
		return n, err
	}
	return n, s.audit(ctx, auditEventsRedelivered, filter.ApplicationID, filter.AccountID, fmt.Sprintf("%d deliveries", n))
}
