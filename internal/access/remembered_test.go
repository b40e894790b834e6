package access_test

import (
	"testing"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

// steady answers the same number of changes until told otherwise.
type steady struct {
	*records
	changes uint64
}

func (s *steady) Changes() uint64 { return s.changes }

func TestBearerIsReadOnceUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	token, record := access.Grant("app", 7, nil, false, time.Now())
	s := &steady{records: &records{
		accounts: map[account.ID]account.Account{7: {ID: 7, ApplicationID: "app"}}, tokens: []store.Token{record},
	}}
	service := access.New(s)
	for range 3 {
		if caller, err := service.Bearer(t.Context(), token); err != nil || caller.Account.ID != 7 {
			t.Fatalf("Bearer = %+v, %v", caller, err)
		}
	}
	if s.asked != 1 {
		t.Errorf("the store was asked %d times for three calls", s.asked)
	}

	s.tokens[0].RevokedAt = time.Now()
	s.changes++
	if _, err := service.Bearer(t.Context(), token); !fault.Is(err, fault.TokenRevoked) {
		t.Errorf("after the revocation: %v", err)
	}
}
