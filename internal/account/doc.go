// Package account holds the words of the domain: applications, their
// registrations at providers, and the accounts that their users connect.
//
// The types carry no encoding tags and no SQL: the wire's JSON lives in
// internal/api, the tables in internal/store. Everything above may import this
// package; it imports only the other leaves.
package account
