// Package ledger is the memory of one make-believe vendor: who its clients and
// personas are, what was granted, and which codes and tokens are alive. It
// knows OAuth 2.0 (RFC 6749, RFC 7636, RFC 7009) but neither HTTP nor any
// vendor's spelling; those live in the dialect packages beside it.
//
// Start at [Ledger.Approve] (a person consents), [Ledger.Redeem] (a code becomes
// tokens) and [Ledger.Refresh]; hint.go holds the tags with which a login hint
// steers all three.
//
// Tokens are kept in the clear: nothing here protects anything real.
package ledger
