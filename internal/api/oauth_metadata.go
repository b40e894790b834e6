package api

import (
	"net/http"

	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/scope"
)

// oauthMetadata describes the standards face (RFC 8414 §2). Of the grants there is one:
// without a refresh_token among them, clients know that access tokens are not renewed.
type oauthMetadata struct {
	Issuer                    string   `json:"issuer"`
	AuthorizationEndpoint     string   `json:"authorization_endpoint"`
	TokenEndpoint             string   `json:"token_endpoint"`
	RevocationEndpoint        string   `json:"revocation_endpoint"`
	IntrospectionEndpoint     string   `json:"introspection_endpoint"`
	ScopesSupported           []string `json:"scopes_supported"`
	ResponseTypesSupported    []string `json:"response_types_supported"`
	ResponseModesSupported    []string `json:"response_modes_supported"`
	GrantTypesSupported       []string `json:"grant_types_supported"`
	ChallengeMethodsSupported []string `json:"code_challenge_methods_supported"`
	TokenAuthMethods          []string `json:"token_endpoint_auth_methods_supported"`
	RevocationAuthMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	ResponseIssSupported      bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	RequestParameterSupported bool     `json:"request_parameter_supported"`
	RequestURISupported       bool     `json:"request_uri_parameter_supported"` // true where it is absent
}

// describeOAuth answers the same under every host: the issuer is the public URL, and a
// client that has asked elsewhere must not take it (RFC 8414 §3.3). Nothing of it is
// secret, so any page may read it.
func (s *Server) describeOAuth(w http.ResponseWriter, _ *http.Request) {
	at := func(path string) string { return s.PublicURL.JoinPath(path).String() }
	secrets := []string{"client_secret_basic", "client_secret_post"}
	all := append(secrets[:2:2], "none")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	writeJSON(w, http.StatusOK, oauthMetadata{
		Issuer:                connect.Issuer(s.PublicURL),
		AuthorizationEndpoint: at(connect.StandardAuthorizePath), TokenEndpoint: at(connect.StandardTokenPath),
		RevocationEndpoint: at("/oauth/revoke"), IntrospectionEndpoint: at("/oauth/introspect"),
		ScopesSupported: texts(scope.All()), ResponseTypesSupported: []string{"code"}, ResponseModesSupported: []string{"query"},
		GrantTypesSupported: []string{"authorization_code"}, ChallengeMethodsSupported: []string{"S256"},
		TokenAuthMethods: all, RevocationAuthMethods: all, IntrospectionAuthMethods: secrets,
		ResponseIssSupported: true,
	})
}
