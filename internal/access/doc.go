// Package access mints and checks what Avain itself hands out: authorization
// codes, access tokens and application secrets. It answers one question: who is
// calling, and what may they do.
//
// All of them are random and opaque. Access tokens and application secrets carry
// a prefix for secret scanners and a checksum, so that a mistyped one is refused
// without asking the store. The store keeps SHA-256 hashes: 256 random bits need
// no slow hash. Application secrets are kept sealed besides, since signatures
// that are due to applications are made with them.
//
// Provider secrets are not here: see internal/credential.
package access
