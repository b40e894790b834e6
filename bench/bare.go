package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

// bareChanges makes the durable changes of one code flow, with records of like
// size and nothing around them. checkBare holds them against a real flow.
func bareChanges(ctx context.Context, s *store.Store, app application) error {
	now, state, browser, code := time.Now(), randomHash(), randomHash(), randomHash()
	scopes, native := []scope.Scope{scope.MailRead, scope.MailSend}, []string{"openid", "https://www.googleapis.com/auth/gmail.readonly"}
	attempt := store.Attempt{
		ID: account.NewRecordID(), StateHash: state, ApplicationID: app.id, RegistrationID: app.registrationID, ServiceType: account.Google,
		BrowserHash: browser, Verifier: random(80), ReturnURL: returnURL, State: "the-application-s-own", Scopes: scopes,
		ClientOrgID: uuid.NewString(), LoginHint: "ada+auto@sandbox.test", Prompt: "consent", CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute),
	}
	if err := s.CreateAttempt(ctx, attempt); err != nil {
		return err
	}
	if _, err := s.ConsumeAttempt(ctx, state, browser, now); err != nil {
		return err
	}
	id, err := account.NewID(rand.Reader)
	if err != nil {
		return err
	}
	err = s.SaveConnection(ctx, store.Connection{
		Account: account.Account{
			ID: id, ApplicationID: app.id, RegistrationID: app.registrationID, ServiceType: account.Google, Kind: account.KindPersonal,
			ClientOrgID: attempt.ClientOrgID, LoginString: "ada@sandbox.test", Scopes: scopes, NativeScopes: native,
			Identity:    account.Identity{Subject: "100000000000000000001", Email: "ada@sandbox.test", EmailVerified: true, Name: "Ada Lovelace"},
			TokenStatus: account.TokenActive, TokenIssuedAt: now, AuthObtainedAt: now, AuthExpiresAt: now.Add(time.Hour), CreatedAt: now, UpdatedAt: now,
		},
		New: true, Credential: &store.Credential{RecordID: account.NewRecordID(), DataKey: random(150), Sealed: random(700), UpdatedAt: now},
		StateHash: state, Result: random(200),
		Code: &store.Code{
			Hash: code, ApplicationID: app.id, AccountID: id, AttemptID: attempt.ID, Ceiling: scopes, CreatedAt: now, ExpiresAt: now.Add(time.Minute),
		},
	})
	if err != nil {
		return err
	}
	return s.RedeemCode(ctx, code, app.id, now, store.Token{
		ID: account.NewRecordID(), Hash: randomHash(), ApplicationID: app.id, AccountID: id, Ceiling: scopes, CreatedAt: now,
	})
}

func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	return b
}

func randomHash() []byte { return random(sha256.Size) }

// bareHops makes the requests that were seen in a code flow, whoever made them
// then, to one handler that answers what was answered.
func bareHops(address string, hops []exchange) load {
	return func(ctx context.Context, client *http.Client, _ int) error {
		for _, hop := range hops {
			req, err := http.NewRequestWithContext(ctx, hop.Method, address+hop.URI, bytes.NewReader(hop.Body))
			if err != nil {
				return err
			}
			req.Header = hop.Header
			res, err := client.Do(req)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if err != nil {
				return err
			}
			if res.StatusCode != hop.Status {
				return fmt.Errorf("the bare handler answered %d instead of %d", res.StatusCode, hop.Status)
			}
		}
		return nil
	}
}

// replay answers each of those requests with what was answered then.
func replay(hops []exchange) http.Handler {
	answers := map[string]exchange{}
	for _, hop := range hops {
		answers[hop.Method+hop.URI] = hop
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hop, ok := answers[r.Method+r.RequestURI]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range hop.AnswerHeader {
			w.Header()[name] = values
		}
		w.WriteHeader(hop.Status)
		_, _ = w.Write(hop.Answer)
	})
}
