package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/account"
)

func TestOnlyALiveBearerInTheHeaderCalls(t *testing.T) {
	t.Parallel()
	onEachService(t, onlyALiveBearerInTheHeaderCalls)
}

func onlyALiveBearerInTheHeaderCalls(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	checksummed := c.AccessToken[:len(c.AccessToken)-1] + "_"
	if checksummed == c.AccessToken {
		checksummed = c.AccessToken[:len(c.AccessToken)-1] + "-"
	}
	for name, tt := range map[string]struct {
		query, header, code string
	}{
		"none":                                   {"", "", "unauthorized"},
		"unknown":                                {"", "Bearer avain_at_unknown", "unauthorized"},
		"a mistyped one":                         {"", "Bearer " + checksummed, "unauthorized"},
		"in the query":                           {"?access_token=" + c.AccessToken, "", "token.inQuery"},
		"in the query, camel":                    {"?accessToken=" + c.AccessToken, "", "token.inQuery"},
		"without a scheme":                       {"", c.AccessToken, "unauthorized"},
		"without the token":                      {"", "Bearer", "unauthorized"},
		"another scheme":                         {"", "Token " + c.AccessToken, "unauthorized"},
		"digest":                                 {"", `Digest username="x"`, "unauthorized"},
		"two words":                              {"", c.bearer() + " " + c.AccessToken, "unauthorized"},
		"in the query, beside one in the header": {"?access_token=" + c.AccessToken, c.bearer(), "token.inQuery"},
		"in the query, by any name":              {"?q=" + c.AccessToken, c.bearer(), "token.inQuery"},
		"undecodable basic":                      {"", "Basic !!!", "client.unauthorized"},
	} {
		for _, path := range []string{"/v1/account", "/v1/direct/echo/x"} {
			var headers []string
			if tt.header != "" {
				headers = []string{"Authorization", tt.header}
			}
			a := w.call(http.MethodGet, path+tt.query, nil, headers...)
			if a.status != http.StatusUnauthorized || a.code() != tt.code || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s on %s: %d %s, challenge %q", name, path, a.status, a.body, a.header.Get("WWW-Authenticate"))
			}
			if strings.Contains(a.body, c.AccessToken) {
				t.Errorf("%s: the answer repeats the token", name)
			}
		}
	}
	if n := w.calls().API; n != 0 {
		t.Errorf("%d calls reached the provider", n)
	}
	// Schemes are matched without regard to case (RFC 9110 §11.1).
	if a := w.call(http.MethodGet, "/v1/account", nil, "Authorization", "bEARER "+c.AccessToken); a.status != http.StatusOK {
		t.Errorf("another case of the scheme: %d %s", a.status, a.body)
	}
}

func TestARevokedBearerIsToldApart(t *testing.T) {
	t.Parallel()
	onEachService(t, aRevokedBearerIsToldApart)
}

