package e2e_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/secret"
)

// providerToken is the access token of an account at its provider.
func (w *world) providerToken(c connected) secret.Text {
	w.t.Helper()
	yes := true
	if _, err := w.ops.SetApplication(w.t.Context(), w.client.ClientID, operator.SetApplication{ProviderAuth: &yes}); err != nil {
		w.t.Fatal(err)
	}
	got := w.call(http.MethodGet, "/v1/account?includeProviderAuth=true", nil,
		"Authorization", basic(w.client.ClientID, w.password), accountHeader, strconv.FormatInt(c.AccountID, 10))
	var acct struct{ ProviderAccessToken string }
	if err := json.Unmarshal([]byte(got.body), &acct); err != nil || acct.ProviderAccessToken == "" {
		w.t.Fatalf("provider auth: %d %s", got.status, got.body)
	}
	return secret.New(acct.ProviderAccessToken)
}

// probe makes a driver's probes at the emulator's API. The areas that the emulator
// has are proven; it refuses no token (e2e/counterparts/README.md, quirk 1). The
// others it does not know, and says so in a form that is no vendor's: that is no
// refusal, and no proof either.
func probe(t *testing.T, p provider.Prober, api string, access secret.Text, has ...provider.Area) {
	t.Helper()
	reg := account.Registration{Endpoints: account.Endpoints{API: api}}
	for _, area := range provider.Areas() {
		err := p.Probe(t.Context(), reg, provider.Tokens{Access: access}, area)
		var e *provider.Error
		switch {
		case slices.Contains(has, area):
			if err != nil {
				t.Errorf("%s: %v", area, err)
			}
		case !errors.As(err, &e) || e.Class != provider.Later || e.Code != provider.CodeMalformed:
			t.Errorf("%s, which the emulator lacks: %v", area, err)
		}
	}
}
