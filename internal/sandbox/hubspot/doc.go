// Package hubspot makes the sandbox speak as HubSpot's servers do: the dated OAuth
// endpoints, and as much of the CRM's contacts as a demonstration needs.
//
// What is copied, from developers.hubspot.com ("Manage OAuth access tokens",
// "Scopes", "Error handling") and HubSpot's own OpenAPI file of 2026-03:
//
//   - scope holds the app's required scopes, oauth among them, or nobody gets past the
//     page; optional_scope holds what may be left out;
//   - token, introspection and revocation take parameters in the body only, the
//     client's id and secret included;
//   - answers of the token endpoint name the account (hub_id) and not the person;
//     introspection names both, and the granted scopes;
//   - the refresh token stays the same and comes with each refresh; ending it leaves
//     access tokens alive, which are some 320 characters long and live half an hour;
//   - error bodies with error and HubSpot's own status; those of the APIs with a
//     category; X-HubSpot-RateLimit-* on what the APIs answer.
//
// What is not: choosing one of several accounts on the page (each persona has one),
// the limits themselves, client_assertion, and the endpoints of v1. The page lets a
// person untick optional scopes, where HubSpot leaves out what the account lacks.
//
// As with Google, /echo/…, /stream and /redirect below the API judge a pass-through
// (package echo).
//
// Start at hubspot.go (routes), then authorize.go.
package hubspot
