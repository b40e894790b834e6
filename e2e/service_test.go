package e2e_test

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store/storetest"
)

// service is a provider as the journeys meet it: the words in which they differ.
// Parameters, personas and answers of ours are the same for all.
type service struct {
	name string // the service type, and the vendor in the sandbox's control
	mail string // path below /v1/direct/ that Mail.Read opens, or signing in alone where there is no mail
	echo string // the path that the sandbox sees for /v1/direct/

	scheme        string // before an access token; "" is Bearer
	accessPrefix  string // of the provider's own tokens
	refreshPrefix string
	codePrefix    string // of its codes, as a query holds them

	// honoursReplaced: its driver tries the refresh token that another one has replaced.
	honoursReplaced bool

	// instead are the unified scopes that the journeys ask for in place of those that
	// the provider does not have.
	instead   map[string]string
	always    []string            // native scopes of every sign-in
	scopes    map[string][]string // the native ones of a unified one; none where there is no mail
	login     string              // what it gets for prompt=login
	native    string              // a native scope that stands for no unified one
	ended     string              // providerGrant, where the last account of a grant is deleted
	issuer    string              // the path of the iss that the sandbox sends, or would send
	identity  string              // end of the path of the call that says who signed in
	endpoints func(box *sandbox.Sandbox, base string) sandbox.Endpoints

	words                map[int]string // in its error bodies, by status
	ownHeader, ownAnswer string         // a header of requests, and one of answers, that pass at this provider

	// Errors of its own at the authorize page and at the exchange of a code, with the
	// beginning of their description, and what the application is told.
	atAuthorize, atExchange map[string]string
	identityRefused         string        // what the application is told of a 401 at the identity
	lives                   time.Duration // how long an access token does; 0: an hour
	unprompted              bool          // it takes no prompt
	voucheless              bool          // it vouches for nobody's address
}

// google is the service of a world that names none.
func google() service {
	return service{
		name: "Google", mail: "gmail/v1/users/me/messages", echo: "/google/api/",
		accessPrefix: "ya29.sandbox-", refreshPrefix: "1//sandbox-", codePrefix: "4%2F0sandbox-",

		always: []string{"openid", "email", "profile"}, native: googleAPI + "drive.readonly", login: "login", ended: "revoked",
		scopes: map[string][]string{
			"Mail.Read": {googleAPI + "gmail.readonly"}, "Calendar.Read": {googleAPI + "calendar.readonly"}, "Contacts.Read": {googleAPI + "contacts.readonly"},
		},
		issuer: "/google", identity: "/userinfo", endpoints: (*sandbox.Sandbox).GoogleEndpoints,
		words: map[int]string{
			400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE",
		},
		ownHeader: "X-Goog-FieldMask", ownAnswer: "X-Goog-Upload-Status",
		atAuthorize: map[string]string{
			"admin_policy_enforced": "provider.admin",
			"org_internal":          "provider.admin",
			"redirect_uri_mismatch": "provider.config",
		},
		atExchange: map[string]string{
			"admin_policy_enforced": "provider.admin",
			"redirect_uri_mismatch": "provider.config",
		},
	}
}

