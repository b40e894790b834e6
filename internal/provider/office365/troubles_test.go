package office365_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// refreshRefused asks a server that refuses in this way.
func refreshRefused(t *testing.T, status int, code string, number int, inCodes bool) *provider.Error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := map[string]any{"error": code, "error_description": fmt.Sprintf("AADSTS%d: Words. Trace ID: x", number)}
		if inCodes {
			body["error_description"], body["error_codes"] = "Andere Worte.", []int{number}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}))
	defer server.Close()
	_, err := newDriver().Refresh(t.Context(), account.Registration{
		ClientID: "client", Secrets: []secret.Text{secret.New("s")}, Endpoints: account.Endpoints{Token: server.URL},
	}, provider.Tokens{Refresh: secret.New("r")})
	var e *provider.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s %d: %v is not classified", code, number, err)
	}
	return e
}

func TestWhatErrorsMean(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code   string
		number int
		want   provider.Class
	}{
		{"invalid_grant", 50173, provider.Dead},
		{"invalid_grant", 70000, provider.Dead},
		{"invalid_grant", 700082, provider.Dead},
		{"invalid_grant", 700084, provider.Dead},
		{"invalid_grant", 50057, provider.Dead},
		{"invalid_grant", 123456, provider.Dead}, // a number of next year
		{"invalid_grant", 50076, provider.User},
		{"interaction_required", 50076, provider.User},
		{"interaction_required", 123456, provider.User},
		{"invalid_grant", 65001, provider.User},
		{"consent_required", 65001, provider.User},
		{"invalid_grant", 53000, provider.User},
		{"invalid_grant", 53003, provider.Admin},
		{"interaction_required", 53003, provider.Admin},
		{"consent_required", 90094, provider.Admin},
		{"invalid_grant", 50105, provider.Admin},
		{"unauthorized_client", 650052, provider.Admin},
		{"invalid_client", 7000222, provider.Config},
		{"invalid_client", 123456, provider.Config},
		{"unauthorized_client", 700016, provider.Config},
		{"invalid_request", 50194, provider.Config},
		{"invalid_scope", 70011, provider.Config},
		{"invalid_grant", 50196, provider.Later},
		{"invalid_grant", 80002, provider.Later},
		{"temporarily_unavailable", 50033, provider.Later},
		// A number under a code that it does not belong to decides nothing.
		{"temporarily_unavailable", 50173, provider.Later},
		{"invalid_client", 700082, provider.Config},
		{"brand_new_error", 50173, provider.Later},
	} {
		for _, inCodes := range []bool{false, true} {
			e := refreshRefused(t, http.StatusBadRequest, test.code, test.number, inCodes)
			if e.Class != test.want || e.Cause == "" || e.Cure == "" {
				t.Errorf("%s with %d (in error_codes: %t) is %s, want %s", test.code, test.number, inCodes, e.Class, test.want)
			}
		}
	}
	if e := refreshRefused(t, http.StatusServiceUnavailable, "invalid_grant", 50173, true); e.Class != provider.Later {
		t.Errorf("a 503 killed a grant: %v", e)
	}
	unused := refreshRefused(t, http.StatusBadRequest, "invalid_grant", 700082, false)
	if frequency := refreshRefused(t, http.StatusBadRequest, "invalid_grant", 70043, false); frequency.Cause == unused.Cause {
		t.Error("the number does not refine the cause")
	}
}

// At the callback the number is in the description alone.
func TestRefusalsAtTheCallback(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code, description string
		want              provider.Class
	}{
		{"access_denied", "AADSTS65004: User declined to consent to access the app.", provider.User},
		{"access_denied", "", provider.User},
		{"access_denied", "AADSTS90094: The grant requires admin permission.", provider.Admin},
		{"consent_required", "AADSTS65001: The user or administrator has not consented.", provider.User},
		{"access_denied", "AADSTS53003: Access has been blocked by Conditional Access policies.", provider.Admin},
		{"server_error", "AADSTS90094: out of place", provider.Later},
	} {
		_, _, err := newDriver().Exchange(t.Context(), account.Registration{}, provider.Callback{
			Params: url.Values{"error": {test.code}, "error_description": {test.description}},
		})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != test.want || e.Code != test.code {
			t.Errorf("%s (%s): %v", test.code, test.description, err)
		}
	}
}
