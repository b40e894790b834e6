package fault

// The codes. Dotted names are ours or the contract's (contract §2); access_denied
// and not_found are spelled as clients already look for them.
const (
	// The flow, before anything may be sent to the application.
	ClientUnknown    Code = "client.unknown"
	ReturnURLInvalid Code = "returnurl.invalid"
	HostUnknown      Code = "host.unknown"
	HostRewritten    Code = "host.rewritten"
	StateMissing     Code = "state.missing"
	StateUnknown     Code = "state.unknown"
	StateExpired     Code = "state.expired"
	StateUsed        Code = "state.used"
	StateBrowser     Code = "state.browser"
	LinkEnded        Code = "link.ended"

	// Parameters, anywhere.
	ParameterMissing  Code = "parameter.missing"
	ParameterRepeated Code = "parameter.repeated"
	ParameterTooLong  Code = "parameter.tooLong"
	ParameterInvalid  Code = "parameter.invalid"

	// The flow, told to the application.
	ServiceTypeUnknown     Code = "servicetype.unknown"
	ServiceTypeUnavailable Code = "servicetype.unavailable"
	ScopeUnknown           Code = "scope.unknown"
	ResponseTypeUnknown    Code = "responsetype.unknown"
	ResponseTypeDisabled   Code = "responsetype.disabled"
	ChallengeRequired      Code = "codechallenge.required"
	ChallengeInvalid       Code = "codechallenge.invalid"
	AccessDenied           Code = "access_denied"
	ScopesMissing          Code = "scopes.missing"
	AccessRefused          Code = "access.refused"
	AccountMismatch        Code = "account.mismatch"
	EmailMismatch          Code = "email.mismatch"
	IssuerMismatch         Code = "issuer.mismatch"
	UserMissing            Code = "user.missing"
	UserUnknown            Code = "user.unknown"
	UserMismatch           Code = "user.mismatch"
	SignatureInvalid       Code = "signature.invalid"
	SignatureExpired       Code = "signature.expired"
	SignatureUsed          Code = "signature.used"

	// The sign-in on our own page.
	FormPage          Code = "form.page"
	FormForeign       Code = "form.foreign"
	FieldMissing      Code = "field.missing"
	FieldInvalid      Code = "field.invalid"
	FieldTooLong      Code = "field.tooLong"
	LoginRefused      Code = "login.refused"
	LoginDisabled     Code = "login.disabled"
	LoginAppPassword  Code = "login.appPassword"
	LoginLocked       Code = "login.locked"
	LoginExpired      Code = "login.expired"
	LoginUnsupported  Code = "login.unsupported"
	LoginLimited      Code = "login.limited"
	ServiceElsewhere  Code = "service.elsewhere"
	ServerUnknown     Code = "server.unknown"
	ServerUnconfirmed Code = "server.unconfirmed"
	ServerUnreachable Code = "server.unreachable"
	ServerTimeout     Code = "server.timeout"
	ServerBusy        Code = "server.busy"
	ServerForbidden   Code = "server.forbidden"
	ServerTLS         Code = "server.tls"
	ServerCertificate Code = "server.certificate"
	ServerProtocol    Code = "server.protocol"

	// An administrator's visit.
	AdminDeclined Code = "admin.declined"
	AdminUnclear  Code = "admin.unclear"

	// The provider.
	ProviderRefused     Code = "provider.refused"
	ProviderAdmin       Code = "provider.admin"
	ProviderConfig      Code = "provider.config"
	ProviderUnavailable Code = "provider.unavailable"
	ProviderTimeout     Code = "provider.timeout"
	ProviderLimited     Code = "provider.limited"
	ProviderMalformed   Code = "provider.malformed"
	ProviderHost        Code = "provider.host"

	// Redeeming a code.
	ClientUnauthorized Code = "client.unauthorized"
	CodeInvalid        Code = "code.invalid"
	CodeUsed           Code = "code.used"
	CodeExpired        Code = "code.expired"
	VerifierMissing    Code = "verifier.missing"
	VerifierMismatch   Code = "verifier.mismatch"
	RedirectMismatch   Code = "redirecturi.mismatch"
	GrantUnsupported   Code = "grant.unsupported"

	// Calls with a bearer, or for an account.
	NotAuthenticated   Code = "unauthorized"
	TokenRevoked       Code = "token.revoked"
	TokenInQuery       Code = "token.inQuery"
	TokenLimited       Code = "token.limited"
	TokenForeign       Code = "token.foreign"
	TokenDead          Code = "token.dead"
	RefreshFailed      Code = "token.refresh.failed"
	AccountUnknown     Code = "account.unknown"
	ProviderAuthDenied Code = "providerauth.denied"
	OriginForeign      Code = "origin.foreign"
	PageTokenInvalid   Code = "token.notValid"
	AccountUnmanaged   Code = "account.unmanaged"
	ScopeInsufficient  Code = "scope.insufficient"
	AuthTypeUnknown    Code = "authtype.unsupported"
	PathInvalid        Code = "path.invalid"
	DirectUnavailable  Code = "direct.unavailable"

	// The application's own view of its accounts.
	BodyInvalid       Code = "body.invalid"
	CredentialRefused Code = "credential.refused"
	AccountConflict   Code = "account.conflict"

	// HTTP in general.
	RouteUnknown     Code = "not_found"
	MethodNotAllowed Code = "method.notAllowed"
	BodyTooLarge     Code = "body.tooLarge"
	RateLimited      Code = "rate.limited"
	StoreUnavailable Code = "store.unavailable"
	ServerStopping   Code = "server.stopping"
	Internal         Code = "internal"
)

