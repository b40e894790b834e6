package oauth_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
	"github.com/avain-project/avain/internal/secret"
)

// A dialect may say by a word, with another status than 401, that the token is refused.
func TestADenialInTheDialectsOwnWords(t *testing.T) {
	t.Parallel()
	denial := func(body []byte) (code, subtype string) {
		return map[string]string{"bad": provider.CodeUnauthorized, "full": "limit"}[string(body)], ""
	}
	for _, test := range []struct {
		status int
		body   string
		own    func([]byte) (code, subtype string)
		class  provider.Class
		code   string
	}{
		{http.StatusForbidden, "bad", denial, provider.User, provider.CodeUnauthorized},
		{http.StatusForbidden, "full", denial, provider.Config, "limit"},
		{http.StatusForbidden, "else", denial, provider.Later, provider.CodeMalformed},
		{http.StatusForbidden, "bad", nil, provider.Later, provider.CodeMalformed},
		{http.StatusUnauthorized, "else", denial, provider.User, provider.CodeUnauthorized},
		// A server's own trouble refuses nobody, whatever it says.
		{http.StatusBadGateway, "bad", denial, provider.Later, "http_502"},
		{http.StatusTooManyRequests, "full", denial, provider.Later, provider.CodeLimited},
	} {
		reg, _ := answering(t, test.status, test.body)
		client := oauth.Client{HTTP: http.DefaultClient, Own: test.own, Troubles: []provider.Trouble{{Code: "limit", Class: provider.Config}}}
		err := client.GetJSON(t.Context(), reg.Endpoints.Userinfo, secret.New("access"), &struct{}{})
		var e *provider.Error
		if !errors.As(err, &e) || e.Class != test.class || e.Code != test.code {
			t.Errorf("%d %s: %v", test.status, test.body, err)
		}
	}
}