func office() service {
	return service{
		name: "Office365", mail: "me/messages", echo: "/microsoft/graph/v1.0/", honoursReplaced: true,
		accessPrefix: "eyJ0sandbox-", refreshPrefix: "1.AWsandbox-", codePrefix: "1.AXsandbox-",

		always: []string{"openid", "profile", "email", "offline_access", "User.Read", "MailboxSettings.Read"}, native: "Files.Read", login: "login", ended: "unsupported",
		scopes: map[string][]string{"Mail.Read": {"Mail.Read"}, "Calendar.Read": {"Calendars.Read"}, "Contacts.Read": {"Contacts.Read"}},
		issuer: "/microsoft", identity: "/me", endpoints: (*sandbox.Sandbox).Office365Endpoints,
		words: map[int]string{
			400: "UnknownError", 401: "InvalidAuthenticationToken", 403: "ErrorAccessDenied", 404: "ResourceNotFound", 429: "TooManyRequests", 500: "UnknownError", 503: "ServiceNotAvailable",
		},
		ownHeader: "ConsistencyLevel", ownAnswer: "X-Ms-Resource-Unit",
		atAuthorize: map[string]string{
			"access_denied AADSTS65004:":        "access_denied",
			"access_denied AADSTS90094:":        "provider.admin",
			"access_denied AADSTS90094":         "access_denied", // no number without its colon
			"consent_required AADSTS65001:":     "provider.refused",
			"server_error AADSTS90094:":         "provider.unavailable", // a number out of place
			"unauthorized_client AADSTS700016:": "provider.config",
		},
		atExchange: map[string]string{
			"invalid_client AADSTS7000222:":     "provider.config",
			"invalid_grant AADSTS53003:":        "provider.admin",
			"invalid_grant AADSTS70008:":        "provider.refused",
			"invalid_request AADSTS50011:":      "provider.config",
			"server_error AADSTS53003:":         "provider.unavailable", // a number out of place
			"interaction_required AADSTS50076:": "provider.refused",
		},
	}
}

// hubspot is a CRM: contacts stand for mail, and writing them for the calendar.
func hubspot() service {
	return service{
		name: "Hubspot", mail: "crm/objects/2026-03/contacts", echo: "/hubspot/api/",
		accessPrefix: "CKsandbox-", refreshPrefix: "na1-rsandbox-", codePrefix: "na1-csandbox-",

		instead: map[string]string{"Mail.Read": "Contacts.Read", "Calendar.Read": "Contacts.ReadWrite", "Tasks.Read": "Contacts.ReadWrite"},
		always:  []string{"oauth"}, native: "tickets", ended: "revoked",
		scopes: map[string][]string{"Contacts.Read": {"crm.objects.contacts.read"}, "Contacts.ReadWrite": {"crm.objects.contacts.write"}},
		issuer: "/hubspot", identity: "/introspect", endpoints: (*sandbox.Sandbox).HubspotEndpoints,
		words: map[int]string{
			400: "VALIDATION_ERROR", 401: "EXPIRED_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND", 429: "RATE_LIMITS", 500: "INTERNAL_ERROR", 503: "INTERNAL_ERROR",
		},
		ownAnswer: "X-Hubspot-Ratelimit-Remaining",
		atExchange: map[string]string{
			"invalid_grant BAD_AUTH_CODE missing":                   "provider.refused",
			"invalid_request BAD_CLIENT_SECRET wrong":               "provider.config",
			"invalid_grant MISMATCH_REDIRECT_URI_AUTH_CODE another": "provider.config",
			"invalid_scope": "provider.config",
		},
		atAuthorize:     map[string]string{"interaction_required": "provider.unavailable"}, // a word of OpenID Connect
		identityRefused: "provider.config", lives: 30 * time.Minute, unprompted: true, voucheless: true,
	}
}

func zoho() service {
	return service{
		name: "Zoho", mail: "api/accounts", echo: "/zoho/eu/www/", scheme: "Zoho-oauthtoken",
		accessPrefix: "1000.asandbox-", refreshPrefix: "1000.rsandbox-", codePrefix: "1000.csandbox-",

		always: []string{"AaaServer.profile.READ", "email"}, native: "ZohoCRM.modules.READ", login: "consent", ended: "revoked",
		scopes: map[string][]string{
			"Mail.Read":     {"ZohoMail.messages.READ", "ZohoMail.folders.READ", "ZohoMail.accounts.READ"},
			"Calendar.Read": {"ZohoCalendar.event.READ", "ZohoCalendar.calendar.READ"}, "Contacts.Read": {"zohocontacts.contactapi.READ"},
		},
		issuer: "/zoho", identity: "/oauth/user/info", endpoints: (*sandbox.Sandbox).ZohoEndpoints,
		words: map[int]string{
			400: "INVALID_INPUT", 401: "INVALID_OAUTHTOKEN", 403: "NO_PERMISSION", 404: "URL_RULE_NOT_CONFIGURED", 429: "URL_ROLLING_THROTTLES_LIMIT_EXCEEDED", 500: "INTERNAL_ERROR", 503: "INTERNAL_ERROR",
		},
		atAuthorize: map[string]string{
			"invalid_redirect_uri": "provider.config",
			"general_error":        "provider.unavailable",
		},
		atExchange: map[string]string{
			"invalid_code":   "provider.refused",
			"invalid_client": "provider.config",
		},
	}
}

