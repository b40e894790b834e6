package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// Registered is a registration with its secrets opened, and with the key that
// seals what belongs to it.
type Registered struct {
	account.Registration
	Key *seal.DataKey
}

// Registration opens the registration that issued a grant.
func (s *Service) Registration(ctx context.Context, id string) (Registered, error) {
	record, err := s.Store.Registration(ctx, id)
	return s.registered(record, err)
}

// CurrentRegistration opens the one that new sign-ins use;
// fault.ServiceTypeUnavailable if there is none.
func (s *Service) CurrentRegistration(ctx context.Context, applicationID string, t account.ServiceType) (Registered, error) {
	record, err := s.Store.CurrentRegistration(ctx, applicationID, t)
	return s.registered(record, err)
}

func (s *Service) registered(record store.Registration, err error) (Registered, error) {
	if errors.Is(err, store.ErrNotFound) {
		return Registered{}, fault.New(fault.ServiceTypeUnavailable, "")
	}
	if err != nil {
		return Registered{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return OpenRegistration(s.Ring, record)
}

// OpenRegistration unseals a registration's secrets.
func OpenRegistration(ring *seal.Ring, record store.Registration) (Registered, error) {
	key, err := ring.OpenDataKey(record.DataKey, record.ID)
	if err != nil {
		return Registered{}, fmt.Errorf("open the data key of registration %s: %w", record.ID, err)
	}
	reg := record.Registration
	if record.Sealed != nil {
		plain, err := key.Open(record.Sealed, store.LabelRegistrationSecrets, record.ID)
		if err != nil {
			return Registered{}, fmt.Errorf("open the secrets of registration %s: %w", record.ID, err)
		}
		if reg.Secrets, reg.CentreSecrets, err = readSecrets(plain); err != nil {
			return Registered{}, fmt.Errorf("the secrets of registration %s are damaged", record.ID) // the error may quote them
		}
	}
	return Registered{Registration: reg, Key: key}, nil
}

// SealRegistration makes the record of a registration. A wrapped data key that
// exists already is kept, since attempts are sealed with it too.
func SealRegistration(ring *seal.Ring, reg account.Registration, dataKey []byte) (store.Registration, error) {
	record := store.Registration{Registration: reg, DataKey: dataKey}
	record.Secrets, record.CentreSecrets = nil, nil
	key, err := (*seal.DataKey)(nil), error(nil)
	if dataKey == nil {
		key, record.DataKey, err = ring.NewDataKey(reg.ID)
	} else {
		key, err = ring.OpenDataKey(dataKey, reg.ID)
	}
	if err != nil {
		return store.Registration{}, fmt.Errorf("data key of registration %s: %w", reg.ID, err)
	}
	if len(reg.Secrets) == 0 && len(reg.CentreSecrets) == 0 {
		return record, nil
	}
	plain, err := writeSecrets(reg.Secrets, reg.CentreSecrets)
	if err != nil {
		return store.Registration{}, errors.New("encode the registration's secrets")
	}
	record.Sealed, err = key.Seal(plain, store.LabelRegistrationSecrets, reg.ID)
	return record, err
}

// sealedSecrets is the sealed form of a registration's secrets. Where there are none
// of a centre, it is the bare list.
type sealedSecrets struct {
	Secrets []string            `json:"secrets"`
	Centres map[string][]string `json:"centres"`
}

func writeSecrets(common []secret.Text, centres map[string][]secret.Text) ([]byte, error) {
	bare := sealedSecrets{Secrets: revealed(common), Centres: map[string][]string{}}
	if len(centres) == 0 {
		return json.Marshal(bare.Secrets)
	}
	for name, secrets := range centres {
		bare.Centres[name] = revealed(secrets)
	}
	return json.Marshal(bare)
}

func readSecrets(plain []byte) (common []secret.Text, centres map[string][]secret.Text, err error) {
	var bare sealedSecrets
	into := any(&bare)
	if bytes.HasPrefix(plain, []byte("[")) {
		into = &bare.Secrets
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return nil, nil, err
	}
	for name, secrets := range bare.Centres {
		centres = with(centres, name, hidden(secrets))
	}
	return hidden(bare.Secrets), centres, nil
}

func revealed(secrets []secret.Text) []string {
	bare := make([]string, len(secrets))
	for i, s := range secrets {
		bare[i] = s.Reveal()
	}
	return bare
}

func hidden(bare []string) []secret.Text {
	var secrets []secret.Text
	for _, b := range bare {
		secrets = append(secrets, secret.New(b))
	}
	return secrets
}
