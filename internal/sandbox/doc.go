// Package sandbox stands in for the servers of the vendors that Avain connects
// to: `avain demo` and `avain sandbox` serve it, and fast tests talk to it. It
// imports none of Avain's other packages, so that it cannot share their
// mistakes.
//
//	s := sandbox.New(sandbox.Config{})
//	err := s.Register("Google", sandbox.Client{ID: "id", Secret: "secret", RedirectURIs: []string{callback}})
//	server := httptest.NewServer(s)
//	endpoints := s.GoogleEndpoints(server.URL)
//
// The vendors are "Google", "Office365", "Hubspot", "Salesforce" and "Zoho", and, on sockets of their
// own, the mail service "IMAP" ([Sandbox.ListenMail]) and an Exchange Server, "EWS" ([Sandbox.ListenExchange]).
//
// # Personas and tags
//
// Two invented people have accounts everywhere: ada@sandbox.test (Ada Lovelace)
// and bob@sandbox.test (Bob Kahn). Their subject is the same in every run. Who
// signs in and what is allowed is chosen on a consent page, or without one by a
// login hint with tags, which combine: ada+auto+rotate@sandbox.test.
//
//	+auto       consents at once, without a page
//	+deny       refuses at once: error=access_denied
//	+untick     leaves out the last asked scope; with the page it is unticked beforehand.
//	            The scopes of signing in itself are never left out
//	+norefresh  never a refresh token, even when consent is forced
//	+rotate     each refresh gives a new refresh token and ends the old one
//	+once       as +rotate, and an old one that is shown again ends the whole grant, as
//	            RFC 9700 §4.14.2 advises
//	+admin      an administrator must approve first: admin_policy_enforced at Google,
//	            access_denied with AADSTS90094 at Office365; at Hubspot a page that leads nowhere;
//	            plain access_denied at Zoho;
//	            OAUTH_EC_APP_NOT_FOUND at Salesforce, whose org has not installed the app
//	+revoked    the refresh token is revoked directly after its first refresh; the
//	            access token of that refresh lives until it expires
//	+nomail     the mail service is off for the person: Gmail answers 400 "Mail service not
//	            enabled"; Graph answers 404 MailboxNotEnabledForRESTAPI to mail, calendar,
//	            contacts and tasks, which all lie in the mailbox. The scopes are granted all
//	            the same. Zoho Mail answers 404 ACCOUNT_NOT_EXISTS; HubSpot and Salesforce
//	            have no mail
//
// Without +auto and +deny the page is shown with that persona chosen. Tags belong
// to the grant of that person to that client: those of the newest consent hold.
// An unknown tag or persona is a 400 page that lists the known ones. A hint of
// another domain is ignored.
//
// # Control
//
// Answered only to a loopback peer that asked for a loopback host, and not to
// pages of other origins (403 otherwise, against DNS rebinding and forged
// requests):
//
//	GET    /_control/stats   {"Google": {"authorize": 1, "code": 1, "refresh": 0, "revoke": 0, "identity": 1, "api": 0}}
//	POST   /_control/expire  every access token issued so far is invalid
//	POST   /_control/faults  a JSON list of faults, which replaces the one before
//	DELETE /_control/faults  no more faults
//	POST   /_control/exchange  {"offers": ["NTLM", "Negotiate", "Basic"], "lockAfter": 5, "channelBinding": false}
//	POST   /_control/reset   forgets grants, statistics and faults; clients stay registered
//
// Calls are counted when they arrive, so failed ones count too. authorize counts
// GETs of the authorization endpoint, not the consent form's POST. A fault:
//
//	{"vendor": "Google", "endpoint": "refresh", "kind": "status", "status": 429, "retryAfter": "2", "times": 1}
//
// endpoint is authorize, code, refresh, revoke, identity or api; at the mail service
// imap or smtp (a connection), imapLogin or smtpLogin; at Exchange ews or autodiscover (a call by
// somebody logged in), ewsFront or autodiscoverFront (any request, before the login) or ewsLogin. times is the
// number of calls it is played for; 0 or absent: until cleared. Several faults
// for one endpoint are played in order. Any kind may have a delay ("1.5s"), which
// is waited first, and a retryAfter (seconds or a date). The kinds:
//
//	status     the given status, with an error body of the vendor
//	error      "error" (and "description") as an OAuth error; status 400 unless given.
//	           At authorize it travels to the redirect URI; at api it is the reason or
//	           code in the API's own error, e.g. accessNotConfigured with 403
//	slow       the real answer after "delay"
//	cut        the endpoint acts, but its answer breaks off half way
//	malformed  half a JSON object        (status 200 unless given, as the next three)
//	html       a web page
//	empty      no body
//	oversized  more than 8 MiB of JSON
//	hang       no answer until the client goes away
//	bomb       XML whose entities grow to gigabytes
//	entity     XML with an external entity, at "location" or file:///etc/passwd
//	redirect   302 to "location"; without one, in a circle
//	names      at autodiscover: the answer names "location" as the server
//	refers     at autodiscover: the answer sends on to "location", a URL or an address; without one, in a circle
//
// [Sandbox.Stats], [Sandbox.Expire], [Sandbox.SetFaults] and [Sandbox.Reset] do the
// same from Go.
//
// # Where to start reading
//
// sandbox.go puts the parts together. ledger holds grants and tokens, gate counts
// and plays faults, page draws, and mailbox and echo serve all vendors, and each of those is a folder of its own:
// google, microsoft, hubspot, salesforce, zoho. mail is the mail service, exchange
// the Exchange Server, and authority certifies both.
// A new vendor is one more folder and one more line in [New].
package sandbox
