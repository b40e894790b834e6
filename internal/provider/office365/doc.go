// Package office365 is all that is peculiar to Microsoft 365 and to personal
// Microsoft accounts: tenants and national clouds, one access token for each
// resource, identity by oid and tid, and the error table.
//
// Sources, all below learn.microsoft.com/entra/identity-platform:
// v2-oauth2-auth-code-flow, refresh-tokens, id-token-claims-reference,
// optional-claims-reference, migrate-off-email-claim-authorization,
// v2-admin-consent, reference-error-codes, authentication-national-cloud; and
// learn.microsoft.com/graph/deployments.
//
// A refresh token comes with the scope offline_access, a new one with each
// refresh. There is no endpoint that ends a grant, so this driver is no
// provider.Revoker: the person removes the consent
// (docs/providers/office365.md).
//
// Start at office365.go; place.go says where everything is, identity.go who signed
// in, and troubles.go what each error means; probe.go proves access.
package office365