// force is a CRM without a scope that Avain unifies: signing in opens all there is.
func force() service {
	return service{
		name: "Salesforce", mail: "services/data/v60.0/sobjects", echo: sandbox.SalesforceInstance("ada") + "/",
		accessPrefix: "00Dsandbox!AQ", refreshPrefix: "5Aep861sandbox-", codePrefix: "aPrxsandbox-",

		always: []string{"api", "refresh_token", "openid"}, native: "chatter_api", login: "login", ended: "revoked",
		issuer: "/salesforce", identity: "/userinfo", endpoints: (*sandbox.Sandbox).SalesforceEndpoints,
		words: map[int]string{
			400: "MALFORMED_QUERY", 401: "INVALID_SESSION_ID", 403: "REQUEST_LIMIT_EXCEEDED", 404: "NOT_FOUND", 429: "REQUEST_LIMIT_EXCEEDED", 500: "UNKNOWN_EXCEPTION", 503: "SERVER_UNAVAILABLE",
		},
		ownHeader: "Sforce-Query-Options", ownAnswer: "Sforce-Limit-Info",
		atAuthorize: map[string]string{
			"OAUTH_EC_APP_NOT_FOUND External client app is not installed in this org": "provider.admin",
			"OAUTH_APPROVAL_ERROR_GENERIC":                                            "provider.admin",
			"invalid_client app must be installed into org":                           "provider.admin",
			"invalid_client invalid client credentials":                               "provider.config",
			"access_denied end-user denied authorization":                             "access_denied",
			"immediate_unsuccessful":                                                  "provider.refused",
			"unknown_error app must be installed into org":                            "provider.unavailable", // a text out of place
		},
		atExchange: map[string]string{
			"invalid_client app must be installed into org":      "provider.admin",
			"invalid_client invalid client credentials":          "provider.config",
			"invalid_grant IP restricted or invalid login hours": "provider.admin",
			"invalid_grant expired authorization code":           "provider.refused",
			"redirect_uri_mismatch":                              "provider.config",
			"rate_limit_exceeded":                                "provider.unavailable",
		},
	}
}

// services are the providers of the shared journeys. A run on PostgreSQL has two of
// them: what the others do differently never meets the database.
func services() []service {
	if storetest.OnPostgres() {
		return []service{google(), office()}
	}
	return []service{google(), office(), hubspot(), force(), zoho()}
}

// says is a list of unified scopes in words that the provider has.
func (s service) says(scopes string) string {
	words := strings.Fields(scopes)
	for i, w := range words {
		words[i] = cmp.Or(s.instead[w], w)
	}
	return strings.Join(words, " ")
}

func (s service) others() []service {
	return slices.DeleteFunc(services(), func(other service) bool { return other.name == s.name })
}

// onEachService runs a test for each provider; the test hands s on to startAt.
func onEachService(t *testing.T, test func(t *testing.T, s service)) {
	t.Helper()
	onEachServiceThat(t, func(service) bool { return true }, test)
}

