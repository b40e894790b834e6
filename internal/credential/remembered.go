package credential

import (
	"context"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
)

// rememberedCredentials and rememberedRegistrations bound what is kept open in
// memory: a kilobyte or two each.
const (
	rememberedCredentials   = 2048
	rememberedRegistrations = 256
)

// remembered saves reading and unsealing anew what has not changed. The versions
// come with the account, which is read on each call, so nothing stale is used: an
// entry dies with its generation or revision, in whichever process that grew.
type remembered struct {
	credentials   *lru.Cache[account.ID, held]
	registrations *lru.Cache[string, registrationEntry]
}

type registrationEntry struct {
	revision     int64
	registration account.Registration // without its secrets
}

func newRemembered() remembered {
	credentials, err := lru.New[account.ID, held](rememberedCredentials)
	if err != nil {
		panic(err) // a size below one
	}
	registrations, err := lru.New[string, registrationEntry](rememberedRegistrations)
	if err != nil {
		panic(err)
	}
	return remembered{credentials: credentials, registrations: registrations}
}

// add leaves the data key out: another ring may have to open it next time.
func (r remembered) add(id account.ID, h held) {
	h.key = nil
	r.credentials.Add(id, h)
}

// current is the account's credential, opened.
func (s *Service) current(ctx context.Context, acct account.Account) (held, error) {
	known, ok := s.remembered.credentials.Get(acct.ID)
	if ok && known.record.Generation == acct.CredentialGeneration {
		return known, nil
	}
	opened, err := s.open(ctx, acct.ID)
	if err == nil {
		s.remembered.add(acct.ID, opened)
	}
	return opened, err
}

// shape is the account's registration without its secrets: where calls go.
func (s *Service) shape(ctx context.Context, acct account.Account) (account.Registration, error) {
	known, ok := s.remembered.registrations.Get(acct.RegistrationID)
	if ok && known.revision == acct.RegistrationRevision {
		return known.registration, nil
	}
	record, err := s.Store.Registration(ctx, acct.RegistrationID)
	if err != nil {
		return account.Registration{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	s.remembered.registrations.Add(acct.RegistrationID, registrationEntry{acct.RegistrationRevision, record.Registration})
	return record.Registration, nil
}
