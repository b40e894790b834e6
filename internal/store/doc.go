// Package store keeps Avain's records: applications, registrations, attempts,
// accounts, credentials, codes, tokens, the audit trail.
//
// Start with [Store]: one file an aggregate, each with its record types on top
// and its methods below. A method is one read or one atomic change, durable when
// it returns; none spans two calls. The SQL is plain text ($1 … $n) that SQLite
// and PostgreSQL both take. What differs between them hides behind [Engine],
// made by the dialect's folder (sqlite, postgres), which also holds the migrations.
// What changes lock where writers run side by side is in hold.go.
//
// Secrets pass through sealed: this package never decrypts, it knows no key.
// Hashes (of states, codes, tokens, browsers) are made by the callers.
//
// Conventions of the tables: times are unix milliseconds, 0 for the zero time,
// and come back in UTC; lists of scopes are one space-separated text; settings
// and endpoints are JSON. An empty list comes back as nil.
//
// Tests open a throw-away store with storetest.Open; storetest.Run is the suite
// that each engine passes.
package store
