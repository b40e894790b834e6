// Package hubspot is all that is peculiar to HubSpot: its dated OAuth endpoints,
// required and optional scopes, identity and granted scopes by introspection, and
// the error table.
//
// Sources: developers.hubspot.com, "Manage OAuth access tokens", "Migrate from the
// OAuth v1 API to the latest date-based versioned API", "Working with OAuth",
// "Scopes", and the changelog "New OAuth v3 API Endpoints and Standardized Error
// Responses"; the shapes of requests and answers from HubSpot's own OpenAPI file
// (github.com/HubSpot/HubSpot-public-api-spec-collection,
// PublicApiSpecs/Auth/Oauth/Rollouts/279897/2026-03/oauth.json).
//
// Every parameter goes in the body. A refresh token stays the same and lives until
// the app is uninstalled; access tokens live half an hour and are long: HubSpot
// says up to 300 characters, and more may come.
//
// Start at hubspot.go; scopes.go tells which scopes are required, identity.go who
// signed in, troubles.go what each error means, and probe.go proves access.
package hubspot
