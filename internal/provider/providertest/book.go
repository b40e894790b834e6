package providertest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/sandbox/gate"
	"github.com/avain-project/avain/internal/sandbox/ledger"
	"github.com/avain-project/avain/internal/secret"
)

// Person is who signs in at a provider by the book.
type Person struct{ Subject, Name, Email string }

// Book describes a provider without peculiarities: OAuth 2 with PKCE as the RFCs
// have it (6749, 7009, 7636), refresh tokens that are renewed, and a bearer (6750) for
// the rest. A driver of such a one needs no vendor in the sandbox.
type Book struct {
	Driver provider.Provider
	// Identity is the JSON that the identity endpoint answers about a person.
	Identity func(Person) any
	// Data are paths below the API that answer {} to a bearer with that scope; each
	// other path of it is 404.
	Data map[string]string
	// NativeScopes are asked for in sign-ins, identity scopes included.
	NativeScopes []string
	// DirectPath is one of Data's that NativeScopes open.
	DirectPath string
	// Without is as of [Subject].
	Without map[Promise]string
}

// vendor is such a provider, served.
type vendor struct {
	Book
	ledger *ledger.Ledger
	gate   *gate.Gate
}

// bookName is what the gate calls it.
const bookName = "Book"

// Open serves the provider for one test, and puts the driver before it.
func (b Book) Open(t *testing.T) Subject {
	t.Helper()
	v := vendor{Book: b, gate: gate.New(bookName), ledger: ledger.New(ledger.Config{
		Now: time.Now, Rand: rand.Reader, AccessLife: time.Hour, Renews: true,
		CodePrefix: "code-", AccessPrefix: "access-", RefreshPrefix: "refresh-",
	})}
	if err := v.ledger.Register(ledger.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{RedirectURI}}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(v.routes())
	t.Cleanup(func() { v.gate.Close(); server.Close() })
	return Subject{
		Provider: b.Driver,
		Registration: account.Registration{
			ServiceType: b.Driver.Info().ServiceType, ClientID: clientID, Secrets: []secret.Text{secret.New(clientSecret)},
			Endpoints: account.Endpoints{
				Authorize: server.URL + "/authorize", Token: server.URL + "/token", Revoke: server.URL + "/revoke",
				Userinfo: server.URL + "/userinfo", API: server.URL + "/api",
			},
		},
		RedirectURI: RedirectURI, NativeScopes: b.NativeScopes,
		DirectPath: b.DirectPath, Without: b.Without,
		Consent: consentOrDeny, ConsentAs: consentAs,
		Fail:     v.fail,
		Withdraw: v.ledger.Reset,
		Expire:   func() { v.ledger.Expire() },
		Calls: func() int {
			n := v.gate.Stats()[bookName]
			return n.Code + n.Refresh + n.Revoke + n.Identity + n.API
		},
	}
}

func (v vendor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", v.authorize)
	mux.HandleFunc("POST /token", v.token)
	mux.HandleFunc("POST /revoke", v.gated(gate.Revoke, v.authenticated(v.revoke)))
	mux.HandleFunc("GET /userinfo", v.gated(gate.Identity, v.bearer("", func(p Person) any { return v.Identity(p) })))
	for path, scope := range v.Data {
		mux.HandleFunc("GET /api/"+path, v.gated(gate.API, v.bearer(scope, func(Person) any { return struct{}{} })))
	}
	return mux
}

func (v vendor) gated(e gate.Endpoint, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v.gate.Play(w, r, v.gate.Enter(bookName, e), func(w http.ResponseWriter, f gate.Fault) { refuse(w, f.Status, f.Error) }, next)
	}
}

