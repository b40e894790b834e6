// Package counterpart starts servers that we did not write, for one test each: Dovecot,
// Postfix, Apache with an NTLM verifier, PostgreSQL, PgBouncer. Each takes well under two seconds, listens on
// free ports of 127.0.0.1, keeps everything in a folder of its own, and ends with the
// test. Where one is not installed the test ends as [testenv.Need] says.
//
// Start with [StartDovecot]; process.go has what all of them share. Only tests import
// this package.
package counterpart
