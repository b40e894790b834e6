package operator

import (
	"context"
	"slices"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// keepSecrets is how many secrets of an application live at once: the new one, and
// the one before it, so that the application can change over without a gap.
const keepSecrets = 2

// RotateSecret gives an application a new secret, returned this once. The one
// before it lives on until the next rotation, or ends now where endOld is set.
func (s *Service) RotateSecret(ctx context.Context, ref string, endOld bool) (account.Application, secret.Text, error) {
	record, err := s.find(ctx, ref)
	if err != nil {
		return account.Application{}, secret.Text{}, err
	}
	if record.Settings.Public {
		return account.Application{}, secret.Text{}, usagef("application %q is public: it has no secret", record.Name)
	}
	keep := keepSecrets
	if endOld {
		keep = 1
	}
	minted := access.NewSecret()
	return record.Application, minted, s.addSecret(ctx, record, minted, keep)
}

func (s *Service) addSecret(ctx context.Context, app store.Application, t secret.Text, keep int) error {
	key, err := s.applicationKey(app)
	if err != nil {
		return err
	}
	sealed, err := sealSecret(key, app.ID, t, s.Now())
	if err != nil {
		return err
	}
	if err := s.Store.AddApplicationSecret(ctx, sealed, keep); err != nil {
		return err
	}
	return s.audit(ctx, auditSecretAdded, app.ID, 0, app.Name)
}

// holdsSecret tells whether t is one of the application's live secrets.
func (s *Service) holdsSecret(ctx context.Context, applicationID string, t secret.Text) (bool, error) {
	live, err := s.Store.ApplicationSecrets(ctx, applicationID)
	hash := access.Hash(t)
	return slices.ContainsFunc(live, func(a store.ApplicationSecret) bool { return slices.Equal(a.Hash, hash) }), err
}

func sealSecret(key *seal.DataKey, applicationID string, t secret.Text, now time.Time) (store.ApplicationSecret, error) {
	record := store.ApplicationSecret{
		ID: account.NewRecordID(), ApplicationID: applicationID, Hash: access.Hash(t), CreatedAt: now,
	}
	var err error
	record.Sealed, err = key.Seal([]byte(t.Reveal()), store.LabelApplicationSecret, record.ID)
	return record, err
}

func orNewSecret(t secret.Text) secret.Text {
	if t.IsZero() {
		return access.NewSecret()
	}
	return t
}
