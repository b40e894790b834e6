// Package direct is the pass-through: a request to /v1/direct/<path> goes to the
// provider's own API with the account's credential set, and the provider's answer
// comes back as it is, streamed both ways.
//
// What must hold, and where:
//
//   - The path is taken raw and appended to a base from the provider's table; it
//     can never change scheme or host (path.go, and once more before the
//     credential is set: proxy.go).
//   - Headers pass by allow-list in both directions (headers.go).
//   - Redirects are handed back, never followed.
//   - Neither side can hold a stream by silence (stall.go).
//   - A body of up to 64 KiB is kept aside while it streams, so that one 401 can be
//     answered with a renewed credential (body.go).
package direct
