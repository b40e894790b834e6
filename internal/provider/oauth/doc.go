// Package oauth is the OAuth 2 that most providers share (RFC 6749, 7009, 7636):
// drivers hand it their endpoints and their error table and add what is peculiar
// to them.
//
// golang.org/x/oauth2 does the requests. Its token sources are used for single
// calls only, never kept: a rotated refresh token must reach the store
// (golang/oauth2#84).
package oauth