// authorize consents at once as whom the login hint names; a +deny in it says no, a +untick leaves the last scope out. What
// is wrong with the request itself is told here and nowhere else (RFC 6749 §4.1.2.1).
func (v vendor) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	client, known := v.ledger.Client(q.Get("client_id"))
	hint, _, err := ledger.ParseHint(q.Get("login_hint"))
	redirectURI := q.Get("redirect_uri")
	if !known || err != nil || !client.Redirects(redirectURI) || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "this request cannot be answered", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	if hint.Tags.Deny {
		back.Set("error", "access_denied")
	} else {
		scopes := strings.Fields(q.Get("scope"))
		if hint.Tags.Untick && len(scopes) > 0 {
			scopes = scopes[:len(scopes)-1]
		}
		code, _ := v.ledger.Approve(ledger.Consent{
			ClientID: client.ID, Persona: hint.Persona, Tags: hint.Tags, Scopes: scopes,
			RedirectURI: redirectURI, Challenge: q.Get("code_challenge"), Offline: true, ForceConsent: true,
		})
		back.Set("code", code)
	}
	http.Redirect(w, r, redirectURI+"?"+back.Encode(), http.StatusFound)
}

func (v vendor) token(w http.ResponseWriter, r *http.Request) {
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		v.gated(gate.Code, v.authenticated(v.redeem))(w, r)
	case "refresh_token":
		v.gated(gate.Refresh, v.authenticated(v.refresh))(w, r)
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// authenticated takes the client's secret from the header or the body (RFC 6749 §2.3.1).
func (v vendor) authenticated(next func(w http.ResponseWriter, form url.Values, clientID string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, password, ok := r.BasicAuth()
		if !ok {
			id, password = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
		}
		if v.ledger.Authenticate(id, password) != nil {
			refuse(w, http.StatusUnauthorized, "invalid_client")
			return
		}
		next(w, r.PostForm, id)
	}
}

func (v vendor) redeem(w http.ResponseWriter, form url.Values, clientID string) {
	v.give(w)(v.ledger.Redeem(ledger.Redemption{
		ClientID: clientID, Code: form.Get("code"), RedirectURI: form.Get("redirect_uri"), Verifier: form.Get("code_verifier"),
	}))
}

func (v vendor) refresh(w http.ResponseWriter, form url.Values, clientID string) {
	v.give(w)(v.ledger.Refresh(clientID, form.Get("refresh_token"), strings.Fields(form.Get("scope"))))
}

func (v vendor) give(w http.ResponseWriter) func(ledger.Tokens, error) {
	return func(tokens ledger.Tokens, err error) {
		switch {
		case errors.Is(err, ledger.ErrScopeNotGranted):
			refuse(w, http.StatusBadRequest, "invalid_scope")
		case err != nil:
			refuse(w, http.StatusBadRequest, "invalid_grant")
		default:
			write(w, http.StatusOK, map[string]any{
				"access_token": tokens.Access, "token_type": "Bearer", "expires_in": int(tokens.Life / time.Second),
				"refresh_token": tokens.Refresh, "scope": strings.Join(tokens.Scopes, " "),
			})
		}
	}
}

// revoke takes every token, known or not (RFC 7009 §2.2).
func (v vendor) revoke(w http.ResponseWriter, form url.Values, _ string) {
	_ = v.ledger.Revoke(form.Get("token"))
	w.WriteHeader(http.StatusOK)
}

// bearer answers a person's live token that has the scope; "" asks for none.
func (v vendor) bearer(scope string, answer func(Person) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		access, err := v.ledger.Check(token)
		switch {
		case err != nil:
			refuse(w, http.StatusUnauthorized, "invalid_token")
		case scope != "" && !slices.Contains(access.Scopes, scope):
			refuse(w, http.StatusForbidden, "insufficient_scope")
		default:
			p := access.Persona
			write(w, http.StatusOK, answer(Person{Subject: p.Subject, Name: p.Name, Email: p.Email}))
		}
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	write(w, status, map[string]string{"error": cmp.Or(code, "server_error")})
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (v vendor) fail(t *testing.T, at Endpoint, f Failure) {
	t.Helper()
	if err := v.gate.Set(faults(t, bookName, gate.Fault{Kind: gate.Error, Error: "invalid_client", Status: http.StatusUnauthorized}, at, f)); err != nil {
		t.Fatal(err)
	}
}