// onEachServiceThat leaves providers out that have nothing to try; each has a test of
// its own for what is there in its place.
func onEachServiceThat(t *testing.T, has func(service) bool, test func(t *testing.T, s service)) {
	t.Helper()
	for _, s := range services() {
		if !has(s) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// onEachServiceAndEngine runs a test for each provider on each database.
func onEachServiceAndEngine(t *testing.T, test func(t *testing.T, s service, on func(*app.Config))) {
	t.Helper()
	onEachServiceAndEngineThat(t, func(service) bool { return true }, test)
}

// onEachServiceAndEngineThat is onEachServiceThat on each database.
func onEachServiceAndEngineThat(t *testing.T, has func(service) bool, test func(t *testing.T, s service, on func(*app.Config))) {
	t.Helper()
	onEachServiceThat(t, has, func(t *testing.T, s service) {
		onEachEngine(t, func(t *testing.T, on func(*app.Config)) { test(t, s, on) })
	})
}

// startAt is start with the application registered at that provider. What the
// world's methods ask, count and make fail is that one's.
func startAt(t testing.TB, s service, changes ...func(*app.Config)) *world {
	t.Helper()
	w := idle(t, changes...)
	w.service = s
	w.serve(changes...)
	w.register()
	return w
}

// also is the same application, registered at one more provider and seen there.
func (w *world) also(s service) *world {
	w.t.Helper()
	other := *w
	other.service = s
	other.registerProvider(w.client.ClientID)
	return &other
}

// saysEach is says for each value of a parameter.
func (s service) saysEach(values []string) []string {
	var said []string
	for _, v := range values {
		said = append(said, s.says(v))
	}
	return said
}

// hasMail tells whether the provider has more than contacts.
func (s service) hasMail() bool { return len(s.scopes["Mail.Read"]) > 0 }

// hasScopes tells whether the provider has something to grant that Avain unifies.
func (s service) hasScopes() bool { return len(s.scopes) > 0 }

// vouches tells whether the provider stands for a person's address.
func (s service) vouches() bool { return !s.voucheless }

// narrower asks for less than mail and calendar, and not for mail.
func (s service) narrower() url.Values {
	if s.hasMail() {
		return url.Values{"scopes": {"Calendar.Read"}}
	}
	return url.Values{"scopes": nil, "nativeScopes": s.always}
}

// life is how long an access token of the provider lives.
func (s service) life() time.Duration { return cmp.Or(s.lives, time.Hour) }

// endpoints are those of the world's provider, which a test may change.
func (w *world) endpoints() account.Endpoints {
	e := w.service.endpoints(w.box, w.boxURL)
	return account.Endpoints{Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: e.API}
}

// setRegistration changes the application's registration at the world's provider.
func (w *world) setRegistration(change func(*operator.SetRegistration)) {
	w.t.Helper()
	in := operator.SetRegistration{ServiceType: w.service.name, ClientID: providerID}
	change(&in)
	if _, _, err := w.ops.SetRegistration(w.t.Context(), w.client.ClientID, in); err != nil {
		w.t.Fatal(err)
	}
}

// registerProvider registers an application of ours and the provider's client with
// each other.
func (w *world) registerProvider(clientID string) {
	w.t.Helper()
	w.registerClient(providerPass, w.url+"/v1/auth/callback")
	e := w.endpoints()
	_, _, err := w.ops.SetRegistration(w.t.Context(), clientID, operator.SetRegistration{
		ServiceType: w.service.name, ClientID: providerID, Secrets: []secret.Text{secret.New(providerPass)}, Endpoints: &e,
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// registerClient says what the provider itself knows of its client.
func (w *world) registerClient(password, redirectURI string) {
	w.t.Helper()
	err := w.box.Register(w.service.name, sandbox.Client{ID: providerID, Secret: password, Name: "E2E", RedirectURIs: []string{redirectURI}})
	if err != nil {
		w.t.Fatal(err)
	}
}

// calls are what the provider has had so far.
func (w *world) calls() sandbox.Counts { return w.box.Stats()[w.service.name] }

// faults makes endpoints of the provider fail; none clears them.
func (w *world) faults(faults ...sandbox.Fault) {
	w.t.Helper()
	for i := range faults {
		faults[i].Vendor = w.service.name
	}
	if err := w.box.SetFaults(faults); err != nil {
		w.t.Fatal(err)
	}
}

// revokes tells whether the provider has an endpoint that ends a grant.
func (s service) revokes() bool { return s.ended == "revoked" }

// direct is a path of the pass-through to something that the provider has: the
// person's mail.
func (s service) direct() string { return "/v1/direct/" + s.mail }

// hinted is a login hint alone.
func hinted(hint string) url.Values { return url.Values{"loginHint": {hint}} }