func aRevokedBearerIsToldApart(t *testing.T, s service) {
	w := startAt(t, s)
	revoked, deleted := w.connect(nil), w.connect(map[string][]string{"loginHint": {bob}})
	if _, err := w.ops.RevokeTokens(t.Context(), account.ID(revoked.AccountID)); err != nil {
		t.Fatal(err)
	}
	if a := w.as(deleted, http.MethodDelete, "/v1/account"); a.status != http.StatusOK {
		t.Fatalf("delete: %d %s", a.status, a.body)
	}
	before := w.calls().API
	for name, c := range map[string]connected{"by the operator": revoked, "with its account": deleted} {
		for _, path := range []string{"/v1/account", "/v1/direct/echo/x"} {
			a := w.as(c, http.MethodGet, path)
			refused(t, a, http.StatusUnauthorized, "token.revoked")
			if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="invalid_token"`) {
				t.Errorf("%s: challenge %q", name, got)
			}
		}
	}
	if w.calls().API != before {
		t.Error("a revoked bearer reached the provider")
	}
}

func TestABearerAndAnAccountIdMustAgree(t *testing.T) {
	t.Parallel()
	onEachService(t, aBearerAndAnAccountIdMustAgree)
}

func aBearerAndAnAccountIdMustAgree(t *testing.T, s service) {
	w := startAt(t, s)
	c, other := w.connect(nil), w.connect(map[string][]string{"loginHint": {bob}})
	own := strconv.FormatInt(c.AccountID, 10)
	if a := w.as(c, http.MethodGet, "/v1/account", accountHeader, own); a.status != http.StatusOK {
		t.Errorf("its own id: %d %s", a.status, a.body)
	}
	for _, named := range []string{strconv.FormatInt(other.AccountID, 10), "1", "0" + own, "x"} {
		refused(t, w.as(c, http.MethodGet, "/v1/account", accountHeader, named), http.StatusNotFound, "account.unknown")
	}
}

func TestTheApplicationItselfCallsForItsAccounts(t *testing.T) {
	t.Parallel()
	onEachService(t, theApplicationItselfCallsForItsAccounts)
}

func theApplicationItselfCallsForItsAccounts(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.connect(nil)
	second, foreign := w.secondApplication()
	own, theirs := strconv.FormatInt(c.AccountID, 10), strconv.FormatInt(foreign.AccountID, 10)
	right := basic(w.client.ClientID, w.password)
	for _, path := range []string{"/v1/account", "/v1/direct/echo/x"} {
		a := w.call(http.MethodGet, path, nil, "Authorization", right, accountHeader, own)
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
		for name, tt := range map[string]struct {
			authorization, id string
			status            int
			code              string
		}{
			"a foreign account":      {right, theirs, 404, "account.unknown"},
			"an unknown account":     {right, "12345", 404, "account.unknown"},
			"no account":             {right, "", 400, "parameter.missing"},
			"a garbled account":      {right, own + "; DROP", 400, "parameter.invalid"},
			"a negative account":     {right, "-" + own, 400, "parameter.invalid"},
			"a wrong secret":         {basic(w.client.ClientID, w.password+"x"), own, 401, "client.unauthorized"},
			"another's secret":       {basic(w.client.ClientID, second.password), own, 401, "client.unauthorized"},
			"no secret":              {basic(w.client.ClientID, ""), own, 401, "client.unauthorized"},
			"an unknown application": {basic("00000000000000000000000000000000", w.password), own, 401, "client.unauthorized"},
			"a bearer as password":   {basic(w.client.ClientID, c.AccessToken), own, 401, "client.unauthorized"},
		} {
			headers := []string{"Authorization", tt.authorization}
			if tt.id != "" {
				headers = append(headers, accountHeader, tt.id)
			}
			a := w.call(http.MethodGet, path, nil, headers...)
			if a.status != tt.status || a.code() != tt.code {
				t.Errorf("%s on %s: %d %s, want %d %s", name, path, a.status, a.body, tt.status, tt.code)
			}
			if challenge := a.header.Get("WWW-Authenticate"); (tt.status == 401) != strings.HasPrefix(challenge, "Basic ") {
				t.Errorf("%s: challenge %q", name, challenge)
			}
		}
	}
	if a := w.call(http.MethodDelete, "/v1/account", nil, "Authorization", right, accountHeader, theirs); a.status != http.StatusNotFound {
		t.Errorf("deleting a foreign account: %d %s", a.status, a.body)
	}
}

func TestABrowsersTokenRemovesNothing(t *testing.T) {
	t.Parallel()
	onEachService(t, aBrowsersTokenRemovesNothing)
}

func aBrowsersTokenRemovesNothing(t *testing.T, s service) {
	w := startAt(t, s)
	c := w.browserToken()
	for _, path := range []string{"/v1/account", "/v1/account/token"} {
		a := w.as(c, http.MethodDelete, path)
		refused(t, a, http.StatusForbidden, "token.limited")
		if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_scope"`) {
			t.Errorf("challenge %q", got)
		}
	}
	if got := w.status(c); got != "active" {
		t.Errorf("afterwards the account is %q", got)
	}
	if a := w.as(c, http.MethodGet, "/v1/direct/echo/x"); a.status != http.StatusOK {
		t.Errorf("direct: %d %s", a.status, a.body)
	}
	if w.calls().Revoke != 0 {
		t.Error("the grant was revoked")
	}
}
