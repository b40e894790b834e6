// Package testenv finds what some tests need and a machine may lack: a browser, Node.js, the independent
// counterparts of e2e/counterparts and of the distribution, a PostgreSQL server. Where it is missing the test
// is skipped with the reason and the cure; under AVAIN_TEST_COMPLETE=1, which `make test` sets after
// scripts/setup, it fails instead, so that a complete run never passes by having skipped.
//
// Start with Need; Chromium, Emulate and OIDCProvider are Need for what several tests share. Only tests
// import this package. It imports nothing of the house. Package counterpart below starts the distribution's servers.
package testenv
