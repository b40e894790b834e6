// Package google is all that is peculiar to Google: its endpoints, scopes, error
// table, hosts and the rules by which it hands out refresh tokens.
//
// Sources: developers.google.com/identity/protocols/oauth2/web-server,
// …/identity/openid-connect/openid-connect, …/workspace/gmail/api/auth/scopes.
//
// Google sends a refresh token on the first consent of a person to a client and
// after that only when consent is asked for again (prompt=consent). The flow in
// internal/connect therefore forces consent once, and only where none is held.
package google
