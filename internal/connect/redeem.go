package connect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/user"
)

// Redeemed is what a code was worth.
type Redeemed struct {
	AccountID   account.ID
	AccessToken secret.Text
	Ceiling     []scope.Scope
	// UserID and UserSession are of a user's sign-in; empty otherwise.
	UserID      string
	UserSession secret.Text
}

// Presented is a code as an application brings it.
type Presented struct {
	Code, Verifier secret.Text
	// RedirectURI is what a client of the standards face repeats of its authorize request;
	// empty on the contract's. A code of one face is worth nothing at the other.
	RedirectURI string
}

// Redeem exchanges a code of app, which has authenticated itself, for an access
// token. Anything but success leaves the code as it was.
func (s *Service) Redeem(ctx context.Context, app account.Application, p Presented, requestID string) (Redeemed, error) {
	hash := access.Hash(p.Code)
	held, err := s.Store.Code(ctx, hash)
	if errors.Is(err, store.ErrNotFound) || err == nil && held.ApplicationID != app.ID {
		return Redeemed{}, fault.New(fault.CodeInvalid, "")
	}
	if err != nil {
		return Redeemed{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	if err := cmp.Or(checkFace(held.RedirectURI, p.RedirectURI), checkVerifier(held.Challenge, p.Verifier)); err != nil {
		return Redeemed{}, err
	}
	now := s.Now()
	switch {
	case !held.UsedAt.IsZero():
		return Redeemed{}, s.replayed(ctx, app, held, requestID)
	case !now.Before(held.ExpiresAt):
		return Redeemed{}, fault.New(fault.CodeExpired, "")
	}
	token, record := access.Grant(app.ID, held.AccountID, held.Ceiling, false, now)
	out := Redeemed{AccountID: held.AccountID, AccessToken: token, Ceiling: held.Ceiling, UserID: held.UserID}
	var sessions []store.Session
	if held.UserID != "" {
		session, record := user.Grant(app.ID, held.UserID, false, now)
		out.UserSession, sessions = session, append(sessions, record)
	}
	err = s.Store.RedeemCode(ctx, hash, app.ID, now, record, sessions...)
	if errors.Is(err, store.ErrNotFound) {
		// Somebody redeemed it between our two looks; or its account was deleted.
		return s.lost(ctx, app, hash, requestID)
	}
	if err != nil {
		return Redeemed{}, fault.Wrap(fault.StoreUnavailable, err)
	}
	return out, nil
}

func (s *Service) lost(ctx context.Context, app account.Application, hash []byte, requestID string) (Redeemed, error) {
	held, err := s.Store.Code(ctx, hash)
	if err != nil || held.UsedAt.IsZero() {
		return Redeemed{}, fault.New(fault.CodeInvalid, "")
	}
	return Redeemed{}, s.replayed(ctx, app, held, requestID)
}

// replayed answers a code that was redeemed before. Somebody may have stolen it,
// so it is written down, and where the application chose it, cannot keep a secret, or
// goes by the standard, what the first one issued ends (RFC 6749 §4.1.2).
func (s *Service) replayed(ctx context.Context, app account.Application, held store.Code, requestID string) error {
	revoke := app.Settings.Public || app.Settings.RevokeOnReplay || held.RedirectURI != ""
	event := store.AuditEvent{
		At: s.Now(), Kind: "code.replayed", ApplicationID: app.ID, AccountID: held.AccountID, RequestID: requestID,
		Detail: fmt.Sprintf("first redeemed at %s; revoked: %t", held.UsedAt.UTC().Format("2006-01-02T15:04:05Z"), revoke),
	}
	if err := s.Store.AppendAudit(ctx, event); err != nil {
		return fault.Wrap(fault.StoreUnavailable, err)
	}
	if revoke {
		err := s.Store.RevokeToken(ctx, held.TokenID, s.Now())
		if err == nil || errors.Is(err, store.ErrNotFound) {
			err = s.Store.EndSession(ctx, held.SessionHash)
		}
		if err != nil {
			return fault.Wrap(fault.StoreUnavailable, err)
		}
	}
	return fault.New(fault.CodeUsed, "")
}

// checkFace makes sure that a code is redeemed where and as it was asked for.
func checkFace(held, presented string) error {
	switch {
	case held == presented:
		return nil
	case held == "":
		return fault.New(fault.CodeInvalid, "It was asked for at "+AuthorizePath+", so it is redeemed at /v1/auth/token.")
	case presented == "":
		return fault.New(fault.CodeInvalid, "It was asked for at "+StandardAuthorizePath+", so it is redeemed at "+StandardTokenPath+".")
	}
	return fault.New(fault.RedirectMismatch, "")
}

// checkVerifier is PKCE on our own edge (RFC 7636 §4.6).
func checkVerifier(challenge string, verifier secret.Text) error {
	if challenge == "" {
		if !verifier.IsZero() {
			// Somebody may have taken the challenge out on the way (RFC 9700 §2.1.1).
			return fault.New(fault.VerifierMismatch, "The sign-in was started without a codeChallenge.")
		}
		return nil
	}
	if verifier.IsZero() {
		return fault.New(fault.VerifierMissing, "")
	}
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	if subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) != 1 {
		return fault.New(fault.VerifierMismatch, "")
	}
	return nil
}
