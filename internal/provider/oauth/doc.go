// Package oauth is the OAuth 2 that most providers share (RFC 6749, 7009, 7636):
// drivers hand it their endpoints and their error table and add what is peculiar
// to them. Start with [Client]; [Answer] says how a token endpoint is read.
//
// golang.org/x/oauth2 writes the authorization request. It asks no token endpoint:
// its token sources keep a rotated refresh token from the store (golang/oauth2#84), and its
// reader drops a whole answer, with the new refresh token in it, for an expires_in
// that is no whole number or a Content-Type of text/plain.
package oauth
