package e2e_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/operator"
)

// said is an answer of a token endpoint.
type said struct {
	status int
	kind   string // its Content-Type; "" is JSON
	body   string
}

// liar answers refreshes in the provider's place. ask has the provider answer, which then
// has done what it was asked for.
type liar func(ask func() said) said

// says is an answer of a provider that does nothing.
func says(status int, kind, body string) liar {
	return func(func() said) said { return said{status, kind, body} }
}

// changes lets the provider do what it was asked for, and changes what it tells.
func changes(change func(told map[string]any)) liar {
	return rewrites(func(body string) string {
		var told map[string]any
		if json.Unmarshal([]byte(body), &told) != nil {
			return body
		}
		change(told)
		changed, _ := json.Marshal(told) // maps of what came as JSON always marshal
		return string(changed)
	})
}

// with changes one member; nil takes it away.
func with(member string, value any) liar {
	return changes(func(told map[string]any) {
		if told[member] = value; value == nil {
			delete(told, member)
		}
	})
}

// written is with for a value as it is written here.
func written(member, value string) liar { return with(member, json.RawMessage(value)) }

// typed is the truth with another Content-Type.
func typed(kind string) liar {
	return func(ask func() said) said {
		s := ask()
		s.kind = kind
		return s
	}
}

// rewrites is changes for what is no JSON afterwards.
func rewrites(change func(body string) string) liar {
	return func(ask func() said) said {
		s := ask()
		s.body = change(s.body)
		return s
	}
}

// lies has all refreshes answered so, until the truth is told again by nil.
func (f *front) lies(l liar) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.liar, f.count = l, 0
}

// lied is how often the liar was asked.
func (f *front) lied() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// lie plays the liar, where the request is a refresh and there is one.
func (f *front) lie(w http.ResponseWriter, r *http.Request) bool {
	f.mu.Lock()
	l := f.liar
	f.mu.Unlock()
	if l == nil || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/token") {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if form, _ := url.ParseQuery(string(body)); form.Get("grant_type") != "refresh_token" {
		return false
	}
	f.mu.Lock()
	f.count++
	f.mu.Unlock()
	s := l(func() said {
		kept := httptest.NewRecorder()
		f.box.ServeHTTP(kept, r)
		return said{kept.Code, kept.Header().Get("Content-Type"), kept.Body.String()}
	})
	if s.kind == "" {
		s.kind = "application/json"
	}
	w.Header().Set("Content-Type", s.kind)
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.body)
	return true
}

// revealing lets the world's application see the provider's tokens.
func (w *world) revealing() *world {
	w.t.Helper()
	yes := true
	if _, err := w.ops.SetApplication(w.t.Context(), w.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		w.t.Fatal(err)
	}
	return w
}

// provided asks for the provider's access token, and so for one that is good.
func (w *world) provided(c connected) (a answer, token string, ends time.Time) {
	w.t.Helper()
	a = w.call(http.MethodGet, "/v1/account?includeProviderAuth=true", nil,
		"Authorization", basic(w.client.ClientID, w.password), accountHeader, strconv.FormatInt(c.AccountID, 10))
	var acct struct {
		ProviderAccessToken string
		AuthExpiresAt       time.Time
	}
	_ = json.Unmarshal([]byte(a.body), &acct)
	return a, acct.ProviderAccessToken, acct.AuthExpiresAt
}

// told are the kinds of the events that tell of an account's credential since then.
func (w *world) told(t *testing.T, c connected, since time.Time) []string {
	t.Helper()
	events, err := w.ops.AuditEvents(t.Context(), 50)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range events {
		if int64(e.AccountID) == c.AccountID && strings.HasPrefix(e.Kind, "credential.") && !e.At.Before(since) {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
