package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/provider"
	"github.com/avain-project/avain/internal/provider/oauth"
	"github.com/avain-project/avain/internal/secret"
)

// A provider that keeps to RFC 7009 revokes for a client that has proven who it is,
// and for no other.
func TestRevokeSaysWhoTheClientIs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		secrets []string
		want    []url.Values // what the provider gets, one for each call
	}{
		{"the right secret", []string{"right"}, []url.Values{
			{"token": {"refresh"}, "client_id": {"client"}, "client_secret": {"right"}},
		}},
		{"the next one where the first is refused", []string{"wrong", "right"}, []url.Values{
			{"token": {"refresh"}, "client_id": {"client"}, "client_secret": {"wrong"}},
			{"token": {"refresh"}, "client_id": {"client"}, "client_secret": {"right"}},
		}},
		{"a client without a secret", nil, []url.Values{{"token": {"refresh"}, "client_id": {"client"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []url.Values
			endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				got = append(got, r.PostForm)
				if r.PostForm.Get("client_secret") == "wrong" {
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
				}
			}))
			defer endpoint.Close()
			reg := account.Registration{ClientID: "client", Endpoints: account.Endpoints{Revoke: endpoint.URL}}
			for _, s := range test.secrets {
				reg.Secrets = append(reg.Secrets, secret.New(s))
			}
			client := oauth.Client{HTTP: endpoint.Client()}
			if err := client.Revoke(t.Context(), reg, provider.Tokens{Refresh: secret.New("refresh"), Access: secret.New("access")}); err != nil {
				t.Error(err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
