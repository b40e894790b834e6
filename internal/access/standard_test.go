package access_test

import (
	"errors"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
)

func TestTokensAreTheirOwnApplicationsToAskAboutAndToEnd(t *testing.T) {
	t.Parallel()
	r, now := twoApplications(), time.Unix(9, 0)
	mine, other := account.Application{ID: "a"}, account.Application{ID: "p"}
	live, record := access.Grant("a", 7, []scope.Scope{scope.MailRead}, false, time.Unix(1, 0))
	orphan, gone := access.Grant("a", 99, nil, false, time.Unix(1, 0))
	r.tokens = append(r.tokens, record, gone)
	s := access.New(r)
	active := func(app account.Application, token secret.Text) bool {
		t.Helper()
		held, acct, active, err := s.Introspect(t.Context(), app, token)
		if err != nil || active != (held.ID != "") || active != (acct.ID != 0) {
			t.Errorf("told %+v of %+v, %v, %v", held, acct, active, err)
		}
		return active
	}
	if !active(mine, live) || active(other, live) || active(mine, orphan) || active(mine, access.NewToken()) || active(mine, secret.New("x")) {
		t.Error("active is not what its application may use")
	}
	if err := s.Revoke(t.Context(), other, live, now); !fault.Is(err, fault.TokenForeign) || !active(mine, live) {
		t.Errorf("another application's: %v", err)
	}
	for _, token := range []secret.Text{live, live, orphan, access.NewToken(), secret.New("x"), {}} {
		if err := s.Revoke(t.Context(), mine, token, now); err != nil {
			t.Error(err)
		}
	}
	if active(mine, live) || !r.tokens[0].RevokedAt.Equal(now) {
		t.Error("a revoked token is active")
	}
	// It has ended, and is nobody's any more.
	if err := s.Revoke(t.Context(), other, live, now); err != nil {
		t.Error(err)
	}
}

func TestAStoreInTroubleRevokesNothing(t *testing.T) {
	t.Parallel()
	r := twoApplications()
	token, record := access.Grant("a", 7, nil, false, time.Unix(1, 0))
	r.tokens, r.err = append(r.tokens, record), errDisk
	s := access.New(r)
	if err := s.Revoke(t.Context(), account.Application{ID: "a"}, token, time.Unix(2, 0)); !fault.Is(err, fault.StoreUnavailable) || !errors.Is(err, errDisk) {
		t.Error(err)
	}
	if _, _, active, err := s.Introspect(t.Context(), account.Application{ID: "a"}, token); active || !fault.Is(err, fault.StoreUnavailable) {
		t.Errorf("%v, %v", active, err)
	}
}
