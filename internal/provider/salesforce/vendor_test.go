package salesforce_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/salesforce"
	"github.com/avain-project/avain/internal/secret"
)

const (
	org      = "00D300000000iTzEAI" // 00D300000000iTz in the short form
	user     = "005300000012Q9PAAU"
	instance = "https://acme.my.salesforce.com"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// vendor is all of Salesforce's hosts: every call ends here, whatever its host.
type vendor struct {
	token    map[string]any // of the token endpoint
	who      map[string]any // of userinfo
	denied   string         // in place of userinfo, with 403
	refusal  map[string]any // in place of a token, with 400
	requests []string       // "POST https://login.salesforce.com/services/oauth2/token"
	form     url.Values     // of the last token call
}

func newVendor() *vendor {
	return &vendor{
		token: map[string]any{
			"access_token": "a", "refresh_token": "r", "token_type": "Bearer", "instance_url": instance,
			"id": "https://login.salesforce.com/id/" + org + "/" + user, "scope": "refresh_token api openid", "issued_at": "1790000000000",
		},
		who: map[string]any{
			"user_id": user, "organization_id": org, "email": "ada@acme.example", "email_verified": true, "name": "Ada Lovelace",
		},
	}
}

// RoundTrip implements http.RoundTripper.
func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	v.requests = append(v.requests, r.Method+" "+r.URL.String())
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodGet && v.denied != "":
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.WriteString(v.denied)
	case r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(v.who)
	default:
		_ = r.ParseForm()
		v.form = r.PostForm
		if v.refusal != nil {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(v.refusal)
			break
		}
		_ = json.NewEncoder(w).Encode(v.token)
	}
	return w.Result(), nil
}

func (v *vendor) driver() *salesforce.Driver {
	return salesforce.New(outbound.Clients{API: &http.Client{Transport: v}})
}

func registration(tenant string) account.Registration {
	return account.Registration{ServiceType: account.Salesforce, ClientID: "client", Secrets: []secret.Text{secret.New("s")}, Tenant: tenant}
}

func (v *vendor) exchange(t *testing.T, reg account.Registration) (provider.Tokens, account.Identity, error) {
	t.Helper()
	return v.driver().Exchange(t.Context(), reg, provider.Callback{Params: url.Values{"code": {"c"}}, Verifier: secret.New(verifier)})
}

func (v *vendor) refresh(t *testing.T, reg account.Registration, where provider.Place) (provider.Tokens, error) {
	t.Helper()
	return v.driver().Refresh(t.Context(), reg, provider.Tokens{Refresh: secret.New("r"), Place: where})
}
