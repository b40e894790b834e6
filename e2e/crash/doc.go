// Package crash kills the real binary at every point around a refresh, and at moments
// that nobody chose, and judges what became of the accounts.
//
// The provider is the sandbox, with refresh tokens that are good once: an old one that
// is shown again ends the grant. It is in the test's process, so what it has done is
// known for sure; everything is held from outside (by the provider, or by a lock on the
// database), so that there is nothing in the product to be found and misused.
//
//   - kill_test.go is the suite: one kill after another, and the table of what came of it;
//   - judge_test.go says what may have become of an account;
//   - package rig has the server, its database seen from beside it, the provider that
//     holds a refresh at a point, and those who sign in and call.
//
// `make test` kills 40 times an engine, `make crash` 300 times.
package crash
