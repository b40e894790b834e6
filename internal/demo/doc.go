// Package demo puts together what a newcomer meets with `avain demo`: a real
// server on a throw-away database, the sandbox vendors, and a sample application
// that uses both as a customer's would.
//
// The three have hosts of their own, as in real life: the server is 127.0.0.1,
// the sandbox and the sample application are localhost, so that cookies and CORS
// behave as they will in production. Everything listens on loopback only.
//
// It is the only importer of internal/sandbox besides tests.
package demo
