package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/api"
	"github.com/avain-project/avain/internal/direct"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/store"
)

// timed is an answer that remembers the deadlines in force.
type timed struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (r *timed) SetReadDeadline(at time.Time) error  { r.read = at; return nil }
func (r *timed) SetWriteDeadline(at time.Time) error { r.write = at; return nil }

// oneBearer is a store in which one bearer is known; it makes no other call.
type oneBearer struct {
	access.Store
	hash string
}

func (oneBearer) Changes() uint64 { return 1 }

func (s oneBearer) Bearer(_ context.Context, hash []byte) (store.Token, account.Account, error) {
	if string(hash) != s.hash {
		return store.Token{}, account.Account{}, store.ErrNotFound
	}
	return store.Token{ApplicationID: "a"}, account.Account{ID: 7}, nil
}

// noCredentials fails every call behind authentication.
type noCredentials struct{}

func (noCredentials) Use(context.Context, account.Account, string) (provider.Session, error) {
	return provider.Session{}, fault.New(fault.TokenDead, "")
}

// Whoever has proven nothing cannot hold a connection by sending or reading slowly.
func TestOnlyAKnownCallerStreamsWithoutAnEnd(t *testing.T) {
	t.Parallel()
	token := access.NewToken()
	server := api.New(api.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "avain.example"}, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Access: access.New(oneBearer{hash: string(access.Hash(token))}),
	})
	server.Direct = direct.New(direct.Config{Credentials: noCredentials{}, Logger: slog.New(slog.DiscardHandler), Fail: server.Fail})
	for name, c := range map[string]struct {
		path, authorization string
		ends                bool
	}{
		"unknown route":                  {"/nowhere", "", true},
		"known route":                    {"/v1/account", "", true},
		"direct, nobody":                 {"/v1/direct/x", "", true},
		"direct, a token that never was": {"/v1/direct/x", "Bearer " + access.NewToken().Reveal(), true},
		"direct, a bearer":               {"/v1/direct/x", "Bearer " + token.Reveal(), false},
	} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(http.MethodPost, c.path, nil)
		r.Header.Set("Authorization", c.authorization)
		before := time.Now()
		server.ServeHTTP(w, r)
		for which, at := range map[string]time.Time{"reading": w.read, "writing": w.write} {
			if ends := at.After(before) && at.Before(before.Add(10*time.Minute)); ends != c.ends {
				t.Errorf("%s: %s ends at %v (answered %d)", name, which, at, w.Code)
			}
		}
	}
}
