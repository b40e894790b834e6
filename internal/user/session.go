package user

import (
	"context"
	"errors"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// How long a session lasts.
const (
	IdleLifetime = 7 * 24 * time.Hour  // without being used
	Lifetime     = 30 * 24 * time.Hour // in any case
)

// seenEvery is how exactly the use of a session is noted: each note is a write.
const seenEvery = 5 * time.Minute

// Grant is a new session and the record to store of it.
func Grant(applicationID, userID string, byCookie bool, now time.Time) (secret.Text, store.Session) {
	token := access.NewSession()
	return token, store.Session{
		Hash: access.Hash(token), ApplicationID: applicationID, UserID: userID, ByCookie: byCookie,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(Lifetime),
	}
}

// Session finds the user who is logged in by a session, as it came: in a cookie or in a
// header. One that is over, was given out the other way or belongs to another
// application than applicationID (where that is not empty) is fault.NotAuthenticated, as
// one that never was.
func (s *Service) Session(ctx context.Context, applicationID string, token secret.Text, byCookie bool) (User, error) {
	refused := fault.New(fault.NotAuthenticated, "")
	if !access.SessionShaped(token) {
		return User{}, refused
	}
	session, u, err := s.store.Session(ctx, access.Hash(token))
	if errors.Is(err, store.ErrNotFound) {
		return User{}, refused
	}
	if err != nil {
		return User{}, storeFault("read the session", err)
	}
	now := s.now()
	switch {
	case session.ByCookie != byCookie,
		applicationID != "" && u.ApplicationID != applicationID,
		!now.Before(session.ExpiresAt), !now.Before(session.SeenAt.Add(IdleLifetime)):
		return User{}, refused
	}
	if now.Sub(session.SeenAt) >= seenEvery {
		if err := s.store.SeeSession(ctx, session.Hash, now); err != nil {
			return User{}, storeFault("note the session's use", err)
		}
		u.ActiveAt = now
	}
	return User(u), nil
}

// End ends a session at once and for good; one that is over already is no error.
func (s *Service) End(ctx context.Context, token secret.Text) error {
	if !access.SessionShaped(token) {
		return nil
	}
	return storeFault("end the session", s.store.EndSession(ctx, access.Hash(token)))
}
