package api

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// oneBearer is a store with one access token, for an account that holds more than the token's
// sign-in asked for.
type oneBearer struct {
	access.Store
	token secret.Text
}

func (oneBearer) Changes() uint64 { return 1 }

func (o oneBearer) Bearer(_ context.Context, hash []byte) (store.Token, account.Account, error) {
	if !bytes.Equal(hash, access.Hash(o.token)) {
		return store.Token{}, account.Account{}, store.ErrNotFound
	}
	return store.Token{Ceiling: []scope.Scope{scope.MailRead}},
		account.Account{ID: 7, Scopes: []scope.Scope{scope.MailRead, scope.MailSend}}, nil
}

// RFC 6750 §3: what a unified API answers to whom.
func TestRoutesThatNeedAScope(t *testing.T) {
	t.Parallel()
	token := access.NewToken()
	s := New(Config{Access: access.New(oneBearer{token: token}), Now: time.Now})
	called := 0
	ask := func(authorization string, need ...scope.Scope) *httptest.ResponseRecorder {
		t.Helper()
		w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/email/messages", nil)
		r.RemoteAddr = "192.0.2.1:1"
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		s.need(func(http.ResponseWriter, *http.Request, access.Caller) { called++ }, need...)(w, r)
		return w
	}
	ask("Bearer "+token.Reveal(), scope.MailRead)
	if called != 1 {
		t.Fatal("who has the scope does not come in")
	}
	for _, c := range []struct {
		authorization string
		need          []scope.Scope
		status        int
		code, says    string
	}{
		{"Bearer " + token.Reveal(), []scope.Scope{scope.MailRead, scope.MailSend, scope.TasksRead}, 403, "scope.insufficient", `Bearer realm="avain", error="insufficient_scope", scope="Mail.Send Tasks.Read"`},
		{"Bearer " + access.NewToken().Reveal(), nil, 401, "unauthorized", `Bearer realm="avain", error="invalid_token"`},
		{"", nil, 401, "unauthorized", `Bearer realm="avain"`},
	} {
		w := ask(c.authorization, c.need...)
		if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.says || !strings.Contains(w.Body.String(), `"code":"`+c.code+`"`) {
			t.Errorf("%v: %d, %q, %s", c.need, w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
		}
	}
	if called != 1 {
		t.Error("somebody came in without the scope")
	}
}
