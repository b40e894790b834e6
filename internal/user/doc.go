// Package user knows who is logged in: the users of applications, their sessions, and
// the signatures by which an application says which user it is.
//
// A user is made by the first sign-in of a primary account, and ends with that account.
// A session is 256 random bits, kept as a hash, that ends when it was not used for
// [IdleLifetime], and [Lifetime] after the login in any case. It is a browser's, in a
// cookie, or an application's, in a header, and answers in that way alone.
//
// Start with session.go; signature.go has the application's proof. What a user sees of
// this over HTTP is in internal/api, and how a person becomes one in internal/connect.
package user
