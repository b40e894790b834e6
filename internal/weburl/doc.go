// Package weburl holds what several rooms must judge alike about an address that a
// browser will see: whether its host is this very machine, which web origin it has,
// and whether its scheme is safe to send anybody to.
package weburl