// Entry is one line of the catalogue.
type Entry struct {
	Code Code
	Kind Kind
	// Text is shown to the caller: what went wrong, then what to do next.
	Text string
	// When tells a reader of the documentation in which situation it comes.
	When string
}

// Entry finds the code's line; a code without one reads as Internal.
func (c Code) Entry() Entry {
	for _, e := range catalogue {
		if e.Code == c {
			return e
		}
	}
	return internal
}

// Catalogue lists every code, in the order of the flow.
func Catalogue() []Entry { return append(append([]Entry(nil), catalogue...), internal) }

var internal = Entry{
	Internal, Broken,
	"Something went wrong on our side. Try again; if it stays, give the operator the request id.",
	"a failure of Avain itself; the log has the cause under the request id",
}

var catalogue = []Entry{
	{ClientUnknown, Invalid, "No application has this clientId. Check the clientId in the link against the one the operator gave you.", "authorize, or redeeming a code, with a clientId that does not exist"},
	{ReturnURLInvalid, Invalid, "returnurl.invalid: This return URL is not registered for the application. Register it exactly as it is sent: scheme, host, port and path must be the same.", "authorize with a missing, malformed or unregistered returnUrl; nothing is redirected"},
	{HostUnknown, Misdirected, "This server does not answer to that host name. Go back to the application and start again; its operator knows the names in use (avain app show).", "a page of the flow asked for under a host that is neither the public URL's nor an application's alias"},
	{HostRewritten, Misdirected, "This sign-in was sent to the application's own host and did not arrive there. Start again in the application; if it stays, its operator must let the proxy of that host pass the Host header on unchanged.", "authorize that was sent on to the application's host and comes in under another: a proxy changes Host, or the alias has just changed"},
	{StateMissing, Invalid, "The sign-in came back without its state. Go back to the application and start again.", "callback without state"},
	{StateUnknown, Invalid, "This sign-in is not known here. Go back to the application and start again.", "callback with a state that Avain did not make"},
	{StateExpired, Invalid, "This sign-in took longer than 15 minutes. Go back to the application and start again.", "callback after the attempt has ended"},
	{StateUsed, Invalid, "This sign-in has already been completed. Go back to the application; start again if it does not show your account.", "callback a second time"},
	{StateBrowser, Invalid, "This sign-in was started in another browser. Start again from the application, in this browser, with cookies allowed.", "callback without the cookie of the browser that started the attempt; the attempt stays open"},
	{LinkEnded, Invalid, "This link has been used, or has ended. If the application still asks you to connect your account, start from there.", "a link to sign in again that is over a week old, or whose account has got a new credential or is gone"},

	{ParameterMissing, Invalid, "A required parameter is missing.", "a required parameter is absent or empty"},
	{ParameterRepeated, Invalid, "A parameter that may be given once was given twice.", "a parameter other than scopes and nativeScopes came twice"},
	{ParameterTooLong, Invalid, "A parameter is too long.", "a parameter is over its bound, which the detail names"},
	{ParameterInvalid, Invalid, "A parameter has a value that cannot be used.", "a value of the wrong form; the detail names the parameter and the form"},

	{ServiceTypeUnknown, Invalid, "This serviceType does not exist.", "authorize with an unknown serviceType"},
	{ServiceTypeUnavailable, Invalid, "The application is not set up for this service. Ask its operator to add a registration for it (avain registration set).", "authorize for a service type without a registration"},
	{ScopeUnknown, Invalid, "A scope does not exist.", "authorize with an unknown unified scope; the detail lists those that exist"},
	{ResponseTypeUnknown, Invalid, "responseType must be one that this sign-in has: code or token; for a user cookie, code or none.", "authorize with another responseType, or one that the account's role does not have"},
	{ResponseTypeDisabled, Invalid, "The application may not use responseType=token. Use code, or ask the operator to switch token mode on.", "authorize with responseType=token where the application does not allow it"},
	{ChallengeRequired, Invalid, "The application has no secret, so authorize needs a codeChallenge (RFC 7636, S256).", "authorize of a public application without codeChallenge"},
	{ChallengeInvalid, Invalid, "codeChallenge must be the base64url SHA-256 of the verifier: 43 characters, method S256.", "authorize with a malformed codeChallenge or another method"},
	{AccessDenied, Forbidden, "The sign-in was declined. Start again to give access.", "the person said no on the provider's page"},
	{ScopesMissing, Forbidden, "Not all of the access that the application needs was granted. Start again and leave every box ticked.", "ensureScopes=true and a scope was not granted; the detail names it"},
	{AccessRefused, Forbidden, "The account has no access to all that the application needs. Use an account that has it, or ask its administrator.", "ensureAccess=true and the provider refused a call, or nothing was granted there; the detail names the areas"},
	{AccountMismatch, Forbidden, "Another account was signed in than the one to be renewed. Start again and choose that account.", "accountId given and somebody else signed in, or the application has no such account"},
	{EmailMismatch, Forbidden, "Another address was signed in than the one asked for. Start again and choose that address.", "authEmail given and the provider does not vouch for that address"},
	{IssuerMismatch, Invalid, "The answer came from another sign-in server than the one that was asked. Start again from the application.", "the callback's iss is not the provider's (RFC 9207)"},
	{UserMissing, Unauthorized, "Nobody is logged in here whom the account could be added to. Log in first, or start again from the application.", "authorizeUser for a secondary account without a session in the browser and without userId, timestamp and userSignature"},
	{UserUnknown, NotFound, "The application has no such user. Log in again, then add the account.", "authorizeUser with a signed userId that is none of the application's users, or a user who ended before the sign-in did"},
	{UserMismatch, Forbidden, "Another user is logged in in this browser than the one the account was to be added to. Log out, or start again.", "authorizeUser for a secondary account where the browser's session and the signature name different users"},
	{SignatureInvalid, Forbidden, "userSignature is not right. Sign userId and timestamp with a live client secret of this application: HMAC-SHA256 over the one immediately followed by the other.", "authorizeUser with a signature over other bytes or by another secret"},
	{SignatureExpired, Forbidden, "timestamp is more than five minutes away from now. Sign when the person starts, and check the clock of your server.", "authorizeUser with a signature that is too old, or from the future"},
	{SignatureUsed, Forbidden, "This signature was used before. Sign anew for each sign-in.", "authorizeUser a second time with one signature"},

	{FormPage, Invalid, "The person signs in on a page here. Open this address in their browser.", "authorize of a service with a sign-in page of ours was followed by a program that reads no HTML"},
	{FormForeign, Forbidden, "This form was not sent from our own page, so it was not read. Go back to the application and start again.", "a sign-in form that another site has sent, or a program that names no Origin"},
	{FieldMissing, Invalid, "Something is left out. Fill in the field and send the form again.", "a required field of the sign-in form is empty"},
	{FieldInvalid, Invalid, "What stands in a field cannot be. Correct it and send the form again.", "a field of the sign-in form with line breaks, control characters, broken UTF-8, or a value of the wrong form"},
	{FieldTooLong, Invalid, "What stands in a field is too long. Shorten it and send the form again.", "a field of the sign-in form over its bound, which the detail names"},
	{LoginRefused, Forbidden, "The server does not accept this login name and password. Check both and type the password again; it was tried once.", "the server refused the login; nothing is tried again by itself"},
	{LoginDisabled, Forbidden, "The server knows this login and does not let it in. Ask whoever runs the mailbox to allow it, then send the form again.", "the password may be right, and the mailbox is switched off for this protocol"},
	{LoginLocked, Forbidden, "The server says that this account is locked or closed. Sign in on the website of the mail service, or ask whoever runs the mailbox, before you send the form again.", "the server refuses the account, whatever the password"},
	{LoginExpired, Forbidden, "The server says that this password has expired. Set a new one on the website of the mail service and type it here.", "the server refuses an old password"},
	{LoginUnsupported, Forbidden, "This server takes no passwords from other programs. Connect the mailbox by its service's own sign-in, if the application offers it, or ask whoever runs the mailbox.", "the server offers no way to send a password: LOGINDISABLED, or OAuth alone"},
	{LoginAppPassword, Forbidden, "This server wants a password that is made for one application. Make one in the settings of the mailbox and type it here.", "the server refuses the person's own password by rule"},
	{LoginLimited, TooMany, "There were too many attempts to sign in, so this one was not sent to the server. Wait a little, then try again.", "the limit of sign-in forms per mailbox, per network or per application; Retry-After says for how long"},
	{ServiceElsewhere, Invalid, "This address cannot be signed in to here. Use another address; or enter the settings yourself, if your mailbox takes a password from other programs.", "the address is signed in to at a service that the application has no registration for, or that the account to be renewed is not of; the detail names it"},
	{ServerUnknown, Invalid, "No server was found for this address. Check the address, or give the server's name under More settings.", "the host does not exist, or none can be found for the address"},
	{ServerUnconfirmed, Invalid, "This server is not certain to be yours. Look at its name, correct it where it is wrong, confirm it where that is asked, and type the password again: it has not been sent.", "no server was typed and it could only be guessed, or one that was found was not confirmed"},
	{ServerUnreachable, Invalid, "The server does not answer. Check its name and port under More settings; if they are right, try again in a minute.", "the connection was refused or broke off"},
	{ServerTimeout, Invalid, "The server does not answer in time. Check its name, its port and the encryption under More settings; if they are right, try again in a minute.", "a server that takes the connection, or not even that, and says nothing"},
	{ServerBusy, Unavailable, "The server says that it has trouble at the moment. Try again in a minute.", "the server answers that it is unavailable, busy or has too many connections"},
	{ServerForbidden, Invalid, "This server's address is not one that may be called from here. Check its name; the operator can allow a network.", "a typed host leads to a private, loopback or otherwise special address"},
	{ServerTLS, Invalid, "The connection to the server would not be encrypted, so the password was not sent. Check the port and the encryption under More settings.", "no TLS on that port, no STARTTLS offered, or a server that refuses to go without"},
	{ServerCertificate, Invalid, "The server does not prove that it is the one, so the password was not sent. Check its name; if it is right, whoever runs it must correct its certificate.", "a certificate for another name, expired, or from an unknown issuer"},
	{ServerProtocol, Invalid, "What answers there does not speak the expected protocol. Check the server's name and port under More settings.", "another protocol, an endless greeting, or nonsense"},

	{AdminDeclined, Forbidden, "The application was not approved. Nothing has changed; open the link again to approve it.", "an administrator came back without approving the application"},
	{AdminUnclear, Invalid, "The answer does not say whether the application was approved. Open the link again, or ask the person to try connecting now.", "an administrator came back and admin_consent was lost on the way; the application's relay page must hand on all parameters"},

	{ProviderRefused, Forbidden, "The provider did not complete the sign-in. Start again; if it stays, the detail says why.", "the provider answered the sign-in with an error"},
	{ProviderAdmin, Forbidden, "An administrator of your organization must approve this application first. Ask them, then start again.", "the provider wants an administrator's consent"},
	{ProviderConfig, Upstream, "The application's registration at the provider is not right. Its operator must check the client id, the secret and the redirect URI (avain doctor).", "the provider refused our client: invalid_client, redirect_uri_mismatch and the like"},
	{ProviderUnavailable, Upstream, "The provider cannot be reached or has trouble at the moment. Try again in a minute.", "connection failures, 5xx and 429 of the provider"},
	{ProviderLimited, TooMany, "The provider limits how often it may be asked. Wait for the seconds that Retry-After names, then try again.", "the provider answered 429 to a sign-in or a refresh"},
	{ProviderTimeout, Timeout, "The provider did not answer in time. Try again in a minute.", "the provider hangs"},
	{ProviderMalformed, Upstream, "The provider gave an answer that cannot be read. Try again in a minute; if it stays, tell the operator.", "HTML, half a JSON, nothing or an oversized body where a token or an identity belongs"},
	{ProviderHost, Upstream, "The answer leads to a server that is none of the provider's, and nothing was sent there. Start again from the application; if it stays, tell the operator.", "an answer of the provider, or what claims to be one, names another host for later calls than the provider has"},

	{ClientUnauthorized, Unauthorized, "The client id and secret do not belong together. Send them as HTTP Basic: clientId as the user, clientSecret as the password.", "redeeming a code, or an application call, with no or wrong Basic credentials"},
	{CodeInvalid, Invalid, "This code does not exist for the application. Take the code from the newest redirect and send it unchanged.", "redeeming an unknown code or one of another application; nothing is consumed"},
	{CodeUsed, Invalid, "This code has been redeemed already. A code works once: start a new sign-in.", "redeeming a code twice"},
	{CodeExpired, Invalid, "This code has expired. Redeem a code at once when it arrives: start a new sign-in.", "redeeming a code after its lifetime"},
	{VerifierMissing, Invalid, "The sign-in was started with a codeChallenge, so redeeming needs its codeVerifier.", "redeeming without codeVerifier; the code is not consumed"},
	{VerifierMismatch, Invalid, "codeVerifier does not match the codeChallenge of the sign-in.", "redeeming with a wrong codeVerifier; the code is not consumed"},
	{RedirectMismatch, Invalid, "redirect_uri is not the one that this sign-in was started with. Send the very same text in both requests.", "redeeming at /oauth/token with another redirect_uri than at /oauth/authorize; the code is not consumed"},
	{GrantUnsupported, Invalid, "grant_type must be authorization_code. An access token does not expire, so there is none to refresh.", "/oauth/token with another grant_type"},

	{NotAuthenticated, Unauthorized, "unauthorized: Send the account's access token as Authorization: Bearer …", "no bearer, or one that does not exist"},
	{TokenRevoked, Unauthorized, "This access token has been revoked. Connect the account again.", "a bearer after revocation or after its account was deleted"},
	{TokenInQuery, Unauthorized, "An access token in the address is never accepted. Send it as Authorization: Bearer … and treat the leaked one as stolen.", "one of our access tokens in the query string, or access_token or accessToken without an Authorization header"},
	{TokenLimited, Forbidden, "This access token was issued to a browser (responseType=token) and cannot remove the account. Use the application's own credentials.", "DELETE /v1/account or /v1/account/token with a token of token mode"},
	{TokenForeign, Invalid, "This access token was issued to another application and has not been revoked. Whoever has it from there should revoke it.", "/oauth/revoke with an access token of another application"},
	{TokenDead, Unauthorized, "Not authorized: the provider has ended this account's access. The person must connect it again.", "the refresh was refused for good, or the credential was removed; the provider is not called"},
	{RefreshFailed, Unauthorized, "The account's access has ended and cannot be renewed. The person must connect it again.", "the access token ended and the provider gave no refresh token"},
	{AccountUnknown, NotFound, "The application has no such account.", "application credentials with an X-Aurinko-Account-Id that is not one of its accounts, or a bearer of another account"},
	{ProviderAuthDenied, Forbidden, "The application may not see the provider's tokens. An operator can allow it (avain app set --provider-auth); it works with the application's own credentials only.", "includeProviderAuth=true without the right, or with a bearer"},
	{OriginForeign, Forbidden, "A user's cookie works for pages of the application alone. Register the page's origin (a return URL, or avain app set --origin), or send the session in X-Aurinko-Session.", "a call by cookie from a page of an origin that is neither this server's nor the application's, or one that changes something without Origin and Sec-Fetch-Site"},
	{PageTokenInvalid, Invalid, "Page token is invalid. Begin again without pageToken.", "a list asked for with a pageToken that it did not give out"},
	{AccountUnmanaged, Invalid, "No service account of the application stands over this account. An administrator connects one by authorizeDaemon first.", "POST /v1/user/accounts/{id}/managed for an account that is not managed"},
	{ScopeInsufficient, Forbidden, "This access token does not reach that far. Have the person sign in again with the scopes that the detail names, and use the new token.", "a call that needs a scope which the sign-in of the bearer did not ask for or get, or which the account does not hold; the detail and WWW-Authenticate name it"},
	{AuthTypeUnknown, Invalid, "Exchange identity tokens are not taken here. Sign the person in by /v1/auth/authorizeUser without token, and call with the session, the access token or the application's credentials.", "X-Aurinko-Auth-Type: exchangeIdToken on any call, and POST /v1/auth/prepare"},
	{PathInvalid, Invalid, "The path behind /v1/direct/ cannot be passed on.", "dot segments (plain or encoded), backslashes, NUL, an empty or absolute start"},

	{DirectUnavailable, Invalid, "This service has no direct API: nothing can be passed on to it.", "a call of /v1/direct for an account whose service has no HTTP API"},

	{BodyInvalid, Invalid, "The request body cannot be read. Send one JSON object in UTF-8.", "a body that is no JSON, is nested too deeply, or has a member twice; the detail says which"},
	{CredentialRefused, Forbidden, "The provider does not accept these tokens. Send those that it gave to the same client id, or have the person sign in.", "POST /v1/am/accounts with tokens that the provider refuses; no account was changed"},
	{AccountConflict, Conflict, "The request does not say which account is meant. Nothing was changed.", "POST /v1/am/accounts where several accounts match recycleKeys, or the one that does belongs to another user; the detail names them"},

	{RouteUnknown, NotFound, "There is nothing at this address. The routes are listed at /openapi.yaml.", "a path that is no route"},
	{MethodNotAllowed, Method, "This address exists, but not for this method. The Allow header lists those it takes.", "a route with another method, HEAD on the flow's routes included"},
	{BodyTooLarge, TooLarge, "The request body is too large.", "a body over 64 KiB on any route but /v1/direct"},
	{RateLimited, TooMany, "Too many requests. Wait for the seconds that Retry-After names, then try again.", "a limit per application or per address"},
	{ServerStopping, Unavailable, "The server is stopping. Another one, or the next one, will answer.", "/readyz between the signal to stop and the end"},
	{StoreUnavailable, Unavailable, "The server cannot reach its store at the moment. Try again in a minute.", "the database does not answer"},
}
